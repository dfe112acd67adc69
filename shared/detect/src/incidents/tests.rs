use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;
use weir_domain::finding::{Facts, Kind, Severity};
use weir_domain::window::Scope;

use super::*;

fn subject() -> Subject {
    Subject {
        kind: Kind::PortScan,
        scope: Scope::new("1", "r"),
        entity: IpAddr::from([192, 0, 2, 1]).into(),
        peer: None,
    }
}

fn hit(minute: i64, rows: u64) -> Hit {
    let start = 1_700_000_100 + minute * 60;
    Hit {
        window: WindowStart(start),
        window_end: start + 300,
        first_seen: start + 1,
        last_seen: start + 200,
        severity: Severity::Low,
        confidence: 90,
        rows,
        interfaces: vec![],
        facts: Facts::PortScan {
            target: Ipv4Addr::new(10, 0, 0, 1).into(),
            targets: 1,
            ports: rows,
            attempts: rows,
            failed: rows,
            rejected: rows,
            inside: false,
        },
        evidence: Vec::<weir_domain::finding::Evidence>::new().into(),
    }
}

/// Minutes of the first windows of the open incidents, and how many windows each has.
fn shape(log: &IncidentLog) -> Vec<(i64, usize)> {
    let mut shape: Vec<_> = log
        .incidents
        .iter()
        .filter(|i| !i.closed)
        .map(|i| ((i.hits.keys().next().unwrap().0 - 1_700_000_100) / 60, i.hits.len()))
        .collect();
    shape.sort_unstable();
    shape
}

fn observe(minutes: &[i64]) -> IncidentLog {
    let mut log = IncidentLog::default();
    for (now, minute) in minutes.iter().enumerate() {
        log.observe(&subject(), [hit(*minute, 20)], now as i64);
    }
    log
}

#[test]
fn windows_within_half_an_hour_extend_at_either_end() {
    assert_eq!(shape(&observe(&[0, 35, 70])), [(0, 3)]);
    assert_eq!(shape(&observe(&[70, 35, 0])), [(0, 3)]);
    assert_eq!(shape(&observe(&[0, 40])), [(0, 1), (40, 1)], "35 minutes from end to start are too many");
}

#[test]
fn a_bridge_keeps_the_older_uid_and_closes_the_other() {
    let mut log = observe(&[60, 0]);
    let older = log.incidents.iter().find(|i| i.created == 0).unwrap().uid.clone();
    log.observe(&subject(), [hit(30, 20)], 9);
    assert_eq!(shape(&log), [(0, 3)]);
    assert_eq!(log.incidents.iter().find(|i| !i.closed).unwrap().uid, older);
    assert_eq!(log.incidents.iter().filter(|i| i.closed).count(), 1);
    let windows = [WindowStart(1_700_000_100)].into();
    assert_eq!(log.touching(&windows).count(), 2, "the closed one is reported, too");
}

/// Which of the incidents, by their first minutes, have findings to look at once a window was observed.
fn touched(log: &IncidentLog, minute: i64) -> Vec<(i64, bool)> {
    let windows = [WindowStart(1_700_000_100 + minute * 60)].into();
    let mut touched: Vec<_> =
        log.touching(&windows).map(|i| ((i.hits.keys().next().unwrap().0 - 1_700_000_100) / 60, i.closed)).collect();
    touched.sort_unstable();
    touched
}

#[test]
fn a_bridge_touches_the_incident_it_closed_whichever_end_that_lay_on() {
    for minutes in [[60, 0], [0, 60]] {
        let mut log = observe(&minutes);
        log.observe(&subject(), [hit(600, 20)], 8);
        log.observe(&subject(), [hit(30, 20)], 9);
        let closed = minutes[1];
        let mut expected = [(0, false), (closed, true)];
        expected.sort_unstable();
        assert_eq!(touched(&log, 30), expected, "and not what was ten hours later");
        assert_eq!(touched(&log, 600), [(600, false)]);
    }
}

#[test]
fn a_window_before_a_long_stretch_touches_every_incident_whose_cut_it_moved() {
    let minutes: Vec<_> = (0..60).map(|i| i * 30).collect();
    let mut log = observe(&minutes);
    log.observe(&subject(), [hit(-30, 20)], 100);
    assert_eq!(shape(&log), [(-30, 48), (1410, 13)]);
    assert_eq!(touched(&log, -30), [(-30, false), (1410, false)]);
}

#[test]
fn after_a_day_a_new_finding_begins() {
    let minutes: Vec<_> = (0..60).map(|i| i * 30).collect();
    let log = observe(&minutes);
    assert_eq!(shape(&log), [(0, 48), (1440, 12)]);
}

#[test]
fn the_same_again_changes_nothing_and_more_rows_win() {
    let mut log = observe(&[0]);
    let before = log.clone();
    log.observe(&subject(), [hit(0, 20)], 5);
    assert_eq!(log, before);
    let same_of_more_rows = Hit { rows: 30, ..hit(0, 20) };
    log.observe(&subject(), [same_of_more_rows], 5);
    assert_eq!(log, before, "nothing to write where more rows say the same");
    log.observe(&subject(), [hit(0, 50)], 6);
    log.observe(&subject(), [hit(0, 30)], 7);
    assert_eq!(log.incidents[0].hits.values().next().unwrap().rows, 50);
    assert_eq!(log.incidents[0].uid, before.incidents[0].uid);
}

#[test]
fn what_ended_long_ago_is_forgotten() {
    assert_eq!(shape(&observe(&[0, 9 * 1440])), [(9 * 1440, 1)]);
}

proptest! {
    #[test]
    fn grouping_does_not_depend_on_order(mut minutes in prop::collection::vec(0i64..600, 1..40), seed in any::<u64>()) {
        for minute in &mut minutes {
            *minute = *minute / 5 * 5 * 7;
        }
        let forward = shape(&observe(&minutes));
        let n = minutes.len();
        (0..n).for_each(|i| minutes.swap(i, (seed as usize).wrapping_mul(i + 1) % n));
        prop_assert_eq!(forward, shape(&observe(&minutes)));
    }
}
