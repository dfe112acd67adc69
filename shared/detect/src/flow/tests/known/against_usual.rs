//! Limits that are low because the baseline is known: at the limit, just below, and where it is typical.

use super::*;

/// A day in which 10.0.0.1 served the web as a habit says.
fn serves(habit: TrafficProfile) -> Baseline {
    let mut baseline = day_before(&[]);
    let host = baseline.host_mut(&host_name(&scope(), inside(1))).unwrap();
    let seen = Occurrence { first: START - 24 * 3600, last: START - 3600, hours: 24 };
    host.served_by_service.entry(Service { protocol: TCP, port: 443 }).unwrap().merge(TrafficProfile { seen, ..habit });
    baseline
}

#[test]
fn openings_that_come_to_nothing_are_a_flood_where_they_are_rare() {
    let openings = |n: u8, port| -> Vec<_> {
        let half_open = |n| Exchange { half_open: true, ..Exchange::tcp(outside(n), inside(1), port).asked(1, 2, 120) };
        (0..n).map(|n| half_open(n).answered(1, 3, 180)).collect()
    };
    let served = || serves(TrafficProfile { flows: spread(50), half_open: spread(1), ..TrafficProfile::default() });
    assert_eq!(kinds(&openings(100, 443), &served()), [Kind::DenialOfService]);
    assert!(kinds(&openings(99, 443), &served()).is_empty());
    assert!(kinds(&openings(100, 444), &served()).is_empty(), "at a port that serves nobody");
}

#[test]
fn a_long_session_is_no_brute_force_however_many_rows_it_makes() {
    let mut rows = Exchange::tcp(outside(1), inside(1), 22).asked(40, 600, 80_000).answered(40, 600, 90_000);
    rows.opened = Some(1);
    assert!(kinds(&[rows], &day_before(&[])).is_empty());
    rows.opened = Some(20);
    assert!(kinds(&[rows], &day_before(&[])).contains(&Kind::BruteForce));
}

#[test]
fn a_client_that_begins_far_more_than_any_client_does_is_a_burst() {
    let flows = |n| [Exchange::tcp(outside(1), inside(1), 443).asked(n, 10 * n, 900 * n).answered(n, 10 * n, 900 * n)];
    let served = |busiest| {
        serves(TrafficProfile { flows: spread(900), max_peer_flows: spread(busiest), ..TrafficProfile::default() })
    };
    let floor = connection_burst::OPENED_FAR_ABOVE_BASELINE as u64;
    assert_eq!(kinds(&flows(floor), &served(7)), [Kind::ConnectionBurst]);
    assert!(kinds(&flows(floor - 1), &served(7)).is_empty());
    assert!(kinds(&flows(floor), &served(15)).is_empty(), "an office behind one address");
}

#[test]
fn a_program_that_is_refused_again_and_again_is_brute_force() {
    let tries = |n, answered| {
        [Exchange::tcp(inside(1), inside(2), 5432).asked(n, 6 * n, 700 * n).answered(n, 5 * n, answered * n)]
    };
    let job = |flows| {
        day_before(&[
            usually(inside(3), 5432, &[inside(2)], flows, 1),
            usually(inside(4), 5432, &[inside(2)], flows, 1),
        ])
    };
    assert!(kinds(&tries(24, 600), &job(3)).contains(&Kind::BruteForce));
    assert!(!kinds(&tries(23, 600), &job(3)).contains(&Kind::BruteForce), "8 times 3 are 24");
    assert!(!kinds(&tries(24, 1_600), &job(3)).contains(&Kind::BruteForce), "queries are answered");
}

#[test]
fn somebody_new_inside_is_told_where_the_service_is_new_to_the_host() {
    let talk =
        |bytes: u64| [Exchange::tcp(inside(1), inside(2), 8000).asked(2, 40, 4_000).answered(2, 500, bytes - 4_000)];
    let floor = unknown_peer::BYTES_INSIDE as u64;
    assert_eq!(kinds(&talk(floor), &day_before(&[])), [Kind::UnknownPeer]);
    assert!(kinds(&talk(floor - 1), &day_before(&[])).is_empty());
    let fleet = usually(inside(1), 8000, &[inside(3)], 5, 1);
    assert!(kinds(&talk(floor), &day_before(&[fleet])).is_empty(), "a server was added to those it asks");
}

#[test]
fn who_browses_meets_somebody_new_all_day_long() {
    let sites: Vec<IpAddr> = (10..40).map(outside).collect();
    let mut browser = day_before(&[usually(inside(1), 443, &sites, 30, 30_000)]);
    let host = browser.host_mut(&host_name(&scope(), inside(1))).unwrap();
    host.pairs.for_each_mut(|pair| pair.seen.hours = 1);
    let elsewhere: IpAddr = [198, 51, 100, 1].into();
    let download = [Exchange::tcp(inside(1), elsewhere, 443).asked(5, 900, 40_000).answered(5, 90_000, 90_000_000)];
    assert!(kinds(&download, &browser).is_empty(), "a film");
    assert_eq!(kinds(&download, &day_before(&[])), [Kind::UnknownPeer]);
}

#[test]
fn much_that_is_taken_out_through_a_login_is_exfiltration() {
    let session = |bytes| [Exchange::tcp(outside(1), inside(1), 22).asked(1, 900, 90_000).answered(1, 4_000, bytes)];
    let floor = exfiltration::BYTES_TAKEN as u64;
    assert_eq!(kinds(&session(floor), &day_before(&[])), [Kind::Exfiltration]);
    assert!(kinds(&session(floor - 1), &day_before(&[])).is_empty());
}

#[test]
fn what_a_scanner_exchanges_much_with_is_looked_at_all_the_same() {
    let mut both: Vec<_> = (1..=30)
        .map(|port| {
            Exchange { half_open: true, ..Exchange::tcp(inside(1), inside(2), port).asked(1, 1, 60) }.answered(0, 0, 0)
        })
        .collect();
    assert!(kinds(&both, &day_before(&[])).is_empty(), "the scan is reported elsewhere");
    both.extend([Exchange::tcp(inside(1), outside(1), 443).asked(5, 50_000, 60_000_000).answered(5, 900, 40_000)]);
    assert_eq!(kinds(&both, &day_before(&[])), [Kind::Exfiltration]);
}
