//! Misuse of an account by somebody who got in: account takeover and bulk downloads.

use weir_domain::finding::{Entity, Hit, Kind, Severity, Subject};
use weir_domain::login::{JudgedLogin, LoginAttack, LoginKind};

use super::group::{FindingDraft, Group};
use super::thresholds::LIKELY;

/// Another person uses the account: a successful login from a place and with a device that are not the user's, as root, or without the
/// second factor that the user always uses.
pub(super) fn account_takeover(group: &Group<'_>) -> Option<(Subject, Hit)> {
    let at = group.logins.iter().position(|login| is_takeover(login) && login.succeeded && login.score >= LIKELY)?;
    let user = &group.logins[at].user;
    let any = |test: fn(&JudgedLogin) -> bool| group.logins.iter().any(|login| login.succeeded && test(login));
    let root = any(|login| login.user == "root" && login.kind == LoginKind::ConsoleLogin);
    let (severity, title) = if root {
        (Severity::Critical, format!("Unusual root login ({})", group.what()))
    } else if any(|login| login.second_factor_missing) {
        (Severity::High, format!("Console login of {user} without MFA"))
    } else {
        (Severity::High, format!("Account of {user} taken over"))
    };
    let failed = group.failed();
    let after = match failed {
        0 => String::new(),
        1 => " after a failure".to_owned(),
        n => format!(" after {n} failures"),
    };
    Some(group.finding(FindingDraft {
        kind: Kind::AccountTakeover,
        entity: Entity::User(user.clone()),
        severity,
        title,
        sentence: format!(
            "A {} of {user} {} was let in{after} {}: {}.",
            group.what(),
            group.from(),
            group.when(),
            group.reasons()
        ),
        seen_with: at,
    }))
}

/// A session that downloads far more than any before, from where the user typically logs in.
pub(super) fn exfiltration(group: &Group<'_>) -> Option<(Subject, Hit)> {
    let worst = group.worst();
    if worst.attack_class != LoginAttack::Bulk || worst.score < LIKELY {
        return None;
    }
    let user = &worst.user;
    Some(group.finding(FindingDraft {
        kind: Kind::Exfiltration,
        entity: Entity::User(user.clone()),
        severity: Severity::Medium,
        title: format!("{user} takes far more than ever"),
        sentence: format!(
            "Sessions of {user} {} {} took far more bytes than theirs do: {}.",
            group.from(),
            group.when(),
            group.reasons()
        ),
        seen_with: group.first_from(LIKELY),
    }))
}

/// Whether a login is of the attack classes that make a takeover.
fn is_takeover(login: &JudgedLogin) -> bool {
    login.attack_class != LoginAttack::Bulk
}
