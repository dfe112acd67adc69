//! Parses addresses, ports, counts and times of Zeek logs and CSV. VPC flow logs have their own, in `vpc_flow_log::value`.

use std::net::IpAddr;

use weir_domain::reject::RejectReason;

use super::conversation::MAX;

/// The end of the century: what lies beyond is no time of a flow.
const LAST_TIME: f64 = 4_102_444_800.0;

/// The longest text of an address or a number.
const MAX_LEN: usize = 45;

/// IPv4 without leading zeros (which some readers take for octal), or IPv6; IPv4 mapped into IPv6 is IPv4.
pub(super) fn address(text: &[u8]) -> Result<IpAddr, RejectReason> {
    short(text).and_then(|t| t.parse::<IpAddr>().ok()).map(|a| a.to_canonical()).ok_or(RejectReason::BadAddress)
}

/// A decimal number from 0 to 65535, or hexadecimal after `0x` (Argus writes ICMP's type and code so).
pub(super) fn port(text: &[u8]) -> Result<u16, RejectReason> {
    let hexadecimal = text.strip_prefix(b"0x").filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    let port = match hexadecimal {
        Some(digits) => str::from_utf8(digits).ok().and_then(|d| u16::from_str_radix(d, 16).ok()),
        None => count(text).ok().and_then(|n| n.try_into().ok()),
    };
    port.ok_or(RejectReason::BadPort)
}

/// A whole number; a fraction of zeros is no fraction.
pub(super) fn count(text: &[u8]) -> Result<u64, RejectReason> {
    let digits = match text.iter().position(|&b| b == b'.') {
        Some(at) if at > 0 && text[at + 1..].iter().all(|&b| b == b'0') => &text[..at],
        _ => text,
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(RejectReason::BadCount);
    }
    short(digits).and_then(|d| d.parse().ok()).filter(|&n| n <= MAX).ok_or(RejectReason::BadCount)
}

/// A finite number.
pub(super) fn number(text: &[u8]) -> Option<f64> {
    short(text)?.parse().ok().filter(|n: &f64| n.is_finite())
}

/// The whole second of a time.
pub(super) fn second(time: f64) -> Result<i64, RejectReason> {
    if (0.0..LAST_TIME).contains(&time) { Ok(time.floor() as i64) } else { Err(RejectReason::BadTime) }
}

fn short(text: &[u8]) -> Option<&str> {
    if text.len() > MAX_LEN { None } else { str::from_utf8(text).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses() {
        assert_eq!(address(b"2001:db8::1"), Ok("2001:db8::1".parse().unwrap()));
        assert_eq!(address(b"::ffff:10.0.0.1"), Ok("10.0.0.1".parse().unwrap()));
        for bad in [&b"10.0.0.01"[..], b"10.0.0", b"fe80::1%eth0", b"\xff\xfe", b"", b" 10.0.0.1"] {
            assert_eq!(address(bad), Err(RejectReason::BadAddress), "{bad:?}");
        }
    }

    #[test]
    fn ports_and_counts() {
        assert_eq!([port(b"443"), port(b"0xc0a8"), port(b"0x000b")], [Ok(443), Ok(49320), Ok(11)]);
        for bad in [&b"65536"[..], b"-1", b"0x", b"0x10000", b"0x+1", b"+1", b"", b"4 "] {
            assert_eq!(port(bad), Err(RejectReason::BadPort), "{bad:?}");
        }
        assert_eq!([count(b"7"), count(b"7.0"), count(b"7.")], [Ok(7), Ok(7), Ok(7)]);
        for bad in [&b"7.5"[..], b"-7", b"+7", b"", b".0", b"9223372036854775808", b"NaN", b"1e3"] {
            assert_eq!(count(bad), Err(RejectReason::BadCount), "{bad:?}");
        }
    }

    #[test]
    fn times_are_finite_and_of_this_century() {
        assert_eq!([second(0.0), second(1.9), second(4_102_444_799.9)], [Ok(0), Ok(1), Ok(4_102_444_799)]);
        for bad in [-0.1, 4_102_444_800.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(second(bad), Err(RejectReason::BadTime), "{bad}");
        }
        for bad in [&b"nan"[..], b"inf", b"-infinity", b"1e999", b"", b"1,5", b"\xff"] {
            assert_eq!(number(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_value_or_none(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = (address(&bytes), port(&bytes), count(&bytes));
            prop_assert!(number(&bytes).is_none_or(f64::is_finite));
        }
    }
}
