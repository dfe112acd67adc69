//! Counts calls of cloud APIs by principal and hour, and compares each hour with the hours before.

mod stored;

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::net::IpAddr;

use weir_domain::login::{ApiActivity, PrincipalHour};
use weir_domain::time::{DAY_HOURS, HOUR_SECONDS, SECOND_MILLIS};

pub use stored::BadApiUse;

/// Calls for credential access, persistence, defense evasion and impact that are rare in normal operation: those of the attack
/// techniques of Stratus Red Team and of GuardDuty's IAM finding types.
const SENSITIVE: &[&str] = &[
    "cloudtrail:DeleteTrail",
    "cloudtrail:PutEventSelectors",
    "cloudtrail:StopLogging",
    "cloudtrail:UpdateTrail",
    "config:DeleteConfigurationRecorder",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateKeyPair",
    "ec2:DeleteFlowLogs",
    "ec2:GetConsoleScreenshot",
    "ec2:GetPasswordData",
    "ec2:ModifyImageAttribute",
    "ec2:ModifySnapshotAttribute",
    "ec2-instance-connect:SendSSHPublicKey",
    "guardduty:DeleteDetector",
    "guardduty:UpdateDetector",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreateUser",
    "iam:PutUserPolicy",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateLoginProfile",
    "lambda:AddPermission20150331v2",
    "lambda:UpdateFunctionCode20150331v2",
    "organizations:LeaveOrganization",
    "rds:ModifyDBSnapshotAttribute",
    "rolesanywhere:CreateTrustAnchor",
    "s3:PutBucketLifecycle",
    "s3:PutBucketPolicy",
    "secretsmanager:GetSecretValue",
    "ssm:SendCommand",
    "ssm:StartSession",
    "sts:GetFederationToken",
];

/// The calls of a principal in an hour.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Hour {
    first: i64,
    last: i64,
    calls: u64,
    failed: u64,
    actions: BTreeSet<String>,
    regions: BTreeSet<String>,
    accounts: BTreeMap<String, u64>,
    sources: BTreeMap<IpAddr, u64>,
}

impl Hour {
    fn merge(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.calls += other.calls;
        self.failed += other.failed;
        for (mine, theirs) in [(&mut self.actions, other.actions), (&mut self.regions, other.regions)] {
            mine.extend(theirs);
            while mine.len() > ApiUse::MAX_VALUES {
                mine.pop_last();
            }
        }
        for (account, calls) in other.accounts {
            if self.accounts.len() < ApiUse::MAX_VALUES {
                *self.accounts.entry(account).or_default() += calls;
            }
        }
        for (ip, calls) in other.sources {
            if self.sources.len() < ApiUse::MAX_VALUES {
                *self.sources.entry(ip).or_default() += calls;
            }
        }
    }
}

/// Calls by principal and hour. The counts do not depend on the order of the calls.
///
/// Principals, their hours, and the distinct values of an hour are bounded. Calls beyond the bounds are counted in
/// [`ApiUse::dropped`].
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ApiUse {
    principals: BTreeMap<String, BTreeMap<i64, Hour>>,
    /// Calls beyond the bounds.
    pub dropped: u64,
}

impl ApiUse {
    /// The maximum number of principals.
    pub const MAX_PRINCIPALS: usize = 100_000;
    /// The maximum number of hours of a principal: a leap year.
    pub const MAX_HOURS: usize = 366 * DAY_HOURS;
    /// The maximum number of distinct calls, regions, accounts and sources of a principal in an hour.
    const MAX_VALUES: usize = 2_000;
    /// The maximum length of a name in bytes: twice the length to which readers truncate text, for the service and the action
    /// of a call.
    const MAX_TEXT: usize = 2 * 1024 + 1;

    /// Counts a call. Calls of AWS services are left out, and so are sign-ins, which are logins.
    pub fn push(&mut self, call: &ApiActivity<'_>) {
        let principal = if call.issuer.is_empty() { call.principal } else { call.issuer };
        let by_service = principal.ends_with(".amazonaws.com") || principal.contains("/aws-service-role/");
        if principal.is_empty()
            || call.service == "signin"
            || by_service
            || principal.contains("assumed-role/AWSServiceRole")
        {
            return;
        }
        let time = call.time.div_euclid(SECOND_MILLIS);
        let action = format!("{}:{}", call.service, call.action);
        let has_room = match self.principals.get(principal) {
            Some(hours) => hours.len() < Self::MAX_HOURS || hours.contains_key(&time.div_euclid(HOUR_SECONDS)),
            None => self.principals.len() < Self::MAX_PRINCIPALS,
        };
        if !has_room || [principal, &action, call.region, call.account].iter().any(|text| text.len() > Self::MAX_TEXT) {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        let hours = self.principals.entry(principal.to_owned()).or_default();
        let hour = hours.entry(time.div_euclid(HOUR_SECONDS)).or_insert_with(|| Hour {
            first: time,
            last: time,
            ..Hour::default()
        });
        hour.first = hour.first.min(time);
        hour.last = hour.last.max(time);
        hour.calls += 1;
        hour.failed += u64::from(call.failed());
        if hour.actions.len() < Self::MAX_VALUES {
            hour.actions.insert(action);
        }
        if !call.region.is_empty() && hour.regions.len() < Self::MAX_VALUES {
            hour.regions.insert(call.region.to_owned());
        }
        if hour.accounts.len() < Self::MAX_VALUES {
            *hour.accounts.entry(call.account.to_owned()).or_default() += 1;
        }
        if let Some(ip) = call.source_ip.filter(|_| hour.sources.len() < Self::MAX_VALUES) {
            *hour.sources.entry(ip).or_default() += 1;
        }
    }

    /// Counts the calls of another as well.
    pub fn merge(&mut self, other: Self) {
        self.dropped = self.dropped.saturating_add(other.dropped);
        for (principal, hours) in other.principals {
            if !self.principals.contains_key(&principal) && self.principals.len() >= Self::MAX_PRINCIPALS {
                let calls = hours.values().fold(0_u64, |sum, hour| sum.saturating_add(hour.calls));
                self.dropped = self.dropped.saturating_add(calls);
                continue;
            }
            let mine = self.principals.entry(principal).or_default();
            for (at, hour) in hours {
                let has_room = mine.len() < Self::MAX_HOURS;
                match mine.entry(at) {
                    Entry::Vacant(_) if !has_room => self.dropped = self.dropped.saturating_add(hour.calls),
                    Entry::Vacant(vacant) => {
                        vacant.insert(hour);
                    }
                    Entry::Occupied(mut occupied) => occupied.get_mut().merge(hour),
                }
            }
        }
    }

    /// Drops the hours before a time, seconds since the epoch.
    pub fn forget_before(&mut self, time: i64) {
        for hours in self.principals.values_mut() {
            hours.retain(|_, hour| hour.last >= time);
        }
        self.principals.retain(|_, hours| !hours.is_empty());
    }

    /// Every hour of every principal, compared with the hours before it.
    #[must_use]
    pub fn hours(&self) -> Vec<PrincipalHour> {
        let mut out = Vec::new();
        for (principal, hours) in &self.principals {
            let (mut actions, mut services, mut regions) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
            let mut failed_before = None;
            for (n, hour) in hours.values().enumerate() {
                let services_now: BTreeSet<&str> = hour.actions.iter().filter_map(|a| a.split(':').next()).collect();
                let new = |values: &BTreeSet<String>, before: &BTreeSet<&str>| -> Vec<String> {
                    values.iter().filter(|value| !before.contains(value.as_str())).cloned().collect()
                };
                let new_actions = new(&hour.actions, &actions);
                let sensitive =
                    new_actions.iter().filter(|action| SENSITIVE.contains(&action.as_str())).cloned().collect();
                out.push(PrincipalHour {
                    principal: principal.clone(),
                    account: most_frequent(&hour.accounts).cloned().unwrap_or_default(),
                    first: hour.first,
                    last: hour.last,
                    calls: hour.calls,
                    failed: hour.failed,
                    failed_before,
                    actions: hour.actions.len() as u64,
                    new_actions,
                    new_services: services_now
                        .iter()
                        .filter(|service| !services.contains(**service))
                        .map(|service| (*service).to_owned())
                        .collect(),
                    new_regions: new(&hour.regions, &regions),
                    sensitive,
                    hours_before: n as u64,
                    source_ip: most_frequent(&hour.sources).copied(),
                });
                actions.extend(hour.actions.iter().map(String::as_str));
                services.extend(services_now);
                regions.extend(hour.regions.iter().map(String::as_str));
                failed_before = Some(failed_before.unwrap_or(0).max(hour.failed));
            }
        }
        out
    }
}

/// The most frequent value; of equally frequent ones the first.
fn most_frequent<K: Ord>(counts: &BTreeMap<K, u64>) -> Option<&K> {
    counts.iter().max_by_key(|(key, n)| (**n, std::cmp::Reverse(*key))).map(|(key, _)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call<'a>(hours: i64, principal: &'a str, action: &'a str, error_code: &'a str) -> ApiActivity<'a> {
        ApiActivity {
            time: hours * weir_domain::time::HOUR_MILLIS,
            principal,
            issuer: "",
            account: "1",
            region: "eu-west-1",
            service: "iam",
            action,
            source_ip: None,
            user_agent: "",
            error_code,
            read_only: None,
        }
    }

    #[test]
    fn new_values_are_new_compared_with_the_hours_before() {
        let mut used = ApiUse::default();
        for call in
            [call(5, "ada", "CreateUser", ""), call(1, "ada", "GetUser", "AccessDenied"), call(5, "ada", "GetUser", "")]
        {
            used.push(&call);
        }
        let hours = used.hours();
        assert_eq!(hours.len(), 2);
        assert_eq!((hours[0].new_services.as_slice(), hours[0].failed_before), (&["iam".to_owned()][..], None));
        assert_eq!(
            (hours[1].new_actions.as_slice(), hours[1].failed_before),
            (&["iam:CreateUser".to_owned()][..], Some(1))
        );
        assert!(hours[1].new_services.is_empty() && hours[1].new_regions.is_empty());
        assert_eq!(hours[1].sensitive, ["iam:CreateUser"]);
    }

    #[test]
    fn order_does_not_matter_and_services_are_left_out() {
        let calls =
            [call(1, "ada", "GetUser", ""), call(9, "bob", "CreateUser", ""), call(2, "ec2.amazonaws.com", "X", "")];
        let mut there = ApiUse::default();
        for call in &calls {
            there.push(call);
        }
        let mut back = ApiUse::default();
        for call in calls.iter().rev() {
            back.push(call);
        }
        assert_eq!((there.hours().len(), &there), (2, &back));
    }

    #[test]
    fn parts_make_the_whole() {
        let calls = [
            call(1, "ada", "GetUser", ""),
            call(1, "ada", "CreateUser", "AccessDenied"),
            call(2, "ada", "GetUser", ""),
            call(9, "bob", "CreateUser", ""),
        ];
        let count = |calls: &[ApiActivity<'_>]| {
            let mut used = ApiUse::default();
            for call in calls {
                used.push(call);
            }
            used
        };
        for at in 0..=calls.len() {
            let mut parts = count(&calls[..at]);
            parts.merge(count(&calls[at..]));
            assert_eq!(parts, count(&calls), "{at}");
        }
    }
}
