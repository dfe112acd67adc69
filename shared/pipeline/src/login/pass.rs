//! One pass over logins in order of time: scores each against the history before it, then adds it to the history.

use weir_domain::login::{JudgedLogin, Labels, LoginAttack, LoginEvent, Outcome};
use weir_domain::time::{MINUTE_MILLIS, SECOND_MILLIS};
use weir_features::login::{Evidence, History, Sighting, reasons};

use super::options::LoginOptions;
use super::scorer::LoginScorer;
use super::table::LoginTable;

/// The scored logins of a log.
#[derive(Debug, Clone, Default)]
pub struct LoginsJudged {
    /// The logins after the baseline, in order of time.
    pub logins: Vec<JudgedLogin>,
    /// The number of logins of the baseline, which are not reported.
    pub learned: usize,
    /// The number of labelled attacks among these; `None` without labels.
    pub labelled: Option<usize>,
    /// The history after the last login.
    pub history: History,
}

/// A login with its score.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) sighting: Sighting,
    pub(super) evidence: Evidence,
    pub(super) score: f64,
    pub(super) attack_class: LoginAttack,
    pub(super) risk: f64,
}

/// All logins in order of time.
pub(super) struct Pass {
    pub(super) steps: Vec<Step>,
    /// The reasons for the scores of doubtful logins, or of all.
    pub(super) reasons: Vec<(usize, Vec<String>)>,
    /// The index of the first login after the baseline.
    pub(super) first: usize,
    /// Whether each login of the baseline is a labelled attack; empty without labels.
    pub(super) labels: Vec<bool>,
    pub(super) p_values: Vec<f64>,
    history: History,
}

/// The score above which reasons are always written.
const MIN_EXPLAINED_SCORE: f64 = 2.0;

impl Pass {
    /// The index of the first login after the baseline; 0 without a baseline.
    pub(super) fn first(table: &LoginTable, baseline: Option<i64>) -> usize {
        let start = if table.is_empty() { 0 } else { table.time(0) };
        // Starts on the grid of windows: a baseline of whole days ends at midnight even if the first login came a minute
        // after.
        let start = start.div_euclid(5 * MINUTE_MILLIS) * (5 * MINUTE_MILLIS);
        let until = baseline.map_or(i64::MIN, |seconds| start.saturating_add(seconds.saturating_mul(SECOND_MILLIS)));
        (0..table.len()).find(|&at| table.time(at) >= until).unwrap_or(table.len())
    }

    /// Scores the logins of a sorted table. Those before `first` are the baseline.
    pub(super) fn over(
        history: History,
        table: &LoginTable,
        model: &LoginScorer,
        options: &LoginOptions,
        first: usize,
    ) -> Self {
        let labels: Vec<Option<bool>> = (0..first).map(|at| label(&table.get(at))).collect();
        let labelled = labels.iter().any(Option::is_some);
        let mut pass = Self {
            steps: Vec::with_capacity(table.len()),
            reasons: Vec::new(),
            first,
            labels: if labelled { labels.iter().map(|label| *label == Some(true)).collect() } else { Vec::new() },
            p_values: Vec::new(),
            history,
        };
        for at in 0..table.len() {
            let login = table.get(at);
            let sighting = Sighting::from_login(&login, &options.places);
            let evidence = pass.history.evidence(&sighting);
            let risk = model.risk(&pass.history, &sighting);
            let evidence = evidence.with_risk(risk.get());
            let (score, attack_class) = model.judge(&evidence);
            if at >= first && (options.explain_all || score.get() > MIN_EXPLAINED_SCORE || evidence.novelty > 0) {
                pass.reasons.push((at, reasons(&pass.history, &login, &sighting, &evidence)));
            }
            let label = labels.get(at).copied().flatten();
            model.count(&mut pass.history, &sighting, &evidence, score, label);
            pass.steps.push(Step { sighting, evidence, score: score.get(), attack_class, risk: risk.get() });
        }
        pass
    }

    /// Whether a login of the baseline is a labelled attack.
    pub(super) fn is_labelled_attack(&self, at: usize) -> bool {
        self.labels.get(at).copied().unwrap_or(false)
    }

    pub(super) fn finish(mut self, table: &LoginTable) -> LoginsJudged {
        let mut reasons_by_login = vec![Vec::new(); self.steps.len()];
        for (at, reasons) in std::mem::take(&mut self.reasons) {
            reasons_by_login[at] = reasons;
        }
        let judged = |(at, step): (usize, &Step)| {
            let login = table.get(at);
            JudgedLogin {
                index: table.index(at),
                time: login.time,
                user: login.user.to_owned(),
                source_ip: login.source_ip,
                country: match login.country {
                    "" => step.sighting.country_code(),
                    country => country.to_owned(),
                },
                city: step.sighting.city.as_str().to_owned(),
                account: login.account.to_owned(),
                kind: login.kind,
                succeeded: login.outcome == Outcome::Success,
                mfa: login.mfa,
                score: step.score,
                p_value: self.p_values.get(at).copied().unwrap_or(1.0),
                risk: step.risk,
                attack_class: step.attack_class,
                place: step.evidence.place as u8,
                device: step.evidence.device as u8,
                history_level: step.evidence.history_level as u8,
                novelty: step.evidence.novelty(),
                impossible_travel: step.evidence.get(weir_features::login::Column::Journey) > 0.0,
                off_hours: step.evidence.get(weir_features::login::Column::Hour) > 1.0,
                second_factor_missing: step.evidence.get(weir_features::login::Column::SecondFactor) > 0.0,
                listed: step.sighting.listed,
                excess: step.evidence.get(weir_features::login::Column::Excess),
                reasons: std::mem::take(&mut reasons_by_login[at]),
            }
        };
        let logins = self.steps.iter().enumerate().skip(self.first).map(judged).collect();
        let labelled = (!self.labels.is_empty()).then(|| self.labels.iter().filter(|attack| **attack).count());
        LoginsJudged { logins, learned: self.first, labelled, history: self.history }
    }
}

/// Whether a login of a training period is an attack by its labels; `None` without labels. A failure from an attacking
/// address is an attack; a success from one only if the account was taken over.
fn label(login: &LoginEvent<'_>) -> Option<bool> {
    let Labels { attack_ip, account_takeover, attack } = login.labels;
    match (attack, account_takeover, attack_ip) {
        (Some(attack), ..) => Some(attack),
        (None, None, None) => None,
        (None, takeover, attack_ip) => Some(takeover == Some(true) || attack_ip == Some(true) && !login.succeeded()),
    }
}
