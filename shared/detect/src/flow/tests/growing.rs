//! Scans and sweeps: where they begin, what counts, and that more data never takes them back.

use std::collections::BTreeMap;

use proptest::prelude::*;
use weir_domain::aggregate::HostAggregate;
use weir_domain::finding::{Evidence, Severity};
use weir_domain::flow::{ICMP, UDP};

use super::*;
use crate::flow::host_sweep::FAILED_HOSTS;
use crate::flow::port_scan::{FAILED_PORTS_INSIDE, FAILED_PORTS_OUTSIDE};

fn with_service(contacts: Vec<Contact>, service: impl Fn(&Contact) -> Service) -> Vec<Contact> {
    contacts.into_iter().map(|c| Contact { service: service(&c), ..c }).collect()
}

/// Contacts of one host with a port of strangers 1, 2, ….
fn hosts(from: IpAddr, hosts: u8, port: u16, how: How) -> Vec<Contact> {
    (1..=hosts).map(|n| contact(from, outside(n), port, how)).collect()
}

#[test]
fn a_host_inside_scans_from_fifteen_failed_ports_on_and_a_stranger_from_ten() {
    let neighbour = Ipv4Addr::new(172, 16, 0, 9).into();
    for (scanner, threshold) in [(inside(1), 15), (neighbour, 15), (outside(1), 10)] {
        assert!(scan(&ports(scanner, inside(2), threshold, How::HalfOpen)).is_some(), "{scanner} at {threshold}");
        assert_eq!(scan(&ports(scanner, inside(2), threshold - 1, How::HalfOpen)), None, "{scanner} one below");
    }
    assert_eq!((FAILED_PORTS_INSIDE, FAILED_PORTS_OUTSIDE), (15, 10), "the thresholds that DESIGN and the docs name");
}

/// That a host is monitored shows with the first row of its own interface, which may come last.
#[test]
fn learning_that_a_host_is_monitored_takes_no_scan_back_and_makes_none() {
    for ports_tried in [12, 14, 15, 20] {
        let contacts = ports(inside(1), inside(2), ports_tried, How::HalfOpen);
        let found = |hour: &HourAggregate| {
            detect_partial_windows(hour).into_iter().map(|(s, hit)| (s.entity, hit.severity)).next()
        };
        let before = found(&hour_seen_by(&contacts, |contact| vec![contact.to]));
        let after = found(&hour(&contacts));
        if ports_tried < 15 {
            assert_eq!((before, after), (None, None), "{ports_tried} ports");
        } else {
            assert_eq!(before, Some((inside(1).into(), Severity::Medium)), "{ports_tried} ports");
            assert_eq!(after, Some((inside(1).into(), Severity::High)), "{ports_tried} ports");
        }
    }
}

#[test]
fn failed_ports_of_several_hosts_do_not_add_up() {
    let mut contacts = ports(outside(1), inside(2), 9, How::Stopped);
    contacts.extend(ports(outside(1), inside(3), 9, How::Stopped));
    assert_eq!(scan(&contacts), None);
}

#[test]
fn a_scan_says_who_whom_how_much_and_when() {
    let mut contacts = ports(inside(1), inside(2), 20, How::HalfOpen);
    contacts.extend(ports(inside(1), inside(3), 16, How::Stopped));
    contacts.extend(ports(inside(1), inside(4), 3, How::Stopped));
    contacts[0].at = 5;
    contacts[1].at = 200;
    let hit = scan(&contacts).unwrap();
    assert_eq!(
        hit.facts,
        Facts::PortScan {
            target: inside(2),
            targets: 2,
            ports: 20,
            attempts: 36,
            failed: 36,
            rejected: 16,
            inside: true
        },
        "three failed ports of a third host are no part of it"
    );
    assert_eq!((hit.window, hit.window_end), (WindowStart(START), START + 300));
    assert_eq!((hit.first_seen, hit.last_seen), (START + 5, START + 210));
    assert_eq!((hit.rows, hit.interfaces), (2 * 39, vec!["eni-1".to_owned()]));
    let evidence: Vec<_> =
        hit.evidence.traffic().iter().map(|e| (e.source, e.destination, e.failed, e.ports.len())).collect();
    assert_eq!(
        evidence,
        [(inside(1), inside(2), 20, Evidence::MAX_PORTS), (inside(1), inside(3), 16, Evidence::MAX_PORTS)]
    );
    assert_eq!(hit.evidence.traffic()[0].ports, (1..=10).collect::<Vec<u16>>(), "the lowest ports are listed");
}

#[test]
fn strangers_stopped_at_the_border_are_low_and_let_through_medium_and_monitored_hosts_high() {
    let stopped = ports(outside(1), inside(2), 12, How::Stopped);
    let mut some_through = stopped.clone();
    some_through[3].how = How::HalfOpen;
    assert_eq!(scan(&stopped).unwrap().severity, Severity::Low);
    assert_eq!(scan(&some_through).unwrap().severity, Severity::Medium);
    assert_eq!(scan(&ports(inside(1), inside(2), 15, How::Stopped)).unwrap().severity, Severity::High);

    let stopped: Vec<_> = (1..=25).map(|n| contact(outside(1), inside(n), 22, How::Stopped)).collect();
    let mut some_through = stopped.clone();
    some_through[3].how = How::HalfOpenAnswered;
    assert_eq!(sweep(&stopped).unwrap().severity, Severity::Low);
    assert_eq!(sweep(&some_through).unwrap().severity, Severity::Medium);
    assert_eq!(sweep(&hosts(inside(1), 25, 22, How::Stopped)).unwrap().severity, Severity::High);
}

#[test]
fn more_failures_make_it_surer() {
    let confidence = |n| scan(&ports(outside(1), inside(2), n, How::Stopped)).unwrap().confidence;
    assert_eq!((confidence(10), confidence(50), confidence(500)), (80, 99, 99));
    assert!((81..99).contains(&confidence(30)));
    assert_eq!(sweep(&hosts(inside(1), 25, 22, How::Stopped)).unwrap().confidence, 75);
    assert_eq!(sweep(&hosts(inside(1), 100, 22, How::Stopped)).unwrap().confidence, 99);
}

#[test]
fn what_was_answered_does_not_count_unless_it_was_a_half_open_scan() {
    for how in How::ALL {
        let mut contacts = ports(outside(1), inside(2), 9, How::Stopped);
        contacts.push(contact(outside(1), inside(2), 443, how));
        let counts = !matches!(how, How::Answered | How::Established);
        assert_eq!(scan(&contacts).is_some(), counts, "{how:?}");

        let mut contacts = hosts(inside(1), 24, 22, How::Stopped);
        contacts.push(contact(inside(1), outside(99), 22, how));
        assert_eq!(sweep(&contacts).is_some(), counts, "{how:?}");
    }
}

#[test]
fn an_answer_that_comes_later_takes_back_what_nothing_proved() {
    let silent = ports(outside(1), inside(2), 10, How::Silent);
    assert!(scan(&silent).is_some());
    let mut answered = silent;
    answered.push(contact(outside(1), inside(2), 7, How::Answered));
    assert_eq!(scan(&answered), None);
}

#[test]
fn unanswered_datagrams_to_client_ports_do_not_count_unless_stopped() {
    for (first, how, counts) in
        [(32_768, How::Silent, false), (32_758, How::Silent, true), (32_768, How::Stopped, true)]
    {
        let contacts = with_service(ports(outside(1), inside(2), 10, how), |c| Service {
            protocol: UDP,
            port: first - 1 + c.service.port,
        });
        assert_eq!(scan(&contacts).is_some(), counts, "{how:?} from {first}");
    }
}

#[test]
fn twenty_five_hosts_at_one_port_are_a_sweep_and_twenty_four_are_not() {
    let contacts = hosts(inside(1), 25, 445, How::HalfOpen);
    let hit = sweep(&contacts).unwrap();
    assert_eq!(
        hit.facts,
        Facts::HostSweep {
            protocol: TCP,
            port: 445,
            hosts: 25,
            services: 1,
            attempts: 25,
            failed: 25,
            rejected: 0,
            inside: true
        }
    );
    assert_eq!(hit.evidence.traffic().len(), Evidence::MAX_PER_HIT);
    assert!(hit.evidence.traffic().iter().all(|e| e.source == inside(1) && e.ports == [445] && e.failed == 1));
    assert_eq!(sweep(&contacts[..24]), None);
    assert_eq!(FAILED_HOSTS, 25);
    assert_eq!(scan(&contacts), None, "one port of each host is no scan");
}

#[test]
fn hosts_at_several_ports_do_not_add_up() {
    let mut contacts = hosts(inside(1), 24, 445, How::Stopped);
    contacts.push(contact(inside(1), outside(99), 139, How::Stopped));
    assert_eq!(sweep(&contacts), None);
}

#[test]
fn a_ping_sweep_is_a_sweep_and_no_scan() {
    let ping = |_: &Contact| Service { protocol: ICMP, port: 0 };
    let contacts = with_service(hosts(inside(1), 30, 1, How::Silent), ping);
    let hit = sweep(&contacts).unwrap();
    assert!(matches!(hit.facts, Facts::HostSweep { protocol: ICMP, port: 0, hosts: 30, .. }), "{:?}", hit.facts);
    assert!(hit.evidence.traffic().iter().all(|e| e.ports.is_empty() && e.distinct_ports == 0));
    assert_eq!(scan(&contacts), None);

    let answered: Vec<_> = contacts.iter().flat_map(|c| [*c, Contact { from: c.to, to: c.from, ..*c }]).collect();
    assert_eq!(sweep(&answered), None, "an echo each way is an answer");
}

#[test]
fn windows_do_not_add_up_and_each_has_its_own_hit() {
    let mut contacts = ports(outside(1), inside(2), 19, How::Stopped);
    contacts[9..].iter_mut().for_each(|c| c.at = 300);
    let hits = found(&contacts, Kind::PortScan);
    assert_eq!(hits.iter().map(|(_, hit)| hit.window.0 - START).collect::<Vec<_>>(), [300], "9 ports, then 10");
}

#[test]
fn a_host_with_more_contacts_than_are_kept_still_fires_with_scaled_counts() {
    let close = |n: u64, to: f64| assert!((n as f64 / to - 1.0).abs() < 0.1, "{n} is not about {to}");

    let many = ports(inside(1), inside(2), 6000, How::Stopped);
    let hour = hour(&many);
    let kept = hour.windows[&WindowStart(START)].interfaces["eni-1"].hosts().map(|(_, h)| h.pairs().len()).max();
    assert_eq!(kept, Some(HostAggregate::MAX_PAIRS), "the cap is what this is about");
    let Facts::PortScan { ports, attempts, failed, rejected, .. } = scan(&many).unwrap().facts else { panic!() };
    for n in [ports, attempts, failed, rejected] {
        close(n, 6000.0);
    }

    let many: Vec<_> =
        (0..9000u32).map(|n| contact(inside(1), Ipv4Addr::from(0xc612_0000 + n).into(), 22, How::HalfOpen)).collect();
    let hit = sweep(&many).unwrap();
    assert_eq!((hit.rows, hit.severity), (9000, Severity::High));
    let Facts::HostSweep { hosts, attempts, failed, rejected, .. } = hit.facts else { panic!() };
    for n in [hosts, attempts, failed] {
        close(n, 9000.0);
    }
    assert_eq!(rejected, 0);
}

/// Failing TCP of one or two hosts: what the detections promise never to take back.
fn proven() -> impl Strategy<Value = Vec<Contact>> {
    let how = prop::sample::select(vec![How::Stopped, How::HalfOpen, How::HalfOpenAnswered]);
    let who = prop::sample::select(vec![inside(1), outside(1)]);
    let scan = (who.clone(), 8u16..30, how.clone()).prop_map(|(from, n, how)| ports(from, inside(9), n, how));
    let sweep = (20u8..35, how).prop_map(|(n, how)| hosts(inside(1), n, 22, how));
    (scan, sweep).prop_map(|(scan, sweep)| [scan, sweep].concat())
}

/// Any contact of hosts that take part in scans, and of others.
fn anything() -> impl Strategy<Value = Contact> {
    let end = || prop::sample::select(vec![inside(1), inside(2), inside(9), outside(1), outside(2)]);
    let service = (prop::sample::select(vec![ICMP, TCP, UDP]), 0u16..20);
    (end(), end(), service, prop::sample::select(How::ALL.to_vec()), 0i64..300).prop_map(
        |(from, to, (protocol, port), how, at)| {
            let port = if protocol == ICMP { 0 } else { port };
            Contact { service: Service { protocol, port }, at, ..contact(from, to, port, how) }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn more_rows_never_take_a_proven_scan_or_sweep_back(
        proven in proven(),
        more in prop::collection::vec(anything(), 0..80),
    ) {
        let after: BTreeMap<_, _> = detect_partial_windows(&hour(&[proven.clone(), more].concat())).into_iter().collect();
        for (subject, before) in detect_partial_windows(&hour(&proven)) {
            let after = after.get(&subject);
            prop_assert!(after.is_some(), "{subject:?} was taken back");
            let after = after.unwrap();
            prop_assert!(failed(&after.facts) >= failed(&before.facts));
            prop_assert!(after.rows >= before.rows, "a later hit must count as the one that knows more");
            prop_assert!(after.first_seen <= before.first_seen && after.last_seen >= before.last_seen);
        }
    }
}
