//! Groups logins into campaigns: doubtful logins at one address, at addresses with the same victims, or from many addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use weir_domain::finding::Kind;
use weir_domain::login::JudgedLogin;
use weir_domain::time::HOUR_MILLIS;

use super::group::runs;
use super::thresholds::{LIKELY, SUSPECT};

/// Logins at one address that are further apart are different campaigns, milliseconds: slow spraying waits between its rounds.
const ADDRESS_GAP: i64 = 12 * HOUR_MILLIS;
/// The same for logins from many addresses, where only the rate shows a campaign.
const MANY_GAP: i64 = 2 * HOUR_MILLIS;
/// Minimum novelty of a place for a user: somewhat new, in a country where the user was before.
const MIN_NOVELTY: f64 = 0.29;

/// Groups of doubtful logins from new places at one address. Addresses with at least two victims in common at the same time form one
/// campaign, unless one of them suffices alone.
pub(super) fn at_addresses(logins: &[JudgedLogin], suffices: impl Fn(&[usize]) -> bool) -> Vec<Vec<usize>> {
    let mut by_address: BTreeMap<IpAddr, Vec<usize>> = BTreeMap::new();
    for (at, login) in logins.iter().enumerate() {
        if let Some(ip) = login.source_ip.filter(|_| login.novelty >= MIN_NOVELTY && login.score >= SUSPECT) {
            by_address.entry(ip).or_default().push(at);
        }
    }
    let mut campaigns: Vec<Vec<usize>> =
        by_address.into_values().flat_map(|members| runs(logins, members, ADDRESS_GAP)).collect();
    campaigns.retain(|members| users(logins, members).len() > 1);
    campaigns.sort_by_key(|members| members.first().copied());
    let mut joined: Vec<Vec<usize>> = Vec::new();
    for members in campaigns {
        if suffices(&members) {
            joined.push(members);
            continue;
        }
        let mine = users(logins, &members);
        let joinable = joined.iter_mut().rev().take(50).find(|other| {
            let (first, last) = (logins[members[0]].time, other.last().map_or(i64::MIN, |&at| logins[at].time));
            first - last <= ADDRESS_GAP && !suffices(other) && users(logins, other).intersection(&mine).count() > 1
        });
        match joinable {
            Some(other) => {
                other.extend(members);
                other.sort_unstable();
            }
            None => joined.push(members),
        }
    }
    joined
}

/// Groups of failed logins from many new addresses in a short time.
pub(super) fn from_many(logins: &[JudgedLogin], reported: &[Option<Kind>]) -> Vec<Vec<usize>> {
    let members: Vec<usize> = logins
        .iter()
        .enumerate()
        .filter(|(at, login)| {
            reported[*at].is_none() && !login.succeeded && login.novelty >= MIN_NOVELTY && login.score >= LIKELY
        })
        .map(|(at, _)| at)
        .collect();
    runs(logins, members, MANY_GAP)
}

fn users<'a>(logins: &'a [JudgedLogin], members: &[usize]) -> BTreeSet<&'a str> {
    members.iter().map(|&at| logins[at].user.as_str()).collect()
}
