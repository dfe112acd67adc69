//! A group of logins that one finding reports, and the parts of its sentence.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use weir_domain::finding::{Entity, Evidence, Facts, Hit, Kind, LoginEvidence, Severity, Subject};
use weir_domain::login::JudgedLogin;
use weir_domain::window::{Scope, WindowLength, utc_clock, utc_day};

use weir_domain::text::count;

/// Some logins, in order of time; at least one.
pub(super) struct Group<'a> {
    pub(super) logins: Vec<&'a JudgedLogin>,
}

/// Members of one key in order of time, cut where more than a gap lies between two.
pub(super) fn runs(logins: &[JudgedLogin], members: Vec<usize>, gap: i64) -> Vec<Vec<usize>> {
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for at in members {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|&last| logins[at].time - logins[last].time <= gap) => run.push(at),
            _ => runs.push(vec![at]),
        }
    }
    runs
}

/// The parts of a finding that a detection decides.
pub(super) struct FindingDraft {
    pub(super) kind: Kind,
    pub(super) entity: Entity,
    pub(super) severity: Severity,
    pub(super) title: String,
    pub(super) sentence: String,
    /// Index of the login that made the attack detectable.
    pub(super) seen_with: usize,
}

impl<'a> Group<'a> {
    pub(super) fn new(logins: &'a [JudgedLogin], members: &[usize]) -> Self {
        Self { logins: members.iter().map(|&at| &logins[at]).collect() }
    }

    pub(super) fn users(&self) -> BTreeSet<&'a str> {
        self.logins.iter().map(|login| login.user.as_str()).collect()
    }

    pub(super) fn sources(&self) -> BTreeSet<IpAddr> {
        self.logins.iter().filter_map(|login| login.source_ip).collect()
    }

    pub(super) fn failed(&self) -> usize {
        self.logins.iter().filter(|login| !login.succeeded).count()
    }

    pub(super) fn succeeded(&self) -> usize {
        self.logins.len() - self.failed()
    }

    /// The login with the highest score; of equals, the first.
    pub(super) fn worst(&self) -> &'a JudgedLogin {
        let mut worst = self.logins[0];
        for login in &self.logins {
            if login.score > worst.score {
                worst = login;
            }
        }
        worst
    }

    pub(super) fn score(&self) -> f64 {
        self.worst().score
    }

    /// The address with most logins; of equals, the lowest.
    pub(super) fn busiest(&self) -> Option<IpAddr> {
        let mut count: BTreeMap<IpAddr, usize> = BTreeMap::new();
        self.logins.iter().filter_map(|login| login.source_ip).for_each(|ip| *count.entry(ip).or_default() += 1);
        count.into_iter().max_by_key(|(ip, n)| (*n, std::cmp::Reverse(*ip))).map(|(ip, _)| ip)
    }

    /// Index of the login with which the number of distinct users was reached.
    pub(super) fn with_user(&self, number: usize) -> usize {
        let mut users = BTreeSet::new();
        let at = self.logins.iter().position(|login| {
            users.insert(login.user.as_str());
            users.len() >= number
        });
        at.unwrap_or(self.logins.len() - 1)
    }

    /// Index of the first login with at least this score.
    pub(super) fn first_from(&self, score: f64) -> usize {
        self.logins.iter().position(|login| login.score >= score).unwrap_or(0)
    }

    /// `from 198.51.100.1 (Bucharest, RO)`, `from 3 addresses`.
    pub(super) fn from(&self) -> String {
        let sources = self.sources();
        match (sources.len(), sources.first()) {
            (1, Some(ip)) => match (self.worst().city.as_str(), self.worst().country.as_str()) {
                ("", "") => format!("from {ip}"),
                ("", place) | (place, "") => format!("from {ip} ({place})"),
                (city, country) => format!("from {ip} ({city}, {country})"),
            },
            (0, _) | (_, None) => "from an unknown address".to_owned(),
            (n, _) => format!("from {} addresses", count(n as u64)),
        }
    }

    /// `on 2023-10-29 at 06:12 UTC`.
    pub(super) fn when(&self) -> String {
        let at = |login: &JudgedLogin| login.time.div_euclid(1000);
        let (first, last) = (at(self.logins[0]), at(self.logins[self.logins.len() - 1]));
        match (utc_day(first), utc_day(last)) {
            (a, b) if a != b => format!("from {a} {} to {b} {} UTC", utc_clock(first), utc_clock(last)),
            (day, _) if utc_clock(first) == utc_clock(last) => format!("on {day} at {} UTC", utc_clock(first)),
            (day, _) => format!("on {day} between {} and {} UTC", utc_clock(first), utc_clock(last)),
        }
    }

    /// The reasons of the worst login, as part of a sentence.
    pub(super) fn reasons(&self) -> String {
        Self::reasons_of(self.worst())
    }

    /// The reasons of a login, as part of a sentence.
    pub(super) fn reasons_of(login: &JudgedLogin) -> String {
        let most: Vec<&str> = login.reasons.iter().take(4).map(String::as_str).collect();
        if most.is_empty() { "unlike the user's other logins".to_owned() } else { most.join("; ") }
    }

    /// What was done: `console login`.
    pub(super) fn what(&self) -> &'static str {
        self.worst().kind.as_str()
    }

    /// The subject and the hit of the finding.
    pub(super) fn finding(&self, draft: FindingDraft) -> (Subject, Hit) {
        let seconds = |login: &JudgedLogin| login.time.div_euclid(1000);
        let length = WindowLength::FIVE_MINUTES;
        let seen = self.logins.get(draft.seen_with).copied().unwrap_or(self.logins[0]);
        let window = length.start_of(seconds(seen));
        let facts = Facts::Login {
            kind: draft.kind,
            title: draft.title,
            sentence: draft.sentence,
            logins: self.logins.len() as u64,
            failed: self.failed() as u64,
            users: self.users().len() as u64,
            sources: self.sources().len() as u64,
            score: self.score(),
        };
        let hit = Hit {
            window,
            window_end: window.end(length),
            first_seen: seconds(self.logins[0]),
            last_seen: seconds(self.logins[self.logins.len() - 1]),
            severity: draft.severity,
            confidence: confidence(self.score()),
            rows: self.logins.len() as u64,
            interfaces: Vec::new(),
            facts,
            evidence: self.evidence().into(),
        };
        let scope = Scope::new(&self.worst().account, "");
        (Subject { kind: draft.kind, scope, entity: draft.entity, peer: None }, hit)
    }

    /// Evidence by user and source, those with most logins first.
    fn evidence(&self) -> Vec<LoginEvidence> {
        let mut lines: BTreeMap<(&str, Option<IpAddr>), LoginEvidence> = BTreeMap::new();
        for login in &self.logins {
            let line = lines.entry((&login.user, login.source_ip)).or_insert_with(|| LoginEvidence {
                user: login.user.clone(),
                source: login.source_ip,
                country: login.country.clone(),
                account: login.account.clone(),
                action: login.kind.as_str().to_owned(),
                attempts: 0,
                failed: 0,
            });
            line.attempts += 1;
            line.failed += u64::from(!login.succeeded);
        }
        let mut lines: Vec<LoginEvidence> = lines.into_values().collect();
        lines.sort_by_key(|line| std::cmp::Reverse((line.attempts > line.failed, line.attempts)));
        lines.truncate(Evidence::MAX_PER_HIT);
        lines
    }
}

/// The confidence for a score: the probability of an attack in percent if one login in a thousand is an attack.
fn confidence(score: f64) -> u8 {
    (100.0 / (1.0 + (6.9 - score).clamp(-50.0, 50.0).exp())).clamp(1.0, 99.0) as u8
}
