//! Rules written for a finding, and taken back. The rest of the file stays as its author wrote it.

use std::fmt::Write;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use weir_domain::window::Scope;

use super::entity_name::EntityName;
use super::matching::Facts;
use super::rule::Rule;
use super::{BadSuppressions, Suppressions};
use crate::ocsf::DetectionFinding;

/// A finding that no rule can be written for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoRule {
    /// It is about many.
    #[error("it is about no single entity: name one of the findings it stands for (`weir findings --all` shows them)")]
    NoEntity,
    /// It is of a kind that this program does not know.
    #[error("{0}: use the version of weir that wrote it")]
    UnknownKind(#[from] weir_domain::finding::UnknownKind),
}

/// A file that a rule cannot be written into or taken out of.
#[derive(Debug, thiserror::Error)]
pub enum CannotEdit {
    /// It cannot be read, before or after.
    #[error(transparent)]
    Bad(#[from] BadSuppressions),
    /// The rule is not written as this program writes it.
    #[error("the rule of finding {uid} was edited so that only its author can tell where it ends: take it out by hand")]
    Edited {
        /// The finding.
        uid: String,
    },
}

impl Rule {
    /// The narrowest rule that holds for findings like this one: its kind, its entity, account and region, and the other
    /// end and the port where there is one. Times are milliseconds since the epoch.
    ///
    /// # Errors
    /// When the finding is a summary of others, or of no known kind.
    pub fn about(finding: &DetectionFinding, why: &str, created: i64, until: Option<i64>) -> Result<Self, NoRule> {
        let facts = Facts::from_finding(finding);
        let entity = facts.entity.clone().ok_or(NoRule::NoEntity)?;
        let known = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty() && name != Scope::UNKNOWN);
        let only: Option<IpAddr> = facts.peers.first().copied().filter(|_| facts.peers.len() == 1);
        Ok(Self {
            entity: Some(EntityName::from_entity(&entity)),
            cidr: None,
            kind: Some(finding.kind().parse()?),
            port: facts.port,
            peer: only.map(IpNet::from),
            account: known(&finding.cloud.account.uid),
            region: known(&finding.cloud.region),
            until,
            created: Some(created),
            finding: Some(finding.finding_info.uid.clone()),
            why: why.trim().to_owned(),
        })
    }

    /// The rule as it stands in a file.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = String::from("[[suppress]]\n");
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let time = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or_default().to_string();
        let network =
            |n: IpNet| if n.prefix_len() == n.max_prefix_len() { n.addr().to_string() } else { n.to_string() };
        let lines = [
            ("kind", self.kind.map(|kind| quoted(kind.as_str()))),
            ("entity", self.entity.as_ref().map(|entity| quoted(entity.as_str()))),
            ("cidr", self.cidr.map(|n| quoted(&network(n)))),
            ("peer", self.peer.map(|n| quoted(&network(n)))),
            ("port", self.port.map(|port| port.to_string())),
            ("account", self.account.as_deref().map(quoted)),
            ("region", self.region.as_deref().map(quoted)),
            ("until", self.until.map(time)),
            ("created", self.created.map(time)),
            ("finding", self.finding.as_deref().map(quoted)),
            ("why", Some(quoted(&self.why))),
        ];
        for (name, value) in lines {
            if let Some(value) = value {
                // Writing to a string does not fail.
                let _ = writeln!(text, "{name} = {value}");
            }
        }
        text
    }
}

impl Suppressions {
    /// The text of a file with a rule written at its end, in place of the one that was written for the same finding.
    ///
    /// # Errors
    /// When the file, or what becomes of it, cannot be read.
    pub fn write_rule(text: &str, rule: &Rule) -> Result<String, CannotEdit> {
        let before = match &rule.finding {
            Some(uid) => Self::take_back(text, uid)?,
            None => None,
        };
        let before = before.as_deref().unwrap_or(text).trim_end();
        let gap = if before.is_empty() { "" } else { "\n\n" };
        let after = format!("{before}{gap}{}", rule.to_toml());
        Self::parse(after.as_bytes())?;
        Ok(after)
    }

    /// The text of a file without the rule that was written for a finding; `None` when there is none.
    ///
    /// # Errors
    /// When the file cannot be read, or the rule was edited so that its lines cannot be found.
    pub fn take_back(text: &str, uid: &str) -> Result<Option<String>, CannotEdit> {
        let mut expected = Self::parse(text.as_bytes())?;
        let Some(at) = expected.rules.iter().position(|rule| rule.finding.as_deref() == Some(uid)) else {
            return Ok(None);
        };
        expected.rules.remove(at);
        let edited = || CannotEdit::Edited { uid: uid.to_owned() };
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let header = lines.iter().enumerate().filter(|(_, line)| line.trim() == "[[suppress]]").nth(at);
        let begin = header.map(|(i, _)| i).ok_or_else(edited)?;
        let ends = |line: &&str| line.trim().is_empty() || line.trim_start().starts_with(['[', '#']);
        let length = lines[begin + 1..].iter().position(ends).unwrap_or(lines.len() - begin - 1);
        let rest = &lines[begin + 1 + length..];
        // The blank line that set it off.
        let blank = rest.first().is_some_and(|line| line.trim().is_empty());
        let after = lines[..begin].concat() + &rest[usize::from(blank)..].concat();
        // The lines were found by their form; their meaning decides.
        match Self::parse(after.as_bytes()) {
            Ok(parsed) if parsed == expected => Ok(Some(after)),
            _ => Err(edited()),
        }
    }
}
