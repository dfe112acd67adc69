//! `account-takeover`: somebody else uses a user's account: let in, from a place and with a device that are not theirs; as
//! root; or without the second factor that the user always uses.

use weir_domain::finding::{Entity, Hit, Kind, Severity, Subject};
use weir_domain::login::{JudgedLogin, LoginKind};

use super::group::{FindingDraft, Group};
use super::{LIKELY, is_takeover};

pub(super) fn of(group: &Group<'_>) -> Option<(Subject, Hit)> {
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
    Some(group.tell(FindingDraft {
        kind: Kind::AccountTakeover,
        entity: Entity::User(user.clone()),
        severity,
        title,
        sentence: format!(
            "A {} of {user} {} was let in{after} {}: {}.",
            group.what(),
            group.from(),
            group.when(),
            group.why()
        ),
        seen_with: at,
    }))
}
