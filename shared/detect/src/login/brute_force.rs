//! `brute-force`: one account is tried again and again, or a few are by one address.

use weir_domain::finding::{Entity, Hit, Kind, Severity, Subject};

use super::LIKELY;
use super::group::{FindingDraft, Group};
use weir_domain::text::count;

/// Failures. Slips has nine for SSH; people who forgot a password rarely come beyond four, and from places they know.
pub const FAILURES: usize = 6;

/// Tries of each account from one address: sprayers stay below, lest accounts be locked.
pub const TRIES: f64 = 6.0;

pub(super) fn at_address(group: &Group<'_>) -> Option<(Subject, Hit)> {
    let (users, failed) = (group.users().len(), group.failed());
    let tries = group.logins.len() as f64 / users as f64;
    if users < 2 || tries < TRIES || failed * 3 < group.logins.len() * 2 || group.score() < LIKELY {
        return None;
    }
    let source = group.busiest()?;
    Some(group.tell(FindingDraft {
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
        seen_with: (FAILURES - 1).min(group.logins.len() - 1),
    }))
}

pub(super) fn of(group: &Group<'_>) -> Option<(Subject, Hit)> {
    let failed = group.failed();
    if failed < FAILURES || failed * 3 < group.logins.len() * 2 || group.score() < LIKELY - 0.5 {
        return None;
    }
    let user = &group.worst().user;
    let got_in = group.succeeded() > 0;
    Some(group.tell(FindingDraft {
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
            group.why()
        ),
        seen_with: (FAILURES - 1).min(group.logins.len() - 1),
    }))
}
