//! Folds flow records into aggregates of windows.

use rustc_hash::FxHashMap;
use weir_domain::aggregate::{
    HostKey, HostTotals, HourAggregate, InterfaceTotals, PairKey, PairTotals, Role, Service, Side, Span,
};
use weir_domain::bounded::Merge;
use weir_domain::fixed;
use weir_domain::flow::{Action, Direction, FlowRecord, Sender};
use weir_domain::window::{Hour, Scope, WindowLength};

/// Folds flow records into hours of windows. The result does not depend on the order of the records.
#[derive(Debug)]
pub struct Folder {
    window_length: WindowLength,
    fallback: Scope,
    scopes: Vec<Scope>,
    hours: FxHashMap<(usize, Hour), HourAggregate>,
    rows: u64,
    longer_than_window: u64,
}

impl Folder {
    /// A folder for windows of a length. `fallback` replaces the account or region that rows do not name
    /// (a log in the default format names no region; the object's key does).
    #[must_use]
    pub fn new(window_length: WindowLength, fallback: Scope) -> Self {
        Self {
            window_length,
            fallback,
            scopes: Vec::new(),
            hours: FxHashMap::default(),
            rows: 0,
            longer_than_window: 0,
        }
    }

    /// Adds one record. O(1) amortised.
    pub fn fold(&mut self, record: &FlowRecord<'_>) {
        self.rows += 1;
        self.longer_than_window += u64::from(record.end - record.start > self.window_length.seconds());
        let start = self.window_length.start_of(record.start);
        let scope = self.scope_of(record);
        let hour = self
            .hours
            .entry((scope, start.hour()))
            .or_insert_with(|| HourAggregate::new(self.scopes[scope].clone(), start.hour(), self.window_length));
        let interface = hour.windows.entry(start).or_default().interface(record.interface);
        interface.totals.merge(InterfaceTotals { rows: 1, packets: record.packets, bytes: record.bytes });

        let row = Row::from_record(record, self.window_length.slot_of(record.start));
        for (end, key, peer) in row.ends(record) {
            if let Some(host) = interface.host(key) {
                host.fold(PairKey { peer, service: row.service }, row.totals(end), row.pair_totals(end), row.span);
            }
        }
        if let Some(host) = row.forwarded(record).and_then(|key| interface.host(key)) {
            host.record_forwarded(row.span);
        }
    }

    /// The index of a record's scope. The last scope is tried first.
    fn scope_of(&mut self, record: &FlowRecord<'_>) -> usize {
        let account = if record.account.is_empty() || record.account == Scope::UNKNOWN {
            self.fallback.account()
        } else {
            record.account
        };
        let region = if record.region.is_empty() { self.fallback.region() } else { record.region };
        if let Some(at) = self.scopes.iter().rposition(|s| s.account() == account && s.region() == region) {
            return at;
        }
        let scope = Scope::new(account, region);
        self.scopes.iter().position(|s| *s == scope).unwrap_or_else(|| {
            self.scopes.push(scope);
            self.scopes.len() - 1
        })
    }

    /// The number of records folded since the last [`Folder::take`], an upper bound on the size of the folder.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The number of all records that span more than a window.
    #[must_use]
    pub fn longer_than_window(&self) -> u64 {
        self.longer_than_window
    }

    /// Takes out the aggregates, capped, in order of scope and hour. The folder is empty afterwards.
    pub fn take(&mut self) -> Vec<HourAggregate> {
        self.rows = 0;
        let mut hours: Vec<_> = std::mem::take(&mut self.hours).into_values().collect();
        hours.iter_mut().for_each(HourAggregate::prune);
        hours.sort_unstable_by(|a, b| (&a.scope, a.hour).cmp(&(&b.scope, b.hour)));
        hours
    }
}

/// One of the two ends of a row: its sender or its receiver.
#[derive(Clone, Copy)]
struct End {
    sends: bool,
}

/// The counts of a row, before packets and bytes are assigned to its ends.
struct Row {
    sender: Sender,
    service: Service,
    span: Span,
    /// All sums but packets and bytes, which depend on the end.
    totals: HostTotals,
    unproven_rows: u64,
    packets: u64,
    bytes: u64,
}

impl Row {
    fn from_record(record: &FlowRecord<'_>, slot: usize) -> Self {
        let sender = record.sender();
        let responder_port = match sender {
            Sender::Initiator => record.destination_port,
            Sender::Responder => record.source_port,
        };
        let service = Service { protocol: record.protocol, port: if record.has_ports() { responder_port } else { 0 } };
        let attempt = sender == Sender::Initiator;
        let rejected = record.action == Action::Reject;
        let refusal = !attempt && record.refuses();
        let duration = (record.end - record.start).unsigned_abs();
        let size = fixed::log2(record.bytes);
        let mut totals = HostTotals {
            attempt_rows: attempt.into(),
            opening_rows: (attempt && record.opens()).into(),
            reply_rows: (!attempt && !refusal && !rejected).into(),
            refusal_rows: refusal.into(),
            rejected_rows: rejected.into(),
            half_open_rows: (attempt && record.half_open()).into(),
            duration_sum: duration,
            duration_squares: duration.saturating_mul(duration),
            size_log_sum: size,
            size_log_squares: size * size,
            ..HostTotals::default()
        };
        totals.count_slot(slot);
        Self {
            sender,
            service,
            span: Span { first: record.start, last: record.end },
            totals,
            unproven_rows: (attempt && record.unproven()).into(),
            packets: record.packets,
            bytes: record.bytes,
        }
    }

    /// The two ends, each with its key and the address of the other.
    fn ends(&self, record: &FlowRecord<'_>) -> [(End, HostKey, std::net::IpAddr); 2] {
        let (source_role, destination_role) = match self.sender {
            Sender::Initiator => (Role::Initiator, Role::Responder),
            Sender::Responder => (Role::Responder, Role::Initiator),
        };
        let (source_side, destination_side) = match record.direction {
            Some(Direction::Egress) => (Side::Internal, Side::Remote),
            Some(Direction::Ingress) => (Side::Remote, Side::Internal),
            None => (Side::Unknown, Side::Unknown),
        };
        [
            (
                End { sends: true },
                HostKey { host: record.source, role: source_role, side: source_side },
                record.destination,
            ),
            (
                End { sends: false },
                HostKey { host: record.destination, role: destination_role, side: destination_side },
                record.source,
            ),
        ]
    }

    /// The host outside whose traffic the interface forwards: the packet's address, where it differs from that of the end. That
    /// end is then the interface, and the packet is for, or from, another host. (Or for another address of the same interface,
    /// such as that of a pod. It then occurs nowhere else at this interface, and recording it has no effect.)
    fn forwarded(&self, record: &FlowRecord<'_>) -> Option<HostKey> {
        let side = if record.direction.is_some() { Side::Remote } else { Side::Unknown };
        let other = |packet: Option<std::net::IpAddr>, end| packet.filter(|address| *address != end);
        if let Some(host) = other(record.packet_destination, record.destination) {
            let role = if self.sender == Sender::Initiator { Role::Responder } else { Role::Initiator };
            return Some(HostKey { host, role, side });
        }
        let host = other(record.packet_source, record.source)?;
        let role = if self.sender == Sender::Initiator { Role::Initiator } else { Role::Responder };
        Some(HostKey { host, role, side })
    }

    fn totals(&self, end: End) -> HostTotals {
        let [(packets_sent, bytes_sent), (packets_received, bytes_received)] = self.traffic(end);
        HostTotals { packets_sent, packets_received, bytes_sent, bytes_received, ..self.totals }
    }

    fn pair_totals(&self, end: End) -> PairTotals {
        let [(packets_sent, bytes_sent), (packets_received, bytes_received)] = self.traffic(end);
        let t = &self.totals;
        PairTotals {
            attempt_rows: t.attempt_rows,
            opening_rows: t.opening_rows,
            reply_rows: t.reply_rows,
            refusal_rows: t.refusal_rows,
            rejected_rows: t.rejected_rows,
            half_open_rows: t.half_open_rows,
            unproven_rows: self.unproven_rows,
            packets_sent,
            packets_received,
            bytes_sent,
            bytes_received,
        }
    }

    /// The (packets, bytes) that an end sent and received.
    fn traffic(&self, end: End) -> [(u64, u64); 2] {
        let traffic = (self.packets, self.bytes);
        if end.sends { [traffic, (0, 0)] } else { [(0, 0), traffic] }
    }
}
