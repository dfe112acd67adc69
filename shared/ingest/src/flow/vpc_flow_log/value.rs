//! One cell: a number, an address, an identifier. `-` is absent everywhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use weir_domain::reject::RejectReason;

/// What stands in a cell that has no value.
pub(crate) const ABSENT: &[u8] = b"-";

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell<T> {
    /// No value.
    Absent,
    /// This.
    Is(T),
    /// Something else than the field may hold.
    Bad,
}

/// The longest identifier that is kept; AWS's are below 40.
const LONGEST_IDENTIFIER: usize = 128;

/// Digits only, at most 19 of them.
#[inline]
pub(crate) fn number(cell: &[u8]) -> Cell<u64> {
    if cell == ABSENT {
        return Cell::Absent;
    }
    if cell.is_empty() || cell.len() > 19 {
        return Cell::Bad;
    }
    let mut value = 0u64;
    for &byte in cell {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Cell::Bad;
        }
        value = value * 10 + u64::from(digit);
    }
    Cell::Is(value)
}

/// An identifier as it is; empty when absent.
#[inline]
pub(crate) fn identifier(cell: &[u8]) -> Result<&str, RejectReason> {
    if cell == ABSENT {
        return Ok("");
    }
    if cell.len() > LONGEST_IDENTIFIER || !cell.iter().all(u8::is_ascii_graphic) {
        return Err(RejectReason::BadIdentifier);
    }
    str::from_utf8(cell).map_err(|_| RejectReason::BadIdentifier)
}

/// An address of either version.
#[inline]
pub(crate) fn address(cell: &[u8]) -> Cell<IpAddr> {
    if cell == ABSENT {
        return Cell::Absent;
    }
    ipv4(cell).map(IpAddr::V4).or_else(|| ipv6(cell)).map_or(Cell::Bad, Cell::Is)
}

/// Four decimal numbers up to 255, as RFC 6943 wants them: no leading zeros, which some readers take for octal.
#[inline]
fn ipv4(cell: &[u8]) -> Option<Ipv4Addr> {
    let (mut octets, mut part, mut digits, mut value) = ([0u8; 4], 0, 0, 0u32);
    for &byte in cell {
        if byte == b'.' {
            if digits == 0 || part == 3 {
                return None;
            }
            octets[part] = value as u8;
            (part, digits, value) = (part + 1, 0, 0);
        } else {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            if digit > 9 || (digits > 0 && value == 0) {
                return None;
            }
            value = value * 10 + digit;
            digits += 1;
            if value > 255 {
                return None;
            }
        }
    }
    octets[part] = value as u8;
    (part == 3 && digits > 0).then(|| octets.into())
}

/// IPv6; an IPv4 address mapped into IPv6 is that IPv4 address.
#[cold]
fn ipv6(cell: &[u8]) -> Option<IpAddr> {
    if cell.len() > 45 {
        return None;
    }
    let address: Ipv6Addr = str::from_utf8(cell).ok()?.parse().ok()?;
    Some(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ipv4_agrees_with_the_standard_library(text in "[0-9.]{0,16}|([0-9]{1,3}\\.){3}[0-9]{1,3}") {
            prop_assert_eq!(ipv4(text.as_bytes()), text.parse().ok());
        }

        #[test]
        fn numbers_agree_with_the_standard_library(text in "[0-9a-]{0,21}|[0-9]{18,20}") {
            let expected = match text.parse::<u64>() {
                Ok(value) if text.len() <= 19 => Cell::Is(value),
                _ if text == "-" => Cell::Absent,
                _ => Cell::Bad,
            };
            prop_assert_eq!(number(text.as_bytes()), expected);
        }
    }

    #[test]
    fn ipv6_and_mapped_ipv4() {
        assert_eq!(address(b"2001:db8::1"), Cell::Is("2001:db8::1".parse().unwrap()));
        assert_eq!(address(b"::ffff:10.0.0.1"), Cell::Is(Ipv4Addr::new(10, 0, 0, 1).into()));
        assert_eq!(address(b"-"), Cell::Absent);
        assert_eq!(address(b"fe80::1%eth0"), Cell::Bad);
        assert_eq!(address(b"\xff\xfe"), Cell::Bad);
    }
}
