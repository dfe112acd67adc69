//! Detections on windows made by hand.
//!
//! Hosts 10.0.0.n are monitored: every row they take part in is logged at their own interface `eni-n`, also when both
//! ends are monitored. Hosts 203.0.113.n are strangers, and all others, too.

mod behaviour;
mod growing;
mod known;
mod sentences;

use std::net::{IpAddr, Ipv4Addr};

use weir_domain::aggregate::{
    HostKey, HostTotals, HourAggregate, InterfaceTotals, PairKey, PairTotals, Role, Service, Side, Span,
};
use weir_domain::bounded::Merge;
use weir_domain::finding::{Facts, Hit, Kind, Subject};
use weir_domain::flow::TCP;
use weir_domain::window::{Hour, Scope, WindowLength, WindowStart};

use super::detect_partial_windows;

/// 2018-12-21 14:05 UTC.
const START: i64 = 1_545_401_100;

/// How a contact went, as rows of a log say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// Security groups stopped it.
    Stopped,
    /// Only SYNs left, nothing more came of it.
    HalfOpen,
    /// Only SYNs left (and a RST), though the port answered: a half-open scan.
    HalfOpenAnswered,
    /// Nothing in its row proves a failure, and no answer was seen.
    Silent,
    /// Nothing in its row proves a failure, and there is an answer.
    Answered,
    /// Its row proves by itself that it went well.
    Established,
}

impl How {
    const ALL: [Self; 6] =
        [Self::Stopped, Self::HalfOpen, Self::HalfOpenAnswered, Self::Silent, Self::Answered, Self::Established];

    /// The sums of the attempt, and whether an answer follows.
    fn rows(self) -> (PairTotals, bool) {
        let attempt = PairTotals { attempt_rows: 1, opening_rows: 1, ..PairTotals::default() };
        match self {
            Self::Stopped => (PairTotals { rejected_rows: 1, half_open_rows: 1, ..attempt }, false),
            Self::HalfOpen => (PairTotals { half_open_rows: 1, ..attempt }, false),
            Self::HalfOpenAnswered => (PairTotals { half_open_rows: 1, ..attempt }, true),
            Self::Silent => (PairTotals { unproven_rows: 1, ..attempt }, false),
            Self::Answered => (PairTotals { unproven_rows: 1, ..attempt }, true),
            Self::Established => (attempt, true),
        }
    }
}

/// One contact.
#[derive(Debug, Clone, Copy)]
struct Contact {
    from: IpAddr,
    to: IpAddr,
    service: Service,
    how: How,
    /// Seconds from the beginning of the first window; it lasts 10 s.
    at: i64,
    bytes: u64,
}

fn inside(n: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, n).into()
}

fn outside(n: u8) -> IpAddr {
    Ipv4Addr::new(203, 0, 113, n).into()
}

fn contact(from: IpAddr, to: IpAddr, port: u16, how: How) -> Contact {
    Contact { from, to, service: Service { protocol: TCP, port }, how, at: 60, bytes: 60 }
}

/// Contacts of one host with ports 1, 2, … of another.
fn ports(from: IpAddr, to: IpAddr, ports: u16, how: How) -> Vec<Contact> {
    (1..=ports).map(|port| contact(from, to, port, how)).collect()
}

fn scope() -> Scope {
    Scope::new("123456789012", "eu-west-1")
}

/// Folds contacts into an hour as their rows would be.
fn hour(contacts: &[Contact]) -> HourAggregate {
    hour_seen_by(contacts, |contact| vec![contact.from, contact.to])
}

/// The same of logs that lack those of some interfaces so far.
fn hour_seen_by(contacts: &[Contact], ends: impl Fn(&Contact) -> Vec<IpAddr>) -> HourAggregate {
    let mut hour = HourAggregate::new(scope(), Hour::from_time(START), WindowLength::FIVE_MINUTES);
    for contact in contacts {
        let window = WindowLength::FIVE_MINUTES.start_of(START + contact.at);
        for own in ends(contact) {
            let Some(n) = own.to_string().strip_prefix("10.0.0.").map(str::to_owned) else { continue };
            let name = format!("eni-{n}");
            fold(&mut hour, window, &name, own, contact);
        }
    }
    hour.prune();
    hour
}

fn fold(hour: &mut HourAggregate, window: WindowStart, name: &str, own: IpAddr, contact: &Contact) {
    let interface = hour.windows.entry(window).or_default().interface(name);
    let (attempt, answered) = contact.how.rows();
    let answer = PairTotals { reply_rows: 1, ..PairTotals::default() };
    let span = Span { first: START + contact.at, last: START + contact.at + 10 };
    for (row, from_initiator) in [(Some(attempt), true), (answered.then_some(answer), false)] {
        let Some(row) = row else { continue };
        interface.totals.merge(InterfaceTotals { rows: 1, packets: 1, bytes: contact.bytes });
        for (host, peer, role) in
            [(contact.from, contact.to, Role::Initiator), (contact.to, contact.from, Role::Responder)]
        {
            let sends = from_initiator == (role == Role::Initiator);
            let exchange = if sends {
                PairTotals { packets_sent: 1, bytes_sent: contact.bytes, ..row }
            } else {
                PairTotals { packets_received: 1, bytes_received: contact.bytes, ..row }
            };
            let mut totals = HostTotals {
                attempt_rows: exchange.attempt_rows,
                opening_rows: exchange.opening_rows,
                reply_rows: exchange.reply_rows,
                rejected_rows: exchange.rejected_rows,
                half_open_rows: exchange.half_open_rows,
                packets_sent: exchange.packets_sent,
                packets_received: exchange.packets_received,
                bytes_sent: exchange.bytes_sent,
                bytes_received: exchange.bytes_received,
                ..HostTotals::default()
            };
            totals.count_slot(WindowLength::FIVE_MINUTES.slot_of(START + contact.at));
            let side = if host == own { Side::Internal } else { Side::Remote };
            // Beyond its cap an interface drops peers; its own address counts them all the same.
            if let Some(host) = interface.host(HostKey { host, role, side }) {
                host.fold(PairKey { peer, service: contact.service }, totals, exchange, span);
            }
        }
    }
}

/// What was found of a kind.
fn found(contacts: &[Contact], kind: Kind) -> Vec<(Subject, Hit)> {
    detect_partial_windows(&hour(contacts)).into_iter().filter(|(subject, _)| subject.kind == kind).collect()
}

fn scan(contacts: &[Contact]) -> Option<Hit> {
    let mut found = found(contacts, Kind::PortScan);
    assert!(found.len() <= 1, "one scanner, one window");
    found.pop().map(|(_, hit)| hit)
}

fn sweep(contacts: &[Contact]) -> Option<Hit> {
    let mut found = found(contacts, Kind::HostSweep);
    assert!(found.len() <= 1, "one sweeper, one window");
    found.pop().map(|(_, hit)| hit)
}

/// How much failed: what may only grow.
fn failed(facts: &Facts) -> u64 {
    match facts {
        Facts::PortScan { failed, .. } => *failed,
        Facts::HostSweep { hosts, .. } => *hosts,
        _ => 0,
    }
}
