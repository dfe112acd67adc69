//! Impossible travel: two logins of a user that are too far apart for the time between them.

use weir_domain::finding::{Entity, Hit, Kind, Severity, Subject};

use super::group::{FindingDraft, Group};
use super::thresholds::LIKELY;

/// A login that no journey explains, faster than 900 km/h with an hour of grace for borders, after the previous one or before the next
/// one that is certainly the user's.
pub(super) fn impossible_travel(group: &Group<'_>) -> Option<(Subject, Hit)> {
    let at =
        group.logins.iter().position(|login| login.impossible_travel && login.succeeded && login.score >= LIKELY)?;
    let (login, user) = (group.logins[at], &group.logins[at].user);
    Some(group.finding(FindingDraft {
        kind: Kind::ImpossibleTravel,
        entity: Entity::User(user.clone()),
        // Relays and VPNs are in two countries at once every day.
        severity: if login.listed { Severity::Low } else { Severity::High },
        title: format!("Impossible travel of {user}"),
        sentence: format!(
            "A {} of {user} {} {}: {}.",
            group.what(),
            group.from(),
            group.when(),
            Group::reasons_of(login)
        ),
        seen_with: at,
    }))
}
