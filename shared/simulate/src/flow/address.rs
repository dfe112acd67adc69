//! Addresses of the internet. Every role has blocks of its own, so that nobody is by accident somebody else as well.
//!
//! They are drawn from public blocks because that is what detections take for the internet; whoever really has one has
//! nothing to do with what is simulated.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::random::hash;

const VISITORS: [u8; 8] = [24, 46, 62, 73, 82, 86, 92, 98];
const NOISE: [u8; 6] = [45, 71, 89, 94, 185, 193];
const SERVICES: [u8; 4] = [13, 34, 54, 151];
const SITES: [u8; 4] = [23, 104, 142, 172];
const PEOPLE: [u8; 2] = [81, 84];
const ATTACKERS: [u8; 6] = [5, 37, 51, 103, 141, 212];
const SPOOFED: [u8; 8] = [59, 67, 79, 88, 109, 114, 177, 201];

/// The storage service that everybody uses: the address of a gateway of S3.
pub(crate) const STORAGE: IpAddr = IpAddr::V4(Ipv4Addr::new(52, 216, 40, 17));

fn from_blocks(blocks: &[u8], bits: u64) -> IpAddr {
    let first = blocks.get(bits as usize % blocks.len()).copied().unwrap_or(198);
    let [_, b, c, d, ..] = bits.to_be_bytes();
    // 172.16/12 is private.
    let second = if first == 172 { 200 + b % 50 } else { b };
    IpAddr::V4(Ipv4Addr::new(first, second, c, 1 + d % 254))
}

/// A visitor of the web site.
pub(crate) fn visitor(seed: u64, number: u64) -> IpAddr {
    from_blocks(&VISITORS, hash(seed, "visitor", number))
}

/// A visitor of the web site that speaks IPv6.
pub(crate) fn visitor_v6(seed: u64, number: u64) -> IpAddr {
    let bits = u128::from(hash(seed, "visitor-v6", number));
    IpAddr::V6(Ipv6Addr::from((0x2a02_0908_u128 << 96) | ((bits >> 16) << 64) | (bits & 0xffff)))
}

/// One of the scanners that knock at every door of the internet.
pub(crate) fn noise(seed: u64, number: u64) -> IpAddr {
    from_blocks(&NOISE, hash(seed, "noise", number))
}

/// A service on the internet that the network uses, by its name.
pub(crate) fn service(seed: u64, name: &str) -> IpAddr {
    from_blocks(&SERVICES, hash(seed, name, 0))
}

/// A web site that people look at.
pub(crate) fn site(seed: u64, number: u64) -> IpAddr {
    from_blocks(&SITES, hash(seed, "site", number))
}

/// Somebody who works for, or with, whoever owns the network.
pub(crate) fn person(seed: u64, number: u64) -> IpAddr {
    from_blocks(&PEOPLE, hash(seed, "person", number))
}

/// An address of an attacker.
pub(crate) fn attacker(bits: u64) -> IpAddr {
    from_blocks(&ATTACKERS, bits)
}

/// One of the many sources of a distributed attack: spoofed, or infected machines.
pub(crate) fn spoofed(bits: u64) -> IpAddr {
    from_blocks(&SPOOFED, bits)
}
