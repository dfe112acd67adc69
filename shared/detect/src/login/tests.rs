use weir_domain::finding::{Facts, Kind, Severity};
use weir_domain::login::{JudgedLogin, LoginAttack, LoginKind};

use super::*;

const MINUTE: i64 = 60_000;

fn login(minutes: i64, user: &str, ip: &str, succeeded: bool, score: f64) -> JudgedLogin {
    JudgedLogin {
        index: 0,
        time: 1_700_000_000_000 + minutes * MINUTE,
        user: user.into(),
        source_ip: Some(ip.parse().unwrap()),
        country: "RO".into(),
        city: String::new(),
        account: String::new(),
        kind: LoginKind::Password,
        succeeded,
        mfa: None,
        score,
        p_value: 0.001,
        risk: 0.0,
        attack_class: LoginAttack::Takeover,
        place: 4,
        device: 3,
        history_level: 4,
        novelty: 1.0,
        impossible_travel: false,
        off_hours: false,
        second_factor_missing: false,
        listed: false,
        excess: 0.0,
        reasons: vec!["first login from Romania; this user has 214 from France".into()],
    }
}

fn found(logins: &[JudgedLogin]) -> Vec<(Kind, String, Severity)> {
    detect(logins).into_iter().map(|(subject, hit)| (subject.kind, subject.entity.to_string(), hit.severity)).collect()
}

#[test]
fn many_accounts_once_each_from_one_address_are_stuffing() {
    let logins: Vec<_> = (0..9).map(|i| login(i, &format!("u{i}"), "198.51.100.7", i == 8, 9.0)).collect();
    assert_eq!(found(&logins), [(Kind::CredentialStuffing, "198.51.100.7".into(), Severity::High)]);
}

#[test]
fn many_accounts_again_and_again_are_spraying_also_from_two_addresses() {
    let one: Vec<_> = (0..8).map(|i| login(i * 40, &format!("u{}", i % 4), "198.51.100.7", false, 8.0)).collect();
    assert_eq!(found(&one), [(Kind::PasswordSpray, "198.51.100.7".into(), Severity::Medium)]);
    // Neither address alone says anything.
    let tries = [("a", 7), ("b", 7), ("d", 9), ("c", 9), ("c", 7), ("d", 9), ("b", 7), ("a", 9)];
    let two: Vec<_> = tries
        .iter()
        .zip(0..)
        .map(|((user, host), i)| login(i * 80, user, &format!("198.51.100.{host}"), false, 8.0))
        .collect();
    assert_eq!(found(&two).iter().map(|(kind, ..)| *kind).collect::<Vec<_>>(), [Kind::PasswordSpray]);
    // Whoever tries every account over and over guesses.
    let guesses: Vec<_> = (0..30).map(|i| login(i, &format!("u{}", i % 3), "198.51.100.7", false, 8.0)).collect();
    assert_eq!(found(&guesses), [(Kind::BruteForce, "198.51.100.7".into(), Severity::Medium)]);
}

#[test]
fn many_accounts_entered_from_one_address_share_it() {
    let logins: Vec<_> = (0..6).map(|i| login(i, &format!("u{i}"), "198.51.100.7", i != 2, 9.0)).collect();
    assert_eq!(found(&logins), [(Kind::SharedIp, "198.51.100.7".into(), Severity::High)]);
}

#[test]
fn strangers_from_many_addresses_are_stuffing_too() {
    let logins: Vec<_> = (0..8).map(|i| login(i * 9, &format!("u{i}"), &format!("198.51.{i}.7"), false, 7.5)).collect();
    assert_eq!(found(&logins).iter().map(|(kind, ..)| *kind).collect::<Vec<_>>(), [Kind::CredentialStuffing]);
    assert!(found(&logins[..5]).is_empty(), "five strangers fail in any hour");
}

#[test]
fn one_account_again_and_again_is_brute_force() {
    let logins: Vec<_> = (0..9).map(|i| login(i, "ada", "198.51.100.7", false, 8.0)).collect();
    assert_eq!(found(&logins), [(Kind::BruteForce, "ada".into(), Severity::Medium)]);
    assert!(found(&logins[..4]).is_empty(), "a forgotten password");
}

#[test]
fn a_takeover_is_told_once_with_its_reasons() {
    let logins = [
        login(0, "ada", "198.51.100.7", false, 7.5),
        login(1, "ada", "198.51.100.7", true, 8.0),
        login(30, "ada", "198.51.100.7", true, 9.0),
    ];
    let hits = detect(&logins);
    assert_eq!(hits.len(), 1);
    let (subject, hit) = &hits[0];
    assert_eq!((subject.kind, hit.severity, hit.rows), (Kind::AccountTakeover, Severity::High, 3));
    let Facts::Login { sentence, .. } = &hit.facts else { panic!("facts of a login") };
    insta::assert_snapshot!(sentence, @"A password login of ada from 198.51.100.7 (RO) was let in after a failure on 2023-11-14 between 22:13 and 22:43 UTC: first login from Romania; this user has 214 from France.");
}

#[test]
fn journeys_second_factors_and_root() {
    let travelled = JudgedLogin { impossible_travel: true, ..login(0, "ada", "198.51.100.7", true, 9.0) };
    assert_eq!(found(std::slice::from_ref(&travelled))[0].0, Kind::ImpossibleTravel);
    let home =
        JudgedLogin { score: 9.5, reasons: vec!["33 failures".into()], ..login(5, "ada", "198.51.100.7", false, 9.0) };
    let from = "Paris, France → Bucharest, Romania, 1,870 km in 34 min: nobody travels so fast";
    let there = JudgedLogin { city: "Bucharest".into(), reasons: vec![from.into()], ..travelled.clone() };
    let hits = detect(&[there, JudgedLogin { city: "Bucharest".into(), ..home }]);
    let Facts::Login { sentence, .. } = &hits[0].1.facts else { panic!("facts of a login") };
    insta::assert_snapshot!(sentence, @"A password login of ada from 198.51.100.7 (Bucharest, RO) on 2023-11-14 between 22:13 and 22:18 UTC: Paris, France → Bucharest, Romania, 1,870 km in 34 min: nobody travels so fast.");
    assert_eq!(found(&[JudgedLogin { listed: true, ..travelled }])[0].2, Severity::Low, "a VPN");
    let console = |user: &str, missing| JudgedLogin {
        kind: LoginKind::ConsoleLogin,
        second_factor_missing: missing,
        ..login(0, user, "198.51.100.7", true, 9.0)
    };
    let title = |login: JudgedLogin| match detect(&[login])[0].1.facts.clone() {
        Facts::Login { title, .. } => title,
        _ => panic!("facts of a login"),
    };
    assert_eq!(title(console("ada", true)), "Console login of ada without MFA");
    assert_eq!(title(console("root", false)), "Unusual root login (console login)");
}

#[test]
fn what_is_only_somewhat_doubtful_is_told_low_or_not_at_all() {
    let doubtful = |score| JudgedLogin { place: 2, ..login(0, "ada", "198.51.100.7", true, score) };
    assert_eq!(found(&[doubtful(6.5)]), [(Kind::NewDevice, "ada".into(), Severity::Low)]);
    assert!(found(&[doubtful(5.0)]).is_empty());
    let bulk =
        JudgedLogin { attack_class: LoginAttack::Bulk, excess: 5.0, ..login(0, "ada", "198.51.100.7", true, 9.0) };
    assert_eq!(found(&[bulk])[0].0, Kind::Exfiltration);
}
