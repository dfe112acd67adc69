//! What really happened.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::attack::AttackKind;

/// The truth about a simulation: `truth.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Truth {
    /// Version of this format.
    pub format: u32,
    /// How rare attacks are, and how well they hide.
    pub level: String,
    /// What it was simulated with.
    pub seed: String,
    /// People with an account.
    pub users: usize,
    /// Length in days.
    pub days: u32,
    /// When it begins, milliseconds since the epoch.
    pub start_ms: i64,
    /// When the test period begins: what was before is for training.
    pub test_start_ms: i64,
    /// When it ends.
    pub end_ms: i64,
    /// The index of the first login of the test period.
    pub first_test_index: usize,
    /// All logins.
    pub n_logins: usize,
    /// Logins of the test period that are of no attack.
    pub n_test_benign: usize,
    /// Logins of the test period that are of an attack.
    pub n_test_attack: usize,
    /// Kinds of attacks and what they are.
    pub kinds: BTreeMap<&'static str, &'static str>,
    /// Kinds that only one of the files shows.
    pub signal_only_in: BTreeMap<&'static str, Vec<&'static str>>,
    /// The attacks, by begin.
    pub attacks: Vec<Attack>,
    /// The same in the form that `weir evaluate` reads.
    #[serde(flatten)]
    pub findings: FindingsTruth,
}

/// What findings are held against: the attacks of the test period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingsTruth {
    /// Name of the set.
    pub name: String,
    /// When the logins begin, seconds since the epoch.
    pub start: i64,
    /// When the test period begins.
    pub eval_start: i64,
    /// When the logins end.
    pub end: i64,
    /// Everybody's accounts: what days are counted of.
    pub monitored_hosts: BTreeSet<String>,
    /// Who is known to do no harm: nobody is.
    pub benign_hosts: BTreeSet<String>,
    /// The attacks.
    pub incidents: Vec<LoginIncident>,
}

/// An attack, by the findings that should tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoginIncident {
    /// Its name.
    pub id: String,
    /// The kind of finding that should tell it.
    pub kind: &'static str,
    /// Which attack it is.
    pub subtype: AttackKind,
    /// Other kinds that are right as well.
    pub accept: &'static [&'static str],
    /// Users and addresses: a finding names one of them.
    pub actors: BTreeSet<String>,
    /// Nobody else is acted upon.
    pub targets: BTreeSet<String>,
    /// When it begins, seconds since the epoch.
    pub start: i64,
    /// When it ends.
    pub end: i64,
}

impl LoginIncident {
    pub(super) fn of(attack: &Attack) -> Self {
        let (kind, accept) = attack.kind.found_as();
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

/// One attack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attack {
    /// Its name.
    pub id: String,
    /// What it is.
    pub kind: AttackKind,
    /// `train` or `test`.
    pub period: &'static str,
    /// When it begins, milliseconds since the epoch.
    pub start_ms: i64,
    /// When it ends.
    pub end_ms: i64,
    /// Its logins, by index.
    pub indices: Vec<usize>,
    /// Of these, those that succeeded.
    pub success_indices: Vec<usize>,
    /// Whose accounts.
    pub users: Vec<String>,
    /// From which addresses.
    pub ips: Vec<String>,
}
