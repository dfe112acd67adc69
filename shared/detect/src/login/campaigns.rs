//! Which logins belong to one campaign.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use weir_domain::finding::Kind;
use weir_domain::login::JudgedLogin;

use super::group::runs;
use super::{LIKELY, SUSPECT};

/// Strangers at one address this far apart are told apart, milliseconds: slow spraying waits between its rounds.
const ADDRESS_GAP: i64 = 12 * 3_600_000;
/// Strangers from many addresses: their rate is what betrays them.
const MANY_GAP: i64 = 2 * 3_600_000;
/// A user somewhat strange to a place, in a known country.
const STRANGE: f64 = 0.29;

/// Groups of doubtful logins of strangers at one address, each with its members; addresses that have two and more victims in
/// common at the same time are one campaign, unless one of them says enough alone.
pub(super) fn at_addresses(logins: &[JudgedLogin], says_enough: impl Fn(&[usize]) -> bool) -> Vec<Vec<usize>> {
    let mut by_address: BTreeMap<IpAddr, Vec<usize>> = BTreeMap::new();
    for (at, login) in logins.iter().enumerate() {
        if let Some(ip) = login.source_ip.filter(|_| login.novelty >= STRANGE && login.score >= SUSPECT) {
            by_address.entry(ip).or_default().push(at);
        }
    }
    let mut campaigns: Vec<Vec<usize>> =
        by_address.into_values().flat_map(|members| runs(logins, members, ADDRESS_GAP)).collect();
    campaigns.retain(|members| users(logins, members).len() > 1);
    campaigns.sort_by_key(|members| members.first().copied());
    let mut joined: Vec<Vec<usize>> = Vec::new();
    for members in campaigns {
        if says_enough(&members) {
            joined.push(members);
            continue;
        }
        let mine = users(logins, &members);
        let same = joined.iter_mut().rev().take(50).find(|other| {
            let (first, last) = (logins[members[0]].time, other.last().map_or(i64::MIN, |&at| logins[at].time));
            first - last <= ADDRESS_GAP && !says_enough(other) && users(logins, other).intersection(&mine).count() > 1
        });
        match same {
            Some(other) => {
                other.extend(members);
                other.sort_unstable();
            }
            None => joined.push(members),
        }
    }
    joined
}

/// Groups of failing strangers from many addresses in a short time.
pub(super) fn from_many(logins: &[JudgedLogin], told: &[Option<Kind>]) -> Vec<Vec<usize>> {
    let members: Vec<usize> = logins
        .iter()
        .enumerate()
        .filter(|(at, login)| {
            told[*at].is_none() && !login.succeeded && login.novelty >= STRANGE && login.score >= LIKELY
        })
        .map(|(at, _)| at)
        .collect();
    runs(logins, members, MANY_GAP)
}

fn users<'a>(logins: &'a [JudgedLogin], members: &[usize]) -> BTreeSet<&'a str> {
    members.iter().map(|&at| logins[at].user.as_str()).collect()
}
