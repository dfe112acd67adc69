//! Detections over scored logins: groups logins by address and by user, and reports each login in at most one finding.
//!
//! First come campaigns, which explain many logins at once ([`password_attacks`]): at one address, or at a few addresses with the same
//! victims, then from many addresses. The remaining logins are grouped by user: brute force, then misuse of the account
//! ([`account_takeover`], [`impossible_travel`]), then logins that are only doubtful ([`unusual_login`]). [`anomalous_user`] judges API calls instead of logins.

mod account_takeover;
pub mod anomalous_user;
mod campaigns;
mod group;
mod impossible_travel;
mod password_attacks;
mod thresholds;
mod unusual_login;

use std::collections::BTreeMap;

use weir_domain::finding::{Hit, Kind, Subject};
use weir_domain::login::JudgedLogin;
use weir_domain::time::HOUR_MILLIS;

use account_takeover::{account_takeover, exfiltration};
use group::{Group, runs};
use impossible_travel::impossible_travel;
use password_attacks::{
    brute_force_at_address, brute_force_of_user, credential_stuffing, credential_stuffing_from_many, password_spray,
    shared_ip,
};
use thresholds::SUSPECT;
use unusual_login::{new_device, off_hours_access, risky_login};

pub use thresholds::{DOUBTFUL, LIKELY};

/// Logins of a user that are further apart are in different findings, milliseconds.
const USER_GAP: i64 = 12 * HOUR_MILLIS;

/// Finds attacks among logins, which are in order of time. A pure function of them.
#[must_use]
pub fn detect(logins: &[JudgedLogin]) -> Vec<(Subject, Hit)> {
    detect_kinds(logins).0
}

/// Like [`detect`]; also returns for each login the kind of the finding that reports it.
#[must_use]
pub fn detect_kinds(logins: &[JudgedLogin]) -> (Vec<(Subject, Hit)>, Vec<Option<Kind>>) {
    let mut reported = Reported { kinds: vec![None; logins.len()], hits: Vec::new() };
    let at_address = |members: &[usize]| {
        let group = Group::new(logins, members);
        brute_force_at_address(&group)
            .or_else(|| shared_ip(&group))
            .or_else(|| password_spray(&group))
            .or_else(|| credential_stuffing(&group))
    };
    for campaign in campaigns::at_addresses(logins, |members| at_address(members).is_some()) {
        reported.add(at_address(&campaign), &campaign);
    }
    for user in by_user(logins, &reported.kinds, |login| login.score >= SUSPECT) {
        reported.add(brute_force_of_user(&Group::new(logins, &user)), &user);
    }
    for campaign in campaigns::from_many(logins, &reported.kinds) {
        reported.add(credential_stuffing_from_many(&Group::new(logins, &campaign)), &campaign);
    }
    for user in by_user(logins, &reported.kinds, |login| login.score >= DOUBTFUL) {
        let group = Group::new(logins, &user);
        let hit = exfiltration(&group)
            .or_else(|| impossible_travel(&group))
            .or_else(|| account_takeover(&group))
            .or_else(|| new_device(&group))
            .or_else(|| off_hours_access(&group))
            .or_else(|| risky_login(&group));
        reported.add(hit, &user);
    }
    (reported.hits, reported.kinds)
}

/// Hits, and for each login the kind of the hit that reports it.
struct Reported {
    kinds: Vec<Option<Kind>>,
    hits: Vec<(Subject, Hit)>,
}

impl Reported {
    fn add(&mut self, hit: Option<(Subject, Hit)>, members: &[usize]) {
        if let Some(hit) = hit {
            for &at in members {
                self.kinds[at] = Some(hit.0.kind);
            }
            self.hits.push(hit);
        }
    }
}

/// The logins of each user that pass a test and are not reported yet, in runs.
fn by_user(logins: &[JudgedLogin], reported: &[Option<Kind>], test: impl Fn(&JudgedLogin) -> bool) -> Vec<Vec<usize>> {
    let mut users: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (at, login) in logins.iter().enumerate().filter(|(at, login)| reported[*at].is_none() && test(login)) {
        users.entry((&login.account, &login.user)).or_default().push(at);
    }
    users.into_values().flat_map(|members| runs(logins, members, USER_GAP)).collect()
}

#[cfg(test)]
mod tests;
