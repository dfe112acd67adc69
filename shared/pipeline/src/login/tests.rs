use proptest::prelude::*;
use weir_domain::login::{Labels, LoginKind, Outcome};

use weir_detect::ocsf::DetectionFinding;
use weir_features::login::{ApiUse, History, Places};

use super::*;
use weir_domain::login::{JudgedLogin, LoginAttack, LoginEvent};
use weir_domain::time::DAY_MILLIS;

const USERS: [&str; 12] = ["ada", "bob", "cy", "dan", "eve", "fay", "gus", "hal", "ida", "jo", "kim", "leo"];

fn login(time: i64, user: &'static str, network: u8, agent: &'static str, succeeded: bool) -> LoginEvent<'static> {
    let outcome = if succeeded { Outcome::Success } else { Outcome::Failure };
    LoginEvent {
        source_ip: Some([198, 51, network, 7].into()),
        country: if network < 100 { "FR" } else { "RO" },
        asn: Some(u32::from(network)),
        user_agent: agent,
        ..LoginEvent::new(1_700_000_000_000 + time, user, LoginKind::Password, outcome)
    }
}

/// Twenty normal days of twelve users, each from home.
fn ordinary() -> Vec<LoginEvent<'static>> {
    let mut logins = Vec::new();
    for day in 0..20 {
        for (user, home) in USERS.iter().zip(0u8..) {
            logins.push(login(
                day * DAY_MILLIS + i64::from(home) * 60_000,
                user,
                home,
                "Mozilla/5.0 (Windows NT 10.0) Chrome/117.0",
                true,
            ));
        }
    }
    logins
}

fn attacked() -> Vec<LoginEvent<'static>> {
    let mut logins = ordinary();
    logins.push(login(19 * DAY_MILLIS + 3 * 3_600_000, "ada", 200, "Mozilla/5.0 (X11; Linux) Firefox/102.0", true));
    for (user, i) in USERS.iter().zip(0i64..) {
        logins.push(login(18 * DAY_MILLIS + 5 * 3_600_000 + i * 30_000, user, 201, "Go-http-client/1.1", false));
    }
    logins
}

fn table(logins: &[LoginEvent<'_>]) -> LoginTable {
    let mut table = LoginTable::default();
    logins.iter().zip(0..).for_each(|(login, index)| table.push(index, login));
    table
}

fn judged(logins: &[LoginEvent<'_>], baseline: Option<i64>) -> LoginsJudged {
    detect_logins(table(logins), &LoginOptions { baseline, ..LoginOptions::default() })
}

#[test]
fn a_stolen_account_and_a_stuffed_list_are_found_and_nothing_else() {
    for baseline in [None, Some(15 * 86_400)] {
        let judged = judged(&attacked(), baseline);
        let findings = login_findings(&judged, &ApiUse::default(), i64::MIN, 1);
        let kinds: Vec<_> = findings.iter().map(|f| (f.kind().to_owned(), f.entity().unwrap().to_string())).collect();
        let expected = [("account-takeover", "ada"), ("credential-stuffing", "198.51.201.7")];
        let expected = expected.map(|(kind, who)| (kind.to_owned(), who.to_owned()));
        assert_eq!(kinds.len(), 2, "{kinds:?}");
        assert!(
            expected.iter().all(|e| kinds.contains(e)) || kinds.iter().any(|(k, _)| k == "impossible-travel"),
            "{kinds:?}"
        );
        assert!(findings[0].message.contains("first login from Romania"), "{}", findings[0].message);
    }
    assert!(login_findings(&judged(&ordinary(), None), &ApiUse::default(), i64::MIN, 1).is_empty());
}

#[test]
fn the_first_of_many_strangers_scores_like_the_others() {
    let judged = judged(&attacked(), None);
    let stuffing: Vec<f64> =
        judged.logins.iter().filter(|l| l.source_ip == Some([198, 51, 201, 7].into())).map(|l| l.score).collect();
    assert_eq!(stuffing.len(), 12);
    assert!(stuffing[0] > 7.0, "{stuffing:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn the_order_of_logins_does_not_matter(shuffle in Just((0..253usize).collect::<Vec<_>>()).prop_shuffle()) {
        let logins = attacked();
        prop_assert_eq!(logins.len(), 253);
        let shuffled: Vec<_> = shuffle.iter().map(|at| logins[*at]).collect();
        let plain = |logins: &[LoginEvent<'_>]| -> Vec<JudgedLogin> {
            judged(logins, None).logins.into_iter().map(|login| JudgedLogin { index: 0, ..login }).collect()
        };
        prop_assert_eq!(plain(&shuffled), plain(&logins));
    }
}

#[test]
fn labels_after_the_baseline_are_never_read() {
    let label = |attack| Labels { attack: Some(attack), ..Labels::default() };
    let labelled = |truth: bool| -> Vec<LoginEvent<'static>> {
        let split = 1_700_000_000_000 + 15 * DAY_MILLIS;
        attacked()
            .into_iter()
            .map(|l| LoginEvent { labels: label(l.time >= split && (l.asn > Some(99)) == truth), ..l })
            .collect()
    };
    let scores = |logins: &[LoginEvent<'_>]| -> Vec<f64> {
        judged(logins, Some(15 * 86_400)).logins.iter().map(|login| login.score).collect()
    };
    assert_eq!(scores(&labelled(true)), scores(&labelled(false)));
}

#[test]
fn a_single_login_scores_as_in_the_log_and_changes_nothing() {
    let model = LoginScorer::default();
    let mut history = History::default();
    for login in ordinary() {
        let one = score_one(&model, &history, &Places::none(), &login);
        model.count(&mut history, &one.sighting, &one.evidence, one.counted, None);
    }
    let stolen = attacked()[240];
    let before = history.encode().unwrap();
    let one = score_one(&model, &history, &Places::none(), &stolen);
    assert_eq!(history.encode().unwrap(), before);
    assert!(one.score.get() > 7.0 && one.attack_class == LoginAttack::Takeover, "{one:?}");
    assert_eq!(one.reasons[0], "first login from Romania; this user has 20 from France");
}

/// The limit is a millisecond; it takes some microseconds. The history is the worst case: a user with full lists, at an
/// address and with a device that hundreds of users had in the last hour.
#[test]
fn a_single_login_takes_less_than_a_millisecond() {
    let model = LoginScorer::default();
    let mut history = History::default();
    let names: Vec<String> = (0..600).map(|i| format!("user{i}")).collect();
    for (name, i) in names.iter().zip(0i64..) {
        for round in 0..4 {
            let busy = LoginEvent {
                user: if round == 0 { "ada" } else { name },
                source_ip: (round < 2)
                    .then(|| [10, (i / 250) as u8, (i % 250) as u8, 1].into())
                    .or(Some([203, 0, 113, 9].into())),
                ..login(i * 5_000, "ada", 200, "okhttp/4.9", round != 3)
            };
            let one = score_one(&model, &history, &Places::none(), &busy);
            history.advance(
                &one.sighting,
                &one.evidence,
                0.0,
                weir_features::login::Weight::FULL,
                weir_features::login::Weight::FULL,
            );
        }
    }
    let next =
        LoginEvent { source_ip: Some([203, 0, 113, 9].into()), ..login(3_000_000, "ada", 201, "okhttp/4.9", false) };
    let start = std::time::Instant::now();
    for _ in 0..200 {
        std::hint::black_box(score_one(&model, &history, &Places::none(), std::hint::black_box(&next)));
    }
    let each = start.elapsed() / 200;
    assert!(each.as_micros() < 1_000, "{each:?}");
}

#[test]
fn findings_about_calls_group_adjacent_hours() {
    let mut calls = ApiUse::default();
    for minute in 0..90 {
        calls.push(&weir_domain::login::ApiActivity {
            time: 1_700_000_000_000 + minute * 60_000,
            principal: "arn:aws:iam::1:user/mallory",
            issuer: "",
            account: "1",
            region: "eu-west-1",
            service: "iam",
            action: "CreateUser",
            source_ip: None,
            user_agent: "",
            error_code: "AccessDenied",
            read_only: None,
        });
    }
    let findings = login_findings(&LoginsJudged::default(), &calls, i64::MIN, 1);
    assert_eq!(findings.iter().map(DetectionFinding::kind).collect::<Vec<_>>(), ["anomalous-user"], "{findings:#?}");
}
