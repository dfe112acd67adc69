//! The truth about the attacks: `truth.json`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::attack::AttackKind;

/// The content of `truth.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Truth {
    /// Version of this format.
    pub format: u32,
    /// Difficulty: `easy`, `medium` or `hard`.
    pub level: String,
    /// Random seed.
    pub seed: String,
    /// Number of users.
    pub users: usize,
    /// Length in days.
    pub days: u32,
    /// Start, milliseconds since the epoch.
    pub start_ms: i64,
    /// Start of the test period, milliseconds since the epoch; the time before it is for training.
    pub test_start_ms: i64,
    /// End (excluded), milliseconds since the epoch.
    pub end_ms: i64,
    /// The index of the first login of the test period.
    pub first_test_index: usize,
    /// Number of logins.
    pub n_logins: usize,
    /// Number of benign logins in the test period.
    pub n_test_benign: usize,
    /// Number of attack logins in the test period.
    pub n_test_attack: usize,
    /// Kinds of attacks with descriptions.
    pub kinds: BTreeMap<&'static str, &'static str>,
    /// Kinds that are visible in one of the files only.
    pub signal_only_in: BTreeMap<&'static str, Vec<&'static str>>,
    /// The attacks in order of start.
    pub attacks: Vec<Attack>,
    /// The attacks of the test period in the form that `weir evaluate` reads.
    #[serde(flatten)]
    pub findings: FindingsTruth,
}

/// The attacks of the test period, which `weir evaluate` compares findings with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingsTruth {
    /// Name of the data set.
    pub name: String,
    /// Start, seconds since the epoch.
    pub start: i64,
    /// Start of the test period, seconds since the epoch.
    pub eval_start: i64,
    /// End (excluded), seconds since the epoch.
    pub end: i64,
    /// All users; `weir evaluate` counts their days.
    pub monitored_hosts: BTreeSet<String>,
    /// Always empty.
    pub benign_hosts: BTreeSet<String>,
    /// The attacks.
    pub incidents: Vec<LoginIncident>,
}

/// An attack, with the findings that should report it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoginIncident {
    /// Its id.
    pub id: String,
    /// The kind of finding that should report it.
    pub kind: &'static str,
    /// The kind of attack.
    pub subtype: AttackKind,
    /// Other kinds of findings that are also right.
    pub accept: &'static [&'static str],
    /// Users and addresses, of which a finding must name one.
    pub actors: BTreeSet<String>,
    /// Always empty.
    pub targets: BTreeSet<String>,
    /// First login, seconds since the epoch.
    pub start: i64,
    /// Last login, seconds since the epoch.
    pub end: i64,
}

impl LoginIncident {
    pub(super) fn from_attack(attack: &Attack) -> Self {
        let (kind, accept) = attack.kind.expected_findings();
        Self {
            id: attack.id.clone(),
            kind,
            subtype: attack.kind,
            accept,
            actors: attack.users.iter().chain(&attack.ips).cloned().collect(),
            targets: BTreeSet::new(),
            start: attack.start_ms.div_euclid(1000),
            end: attack.end_ms.div_euclid(1000),
        }
    }
}

/// An attack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attack {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: AttackKind,
    /// `train` or `test`.
    pub period: &'static str,
    /// First login, milliseconds since the epoch.
    pub start_ms: i64,
    /// Last login, milliseconds since the epoch.
    pub end_ms: i64,
    /// The indices of its logins.
    pub indices: Vec<usize>,
    /// The indices of its successful logins.
    pub success_indices: Vec<usize>,
    /// The users.
    pub users: Vec<String>,
    /// The source addresses.
    pub ips: Vec<String>,
}
