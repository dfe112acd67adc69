//! What really happened.

use std::collections::BTreeMap;

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
