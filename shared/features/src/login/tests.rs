use proptest::prelude::*;
use weir_domain::login::{LoginEvent, LoginKind, Outcome};
use weir_domain::time::{DAY_MILLIS, HOUR_MILLIS, MINUTE_MILLIS};

use super::*;

/// A login among few users, addresses and devices, so that they share them.
fn login(minutes: i64, user: &'static str, host: u8, agent: &'static str, succeeded: bool) -> LoginEvent<'static> {
    let outcome = if succeeded { Outcome::Success } else { Outcome::Failure };
    LoginEvent {
        source_ip: Some([198, 51, host, 7].into()),
        country: ["FR", "RO", "BR"][usize::from(host % 3)],
        asn: Some(u32::from(host)),
        user_agent: agent,
        bytes_in: Some(1000 * u64::from(host)),
        bytes_out: Some(20_000 * u64::from(host)),
        round_trip_ms: Some(30.0),
        ..LoginEvent::new(1_700_000_000_000 + minutes * MINUTE_MILLIS, user, LoginKind::Password, outcome)
    }
}

const USERS: [&str; 4] = ["ada", "bob", "eve", "mallory"];
const AGENTS: [&str; 3] =
    ["Mozilla/5.0 (Windows NT 10.0) Chrome/117.0", "Mozilla/5.0 (Windows NT 10.0) Chrome/118.0", "okhttp/4.9"];

fn record(history: &mut History, login: &LoginEvent<'_>, weight: Weight) {
    let seen = Sighting::from_login(login, &Places::none());
    let evidence = history.evidence(&seen);
    history.advance(&seen, &evidence, 1.0, weight, weight);
}

fn after(logins: impl IntoIterator<Item = LoginEvent<'static>>) -> History {
    let mut history = History::default();
    for login in logins {
        record(&mut history, &login, Weight::FULL);
    }
    history
}

fn evidence(history: &History, login: &LoginEvent<'_>) -> Evidence {
    history.evidence(&Sighting::from_login(login, &Places::none()))
}

/// Forty days of logins of ada from one address.
fn ada() -> History {
    after((0..40).map(|day| login(day * 1440, "ada", 3, AGENTS[0], true)))
}

#[test]
fn levels_of_familiarity_fall_with_use() {
    let history = ada();
    let later = 40 * 1440 + 30;
    let of = |host, agent| {
        let evidence = evidence(&history, &login(later, "ada", host, agent, true));
        (evidence.place, evidence.device)
    };
    assert_eq!(of(3, AGENTS[0]), (PlaceLevel::Address, DeviceLevel::Device));
    assert_eq!(of(3, AGENTS[1]), (PlaceLevel::Address, DeviceLevel::Upgrade));
    assert_eq!(of(6, AGENTS[2]), (PlaceLevel::Country, DeviceLevel::New));
    assert_eq!(of(4, AGENTS[0]).0, PlaceLevel::New);
    let familiar = |host, agent| evidence(&history, &login(later, "ada", host, agent, true)).get(Column::Familiarity);
    assert!(familiar(3, AGENTS[0]) < 0.0 && familiar(4, AGENTS[2]) > familiar(4, AGENTS[0]));
    assert!(familiar(4, AGENTS[0]) > 0.0);
}

#[test]
fn a_new_device_is_known_the_next_day_if_its_login_was_trusted() {
    let new = login(40 * 1440, "ada", 3, AGENTS[2], true);
    let again = login(41 * 1440, "ada", 3, AGENTS[2], true);
    let mut trusted = ada();
    record(&mut trusted, &new, Weight::FULL);
    assert_eq!(evidence(&trusted, &again).device, DeviceLevel::Device);
    let mut untrusted = ada();
    record(&mut untrusted, &new, Weight::from_log_odds(3.0));
    assert_eq!(evidence(&untrusted, &again).device, DeviceLevel::New);
}

#[test]
fn new_users_at_an_address_score_and_colleagues_do_not() {
    let burst = |history: &History, minutes: i64| {
        let mut history = history.clone();
        for (user, i) in USERS.iter().skip(1).zip(1..) {
            record(&mut history, &login(minutes + i, user, 4, AGENTS[2], false), Weight::NONE);
        }
        evidence(&history, &login(minutes + 5, "ada", 4, AGENTS[2], false)).get(Column::AddressFanOut)
    };
    let all_users_at = |host| {
        after((0..30).flat_map(move |day| {
            USERS.iter().zip(0..).map(move |(user, i)| login(day * 1440 + i, user, host, AGENTS[0], true))
        }))
    };
    let (new_users, office) = (burst(&all_users_at(3), 31 * 1440), burst(&all_users_at(4), 31 * 1440));
    assert!(new_users > 2.0, "{new_users}");
    assert!(office.abs() < 1e-9, "{office}");
}

#[test]
fn reasons_describe_the_evidence() {
    let history = ada();
    let stolen = LoginEvent {
        time: 1_700_000_000_000 + 40 * DAY_MILLIS + 5 * HOUR_MILLIS,
        ..login(0, "ada", 4, AGENTS[2], true)
    };
    let seen = Sighting::from_login(&stolen, &Places::none());
    let described = reasons(&history, &stolen, &seen, &history.evidence(&seen));
    assert_eq!(described[0], "first login from Romania; this user has 40 from France");
    assert!(described[1].starts_with("unknown device"), "{described:?}");
    assert!(described.iter().any(|reason| reason == "03:13 UTC is outside their hours"), "{described:?}");
    let typical = login(41 * 1440, "ada", 3, AGENTS[0], true);
    let seen = Sighting::from_login(&typical, &Places::none());
    assert_eq!(
        reasons(&history, &typical, &seen, &history.evidence(&seen)),
        ["typical: place and device that this user has used before, in 40 logins"]
    );
}

#[test]
fn journeys_second_factors_and_root() {
    let history = ada();
    let far = login(39 * 1440 + 30, "ada", 5, AGENTS[0], true);
    assert!(evidence(&history, &far).get(Column::Journey) > 0.0, "France to Brazil in half an hour");
    let slow = login(40 * 1440 + 30, "ada", 5, AGENTS[0], true);
    assert!(evidence(&history, &slow).get(Column::Journey).abs() < 1e-9, "in a day");
    let console =
        |mfa| LoginEvent { kind: LoginKind::ConsoleLogin, mfa: Some(mfa), ..login(0, "ada", 3, AGENTS[0], true) };
    let history = after((0..9).map(|_| console(true)));
    assert!(evidence(&history, &console(false)).get(Column::SecondFactor) > 3.0);
    assert!(evidence(&after((0..9).map(|_| console(false))), &console(false)).get(Column::SecondFactor) < 1e-9);
    assert!(evidence(&history, &LoginEvent { user: "root", ..console(true) }).get(Column::Root) > 0.0);
}

#[test]
fn unusual_weekdays_score_for_users_with_a_history() {
    // 2023-11-14, a Tuesday, is minute 0: five days a week, for so many weeks.
    let working = |weeks: i64| {
        let days = (0..weeks * 7).filter(|day| ![4, 5].contains(&(day % 7)));
        after(days.flat_map(|day| USERS.map(|user| login(day * 1440, user, 3, AGENTS[0], true))))
    };
    let ratio = |history: &History, day: i64| {
        evidence(history, &login(day * 1440, "ada", 3, AGENTS[0], true)).get(Column::Weekday)
    };
    let (weeks, sunday) = (working(26), 26 * 7 + 5);
    assert!(ratio(&weeks, sunday) > 1.0 && ratio(&weeks, sunday + 1) < 0.1, "{}", ratio(&weeks, sunday));
    // A user with a short history is compared with the weekdays of all users.
    let mut mixed = weeks.clone();
    let all_days = (0..200).map(|day| login(day * 1440, "zoe", 3, AGENTS[0], true));
    all_days.for_each(|login| record(&mut mixed, &login, Weight::FULL));
    record(&mut mixed, &login(sunday * 1440, "new", 3, AGENTS[0], true), Weight::FULL);
    let new = evidence(&mixed, &login((sunday + 7) * 1440, "new", 3, AGENTS[0], true)).get(Column::Weekday);
    assert!(new < ratio(&mixed, sunday) && new < 1.0, "{new}");
    let login = login(sunday * 1440, "ada", 3, AGENTS[0], true);
    let seen = Sighting::from_login(&login, &Places::none());
    let described = reasons(&weeks, &login, &seen, &weeks.evidence(&seen));
    assert_eq!(described, ["Sunday is not among this user's days", "first login for 6 days"]);
}

#[test]
fn rotating_addresses_score_and_those_of_a_carrier_hardly_do() {
    let after_hosts = |hosts: &[u8], asn: fn(u8) -> u32| {
        let mut history = ada();
        let at = |host: u8, i: i64| LoginEvent {
            asn: Some(asn(host)),
            ..login(40 * 1440 + i * 9, "ada", host, AGENTS[0], true)
        };
        let mut found = evidence(&history, &at(hosts[0], 0));
        for (host, i) in hosts.iter().zip(0..) {
            found = evidence(&history, &at(*host, i));
            record(&mut history, &at(*host, i), Weight::NONE);
        }
        let last = at(hosts[hosts.len() - 1], hosts.len() as i64 - 1);
        (found, last)
    };
    let hosts = [30, 33, 36, 39, 42];
    let (of_networks, last) = after_hosts(&hosts, u32::from);
    let (of_carrier, _) = after_hosts(&hosts, |_| 77);
    assert_eq!((of_networks.in_hour.addresses, of_networks.in_hour.networks), (5, 5));
    assert_eq!((of_carrier.in_hour.addresses, of_carrier.in_hour.networks), (5, 1));
    let ratio = |evidence: Evidence| evidence.get(Column::UserAddresses);
    assert!(ratio(of_networks) > 1.5 && ratio(of_networks) > ratio(of_carrier), "{}", ratio(of_networks));
    let (twice, _) = after_hosts(&hosts[..2], u32::from);
    assert!(ratio(twice).abs() < 1e-9, "home and a café");
    let history = ada();
    let described = reasons(&history, &last, &Sighting::from_login(&last, &Places::none()), &of_networks);
    assert!(described.contains(&"5 addresses of 5 networks in an hour".to_owned()), "{described:?}");
    // A user who always changes addresses has a high rate of changes.
    let roaming = (0..400u32).map(|i| {
        let host = 10 + (i % 200) as u8;
        LoginEvent { country: "FR", ..login(i64::from(i) * 60, "ada", host, AGENTS[0], true) }
    });
    let roaming = after(roaming);
    let next = LoginEvent { country: "FR", ..login(400 * 60, "ada", 9, AGENTS[0], true) };
    assert!(evidence(&roaming, &next).get(Column::UserAddresses) < 0.5);
}

#[test]
fn new_cities_of_a_known_country_score() {
    let at = |day: i64, city, asn| LoginEvent { city, asn: Some(asn), ..login(day * 1440, "ada", 3, AGENTS[0], true) };
    let history = after((0..40).map(|day| at(day, "Paris", 1)));
    let elsewhere = |city| LoginEvent { source_ip: Some([203, 0, 113, 9].into()), ..at(41, city, 9) };
    let ratio = |city| evidence(&history, &elsewhere(city)).get(Column::City);
    assert!(ratio("Lyon") > 0.3 && ratio("Paris") < 0.0 && ratio("").abs() < 1e-9);
    assert!(evidence(&history, &at(41, "Lyon", 1)).get(Column::City).abs() < 1e-9, "a known address");
}

#[test]
fn a_login_at_home_right_after_makes_the_journey_impossible() {
    let history = ada();
    let abroad = login(40 * 1440 + 900, "ada", 5, AGENTS[2], true);
    let seen = Sighting::from_login(&abroad, &Places::none());
    let found = history.evidence(&seen);
    assert!(found.get(Column::Journey).abs() < 1e-9, "fifteen hours after the last");
    let home =
        |minutes: i64| Sighting::from_login(&login(40 * 1440 + minutes, "ada", 3, AGENTS[0], true), &Places::none());
    let (with, words) = found.with_journey_to(&seen, &home(930)).unwrap();
    assert!(with.get(Column::Journey) > 1.0);
    assert_eq!(words, "Brazil → France, 6,553 km in 30 min: nobody travels so fast");
    assert!(found.with_journey_to(&seen, &home(2400)).is_none(), "a flight home");
    assert!(with.with_journey_to(&seen, &home(930)).is_none(), "in the evidence already");
}

#[test]
fn bytes_score_by_direction() {
    let at = |day: i64, received, sent| LoginEvent {
        bytes_in: received,
        bytes_out: sent,
        ..login(day * 1440, "ada", 3, AGENTS[0], true)
    };
    let wobble = |day: i64| 9 + (day as u64 * 7) % 3;
    let typical = (0..60).map(|day| at(day, Some(200 * wobble(day)), Some(2_000_000 * wobble(day))));
    let history = after(typical);
    let found = |received, sent| {
        let login = at(61, received, sent);
        let seen = Sighting::from_login(&login, &Places::none());
        let evidence = history.evidence(&seen);
        (evidence, reasons(&history, &login, &seen, &evidence))
    };
    let (out, words) = found(Some(2_000), Some(4_100_000_000));
    assert_eq!(out.direction, Some(Direction::Out));
    assert_eq!(words, ["sent 4.1 GB out; typically 19 MB"]);
    // The bytes that are sent every day were never received.
    let (into, words) = found(Some(20_000_000), Some(20_000_000));
    assert_eq!(into.direction, Some(Direction::In));
    assert_eq!(words, ["received 20 MB; typically 2.0 kB"]);
    let (alone, _) = found(None, Some(4_100_000_000));
    assert_eq!(alone.direction, Some(Direction::Out));
    assert!(alone.get(Column::Volume) > 3.0 && alone.get(Column::Greed) > 0.5);
    let (none, _) = found(None, None);
    assert!(none.direction.is_none() && none.get(Column::Volume) < 0.0 && none.get(Column::Greed).abs() < 1e-9);
    let (typical, _) = found(Some(2_000), Some(20_000_000));
    assert!(typical.get(Column::Volume) < 2.0 && typical.get(Column::Greed) < 0.0);
}

#[test]
fn histories_of_another_version_or_beyond_their_bounds_are_refused() {
    let file = ada().encode().unwrap();
    let mut older = file.clone();
    older[8..10].copy_from_slice(&(HISTORY_VERSION - 1).to_le_bytes());
    assert_eq!(History::decode(&older).unwrap_err(), BadHistory::Version(HISTORY_VERSION - 1));
    assert!(matches!(History::decode(&[&file[..], &[0]].concat()), Err(BadHistory::Content(_))), "more than a history");
    let mut repeated = ada();
    let logins = repeated.recent.users.values().next().unwrap().clone();
    repeated.recent.users.insert(1, logins);
    assert!(History::decode(&repeated.encode().unwrap()).is_ok());
    let mut beyond = ada();
    let visit = super::recent::Visit { time: beyond.recent.newest, user: 1, novelty: 101, failed: true };
    beyond.recent.failing.push(visit);
    assert!(matches!(History::decode(&beyond.encode().unwrap()), Err(BadHistory::Content(_))));
    // Counts that no log reaches give finite evidence.
    let mut huge = ada();
    huge.all_users.hours = [u64::MAX; 24];
    huge.all_users.weekdays = [u64::MAX; 7];
    huge.all_users.volumes = [[u64::MAX; super::all_users::VOLUME_BINS]; 2];
    huge.all_users.familiarity[6] = [[u64::MAX; DeviceLevel::COUNT]; PlaceLevel::COUNT];
    let huge = History::decode(&huge.encode().unwrap()).unwrap();
    let found = evidence(&huge, &login(40 * 1440, "ada", 4, AGENTS[2], true));
    assert!(found.row().iter().all(|value| value.is_finite()), "{found:?}");
}

#[test]
fn two_large_sessions_are_more_than_one() {
    let mut history = after((0..40).map(|day| login(day * 1440, USERS[(day % 4) as usize], 3, AGENTS[0], true)));
    let large = |minutes| LoginEvent { bytes_out: Some(9_000_000_000), ..login(minutes, "ada", 3, AGENTS[0], true) };
    let first = evidence(&history, &large(50 * 1440)).get(Column::Volume);
    record(&mut history, &large(50 * 1440), Weight::FULL);
    let second = evidence(&history, &large(50 * 1440 + 20)).get(Column::Volume);
    assert!(
        first > 3.0
            && second > 3.0
            && evidence(&history, &login(51 * 1440, "ada", 3, AGENTS[0], true)).get(Column::Volume) < 1.0
    );
}

fn any_login() -> impl Strategy<Value = (LoginEvent<'static>, Weight)> {
    (0i64..5_000, 0usize..4, 0u8..7, 0usize..3, any::<bool>(), -9.0..9.0f64).prop_map(
        |(at, user, host, agent, ok, odds)| {
            (login(at, USERS[user], host, AGENTS[agent], ok), Weight::from_log_odds(odds))
        },
    )
}

/// Counts logins with the evidence of an empty history, so that the counts depend on nothing but the logins.
fn counted(logins: &[(LoginEvent<'static>, Weight)]) -> History {
    let empty = History::default();
    let mut history = History::default();
    for (login, weight) in logins {
        let seen = Sighting::from_login(login, &Places::none());
        let evidence = empty.evidence(&seen);
        history.advance(&seen, &evidence, 2.5, *weight, *weight);
    }
    history
}

proptest! {
    #[test]
    fn histories_merge_in_any_order(
        mut logins in prop::collection::vec(any_login(), 0..60),
        cuts in (0usize..60, 0usize..60),
    ) {
        let whole = counted(&logins).encode().unwrap();
        let (a, b) = (cuts.0.min(cuts.1).min(logins.len()), cuts.0.max(cuts.1).min(logins.len()));
        let [one, two, three] = [&logins[..a], &logins[a..b], &logins[b..]].map(counted);
        let merged = |order: [&History; 3]| {
            let mut history = History::default();
            for part in order {
                history.merge(part.clone());
            }
            history.encode().unwrap()
        };
        prop_assert_eq!(&merged([&one, &two, &three]), &whole);
        prop_assert_eq!(&merged([&three, &one, &two]), &whole);
        let mut nested = two.clone();
        nested.merge(three.clone());
        let mut grouped = one.clone();
        grouped.merge(nested);
        prop_assert_eq!(&grouped.encode().unwrap(), &whole);
        logins.reverse();
        prop_assert_eq!(&counted(&logins).encode().unwrap(), &whole);
    }

    #[test]
    fn a_decoded_history_gives_the_same_evidence(logins in prop::collection::vec(any_login(), 0..40), next in any_login()) {
        let mut history = History::default();
        for (login, weight) in &logins {
            record(&mut history, login, *weight);
        }
        let read = History::decode(&history.encode().unwrap()).unwrap();
        prop_assert_eq!(read.encode().unwrap(), history.encode().unwrap());
        let late = LoginEvent { time: 1_700_000_000_000 + 5_000 * MINUTE_MILLIS, ..next.0 };
        prop_assert_eq!(evidence(&read, &late), evidence(&history, &late));
    }

    #[test]
    fn hostile_bytes_are_errors(mut bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0usize..2_000, cut in 0usize..2_000) {
        prop_assert!(History::decode(&bytes).is_err());
        let mut file = ada().encode().unwrap();
        prop_assert!(History::decode(&file[..cut.min(file.len() - 1)]).is_err());
        let at = at % file.len();
        file[at] ^= bytes.pop().unwrap_or(1);
        // Damaged or not: an error, or a history that gives finite evidence.
        if let Ok(history) = History::decode(&file) {
            let evidence = evidence(&history, &login(60_000, "ada", 4, AGENTS[2], false));
            prop_assert!(evidence.row().iter().all(|value| value.is_finite()), "{evidence:?}");
        }
    }
}

#[test]
fn lists_of_users_never_outgrow_their_capacity() {
    let mut history = History::default();
    for i in 0..3_000u32 {
        let ip = std::net::Ipv4Addr::from(0xC633_0000 + i * 256).into();
        let login = LoginEvent { source_ip: Some(ip), asn: Some(i), ..login(i64::from(i), "ada", 3, AGENTS[0], true) };
        record(&mut history, &login, Weight::FULL);
    }
    let user = history.user(&Sighting::from_login(&login(0, "ada", 3, AGENTS[0], true), &Places::none())).unwrap();
    assert_eq!((user.addresses.0.len(), user.networks.0.len()), (64, 32));
    assert!((user.logins() - 3_000.0).abs() < 1e-9);
}
