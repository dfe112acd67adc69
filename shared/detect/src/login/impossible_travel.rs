//! `impossible-travel`: a login that no journey explains (faster than 900 km/h, borders and an hour's grace counted) since
//! the last, or up to the next that is surely the user's. Its own reasons are told, which name both ends.

use weir_domain::finding::{Entity, Hit, Kind, Severity, Subject};

use super::LIKELY;
use super::group::{FindingDraft, Group};

pub(super) fn of(group: &Group<'_>) -> Option<(Subject, Hit)> {
    let at =
        group.logins.iter().position(|login| login.impossible_travel && login.succeeded && login.score >= LIKELY)?;
    let (login, user) = (group.logins[at], &group.logins[at].user);
    Some(group.tell(FindingDraft {
        kind: Kind::ImpossibleTravel,
        entity: Entity::User(user.clone()),
        // Relays and VPNs are in two countries at once every day.
        severity: if login.listed { Severity::Low } else { Severity::High },
        title: format!("Impossible travel of {user}"),
        sentence: format!("A {} of {user} {} {}: {}.", group.what(), group.from(), group.when(), Group::why_of(login)),
        seen_with: at,
    }))
}
