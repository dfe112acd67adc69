//! Flow logs for tests: generated networks with planted scans and sweeps, and real logs if they are present.
//!
//! Hosts 10.0.0.n are monitored: their traffic is logged at their interface `eni-n`, at both ends if both are monitored. All
//! other hosts are on the internet. The same seed gives the same logs.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;

/// A log object: its name and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The key, as AWS names objects.
    pub name: String,
    /// Header and rows.
    pub text: String,
}

/// The fields of a generated log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Fields with TCP flags and direction.
    Detailed,
    /// Version 2, the default of AWS, without flags, direction and region.
    Default,
}

/// Header of [`Format::Detailed`].
pub const DETAILED: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action tcp-flags flow-direction region log-status";
/// Header of [`Format::Default`].
pub const DEFAULT: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";

/// 2023-11-14 00:00 UTC.
pub const MIDNIGHT: i64 = 1_699_920_000;

/// A monitored host.
#[must_use]
pub fn own(n: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, n)
}

/// A host on the internet.
#[must_use]
pub fn stranger(n: u8) -> Ipv4Addr {
    Ipv4Addr::new(203, 0, 113, n)
}

/// A seeded generator of pseudo-random numbers (`SplitMix64`).
#[derive(Debug, Clone)]
pub struct Seeded(pub u64);

impl Seeded {
    /// A number below a limit.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit.max(1)
    }

    /// Shuffles items.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for i in (1..things.len()).rev() {
            things.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

/// The outcome of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Security groups of the receiver rejected it.
    Stopped,
    /// The receiver answered with a RST.
    Refused,
    /// The receiver did not answer.
    Ignored,
}

/// One row, before it is written in a format.
#[derive(Debug, Clone, Copy)]
struct Row {
    at: Ipv4Addr,
    source: (Ipv4Addr, u16),
    destination: (Ipv4Addr, u16),
    protocol: u8,
    packets: u64,
    bytes: u64,
    start: i64,
    stopped: bool,
    flags: u8,
}

impl Row {
    fn line(&self, format: Format) -> String {
        let interface = self.at.octets()[3];
        let ((source, from), (destination, to)) = (self.source, self.destination);
        let action = if self.stopped { "REJECT" } else { "ACCEPT" };
        let (protocol, packets, bytes) = (self.protocol, self.packets, self.bytes);
        let (start, end) = (self.start, self.start + 20);
        let head = format!(
            "123456789012 eni-{interface} {source} {destination} {from} {to} {protocol} {packets} {bytes} {start} {end} {action}"
        );
        match format {
            Format::Default => format!("2 {head} OK\n"),
            Format::Detailed => {
                let direction = if self.at == source { "egress" } else { "ingress" };
                format!("5 {head} {} {direction} eu-west-1 OK\n", self.flags)
            }
        }
    }
}

/// The rows of a network.
#[derive(Debug, Clone, Default)]
pub struct Network {
    rows: Vec<Row>,
}

impl Network {
    /// Adds normal traffic of hosts 1 to `hosts` for some hours: DNS queries, web pages, requests to the next host.
    #[must_use]
    pub fn at_work(hosts: u8, start: i64, hours: i64, seed: u64) -> Self {
        let (mut network, mut seeded) = (Self::default(), Seeded(seed));
        for minute in 0..hours * 60 {
            for host in 1..=hosts {
                let time = start + minute * 60 + seeded.below(40) as i64;
                match (minute + i64::from(host)) % 5 {
                    0 => network.talk(own(host), stranger(53), (17, 53), (1, 80), (1, 200), time),
                    1 | 2 => {
                        for _ in 0..=seeded.below(4) {
                            let (sent, got) = (500 + seeded.below(3000), 2000 + seeded.below(60_000));
                            let server = stranger(100 + seeded.below(20) as u8);
                            network.talk(own(host), server, (6, 443), (12, sent), (40, got), time);
                        }
                    }
                    3 => {
                        let (next, got) = (own(host % hosts + 1), 1000 + seeded.below(300));
                        network.talk(own(host), next, (6, 5432), (8, 900), (9, got), time);
                    }
                    _ => {}
                }
            }
        }
        network
    }

    /// Adds a successful conversation: (protocol, port), then (packets, bytes) in each direction.
    pub fn talk(
        &mut self,
        client: Ipv4Addr,
        server: Ipv4Addr,
        service: (u8, u16),
        there: (u64, u64),
        back: (u64, u64),
        start: i64,
    ) {
        let flags = if service.0 == 6 { [3, 19] } else { [0, 0] };
        let (client_end, server_end) = ((client, 40_000 + (start % 20_000) as u16), (server, service.1));
        for (source, destination, (packets, bytes), flags) in
            [(client_end, server_end, there, flags[0]), (server_end, client_end, back, flags[1])]
        {
            let row = Row {
                at: client,
                source,
                destination,
                protocol: service.0,
                packets,
                bytes,
                start,
                stopped: false,
                flags,
            };
            self.log(row);
        }
    }

    /// Adds a failed TCP attempt, or an unanswered ping (port 0).
    pub fn attempt(&mut self, from: Ipv4Addr, to: Ipv4Addr, port: u16, outcome: Outcome, start: i64) {
        let (protocol, bytes, flags) = if port == 0 { (1, 84, 0) } else { (6, 60, 2) };
        let from_port = if port == 0 { 0 } else { 55_555 };
        let (source, destination) = ((from, from_port), (to, port));
        let stopped = outcome == Outcome::Stopped;
        self.log(Row { at: from, source, destination, protocol, packets: 1, bytes, start, stopped, flags });
        if outcome == Outcome::Refused && port > 0 {
            let (source, destination) = (destination, source);
            self.log(Row { at: from, source, destination, protocol, packets: 1, bytes: 40, start, stopped, flags: 4 });
        }
    }

    /// Logs a row at each monitored end. The sender's security groups accept what the receiver's reject.
    fn log(&mut self, row: Row) {
        for at in [row.source.0, row.destination.0] {
            if at.octets()[0] == 10 {
                let stopped = row.stopped && at == row.destination.0;
                self.rows.push(Row { at, stopped, ..row });
            }
        }
    }

    /// Adds scans, sweeps and similar benign traffic from a time on. Hosts 1 to 30 are monitored.
    pub fn plant(&mut self, start: i64) {
        // Through three windows, stopped at the border.
        for port in 1..=60 {
            self.attempt(stranger(1), own(2), port, Outcome::Stopped, start + i64::from(port) * 14);
        }
        // From inside, refused; both ends log it.
        for port in 1..=40 {
            self.attempt(own(3), own(4), 1000 + port, Outcome::Refused, start + 3600 + i64::from(port));
        }
        // All monitored hosts at one port, some let through, and again after a pause that makes it another finding.
        for host in 1..=30 {
            let outcome = if host % 3 == 0 { Outcome::Ignored } else { Outcome::Stopped };
            self.attempt(stranger(2), own(host), 3389, outcome, start + 1850 + i64::from(host));
            self.attempt(stranger(2), own(host), 3389, outcome, start + 9000 + i64::from(host));
        }
        // A ping sweep of the internet from inside.
        for host in 60..=99 {
            self.attempt(own(5), stranger(host), 0, Outcome::Ignored, start + 7000);
        }
        // Too few ports for a scan in any window, and too few hosts for a sweep.
        for port in 1..=27 {
            self.attempt(stranger(3), own(6), port, Outcome::Stopped, start + i64::from(port) * 100);
        }
        for host in 1..=24 {
            self.attempt(stranger(4), own(host), 22, Outcome::Stopped, start + 5000);
        }
        // Longer than a finding may last: a few ports every 20 minutes for 27 hours.
        for step in 0..81 {
            for port in 1..=11 {
                self.attempt(stranger(5), own(7), port, Outcome::Stopped, start + step * 1200);
            }
        }
    }

    /// The rows as objects of ten minutes and every third interface, because AWS delivers some of a VPC's interfaces per
    /// object.
    #[must_use]
    pub fn objects(&self, format: Format) -> Vec<Object> {
        let mut texts: BTreeMap<(i64, u8), String> = BTreeMap::new();
        for row in &self.rows {
            let slice = row.start.div_euclid(600) * 600;
            *texts.entry((slice, row.at.octets()[3] % 3)).or_default() += &row.line(format);
        }
        let header = if format == Format::Detailed { DETAILED } else { DEFAULT };
        let object = |((slice, part), rows): ((i64, u8), String)| Object {
            name: format!("AWSLogs/123456789012/vpcflowlogs/eu-west-1/{slice}_{part}.log.gz"),
            text: format!("{header}\n{rows}"),
        };
        texts.into_iter().map(object).collect()
    }
}

/// Compresses text with gzip.
///
/// # Panics
/// Never: memory takes every byte.
#[must_use]
pub fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).expect("memory takes every byte");
    encoder.finish().expect("memory takes every byte")
}

/// A folder of real logs beside the project; `None`, with a message, if there is none.
#[must_use]
pub fn real(set: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/flows").join(set);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: there are no logs in {}", folder.display());
    None
}

/// The flow logs bundled with the project: an infected camera and its neighbours (see the README there).
#[must_use]
pub fn bundled() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/iot23-34-1")
}

/// The log files below a folder, by name.
///
/// # Panics
/// When the folder cannot be read.
#[must_use]
pub fn files(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in folder.read_dir().expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "gz") {
            found.push(path);
        }
    }
    found.sort();
    found
}
