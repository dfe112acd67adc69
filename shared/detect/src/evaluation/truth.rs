//! What really happened, as a file says it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// What really happened in a set of logs. Times are seconds since the epoch. Fields that judging does not need may be
/// there as well.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Truth {
    /// Name of the set.
    pub name: String,
    /// When the logs begin.
    pub start: f64,
    /// When the logs end.
    pub end: f64,
    /// From when on findings are judged; before, all is there to learn from. By default, from the start.
    #[serde(default)]
    pub eval_start: Option<f64>,
    /// Hosts whose traffic is logged.
    pub monitored_hosts: BTreeSet<String>,
    /// Hosts known to do no harm.
    pub benign_hosts: BTreeSet<String>,
    /// The incidents to be found.
    pub incidents: Vec<LabelledIncident>,
    /// What looks like an attack and is declared not to be one.
    #[serde(default)]
    pub expected: Vec<Expected>,
    /// Other hosts known to do harm, in no incident of their own.
    #[serde(default)]
    pub other_malicious: BTreeSet<String>,
    /// Hosts that nobody has judged.
    #[serde(default)]
    pub unlabelled_peers: BTreeSet<String>,
    /// Whether nobody has judged any host beyond those monitored and benign.
    #[serde(default)]
    pub external_unlabelled: bool,
    /// Second addresses of hosts, by their first.
    #[serde(default)]
    pub ipv6: BTreeMap<String, String>,
    /// Monitored hosts times days, where hosts were not monitored throughout.
    #[serde(default)]
    pub host_days: Option<f64>,
}

/// An incident to be found.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LabelledIncident {
    /// Its name, which no other has.
    pub id: String,
    /// What it is: `port-scan`, `beacon`, …
    pub kind: String,
    /// Finer kind, for people.
    #[serde(default)]
    pub subtype: Option<String>,
    /// How strong it is, for people.
    #[serde(default)]
    pub intensity: Option<String>,
    /// Who acts.
    pub actors: BTreeSet<String>,
    /// Who is acted upon.
    pub targets: BTreeSet<String>,
    /// Addresses that the actors' are translated to on their way.
    #[serde(default)]
    pub via: BTreeSet<String>,
    /// `inbound` where a flood comes from outside.
    #[serde(default)]
    pub direction: Option<String>,
    /// Other kinds that are right as well.
    #[serde(default)]
    pub accept: BTreeSet<String>,
    /// Whether it is too faint to be found.
    #[serde(default)]
    pub weak: bool,
    /// When it began.
    pub start: f64,
    /// When it ended.
    pub end: f64,
}

/// What looks like an attack and is declared not to be one, such as a vulnerability scan.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Expected {
    /// Who acts, or is acted upon.
    pub actors: BTreeSet<String>,
    /// When it began.
    pub start: f64,
    /// When it ended.
    pub end: f64,
}

/// A truth that findings cannot be held against.
#[derive(Debug, thiserror::Error)]
pub enum BadTruth {
    /// Not JSON, or a field is missing or of the wrong type.
    #[error("not a truth file: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// Two incidents have one name.
    #[error("two incidents are named {0:?}: give each an id of its own")]
    SameId(String),
    /// It ends before the evaluation starts.
    #[error("the logs end at {end}, before the evaluation starts at {start}: look at `end` and `eval_start`")]
    NoTime {
        /// When the evaluation starts.
        start: f64,
        /// When the logs end.
        end: f64,
    },
}

impl Truth {
    /// Reads a truth file (JSON) and checks it. The caller caps its size.
    ///
    /// # Errors
    /// When it is no truth, two incidents have one id, or it ends before the evaluation starts.
    pub fn from_json(bytes: &[u8]) -> Result<Self, BadTruth> {
        let truth: Self = serde_json::from_slice(bytes)?;
        let mut ids = BTreeSet::new();
        if let Some(twice) = truth.incidents.iter().find(|incident| !ids.insert(&incident.id)) {
            return Err(BadTruth::SameId(twice.id.clone()));
        }
        let start = truth.evaluated_from();
        if truth.end < start {
            return Err(BadTruth::NoTime { start, end: truth.end });
        }
        Ok(truth)
    }

    /// From when on findings are judged.
    #[must_use]
    pub fn evaluated_from(&self) -> f64 {
        self.eval_start.unwrap_or(self.start)
    }
}
