//! Single doubtful logins: a new device, an unusual hour, or a login unlike the user's others. Severity is low, since most are harmless.

use weir_domain::finding::{Entity, Hit, Kind, Severity, Subject};
use weir_domain::login::JudgedLogin;

use super::group::{FindingDraft, Group};
use super::thresholds::{DOUBTFUL, LIKELY};

/// Threshold for failed logins, higher than that for successful ones because no harm was done yet.
const FAILED_THRESHOLD: f64 = LIKELY + 2.0;

/// A device that the user never used before, in a place where the user typically logs in.
pub(super) fn new_device(group: &Group<'_>) -> Option<(Subject, Hit)> {
    let test =
        |login: &JudgedLogin| login.succeeded && login.score >= DOUBTFUL && login.device == 3 && login.place <= 2;
    let at = group.logins.iter().position(|login| test(login))?;
    let user = &group.logins[at].user;
    Some(group.finding(FindingDraft {
        kind: Kind::NewDevice,
        entity: Entity::User(user.clone()),
        severity: Severity::Low,
        title: format!("New device of {user}"),
        sentence: format!("A {} of {user} {} {}: {}.", group.what(), group.from(), group.when(), group.reasons()),
        seen_with: at,
    }))
}

/// A login far outside the hours of the user.
pub(super) fn off_hours_access(group: &Group<'_>) -> Option<(Subject, Hit)> {
    let test = |login: &JudgedLogin| login.succeeded && login.score >= DOUBTFUL && login.off_hours && login.place <= 3;
    let at = group.logins.iter().position(|login| test(login))?;
    let user = &group.logins[at].user;
    Some(group.finding(FindingDraft {
        kind: Kind::OffHoursAccess,
        entity: Entity::User(user.clone()),
        severity: Severity::Low,
        title: format!("Off-hours login of {user}"),
        sentence: format!("A {} of {user} {} {}: {}.", group.what(), group.from(), group.when(), group.reasons()),
        seen_with: at,
    }))
}

/// A login unlike the others of its user that may have an innocent reason, or one that failed.
pub(super) fn risky_login(group: &Group<'_>) -> Option<(Subject, Hit)> {
    let at =
        group.logins.iter().position(|login| login.score >= if login.succeeded { LIKELY } else { FAILED_THRESHOLD })?;
    let login = group.logins[at];
    let user = &login.user;
    let outcome = if login.succeeded { "was let in" } else { "failed" };
    Some(group.finding(FindingDraft {
        kind: Kind::RiskyLogin,
        entity: Entity::User(user.clone()),
        severity: Severity::Low,
        title: format!("Risky login of {user}"),
        sentence: format!(
            "A {} of {user} {} {outcome} {}: {}.",
            group.what(),
            group.from(),
            group.when(),
            group.reasons()
        ),
        seen_with: at,
    }))
}
