//! Attacks on passwords: brute force, password spraying, credential stuffing, and many accounts entered from one address.

use weir_domain::finding::{Entity, Hit, Kind, Severity, Subject};
use weir_domain::text::count;

use super::group::{FindingDraft, Group};
use super::thresholds::LIKELY;

/// Minimum number of failures. Slips uses nine for SSH; users who forgot a password rarely fail more than four times, and from places
/// they typically log in from.
const MIN_FAILURES: usize = 6;
/// Minimum tries per account from one address: sprayers stay below it to avoid lock-outs.
const MIN_BRUTE_FORCE_TRIES: f64 = 6.0;
/// Minimum number of victims.
const MIN_SPRAYED_USERS: usize = 3;
/// Minimum tries per victim: with stolen credentials each entry is tried once.
const MIN_SPRAY_TRIES: f64 = 1.5;
/// Minimum number of victims of one address.
const MIN_STUFFED_USERS: usize = 4;
/// Minimum number of victims of many addresses: a few strangers fail in any hour.
const MIN_STUFFED_USERS_OF_MANY: usize = 6;
/// Minimum number of addresses that count as many.
const MIN_STUFFING_ADDRESSES: usize = 3;
/// Minimum number of accounts.
const MIN_SHARED_USERS: usize = 4;

/// A few accounts tried again and again from one address.
pub(super) fn brute_force_at_address(group: &Group<'_>) -> Option<(Subject, Hit)> {
    let (users, failed) = (group.users().len(), group.failed());
    let tries = group.logins.len() as f64 / users as f64;
    if users < 2 || tries < MIN_BRUTE_FORCE_TRIES || failed * 3 < group.logins.len() * 2 || group.score() < LIKELY {
        return None;
    }
    let source = group.busiest()?;
    Some(group.finding(FindingDraft {
        kind: Kind::BruteForce,
        entity: source.into(),
        severity: if group.succeeded() > 0 { Severity::High } else { Severity::Medium },
        title: format!("Brute force by {source}"),
        sentence: format!(
            "{} logins to {} accounts {} {}, {} of them failed: each account is tried again and again.",
            count(group.logins.len() as u64),
            count(users as u64),
            group.from(),
            group.when(),
            count(failed as u64)
        ),
        seen_with: (MIN_FAILURES - 1).min(group.logins.len() - 1),
    }))
}

/// One account tried again and again.
pub(super) fn brute_force_of_user(group: &Group<'_>) -> Option<(Subject, Hit)> {
    let failed = group.failed();
    if failed < MIN_FAILURES || failed * 3 < group.logins.len() * 2 || group.score() < LIKELY - 0.5 {
        return None;
    }
    let user = &group.worst().user;
    let got_in = group.succeeded() > 0;
    Some(group.finding(FindingDraft {
        kind: Kind::BruteForce,
        entity: Entity::User(user.clone()),
        severity: if got_in { Severity::High } else { Severity::Medium },
        title: format!("Brute force at {user}"),
        sentence: format!(
            "{} of {} logins to {user} {} failed {}{}: {}.",
            count(failed as u64),
            count(group.logins.len() as u64),
            group.from(),
            group.when(),
            if got_in { ", and then one was let in" } else { "" },
            group.reasons()
        ),
        seen_with: (MIN_FAILURES - 1).min(group.logins.len() - 1),
    }))
}

/// Few passwords tried on many accounts by one source, which comes back to them.
pub(super) fn password_spray(group: &Group<'_>) -> Option<(Subject, Hit)> {
    let users = group.users().len();
    let tries = group.logins.len() as f64 / users as f64;
    if users < MIN_SPRAYED_USERS
        || tries < MIN_SPRAY_TRIES
        || group.failed() * 2 < group.logins.len()
        || group.score() < LIKELY
    {
        return None;
    }
    let source = group.busiest()?;
    let let_in = group.logins.iter().filter(|login| login.succeeded).map(|login| login.user.as_str()).take(3);
    let let_in: Vec<&str> = let_in.collect();
    let outcome = if let_in.is_empty() { "none got in".to_owned() } else { format!("got in: {}", let_in.join(", ")) };
    Some(group.finding(FindingDraft {
        kind: Kind::PasswordSpray,
        entity: source.into(),
        severity: if let_in.is_empty() { Severity::Medium } else { Severity::High },
        title: format!("Password spray by {source}"),
        sentence: format!(
            "{} logins to {} accounts {} {}, {} of them failed and some tried again later; {outcome}. The addresses are \
             strange to most of these users.",
            count(group.logins.len() as u64),
            count(users as u64),
            group.from(),
            group.when(),
            count(group.failed() as u64)
        ),
        seen_with: group.with_user(MIN_SPRAYED_USERS),
    }))
}

/// Stolen names and passwords tried once or twice each, from one address.
pub(super) fn credential_stuffing(group: &Group<'_>) -> Option<(Subject, Hit)> {
    let users = group.users().len();
    if users < MIN_STUFFED_USERS || group.failed() * 2 < group.logins.len() || group.score() < LIKELY {
        return None;
    }
    stuffing_finding(group, MIN_STUFFED_USERS)
}

/// The same from many addresses.
pub(super) fn credential_stuffing_from_many(group: &Group<'_>) -> Option<(Subject, Hit)> {
    if group.users().len() < MIN_STUFFED_USERS_OF_MANY || group.sources().len() < MIN_STUFFING_ADDRESSES {
        return None;
    }
    stuffing_finding(group, MIN_STUFFED_USERS_OF_MANY)
}

fn stuffing_finding(group: &Group<'_>, threshold: usize) -> Option<(Subject, Hit)> {
    let source = group.busiest()?;
    let (users, sources) = (group.users().len(), group.sources().len());
    let who = if sources == 1 { source.to_string() } else { format!("{} addresses", count(sources as u64)) };
    Some(group.finding(FindingDraft {
        kind: Kind::CredentialStuffing,
        entity: source.into(),
        severity: if group.succeeded() > 0 { Severity::High } else { Severity::Medium },
        title: format!("Credential stuffing from {who}"),
        sentence: format!(
            "{} logins to {} accounts {} {}, {} of them failed: each account is tried once or twice, by somebody it does \
             not know.",
            count(group.logins.len() as u64),
            count(users as u64),
            group.from(),
            group.when(),
            count(group.failed() as u64)
        ),
        seen_with: group.with_user(threshold),
    }))
}

/// Many accounts entered from one address in a short time, by an attacker who has their passwords.
pub(super) fn shared_ip(group: &Group<'_>) -> Option<(Subject, Hit)> {
    let users = group.users().len();
    if users < MIN_SHARED_USERS || group.succeeded() * 2 < group.logins.len() || group.score() < LIKELY + 1.0 {
        return None;
    }
    let source = group.busiest()?;
    Some(group.finding(FindingDraft {
        kind: Kind::SharedIp,
        entity: source.into(),
        severity: Severity::High,
        title: format!("Many accounts entered from {source}"),
        sentence: format!(
            "{} accounts were entered {} {} ({} logins, {} failed); the place is strange to most of these users.",
            count(users as u64),
            group.from(),
            group.when(),
            count(group.logins.len() as u64),
            count(group.failed() as u64)
        ),
        seen_with: group.with_user(MIN_SHARED_USERS),
    }))
}
