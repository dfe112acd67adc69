use proptest::prelude::*;

use super::*;
use crate::time::HOUR_SECONDS;

fn service(port: u16) -> Service {
    Service { protocol: 6, port }
}

fn contact(peer: u8, port: u16) -> PairKey {
    PairKey { peer: IpAddr::from([203, 0, 113, peer]), service: service(port) }
}

fn whole(hour: Hour) -> Span {
    Span { first: hour.start(), last: hour.start() + HOUR_SECONDS }
}

/// One hour in which a host opens some connections to a peer.
fn hour(at: u8, host: u8, peer: u8, flows: u64) -> Baseline {
    let (mut baseline, hour, name) =
        (Baseline::default(), Hour::from_time(i64::from(at) * HOUR_SECONDS), format!("h{host}"));
    baseline.add_hour(hour, whole(hour));
    let seen = Occurrence { first: hour.start(), last: hour.start(), hours: 1 };
    if let Some(host) = baseline.host_mut(&name) {
        host.seen.merge(seen);
        host.initiated.seen.merge(seen);
        host.initiated.flows.observe(flows);
        host.sent_by_hour_of_week[usize::from(at)] = histogram::bits(flows);
        if let Some(pair) = host.pairs.entry(contact(peer, 443)) {
            pair.merge(PairProfile { seen, ..PairProfile::default() });
        }
    }
    baseline.record_contact(&name, contact(peer, 443), hour);
    baseline
}

fn merged(parts: impl IntoIterator<Item = Baseline>) -> Baseline {
    parts.into_iter().fold(Baseline::default(), |mut all, part| {
        all.merge(part);
        all
    })
}

fn any_hours() -> impl Strategy<Value = Vec<Baseline>> {
    prop::collection::vec((0..24_u8, 0..4_u8, 0..40_u8, 0..5000_u64).prop_map(|(a, h, p, f)| hour(a, h, p, f)), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn days_merge_in_any_order_and_grouping(parts in any_hours(), split in 0..12_usize) {
        let whole = merged(parts.clone());
        prop_assert_eq!(&merged(parts.iter().rev().cloned()), &whole);
        let split = split.min(parts.len());
        let halves = [merged(parts[..split].to_vec()), merged(parts[split..].to_vec())];
        prop_assert_eq!(&merged(halves), &whole);
    }

    #[test]
    fn what_is_stored_reads_back(parts in any_hours()) {
        let whole = merged(parts);
        let text = serde_json::to_string(&whole).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Baseline>(&text).unwrap(), &whole);
    }
}

#[test]
fn histograms_estimate_upper_quantiles() {
    let mut histogram = Log2Histogram::default();
    assert!(histogram.is_empty() && histogram.max() == 0.0);
    (0..99).for_each(|_| histogram.observe(10));
    histogram.observe(1_000_000);
    assert_eq!((histogram.len(), histogram.exceeded_by_share(0.01), histogram.max()), (100, 15.0, 1_048_575.0));
    assert_eq!((histogram.exceeded_by_count(0), histogram.exceeded_by_count(1)), (1_048_575.0, 15.0));
    assert!((histogram.sum_upper_bound() - (99.0 * 15.0 + 1_048_575.0)).abs() < 1e-9);
    assert!(histogram.exceeded_by_count(100) < 1.0, "fewer observations than may exceed it");
    histogram.observe(u64::MAX);
    assert!((histogram.max() / u64::MAX as f64 - 1.0).abs() < 1e-12);
}

#[test]
fn earlier_observations_are_established_and_novelty_is_judged_after_a_day() {
    let learned = merged((0..24).map(|at| hour(at, 1, at, 3)));
    let seen = |peer| learned.contact(&contact(peer, 443)).unwrap().seen;
    assert!(
        learned.is_established(seen(23), DAY_SECONDS) && learned.can_judge_novelty(DAY_SECONDS),
        "a model of yesterday"
    );
    assert!(learned.is_established(seen(23), 23 * HOUR_SECONDS), "the first day of the logs themselves");
    assert!(!learned.can_judge_novelty(20 * HOUR_SECONDS));
    let longer = merged((0..48).map(|at| hour(at, 1, at, 3)));
    let seen = |peer| longer.contact(&contact(peer, 443)).unwrap().seen;
    assert!(!longer.is_established(seen(40), 41 * HOUR_SECONDS), "an hour old, in the logs themselves");
    assert!(longer.is_established(seen(3), 41 * HOUR_SECONDS));
    assert!(
        !Baseline::default().is_established(Occurrence::default(), DAY_SECONDS)
            && !Baseline::default().can_judge_novelty(DAY_SECONDS)
    );
    assert!(!merged((0..5).map(|at| hour(at, 1, at, 3))).can_judge_novelty(DAY_SECONDS), "five hours are too few");
}

/// A baseline of 24 hours rarely starts and ends at a whole hour. What it learned in its last hour is not new after it.
#[test]
fn a_day_that_ends_within_an_hour_is_established_from_its_end_on() {
    let (start, end) = (2700, DAY_SECONDS + 2700);
    let mut day = merged((1..24).map(|at| hour(at, 1, at, 3)));
    day.add_hour(Hour::from_time(0), Span { first: start, last: HOUR_SECONDS });
    day.add_hour(Hour::from_time(DAY_SECONDS), Span { first: DAY_SECONDS, last: end });
    let seen = day.contact(&contact(20, 443)).unwrap().seen;
    assert!(
        day.is_established(seen, DAY_SECONDS + 300) && !day.is_older(DAY_SECONDS + 300),
        "still within the first day"
    );
    assert!(!day.can_judge_novelty(DAY_SECONDS + 300));
    assert!(day.is_established(seen, end) && day.is_older(end) && day.can_judge_novelty(end));
}

#[test]
fn finds_the_traffic_of_other_hosts_and_what_happens_all_day() {
    let all = merged([hour(1, 1, 9, 1), hour(2, 2, 9, 1), hour(3, 3, 8, 1), hour(4, 3, 8, 1)]);
    assert_eq!((all.pairs_of_others("h1", &contact(9, 443)).count(), all.hours()), (1, 4));
    assert_eq!(all.pairs_of_others("h4", &contact(9, 443)).count(), 2);
    assert!(
        all.is_all_day(Occurrence { hours: 2, ..Occurrence::default() })
            && !all.is_all_day(Occurrence { hours: 1, ..Occurrence::default() })
    );
}

#[test]
fn prevalence_counts_hosts_up_to_a_cap() {
    let all = merged((0..30).map(|host| hour(1, host, 9, 1)));
    let prevalence = all.contact(&contact(9, 443)).unwrap();
    assert_eq!((prevalence.hosts(), all.hosts()), (Prevalence::MAX_HOSTS, 30));
    let two = merged([hour(1, 1, 9, 1), hour(2, 2, 9, 1)]);
    let prevalence = two.contact(&contact(9, 443)).unwrap();
    assert_eq!((prevalence.others("h1"), prevalence.others("h3"), prevalence.seen.hours), (1, 2, 2));
    assert_eq!(two.network(IpAddr::from([203, 0, 9, 9])).unwrap().hosts(), 2, "of the same /16");
}

#[test]
fn hosts_services_and_contacts_are_capped() {
    let mut baseline = Baseline::default();
    let at = Hour::from_time(0);
    for n in 0..=(2 * Baseline::MAX_SERVICES as u16) {
        baseline.record_service("h", service(n), at);
    }
    baseline.prune();
    assert_eq!(baseline.services.len(), Baseline::MAX_SERVICES);
    let text = serde_json::to_string(&baseline).unwrap();
    assert!(serde_json::from_str::<Baseline>(&text).unwrap().services.overflowed());
}

#[test]
fn unsound_baselines_are_refused() {
    let text = serde_json::to_string(&hour(1, 1, 9, 1)).unwrap();
    for (from, to) in [
        ("\"hours\":[3600]", "\"hours\":[3601]"),
        ("\"hours\":[3600]", "\"hours\":[-3600]"),
        ("\"span\":[3600,7200]", "\"span\":[3600,3599]"),
    ] {
        assert!(text.contains(from), "{text}");
        assert!(serde_json::from_str::<Baseline>(&text.replace(from, to)).is_err(), "{to}");
    }
}
