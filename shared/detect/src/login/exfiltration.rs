//! `exfiltration`: a user's session takes far more than any before, from where they always come.

use weir_domain::finding::{Entity, Hit, Kind, Severity, Subject};
use weir_domain::login::LoginAttack;

use super::LIKELY;
use super::group::{FindingDraft, Group};

pub(super) fn of(group: &Group<'_>) -> Option<(Subject, Hit)> {
    let worst = group.worst();
    if worst.attack_class != LoginAttack::Bulk || worst.score < LIKELY {
        return None;
    }
    let user = &worst.user;
    Some(group.tell(FindingDraft {
        kind: Kind::Exfiltration,
        entity: Entity::User(user.clone()),
        severity: Severity::Medium,
        title: format!("{user} takes far more than ever"),
        sentence: format!(
            "Sessions of {user} {} {} took far more bytes than theirs do: {}.",
            group.from(),
            group.when(),
            group.why()
        ),
        seen_with: group.first_from(LIKELY),
    }))
}
