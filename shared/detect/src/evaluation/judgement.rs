//! What became of incidents and findings.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// What a finding turned out to be; the first that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bucket {
    /// It names the offending side of an incident.
    True,
    /// It is about what was declared not to be an attack.
    Expected,
    /// It is about an incident too faint to count, or about another host known to do harm.
    Minor,
    /// It blames the target of an incident.
    Victim,
    /// It is about hosts that nobody has judged.
    Unlabelled,
    /// It is wrong.
    False,
}

impl Bucket {
    /// All buckets, in the order in which they are tried.
    pub const ALL: [Self; 6] = [Self::True, Self::Expected, Self::Minor, Self::Victim, Self::Unlabelled, Self::False];

    /// The name, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::Expected => "expected",
            Self::Minor => "minor",
            Self::Victim => "victim",
            Self::Unlabelled => "unlabelled",
            Self::False => "false",
        }
    }
}

/// How good findings are. As JSON its fields have the names that `score_findings.py`, the reference judge, gives them.
///
/// What is a share of nothing is `None`. Minutes, findings per incident and false findings per 100 host-days are rounded
/// to one decimal place, host-days to two.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judgement {
    /// Name of the set.
    pub name: String,
    /// Number of findings, without leads.
    pub findings: usize,
    /// Number of leads (findings with `status_detail` "lead"), which are ranked and not judged.
    pub leads: usize,
    /// For every incident that counts the rank, from 1, of the first lead that names it.
    pub lead_ranks: BTreeMap<String, Option<usize>>,
    /// Number of findings left out because they end before the evaluation starts.
    pub ignored_training: usize,
    /// Number of findings by bucket; 0 where there is no entry. The best stage of a finding decides; its false stages count as
    /// false as well.
    pub buckets: BTreeMap<Bucket, usize>,
    /// Monitored hosts times days.
    pub host_days: f64,
    /// Wrong findings per 100 host-days.
    pub false_per_100_host_days: Option<f64>,
    /// Number of false findings and stages by kind.
    pub false_by_kind: BTreeMap<String, usize>,
    /// The uids of false findings and stages, in the order of the file.
    pub false_uids: Vec<String>,
    /// Of the incidents, the share that was detected: 0 to 1.
    pub recall: Option<f64>,
    /// Of the incidents, the share that was detected as what it is: 0 to 1.
    pub typed_recall: Option<f64>,
    /// Of the findings that are right or wrong, the share that is right: 0 to 1.
    pub precision: Option<f64>,
    /// Harmonic mean of precision and recall: 0 to 1.
    pub f1: Option<f64>,
    /// The incidents that are too faint to count.
    pub weak: WeakIncidents,
    /// Incidents by kind, and all of them under [`Judgement::ALL`].
    pub by_kind: BTreeMap<String, KindJudgement>,
    /// Every incident that counts, by its id.
    pub incidents: BTreeMap<String, IncidentJudgement>,
}

impl Judgement {
    /// The name that all incidents together go by among the kinds.
    pub const ALL: &'static str = "ALL";
}

/// What became of the incidents of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KindJudgement {
    /// Incidents there were.
    pub incidents: usize,
    /// Those that a finding names.
    pub detected: usize,
    /// Those that a finding of the right kind names.
    pub typed: usize,
    /// Those that a finding names together with a target.
    pub located: usize,
    /// Minutes from the beginning of an incident to the first finding, the median over those detected.
    #[serde(rename = "median_ttd_min")]
    pub median_minutes: Option<f64>,
    /// Minutes from the beginning of an incident to the first finding of the right kind, the median over those typed.
    #[serde(rename = "median_ttd_typed_min")]
    pub median_minutes_typed: Option<f64>,
    /// Findings that name an incident, the mean over those detected.
    pub findings_per_detected: Option<f64>,
}

/// What became of the incidents that are too faint to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct WeakIncidents {
    /// Incidents there were.
    pub incidents: usize,
    /// Those that a finding names.
    pub detected: usize,
}

/// What became of one incident.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IncidentJudgement {
    /// What it is.
    pub kind: String,
    /// Finer kind.
    pub subtype: Option<String>,
    /// How strong it is.
    pub intensity: Option<String>,
    /// Whether a finding names it.
    pub detected: bool,
    /// Whether a finding of the right kind names it.
    pub typed: bool,
    /// Whether a finding names it together with a target.
    pub located: bool,
    /// Findings that name it.
    pub findings: usize,
    /// Minutes from its beginning to the first finding.
    #[serde(rename = "ttd_min")]
    pub minutes: Option<f64>,
    /// Kinds of the findings that name it.
    pub kinds: BTreeSet<String>,
}
