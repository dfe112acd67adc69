//! `off-hours-access`: a login far outside the user's hours that is odd in other ways, too. Reported at low severity, and only where the whole is doubtful: most such logins are
//! nothing.

use weir_domain::finding::{Entity, Hit, Kind, Severity, Subject};

use super::DOUBTFUL;
use super::group::{FindingDraft, Group};

pub(super) fn of(group: &Group<'_>) -> Option<(Subject, Hit)> {
    let test = |login: &weir_domain::login::JudgedLogin| {
        login.succeeded && login.score >= DOUBTFUL && login.off_hours && login.place <= 3
    };
    let at = group.logins.iter().position(|login| test(login))?;
    let user = &group.logins[at].user;
    Some(group.tell(FindingDraft {
        kind: Kind::OffHoursAccess,
        entity: Entity::User(user.clone()),
        severity: Severity::Low,
        title: format!("Off-hours login of {user}"),
        sentence: format!("A {} of {user} {} {}: {}.", group.what(), group.from(), group.when(), group.why()),
        seen_with: at,
    }))
}
