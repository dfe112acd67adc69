use std::sync::Arc;

use weir_domain::login::{JudgedLogin, Labels, LoginEvent, LoginKind, Outcome};
use weir_features::login::Places;
use weir_model::EstimatorKind;

use super::*;
use crate::login::{LoginsJudged, detect_logins_after, score_one};
use crate::training::Against;

const DAY: i64 = 86_400_000;
/// A midnight, milliseconds since the epoch.
const START: i64 = 1_700_006_400_000;

/// Days of thirty users, mostly at home, sometimes elsewhere with another device, with two attacks on every even day. Labels
/// are optional.
fn logins(days: std::ops::Range<i64>, labelled: bool, names: &[String]) -> Vec<LoginEvent<'_>> {
    let mut logins = Vec::new();
    for day in days {
        for (user, name) in (0i64..).zip(names) {
            let travels = (day * 31 + user * 17) % 13 == 0;
            let login = LoginEvent::new(
                START + day * DAY + (8 + user % 5) * 3_600_000 + (day * 7 + user * 13) % 60 * 60_000,
                name,
                LoginKind::Password,
                if (day + user) % 9 == 0 { Outcome::Failure } else { Outcome::Success },
            );
            logins.push(LoginEvent {
                source_ip: Some([10, user as u8, if travels { (day % 200) as u8 } else { 0 }, 7].into()),
                country: if travels && day % 2 == 0 { "DE" } else { "FR" },
                asn: Some(if travels { 7 } else { user as u32 }),
                user_agent: if travels { "okhttp/4.9" } else { "Mozilla/5.0 (Windows NT 10.0) Chrome/117.0" },
                labels: Labels { attack: labelled.then_some(false), ..Labels::default() },
                ..login
            });
        }
        for at in 0..if day % 2 == 0 { 2 } else { 0 } {
            let victim = &names[((day * 5 + at) % 30) as usize];
            logins.push(LoginEvent {
                source_ip: Some([198, 51, 100, (day % 20) as u8].into()),
                country: "RO",
                asn: Some(666),
                user_agent: "Mozilla/5.0 (X11; Linux) Firefox/102.0",
                labels: Labels { attack: labelled.then_some(true), ..Labels::default() },
                ..LoginEvent::new(
                    START + day * DAY + 3 * 3_600_000 + at * 60_000,
                    victim,
                    LoginKind::Password,
                    Outcome::Success,
                )
            });
        }
    }
    logins
}

fn names() -> Vec<String> {
    (0..30).map(|user| format!("user{user}")).collect()
}

fn table(logins: &[LoginEvent<'_>], from: u64) -> LoginTable {
    let mut table = LoginTable::default();
    (from..).zip(logins).for_each(|(index, login)| table.push(index, login));
    table
}

fn training() -> TrainOptions {
    TrainOptions { estimators: vec![EstimatorKind::IsolationForest], seed: 7, now: 1, program: "test".to_owned() }
}

fn train(logins: &[LoginEvent<'_>], earlier: Option<&LoginModel>) -> Result<LoginsTrained, LoginTrainError> {
    train_logins(table(logins, 0), ApiUse::default(), &LoginOptions::default(), &training(), earlier)
}

/// Scores logins by a model that was encoded and decoded.
fn judged_by(model: &LoginModel, logins: &[LoginEvent<'_>], from: u64) -> LoginsJudged {
    let model = LoginModel::decode(&model.encode().unwrap()).unwrap();
    let history = LoginCheckpoint::from_model(&model).unwrap().history;
    let model = LoginScorer::with_ensemble(Arc::new(model.ensemble)).unwrap();
    let options = LoginOptions { model, explain_all: true, ..LoginOptions::default() };
    detect_logins_after(history, table(logins, from), &options)
}

#[test]
fn a_model_scores_later_logins_like_a_baseline_of_the_same_logins() {
    let names = names();
    for labelled in [false, true] {
        let (before, after) = (logins(0..40, labelled, &names), logins(40..50, labelled, &names));
        let trained = train(&before, None).unwrap().model;
        let summary = &trained.summary;
        assert_eq!((summary.rows, summary.entities), (before.len() as u64, 30));
        let labels = if labelled { (Some(40), true) } else { (None, false) };
        assert_eq!((trained.labelled_attacks, trained.ensemble.ensemble().is_trained_on_attacks()), labels);
        let later = judged_by(&trained, &after, before.len() as u64);

        let whole = table(&[before, after].concat(), 0);
        let options =
            LoginOptions { baseline: Some(40 * 86_400), seed: 7, explain_all: true, ..LoginOptions::default() };
        let at_once = detect_logins_after(History::default(), whole, &options);
        assert_eq!(later.logins.len(), 310);
        assert_eq!(later.logins, at_once.logins, "scores, p-values and reasons to the bit");
        assert_eq!(later.history.encode().unwrap(), at_once.history.encode().unwrap());
        let alone = LoginOptions { explain_all: true, ..LoginOptions::default() };
        let history = LoginCheckpoint::from_model(&trained).unwrap().history;
        let without_ensemble = detect_logins_after(history, table(&logins(40..50, labelled, &names), 0), &alone);
        let raised = |(raised, without_ensemble): (&JudgedLogin, &JudgedLogin)| raised.score > without_ensemble.score;
        assert!(later.logins.iter().zip(&without_ensemble.logins).any(raised), "the ensemble raises scores");
        // Without labels, attacks count as normal logins.
        for (login, without_ensemble) in
            later.logins.iter().zip(&without_ensemble.logins).filter(|(l, _)| labelled && l.country == "RO")
        {
            assert!(
                raised((login, without_ensemble)) && login.p_value < 0.005,
                "no normal login was like it: {login:?}"
            );
        }
    }
}

#[test]
fn a_single_login_gets_the_same_ensemble_score_as_a_log() {
    let names = names();
    let before = logins(0..40, true, &names);
    let trained = train(&before, None).unwrap().model;
    let history = LoginCheckpoint::from_model(&trained).unwrap().history;
    let model = LoginScorer::with_ensemble(Arc::new(trained.ensemble.clone())).unwrap();
    let mut raised = 0;
    for login in &logins(40..41, false, &names) {
        let of_log = &judged_by(&trained, &[*login], 0).logins[0];
        let one = score_one(&model, &history, &Places::none(), login);
        assert_eq!((one.score.get().to_bits(), one.p_value.unwrap().get().to_bits()), {
            (of_log.score.to_bits(), of_log.p_value.to_bits())
        });
        let alone = score_one(&LoginScorer::default(), &history, &Places::none(), login);
        assert_eq!(
            (one.counted, alone.p_value),
            (alone.score, None),
            "the counted score does not depend on the ensemble"
        );
        raised += usize::from(one.score != one.counted);
    }
    assert!(raised > 0);
}

#[test]
fn drift_is_of_an_earlier_model_or_of_the_second_half() {
    let names = names();
    let before = logins(0..40, false, &names);
    let first = train(&before, None).unwrap();
    assert_eq!(first.drift.against, Against::FirstHalf);
    let again = train(&before, Some(&first.model)).unwrap();
    assert_eq!(again.model, first.model, "the same logins and seed, the same model");
    assert_eq!(again.drift.against, Against::Earlier);
    assert!(again.drift.features.iter().all(|feature| feature.index < 1e-9), "{:?}", again.drift.features);

    // Half of all logins fail.
    let failing: Vec<_> = before
        .iter()
        .zip(0..)
        .map(|(login, at)| LoginEvent { outcome: if at % 2 == 0 { Outcome::Failure } else { login.outcome }, ..*login })
        .collect();
    let moved = train(&failing, Some(&first.model)).unwrap().drift;
    let outcome = moved.features.iter().find(|feature| feature.feature == "Outcome").unwrap();
    assert!(outcome.index > 0.25, "{moved:?}");
}

#[test]
fn unusable_models_and_logs_are_errors() {
    let names = names();
    let few = train(&logins(0..10, false, &names), None).unwrap_err().to_string();
    assert_eq!(few, "310 logins that are no attacks to learn from, and 500 are needed: add logs");
    assert!(matches!(train(&[], None), Err(LoginTrainError::TooFew { logins: 0 })));

    let trained = train(&logins(0..40, false, &names), None).unwrap().model;
    let two = weir_domain::matrix::FeatureSchema {
        features: weir_features::login::login_schema().features[..2].to_vec(),
        ..(*weir_features::login::login_schema()).clone()
    };
    let mut rows = weir_domain::matrix::FeatureMatrix::new(Arc::new(two));
    (0..20).for_each(|i| rows.push(&[f64::from(i), 1.0]).unwrap());
    let none = weir_domain::matrix::FeatureMatrix::new(Arc::clone(rows.schema()));
    let risk = trained.ensemble.ensemble().risk();
    let earlier = weir_model::LoginTraining { normal: &rows, attacks: &none, risk, risk_column: 1 };
    let (ensemble, log_odds) = weir_model::LoginEnsemble::fit(&earlier, 1).unwrap();
    let scores: Vec<_> = log_odds.into_iter().filter_map(weir_domain::score::Score::new).collect();
    let ensemble = weir_model::CalibratedLoginEnsemble::new(ensemble, &scores).unwrap();
    assert!(LoginScorer::with_ensemble(Arc::new(ensemble)).is_err(), "learned from other columns");

    let mut damaged = trained.clone();
    damaged.known.truncate(damaged.known.len() / 2);
    assert!(LoginCheckpoint::from_model(&damaged).is_err());
    let left_out = LoginCheckpoint::from_model(&trained.without_known()).unwrap_err().to_string();
    assert!(left_out.contains("use the file that weir train wrote"), "{left_out}");
}
