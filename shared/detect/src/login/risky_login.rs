//! `risky-login`: a login unlike the user's others that may have an innocent reason; or one that failed.

use weir_domain::finding::{Entity, Hit, Kind, Severity, Subject};

use super::LIKELY;
use super::group::{FindingDraft, Group};

/// Failures are told only where an attack is this much likelier: whoever was not let in did no harm yet.
pub const FAILED: f64 = LIKELY + 2.0;

pub(super) fn of(group: &Group<'_>) -> Option<(Subject, Hit)> {
    let at = group.logins.iter().position(|login| login.score >= if login.succeeded { LIKELY } else { FAILED })?;
    let login = group.logins[at];
    let user = &login.user;
    let outcome = if login.succeeded { "was let in" } else { "failed" };
    Some(group.tell(FindingDraft {
        kind: Kind::RiskyLogin,
        entity: Entity::User(user.clone()),
        severity: Severity::Low,
        title: format!("Risky login of {user}"),
        sentence: format!("A {} of {user} {} {outcome} {}: {}.", group.what(), group.from(), group.when(), group.why()),
        seen_with: at,
    }))
}
