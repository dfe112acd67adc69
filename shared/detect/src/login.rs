//! Detections over judged logins, one module per kind; each login is told in one finding.
//!
//! First come campaigns, which explain many logins at once: [`brute_force`], [`password_spray`], [`credential_stuffing`] and [`shared_ip`] at
//! one address or a few with the same victims, then [`credential_stuffing`] from many. What is left is told by user:
//! [`brute_force`], [`exfiltration`], [`impossible_travel`], [`account_takeover`], and of what is only somewhat doubtful
//! [`new_device`], [`off_hours_access`] or [`risky_login`]. [`anomalous_user`] looks at API calls instead of logins.
//!
//! Scores are logarithms of odds before rarity (see `weir-model`'s evidence mixture), so that thresholds mean the same on
//! any log: [`LIKELY`] is where an attack is as likely as not if one login in a thousand belongs to one.

pub mod account_takeover;
pub mod anomalous_user;
pub mod brute_force;
pub mod credential_stuffing;
pub mod exfiltration;
pub mod impossible_travel;
pub mod new_device;
pub mod off_hours_access;
pub mod password_spray;
pub mod risky_login;
pub mod shared_ip;

mod campaigns;
mod group;

use std::collections::BTreeMap;

use weir_domain::finding::{Hit, Kind, Subject};
use weir_domain::login::{JudgedLogin, LoginAttack};

use group::{Group, runs};

/// `ln 1000`, rounded up: an attack is as likely as not if one login in a thousand is one.
pub const LIKELY: f64 = 7.0;

/// What is told at low severity from here on, if something in particular is wrong.
pub const DOUBTFUL: f64 = 6.0;

/// What may be part of a campaign.
const SUSPECT: f64 = 3.0;

/// Logins of a user this far apart are told apart, milliseconds.
const USER_GAP: i64 = 12 * 3_600_000;

/// Finds attacks among logins, which are in order of time. A pure function of them.
#[must_use]
pub fn detect(logins: &[JudgedLogin]) -> Vec<(Subject, Hit)> {
    detect_kinds(logins).0
}

/// The same, and by login of which kind of finding it is part.
#[must_use]
pub fn detect_kinds(logins: &[JudgedLogin]) -> (Vec<(Subject, Hit)>, Vec<Option<Kind>>) {
    let mut told = vec![None; logins.len()];
    let mut found = Vec::new();
    let at_address = |members: &[usize]| {
        let group = Group::of(logins, members);
        brute_force::at_address(&group)
            .or_else(|| shared_ip::of(&group))
            .or_else(|| password_spray::of(&group))
            .or_else(|| credential_stuffing::of(&group))
    };
    for campaign in campaigns::at_addresses(logins, |members| at_address(members).is_some()) {
        tell(at_address(&campaign), &campaign, &mut told, &mut found);
    }
    for user in by_user(logins, &told, |login| login.score >= SUSPECT) {
        tell(brute_force::of(&Group::of(logins, &user)), &user, &mut told, &mut found);
    }
    for campaign in campaigns::from_many(logins, &told) {
        tell(credential_stuffing::from_many(&Group::of(logins, &campaign)), &campaign, &mut told, &mut found);
    }
    for user in by_user(logins, &told, |login| login.score >= DOUBTFUL) {
        let group = Group::of(logins, &user);
        let hit = exfiltration::of(&group)
            .or_else(|| impossible_travel::of(&group))
            .or_else(|| account_takeover::of(&group))
            .or_else(|| new_device::of(&group))
            .or_else(|| off_hours_access::of(&group))
            .or_else(|| risky_login::of(&group));
        tell(hit, &user, &mut told, &mut found);
    }
    (found, told)
}

fn tell(hit: Option<(Subject, Hit)>, members: &[usize], told: &mut [Option<Kind>], found: &mut Vec<(Subject, Hit)>) {
    if let Some(hit) = hit {
        for &at in members {
            told[at] = Some(hit.0.kind);
        }
        found.push(hit);
    }
}

/// The logins of each user that pass a test and are not told yet, in runs.
fn by_user(logins: &[JudgedLogin], told: &[Option<Kind>], test: impl Fn(&JudgedLogin) -> bool) -> Vec<Vec<usize>> {
    let mut users: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (at, login) in logins.iter().enumerate().filter(|(at, login)| told[*at].is_none() && test(login)) {
        users.entry((&login.account, &login.user)).or_default().push(at);
    }
    users.into_values().flat_map(|members| runs(logins, members, USER_GAP)).collect()
}

/// Whether a login is one of those that a takeover consists of.
fn is_takeover(login: &JudgedLogin) -> bool {
    login.attack_class != LoginAttack::Bulk
}

#[cfg(test)]
mod tests;
