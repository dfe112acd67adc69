//! A log file as AWS delivers it: its key, its text.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::IpAddr;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use weir_domain::window::utc_day;

use super::address::STORAGE;
use super::log::{Row, Status, Traffic};
use super::network::{ACCOUNT, Host, Network, REGION, ZONES, is_inside};
use crate::random::hash;

/// The header line: the fields of versions 2 to 5, in the order of
/// [AWS's documentation](https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html).
pub const FIELDS: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end \
                          action log-status vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region \
                          az-id sublocation-type sublocation-id pkt-src-aws-service pkt-dst-aws-service flow-direction \
                          traffic-path";

/// Five minutes of a flow log.
#[derive(Debug, Clone)]
pub struct LogFile {
    /// The object's key: `AWSLogs/ACCOUNT/vpcflowlogs/REGION/YYYY/MM/DD/….log.gz`.
    pub key: String,
    /// When its five minutes begin, seconds since the epoch.
    pub start: i64,
    /// Its rows, by end and interface.
    pub rows: Vec<Row>,
    pub(crate) writer: Arc<Writer>,
}

impl LogFile {
    /// Header and rows, a line each.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256 * (self.rows.len() + 1));
        out.extend_from_slice(FIELDS.as_bytes());
        out.push(b'\n');
        for row in &self.rows {
            self.writer.write(row, &mut out);
        }
        out
    }

    /// The text, compressed: the object's bytes.
    ///
    /// # Errors
    /// None are known; writing to memory does not fail.
    pub fn gzip(&self) -> io::Result<Vec<u8>> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::new(3));
        encoder.write_all(&self.text())?;
        encoder.finish()
    }
}

/// What is the same in all rows of an interface.
#[derive(Debug)]
struct Constant {
    head: Vec<u8>,
    place: Vec<u8>,
    zone: Vec<u8>,
    public: bool,
}

/// Writes rows of a network.
#[derive(Debug)]
pub(crate) struct Writer {
    constants: Vec<Constant>,
    seed: u64,
}

impl Writer {
    pub(crate) fn new(network: &Network, seed: u64) -> Self {
        let constant = |host: &Host| Constant {
            head: format!("5 {ACCOUNT} {} ", host.interface).into_bytes(),
            place: format!("{} {} {} ", network.vpc, host.subnet, host.instance.as_deref().unwrap_or("-")).into_bytes(),
            zone: format!("{REGION} {} - - ", ZONES.get(usize::from(host.zone)).unwrap_or(&"-")).into_bytes(),
            public: host.tier.is_public(),
        };
        Self { constants: network.hosts.iter().map(constant).collect(), seed }
    }

    /// The key of the file that begins at a time (seconds).
    pub(crate) fn key(&self, start: i64) -> String {
        let day = utc_day(start);
        let log = hash(self.seed, "flow-log", 0);
        let minute = start.rem_euclid(86_400) / 60;
        let mut key = format!("AWSLogs/{ACCOUNT}/vpcflowlogs/{REGION}/{}/", day.replace('-', "/"));
        let _ = write!(
            key,
            "{ACCOUNT}_vpcflowlogs_{REGION}_fl-0{log:016x}_{}T{:02}{:02}Z_{:08x}.log.gz",
            day.replace('-', ""),
            minute / 60,
            minute % 60,
            hash(self.seed, "file", start as u64) as u32
        );
        key
    }

    fn write(&self, row: &Row, out: &mut Vec<u8>) {
        let Some(constant) = self.constants.get(usize::from(row.host)) else { return };
        out.extend_from_slice(&constant.head);
        match &row.status {
            Status::Ok(seen) => flow(row, seen, constant, out),
            status => {
                out.extend_from_slice(b"- - - - - - - ");
                number(row.start as u64, out);
                number(row.end as u64, out);
                out.extend_from_slice(if *status == Status::NoData { b"- NODATA " } else { b"- SKIPDATA " });
                out.extend_from_slice(&constant.place);
                out.extend_from_slice(b"- - - - ");
                out.extend_from_slice(&constant.zone);
                out.extend_from_slice(b"- - - -\n");
            }
        }
    }
}

fn flow(row: &Row, seen: &Traffic, constant: &Constant, out: &mut Vec<u8>) {
    address(seen.ends.0, out);
    address(seen.ends.1, out);
    for value in [seen.ports.0, seen.ports.1, u16::from(seen.protocol)] {
        number(u64::from(value), out);
    }
    for value in [seen.volume.packets, seen.volume.bytes, row.start as u64, row.end as u64] {
        number(value, out);
    }
    out.extend_from_slice(if seen.accepted { b"ACCEPT OK " } else { b"REJECT OK " });
    out.extend_from_slice(&constant.place);
    number(u64::from(seen.flags), out);
    out.extend_from_slice(if seen.ends.0.is_ipv4() { b"IPv4 " } else { b"IPv6 " });
    address(seen.packet.0, out);
    address(seen.packet.1, out);
    out.extend_from_slice(&constant.zone);
    for end in [seen.packet.0, seen.packet.1] {
        out.extend_from_slice(if end == STORAGE { b"S3 " } else { b"- " });
    }
    out.extend_from_slice(match (seen.egress, seen.ends.1) {
        (false, _) => b"ingress -\n",
        // 8: through an internet gateway. 1: through another resource of the same VPC, as a NAT gateway is.
        (true, IpAddr::V4(to)) if is_inside(to) || !constant.public => b"egress 1\n",
        (true, IpAddr::V6(to)) if to.segments().starts_with(&[0x2600, 0x1f18]) => b"egress 1\n",
        (true, _) => b"egress 8\n",
    });
}

/// A number and a space.
fn number(mut value: u64, out: &mut Vec<u8>) {
    let mut digits = [b' '; 21];
    let mut first = 20;
    for digit in digits.iter_mut().take(20).rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
        first -= 1;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(first..).unwrap_or_default());
}

/// An address and a space.
fn address(address: IpAddr, out: &mut Vec<u8>) {
    match address {
        IpAddr::V4(address) => {
            for octet in address.octets() {
                number(u64::from(octet), out);
                if let Some(last) = out.last_mut() {
                    *last = b'.';
                }
            }
            if let Some(last) = out.last_mut() {
                *last = b' ';
            }
        }
        // Writing to memory does not fail.
        IpAddr::V6(address) => drop(write!(out, "{address} ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_addresses_are_written_as_they_are() {
        let mut out = Vec::new();
        for value in [0, 7, 10, 65_535, u64::MAX] {
            number(value, &mut out);
        }
        for text in ["10.60.0.255", "2600:1f18:2a6::1"] {
            address(text.parse().unwrap(), &mut out);
        }
        assert_eq!(String::from_utf8(out).unwrap(), "0 7 10 65535 18446744073709551615 10.60.0.255 2600:1f18:2a6::1 ");
    }

    #[test]
    fn keys_are_those_of_aws() {
        let writer = Writer::new(&Network::new(1, 30, 0), 1);
        let key = writer.key(1_741_089_900);
        let (folder, name) = key.rsplit_once('/').unwrap();
        assert_eq!(folder, "AWSLogs/123456789012/vpcflowlogs/us-east-1/2025/03/04");
        let parts: Vec<_> = name.split('_').collect();
        assert_eq!(&parts[..3], ["123456789012", "vpcflowlogs", "us-east-1"]);
        assert!(parts[3].starts_with("fl-0") && parts[3].len() == 20 && parts[5].len() == 8 + ".log.gz".len());
        assert_eq!(parts[4], "20250304T1205Z");
    }
}
