//! How many alerts are enough: of one kind, from one neighbourhood, in one hour; and of the learned ones, over all hosts and
//! days. The rest is one alert.
//!
//! A group is a kind, an account and the /24 (IPv6: /64) of the entity, or that it is a user, or a series; its hour is that
//! of the finding's `time`. Of a group's findings in an hour, those beyond the limit are held back: kept, no alert, and stood for by one summary.
//!
//! Learned findings ([`Kind::AnomalousBehaviour`]) are a hint, not a verdict: they have a ceiling per 100 host-days instead. Their
//! group is all hosts of an account, over the fewest days in which the ceiling lets one through, and no summary stands for the rest.
//!
//! What holds: a finding is held back only if as many others, as severe or more, were sent. So nothing severe waits
//! behind what is less. [`limit`] sees all findings at once and takes the most severe first, then the earliest; its
//! outcome does not depend on their order. One by one, as publish sees them ([`HourOfGroup::admit`]), which findings of one
//! severity are sent depends on the order in which they come, how many does not; and where severities rise, at most the
//! limit is sent of each severity.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use weir_domain::finding::{Entity, Evidence, Incident, Kind, Severity, Subject};
use weir_domain::time::HOUR_SECONDS;
use weir_domain::window::{Hour, Scope, utc_clock, utc_day};

use crate::ocsf::{DetectionFinding, EvidenceArtifact, SUMMARY};
use weir_domain::text::{count, escape};

/// How many alerts are enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertLimits {
    /// Alerts an hour of one kind and neighbourhood; 0 for no limit.
    pub per_hour: usize,
    /// Learned alerts per 100 host-days; 0 for no ceiling: they count as all others do.
    pub learned: usize,
    /// Monitored hosts; 0 where that is unknown, which counts as one.
    pub hosts: u64,
}

impl AlertLimits {
    /// The group that a finding counts in, and how many of it are sent; `None` where nothing limits it.
    #[must_use]
    pub fn group(&self, finding: &DetectionFinding) -> Option<(Group, usize)> {
        let of_hour = Group::for_finding(finding)?;
        if self.learned > 0 && finding.kind() == Kind::AnomalousBehaviour.as_str() {
            return Some(self.of_learned(of_hour));
        }
        (self.per_hour > 0).then_some((of_hour, self.per_hour))
    }

    fn of_learned(&self, of_hour: Group) -> (Group, usize) {
        let a_day = self.hosts.max(1).saturating_mul(self.learned as u64);
        let days = 100_u64.div_ceil(a_day);
        let seconds = days as i64 * DAY_SECONDS;
        let most = usize::try_from(a_day.saturating_mul(days) / 100).unwrap_or(usize::MAX);
        let start = of_hour.start.div_euclid(seconds) * seconds;
        (Group { about: "hosts".to_owned(), start, seconds, ..of_hour }, most)
    }
}

const DAY_SECONDS: i64 = 24 * HOUR_SECONDS;

/// Findings that count against one limit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group {
    kind: String,
    account: String,
    about: String,
    /// When its hour or days begin, seconds since the epoch.
    start: i64,
    /// How long they are.
    seconds: i64,
}

impl Group {
    /// The group of a finding in its hour; `None` for a summary, which counts against nothing.
    #[must_use]
    pub fn for_finding(finding: &DetectionFinding) -> Option<Self> {
        let about = match finding.entity()? {
            Entity::Address(ip) => {
                let length = if ip.is_ipv4() { 24 } else { 64 };
                IpNet::new(ip, length).unwrap_or_else(|_| ip.into()).trunc().to_string()
            }
            Entity::User(_) => "users".to_owned(),
            Entity::Series(_) => "usage series".to_owned(),
        };
        Some(Self {
            kind: finding.kind().to_owned(),
            account: finding.cloud.account.uid.clone(),
            about,
            start: Hour::from_time(finding.time.div_euclid(1000)).start(),
            seconds: HOUR_SECONDS,
        })
    }

    /// When its hour or days begin, seconds since the epoch.
    #[must_use]
    pub fn start(&self) -> i64 {
        self.start
    }

    /// Whether a summary stands for those held back. One of learned findings would be an alert above their ceiling itself.
    #[must_use]
    pub fn has_summary(&self) -> bool {
        self.seconds == HOUR_SECONDS
    }

    fn end(&self) -> i64 {
        self.start.saturating_add(self.seconds)
    }

    /// A name that no other group has.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}/{}/{}", self.kind, self.account, self.about, self.start)
    }

    /// Why a finding of the group is held back.
    #[must_use]
    pub fn throttle_reason(&self, most: usize) -> String {
        format!("not sent: more than {}", self.in_short(most))
    }

    fn in_short(&self, most: usize) -> String {
        let findings = if most == 1 { "finding" } else { "findings" };
        format!("{most} {} {findings} about {} in {}", self.kind, self.about, self.time())
    }

    fn time(&self) -> String {
        match self.seconds / DAY_SECONDS {
            0 => "an hour".to_owned(),
            1 => "a day".to_owned(),
            days => format!("{days} days"),
        }
    }
}

/// What became of a group's findings so far: what publish keeps of an hour.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HourOfGroup {
    /// The uids that may be sent, with their `severity_id`.
    sent: BTreeMap<String, u8>,
    /// The uids that are held back, with their `severity_id`, at most [`HourOfGroup::MAX_LISTED`].
    held: BTreeMap<String, u8>,
    /// Whether there were more than can be held.
    overflow: bool,
    /// The first line of evidence of those held back, by uid, the first [`Evidence::MAX_PER_FINDING`].
    #[serde(default)]
    evidence: BTreeMap<String, EvidenceArtifact>,
}

/// Whether a finding may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Send,
    /// Enough of its like were sent.
    Hold,
}

impl HourOfGroup {
    /// Held findings remembered one by one; the summary says "more than" from there on.
    pub const MAX_LISTED: usize = 10_000;

    /// Takes a finding in and says whether it may be sent: if fewer than `most` others, as severe or more, may. What may be
    /// sent stays so, so that asking again gives the same answer; a finding that has become more severe is asked anew.
    pub fn admit(&mut self, uid: &str, severity: u8, most: usize) -> Admission {
        if self.sent.get(uid).is_some_and(|sent| *sent >= severity) {
            return Admission::Send;
        }
        let others = self.sent.iter().filter(|(other, sent)| *other != uid && **sent >= severity).count();
        if most == 0 || others < most {
            self.sent.insert(uid.to_owned(), severity);
            self.held.remove(uid);
            return Admission::Send;
        }
        if self.held.len() < Self::MAX_LISTED || self.held.contains_key(uid) {
            self.held.insert(uid.to_owned(), severity);
        } else {
            self.overflow = true;
        }
        Admission::Hold
    }

    /// Takes a finding in as [`admit`](Self::admit) does, and remembers whom it is about if it is held back.
    pub fn admit_finding(&mut self, finding: &DetectionFinding, most: usize) -> Admission {
        let uid = &finding.finding_info.uid;
        let admission = self.admit(uid, finding.severity_id, most);
        self.evidence.retain(|uid, _| self.held.contains_key(uid));
        if admission == Admission::Hold
            && let Some(first) = finding.evidences.first()
        {
            self.evidence.insert(uid.clone(), first.clone());
            if self.evidence.len() > Evidence::MAX_PER_FINDING {
                self.evidence.pop_last();
            }
        }
        admission
    }

    /// The finding that stands for those held back. `created` is when it was first written, `now` is now, milliseconds
    /// since the epoch.
    #[must_use]
    pub fn summary(&self, group: &Group, most: usize, created: Option<i64>, now: i64) -> DetectionFinding {
        let (start, end) = (group.start, group.end());
        let uid = Uuid::new_v5(&NAMESPACE, group.name().as_bytes()).to_string();
        let incident = Incident {
            uid,
            created: created.unwrap_or(now),
            day: utc_day(start),
            closed: false,
            hits: BTreeMap::new(),
        };
        // Everything but what is set below is as in any finding.
        let subject = Subject {
            kind: Kind::PortScan,
            scope: Scope::new(&group.account, ""),
            entity: IpAddr::from([0, 0, 0, 0]).into(),
            peer: None,
        };
        let mut summary = DetectionFinding::from_incident(&subject, &incident, now);
        let worst = self.held.values().copied().max().unwrap_or(1);
        let severity = Severity::ALL.into_iter().find(|s| s.id() == worst).unwrap_or(Severity::Informational);
        summary.severity_id = severity.id();
        severity.as_str().clone_into(&mut summary.severity);
        // That so many are held back is certain.
        summary.confidence_score = 100;
        summary.risk_score = severity.id() * 20;
        summary.time = end * 1000;
        summary.cloud.account.uid.clone_from(&group.account);
        summary.observables = Vec::new();
        summary.evidences = self.evidence.values().cloned().collect();
        summary.count = self.held.len() as u64;
        summary.message = format!(
            "And {}{} more {} findings about {} between {} and {} UTC on {} are kept and not sent, since {most} alerts an \
             hour are enough. The most severe of them is {severity}.",
            if self.overflow { "more than " } else { "" },
            count(self.held.len() as u64),
            group.kind,
            escape(&group.about),
            utc_clock(start),
            utc_clock(end),
            utc_day(start),
        );
        let info = &mut summary.finding_info;
        info.title = escape(&format!("More than {}", group.in_short(most)));
        info.types = vec![group.kind.clone(), SUMMARY.to_owned()];
        (info.first_seen_time, info.last_seen_time) = (start * 1000, end * 1000);
        summary
    }
}

/// Holds back what is beyond the limit and adds the summaries, after the findings. What is no alert counts for nothing.
///
/// A function of the set of findings: their order stays, and changes nothing else. `now` is
/// milliseconds since the epoch. O(n log n + n · most).
#[must_use]
pub fn limit(findings: Vec<DetectionFinding>, limits: AlertLimits, now: i64) -> Vec<DetectionFinding> {
    let mut groups: BTreeMap<(Group, usize), Vec<usize>> = BTreeMap::new();
    for (i, finding) in findings.iter().enumerate().filter(|(_, finding)| finding.is_alert) {
        if let Some(group) = limits.group(finding) {
            groups.entry(group).or_default().push(i);
        }
    }
    let mut findings: Vec<Option<DetectionFinding>> = findings.into_iter().map(Some).collect();
    let mut summaries = Vec::new();
    for ((group, most), mut members) in groups {
        let rank = |i: &usize| {
            let finding = findings[*i].as_ref();
            finding.map(|f| (std::cmp::Reverse(f.severity_id), f.time, f.finding_info.uid.clone()))
        };
        members.sort_by_cached_key(rank);
        let mut hour = HourOfGroup::default();
        for i in members {
            let slot = &mut findings[i];
            let Some(finding) = slot.take() else { continue };
            let admission = hour.admit_finding(&finding, most);
            *slot = Some(match admission {
                Admission::Send => finding,
                Admission::Hold => finding.throttled(&group.throttle_reason(most)),
            });
        }
        if !hour.held.is_empty() && group.has_summary() {
            summaries.push(hour.summary(&group, most, None, now));
        }
    }
    findings.into_iter().flatten().chain(summaries).collect()
}

/// The namespace of the uids of summaries (UUID version 5, RFC 9562).
const NAMESPACE: Uuid = Uuid::from_u128(0x9d3c_1f0e_5b7a_4c2d_8e61_7765_6972_0002);

#[cfg(test)]
mod tests;
