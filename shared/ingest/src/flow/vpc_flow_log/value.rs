//! Parses one cell of a flow log: a number, an address or an identifier. `-` is absent everywhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use weir_domain::reject::RejectReason;

/// The text of a cell without a value.
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
const MAX_IDENTIFIER_LEN: usize = 128;

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
    if cell.len() > MAX_IDENTIFIER_LEN || !is_graphic(cell) {
        return Err(RejectReason::BadIdentifier);
    }
    str::from_utf8(cell).map_err(|_| RejectReason::BadIdentifier)
}

/// Whether all bytes are graphic ASCII, looked at eight at a time, the last eight again with what is left.
#[inline]
fn is_graphic(cell: &[u8]) -> bool {
    let Some(last) = cell.last_chunk() else { return cell.iter().all(u8::is_ascii_graphic) };
    let all = |bytes: &[u8; 8]| {
        let word = u64::from_le_bytes(*bytes);
        // Above the blank, and below DEL and all that is not ASCII.
        !word.wrapping_add(each(0x80 - b'!')) | word.wrapping_add(each(1)) | word
    };
    cell.as_chunks().0.iter().fold(all(last), |bad, bytes| bad | all(bytes)) & each(0x80) == 0
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

/// The number in a piece of a line, as [`number`] reads it: eight digits at once where enough bytes precede its end.
#[inline]
pub(crate) fn number_at(line: &[u8], cell: Range<usize>) -> Cell<u64> {
    let quick = match cell.len() {
        digits @ 1..=8 => last_digits(line, cell.end, digits),
        digits @ 9..=16 => last_digits(line, cell.end - 8, digits - 8)
            .zip(last_digits(line, cell.end, 8))
            .map(|(high, low)| high * 100_000_000 + low),
        _ => None,
    };
    quick.map_or_else(|| number(&line[cell]), Cell::Is)
}

/// Every byte of a word the same.
const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The value of one to eight digits that end at a place; `None` if others are among them, or fewer than eight bytes before
/// the place. Neighbours are added pairwise (Lemire, "Quickly parsing eight digits", 2018).
#[inline]
fn last_digits(line: &[u8], end: usize, digits: usize) -> Option<u64> {
    let word = u64::from_le_bytes(*line.get(..end)?.last_chunk()?);
    // What stands before the digits becomes zeros.
    let before = 64 - 8 * digits as u32;
    let ones = (word ^ each(b'0')) >> before << before;
    if !are_digits(ones) {
        return None;
    }
    let twos = (ones.wrapping_mul(10 << 8 | 1) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (twos.wrapping_mul(100 << 16 | 1) >> 16) & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul(10_000 << 32 | 1) >> 32)
}

/// Whether all bytes are below 10.
#[inline]
fn are_digits(bytes: u64) -> bool {
    (bytes | bytes.wrapping_add(each(0x80 - 10))) & each(0x80) == 0
}

/// The address in a piece of a line, as [`address`] reads it: all of an IPv4 address at once where enough bytes follow its
/// beginning.
#[inline]
pub(crate) fn address_at(line: &[u8], cell: Range<usize>) -> Cell<IpAddr> {
    let bytes = line.get(cell.start..).and_then(<[u8]>::first_chunk);
    match bytes.and_then(|bytes| ipv4_in(bytes, cell.len())) {
        Some(quick) => Cell::Is(IpAddr::V4(quick)),
        None => address(&line[cell]),
    }
}

/// The IPv4 address in the first bytes of sixteen; `None` if it is none. Without a branch that depends on how long its
/// numbers are, since that cannot be predicted.
#[inline]
fn ipv4_in(bytes: &[u8; 16], length: usize) -> Option<Ipv4Addr> {
    if !(7..=15).contains(&length) {
        return None;
    }
    let [low, high] = [0, 8].map(|at| bytes[at..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word)));
    let dots = u32::from(byte_mask(b'.', low)) | u32::from(byte_mask(b'.', high)) << 8;
    // Where a number ends: at a dot, or behind the last byte.
    let mut ends = dots & ((1 << length) - 1) | 1 << length;
    let mut faults = u32::from(ends.count_ones() != 4);
    let (mut octets, mut from) = ([0; 4], 0);
    for octet in &mut octets {
        let to = ends.trailing_zeros();
        ends &= ends.wrapping_sub(1);
        let digits = to.wrapping_sub(from);
        // No place is beyond, but the compiler cannot know.
        let digit = |at: u32| u32::from(bytes[(at & 15) as usize] ^ b'0');
        let ones = digit(to.wrapping_sub(1));
        // Times 0 or 1 where an `if` would become a branch.
        let tens = digit(to.wrapping_sub(2)) * u32::from(digits > 1);
        let hundreds = digit(to.wrapping_sub(3)) * u32::from(digits > 2);
        let value = 100 * hundreds + 10 * tens + ones;
        // A zero at the beginning stands alone.
        let zero = u32::from(digit(from) == 0) & u32::from(digits > 1);
        let no_digit = u32::from(hundreds > 9) | u32::from(tens > 9) | u32::from(ones > 9);
        faults |= zero | no_digit | u32::from(digits.wrapping_sub(1) > 2) | u32::from(value > 255);
        *octet = value as u8;
        from = to + 1;
    }
    (faults == 0).then(|| octets.into())
}

/// A bit for each byte of a word, set if it is this one.
#[inline]
pub(super) fn byte_mask(byte: u8, word: u64) -> u8 {
    const LOW: u64 = each(0x7f);
    let others = word ^ each(byte);
    // The high bit of each byte that became zero, then all of them in the highest byte.
    let high = !(((others & LOW) + LOW) | others | LOW);
    ((high >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_stands_around_a_cell_does_not_matter(
            before in "[0-9. ]{0,20}",
            cell in "[0-9]{0,20}|[0-9.:-]{0,18}|([0-9]{1,4}\\.){3}[0-9]{1,3}|[ -~]{1,12}",
            after in "[0-9. ]{0,20}",
        ) {
            let line = format!("{before}{cell}{after}");
            let at = before.len()..before.len() + cell.len();
            prop_assert_eq!(number_at(line.as_bytes(), at.clone()), number(cell.as_bytes()));
            prop_assert_eq!(address_at(line.as_bytes(), at), address(cell.as_bytes()));
        }

        #[test]
        fn identifiers_are_graphic(mut cell in prop::collection::vec(b'!'..=b'~', 0..30), odd: u8, at in 0usize..30) {
            cell.iter_mut().skip(at).take(1).for_each(|byte| *byte = odd);
            prop_assert_eq!(is_graphic(&cell), cell.iter().all(u8::is_ascii_graphic));
        }

        #[test]
        fn addresses_are_read_at_once(octets in any::<[u8; 4]>()) {
            let address = Ipv4Addr::from(octets);
            let (text, length) = (format!("{address} and what follows"), address.to_string().len());
            prop_assert_eq!(text.as_bytes().first_chunk().and_then(|bytes| ipv4_in(bytes, length)), Some(address));
        }

        #[test]
        fn digits_are_read_at_once(value in 0u64..100_000_000) {
            let (text, digits) = (format!("12345678{value}"), value.to_string().len());
            prop_assert_eq!(last_digits(text.as_bytes(), text.len(), digits), Some(value));
        }

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
