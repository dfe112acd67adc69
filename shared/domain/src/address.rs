//! Classifies addresses as private or public, for the detections and for usage by provider.

use std::net::IpAddr;

/// Whether an address is used inside networks only: RFC 1918, shared address space (RFC 6598), link-local, or IPv6 unique
/// local addresses. Loopback and multicast addresses are not private.
#[must_use]
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_private() || v4.is_link_local() || (v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64)
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Whether an address can be that of a host on the internet: not [private](is_private), multicast, broadcast, loopback or
/// unspecified.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    let is_broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    let is_no_host = address.is_multicast() || address.is_unspecified() || address.is_loopback() || is_broadcast;
    !is_no_host && !is_private(address)
}

/// Whether an address is reserved, so that no provider can own it: private, loopback or multicast, or in 0.0.0.0/8 or
/// 255.0.0.0/8. An IPv4-mapped IPv6 address is classified as IPv4, which [`is_private`] does not do.
#[must_use]
pub fn is_reserved(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let is_reserved_block = match address {
        IpAddr::V4(v4) => matches!(v4.octets()[0], 0 | 255),
        IpAddr::V6(v6) => v6.is_unspecified(),
    };
    is_private(address) || address.is_loopback() || address.is_multicast() || is_reserved_block
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(is: fn(IpAddr) -> bool, yes: &[&str], no: &[&str]) {
        for (texts, expected) in [(yes, true), (no, false)] {
            for text in texts {
                assert_eq!(is(text.parse().unwrap()), expected, "{text}");
            }
        }
    }

    #[test]
    fn private_addresses() {
        let yes = ["10.0.0.1", "172.31.0.1", "192.168.1.1", "169.254.0.1", "100.64.0.1", "100.127.255.255", "fd00::1"];
        check(is_private, &yes, &["100.128.0.1", "127.0.0.1", "8.8.8.8", "::ffff:10.0.0.1", "2001:db8::1"]);
        check(is_private, &["fe80::1"], &["224.0.0.1"]);
    }

    #[test]
    fn public_addresses() {
        let no =
            ["10.0.0.1", "224.0.0.1", "255.255.255.255", "127.0.0.1", "0.0.0.0", "::", "::1", "ff02::1", "fd00::1"];
        check(is_public, &["8.8.8.8", "0.1.2.3", "255.0.0.1", "2001:db8::1"], &no);
    }

    #[test]
    fn reserved_addresses() {
        let yes =
            ["10.0.0.1", "::ffff:10.0.0.1", "0.1.2.3", "255.0.0.1", "127.0.0.1", "224.0.0.1", "::", "::1", "ff02::1"];
        check(is_reserved, &yes, &["8.8.8.8", "100.128.0.1", "2001:db8::1"]);
        check(is_reserved, &["100.64.0.1", "169.254.0.1", "fd00::1", "fe80::1"], &["::ffff:8.8.8.8"]);
    }
}
