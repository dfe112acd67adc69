//! `password-spray`: one source tries few passwords on many accounts, coming back to them.

use weir_domain::finding::{Hit, Kind, Severity, Subject};

use super::LIKELY;
use super::group::{FindingDraft, Group};
use weir_domain::text::count;

/// Victims.
pub const USERS: usize = 3;
/// Tries per victim from which on it is spraying: who has stolen lists tries each entry once.
pub const TRIES: f64 = 1.5;

pub(super) fn of(group: &Group<'_>) -> Option<(Subject, Hit)> {
    let users = group.users().len();
    let tries = group.logins.len() as f64 / users as f64;
    if users < USERS || tries < TRIES || group.failed() * 2 < group.logins.len() || group.score() < LIKELY {
        return None;
    }
    let source = group.busiest()?;
    let let_in = group.logins.iter().filter(|login| login.succeeded).map(|login| login.user.as_str()).take(3);
    let let_in: Vec<&str> = let_in.collect();
    let outcome = if let_in.is_empty() { "none got in".to_owned() } else { format!("got in: {}", let_in.join(", ")) };
    Some(group.tell(FindingDraft {
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
        seen_with: group.with_user(USERS),
    }))
}
