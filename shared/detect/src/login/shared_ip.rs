//! `shared-ip`: many accounts are entered from one address in a short time, by somebody who knows their passwords.

use weir_domain::finding::{Hit, Kind, Severity, Subject};

use super::LIKELY;
use super::group::{FindingDraft, Group};
use weir_domain::text::count;

/// Accounts.
pub const USERS: usize = 4;

pub(super) fn of(group: &Group<'_>) -> Option<(Subject, Hit)> {
    let users = group.users().len();
    if users < USERS || group.succeeded() * 2 < group.logins.len() || group.score() < LIKELY + 1.0 {
        return None;
    }
    let source = group.busiest()?;
    Some(group.tell(FindingDraft {
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
        seen_with: group.with_user(USERS),
    }))
}
