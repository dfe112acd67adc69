//! `anomalous-user`: a principal calls cloud APIs unlike before: calls that attackers make, many calls never made before, or
//! a burst of calls that are denied.

use weir_domain::finding::{Entity, Facts, Hit, Kind, LoginEvidence, Severity, Subject};
use weir_domain::login::PrincipalHour;
use weir_domain::window::{Scope, WindowLength, utc_clock, utc_day};

use weir_domain::text::count;

/// Distinct calls of the kinds attackers make, never made before by the principal, in one hour.
pub const SENSITIVE: usize = 3;
/// Failed calls in one hour, a fifth of all, where the principal never failed half as often: who tries what is allowed.
pub const FAILED: u64 = 10;
/// Distinct calls never made before, in one hour.
pub const NEW_ACTIONS: usize = 40;
/// Services never called before, in one hour.
pub const NEW_SERVICES: usize = 8;

/// Looks at one hour of one principal.
#[must_use]
pub fn detect(hour: &PrincipalHour) -> Option<(Subject, Hit)> {
    let failing =
        hour.failed >= FAILED && hour.failed * 5 >= hour.calls && hour.failed > 2 * hour.failed_before.unwrap_or(0);
    let broad = hour.new_actions.len() >= NEW_ACTIONS && hour.new_services.len() >= NEW_SERVICES;
    let sensitive = hour.sensitive.len() >= SENSITIVE;
    let signs = [failing, broad, sensitive].into_iter().filter(|sign| *sign).count();
    if signs == 0 {
        return None;
    }
    let mut why = Vec::new();
    if sensitive {
        let named: Vec<&str> = hour.sensitive.iter().take(4).map(String::as_str).collect();
        why.push(format!(
            "{} calls that attackers make, never made before ({})",
            hour.sensitive.len(),
            named.join(", ")
        ));
    }
    if broad {
        let (actions, services) = (count(hour.new_actions.len() as u64), hour.new_services.len());
        why.push(format!("{actions} calls of {services} services for the first time"));
    }
    if failing {
        let before = hour
            .failed_before
            .map_or("none known before".to_owned(), |n| format!("at most {} an hour before", count(n)));
        why.push(format!("{} calls that failed ({before})", count(hour.failed)));
    }
    let name = hour.principal.rsplit('/').next().unwrap_or(&hour.principal);
    let from = hour.source_ip.map(|ip| format!(" from {ip}")).unwrap_or_default();
    let sentence = format!(
        "{name} made {} calls{from} on {} between {} and {} UTC, unlike before: {}.",
        count(hour.calls),
        utc_day(hour.first),
        utc_clock(hour.first),
        utc_clock(hour.last),
        why.join("; ")
    );
    let length = WindowLength::FIVE_MINUTES;
    let window = length.start_of(hour.first);
    let evidence = LoginEvidence {
        user: hour.principal.clone(),
        source: hour.source_ip,
        country: String::new(),
        account: hour.account.clone(),
        action: hour.sensitive.first().or(hour.new_actions.first()).cloned().unwrap_or_default(),
        attempts: hour.calls,
        failed: hour.failed,
    };
    let facts = Facts::Login {
        kind: Kind::AnomalousUser,
        title: format!("Unusual API calls by {name}"),
        sentence,
        logins: hour.calls,
        failed: hour.failed,
        users: 1,
        sources: u64::from(hour.source_ip.is_some()),
        score: signs as f64,
    };
    let hit = Hit {
        window,
        window_end: length.start_of(hour.last).end(length),
        first_seen: hour.first,
        last_seen: hour.last,
        severity: if sensitive && signs > 1 { Severity::High } else { Severity::Medium },
        confidence: [60, 75, 90][signs - 1],
        rows: hour.calls,
        interfaces: Vec::new(),
        facts,
        evidence: vec![evidence].into(),
    };
    let scope = Scope::new(&hour.account, "");
    let subject =
        Subject { kind: Kind::AnomalousUser, scope, entity: Entity::User(hour.principal.clone()), peer: None };
    Some((subject, hit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour() -> PrincipalHour {
        PrincipalHour {
            principal: "arn:aws:iam::1:user/ada".into(),
            account: "1".into(),
            calls: 50,
            failed_before: Some(2),
            hours_before: 4,
            ..PrincipalHour::default()
        }
    }

    #[test]
    fn ordinary_hours_are_no_finding() {
        let some = (0..10).map(|i| format!("ec2:Describe{i}")).collect();
        assert_eq!(detect(&PrincipalHour { new_actions: some, failed: 4, ..hour() }), None);
        assert_eq!(detect(&PrincipalHour { failed: 12, failed_before: Some(9), ..hour() }), None, "it always fails so");
    }

    #[test]
    fn denied_calls_and_calls_of_attackers() {
        let sensitive: Vec<String> =
            ["iam:CreateUser", "iam:CreateAccessKey", "cloudtrail:StopLogging"].map(String::from).into();
        let (subject, hit) = detect(&PrincipalHour { sensitive, failed: 30, ..hour() }).unwrap();
        assert_eq!((subject.kind, hit.severity, hit.confidence), (Kind::AnomalousUser, Severity::High, 75));
        let Facts::Login { sentence, .. } = hit.facts else { panic!("facts of a login") };
        assert!(sentence.contains("iam:CreateUser") && sentence.contains("30 calls that failed"), "{sentence}");
    }
}
