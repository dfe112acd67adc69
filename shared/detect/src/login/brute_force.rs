//! `brute-force`: one account is tried again and again.

use weir_domain::finding::{Entity, Hit, Kind, Severity, Subject};

use super::LIKELY;
use super::group::{Group, Told};
use crate::message::count;

/// Failures. Slips has nine for SSH; people who forgot a password rarely come beyond four, and from places they know.
pub const FAILURES: usize = 6;

pub(super) fn of(group: &Group<'_>) -> Option<(Subject, Hit)> {
    let failed = group.failed();
    if failed < FAILURES || failed * 3 < group.logins.len() * 2 || group.score() < LIKELY - 0.5 {
        return None;
    }
    let user = &group.worst().user;
    let got_in = group.succeeded() > 0;
    Some(group.tell(Told {
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
