//! Suppression of findings by the rules and expected actors of `suppressions.toml`.
//!
//! ```toml
//! learned_alerts_per_100_host_days = 1   # anomalous-behaviour; 0 for no ceiling
//! alerts_per_hour = 10              # per kind and /24 (IPv6: /64) of an account; 0 for no limit
//!
//! [[suppress]]                      # all conditions must hold
//! kind = "beacon"
//! entity = "10.0.3.17"              # or cidr = "10.0.3.0/24"; a user or a series by its name
//! peer = "198.51.100.7"             # an address or a network
//! port = 443
//! account = "123456789012"
//! region = "eu-west-1"
//! until = 2027-01-31                # a date (that day still counts), or a time
//! why = "the update service of our monitoring"
//!
//! [[expected]]                      # an actor that is known to scan
//! address = "10.0.9.9"              # an address or a network
//! hours = "22:00-06:00"             # UTC
//! from = 2026-11-01
//! to = 2026-11-30
//! kinds = ["port-scan"]             # instead of everything that scanning looks like
//! why = "the vulnerability scanner"
//! ```
//!
//! Matching is a pure function of the public finding, so that rules hold for findings made before them, too. A condition on
//! the other end or on the port holds only if it holds for all evidence: a finding about something else as well is sent.

mod edit;
mod entity_name;
mod file;
mod matching;
mod rule;

pub use edit::{CannotEdit, NoRule};
pub use entity_name::EntityName;
pub use rule::{Expected, Hours, Rule};

use crate::limit::AlertLimits;
use crate::ocsf::DetectionFinding;

/// Suppression rules, expected actors, and limits on alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressions {
    /// Maximum number of alerts per hour, kind and group; 0 for no limit. Default [`Suppressions::ALERTS_PER_HOUR`].
    pub alerts_per_hour: usize,
    /// Maximum number of alerts from models per 100 host-days; 0 for no limit. Default [`Suppressions::LEARNED_ALERTS`].
    pub learned_alerts: usize,
    /// The rules, as they stand in the file.
    pub rules: Vec<Rule>,
    /// The expected actors, as they stand in the file.
    pub expected: Vec<Expected>,
}

impl Default for Suppressions {
    /// Nothing suppressed, the default limit.
    fn default() -> Self {
        Self {
            alerts_per_hour: Self::ALERTS_PER_HOUR,
            learned_alerts: Self::LEARNED_ALERTS,
            rules: Vec::new(),
            expected: Vec::new(),
        }
    }
}

/// Why a finding is suppressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// The rule or actor: `suppression rule 2`, `expected actor 1`, counted from the top of the file.
    pub by: String,
    /// Its reason.
    pub why: &'a str,
}

impl Suppressions {
    /// Default maximum number of alerts per hour.
    pub const ALERTS_PER_HOUR: usize = 10;
    /// Default maximum number of alerts from models per 100 host-days.
    pub const LEARNED_ALERTS: usize = 1;
    /// The largest file that is read, bytes.
    pub const MAX_FILE_BYTES: usize = 1 << 20;
    /// The most rules and expected actors together.
    pub const MAX_RULES: usize = 10_000;

    /// The first rule or expected actor that suppresses a finding; `now` is milliseconds since the epoch. O(rules).
    #[must_use]
    pub fn verdict(&self, finding: &DetectionFinding, now: i64) -> Option<Verdict<'_>> {
        let facts = matching::Facts::from_finding(finding);
        let rule = self.rules.iter().enumerate().find(|(_, rule)| rule.applies(&facts, now));
        let rule = rule.map(|(i, rule)| Verdict { by: format!("suppression rule {}", i + 1), why: &rule.why });
        rule.or_else(|| {
            let (i, actor) = self.expected.iter().enumerate().find(|(_, actor)| actor.is_seen_in(&facts))?;
            Some(Verdict { by: format!("expected actor {}", i + 1), why: &actor.why })
        })
    }

    /// The limits on alerts for a number of monitored hosts.
    #[must_use]
    pub fn limits(&self, hosts: u64) -> AlertLimits {
        AlertLimits { per_hour: self.alerts_per_hour, learned: self.learned_alerts, hosts }
    }

    /// The finding, suppressed if a rule or expected actor matches; closed and suppressed findings stay as they are.
    #[must_use]
    pub fn apply(&self, finding: DetectionFinding, now: i64) -> DetectionFinding {
        let open = finding.is_alert || finding.is_throttled();
        match self.verdict(&finding, now).filter(|_| open) {
            Some(verdict) => finding.as_detected().suppressed(&verdict.by, verdict.why),
            None => finding,
        }
    }
}

/// A file of suppressions that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSuppressions {
    /// Too large.
    #[error("it has more than {} bytes: name networks instead of single addresses", Suppressions::MAX_FILE_BYTES)]
    TooLarge,
    /// Too many rules.
    #[error(
        "it has {rules} rules and expected actors, {} are read: name networks instead of single addresses",
        Suppressions::MAX_RULES
    )]
    TooMany {
        /// How many there are.
        rules: usize,
    },
    /// No text.
    #[error("it is not UTF-8 text: save it as plain text")]
    NotText,
    /// No TOML, or not what a rule is made of.
    #[error("line {line}: {problem}")]
    Syntax {
        /// Where, counted from 1.
        line: usize,
        /// What is wrong, and what to do.
        problem: String,
    },
}

#[cfg(test)]
mod tests;
