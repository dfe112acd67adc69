//! `credential-stuffing`: stolen names and passwords are tried, each once or twice, from one address or from many.

use weir_domain::finding::{Hit, Kind, Severity, Subject};

use super::LIKELY;
use super::group::{FindingDraft, Group};
use weir_domain::text::count;

/// Victims of one address.
pub const USERS: usize = 4;
/// Victims where the addresses are many: a few strangers fail in any hour.
pub const USERS_OF_MANY: usize = 6;
/// Addresses, to be many.
pub const ADDRESSES: usize = 3;

pub(super) fn of(group: &Group<'_>) -> Option<(Subject, Hit)> {
    let users = group.users().len();
    if users < USERS || group.failed() * 2 < group.logins.len() || group.score() < LIKELY {
        return None;
    }
    tell(group, USERS)
}

pub(super) fn from_many(group: &Group<'_>) -> Option<(Subject, Hit)> {
    if group.users().len() < USERS_OF_MANY || group.sources().len() < ADDRESSES {
        return None;
    }
    tell(group, USERS_OF_MANY)
}

fn tell(group: &Group<'_>, threshold: usize) -> Option<(Subject, Hit)> {
    let source = group.busiest()?;
    let (users, sources) = (group.users().len(), group.sources().len());
    let who = if sources == 1 { source.to_string() } else { format!("{} addresses", count(sources as u64)) };
    Some(group.tell(FindingDraft {
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
