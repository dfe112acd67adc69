//! Snappy, the raw format of Parquet's pages: literal bytes and copies of what came before.

/// Puts what `bytes` expand to into an empty buffer; `None` if they are damaged or expand to another size.
pub(super) fn expand(mut bytes: &[u8], size: usize, into: &mut Vec<u8>) -> Option<()> {
    if length(&mut bytes)? != size {
        return None;
    }
    while let Some((&tag, rest)) = bytes.split_first() {
        bytes = rest;
        let high = usize::from(tag >> 2);
        // The two low bits tell a literal from copies with offsets of one, two and four bytes.
        let (length, offset) = match tag & 3 {
            0 => {
                let length = if high < 60 { high } else { number(&mut bytes, high - 59)? };
                let literal = bytes.get(..length.checked_add(1)?)?;
                if literal.len() > size - into.len() {
                    return None;
                }
                into.extend_from_slice(literal);
                bytes = &bytes[literal.len()..];
                continue;
            }
            1 => ((high & 7) + 4, (high >> 3) << 8 | number(&mut bytes, 1)?),
            2 => (high + 1, number(&mut bytes, 2)?),
            _ => (high + 1, number(&mut bytes, 4)?),
        };
        if offset == 0 || offset > into.len() || length > size - into.len() {
            return None;
        }
        // A copy may reach into itself: then what it begins with is repeated.
        let (from, to) = (into.len() - offset, into.len() + length);
        while into.len() < to {
            let until = into.len().min(from + to - into.len());
            into.extend_from_within(from..until);
        }
    }
    (into.len() == size).then_some(())
}

/// The size at the beginning: seven bits a byte, the low ones first.
fn length(bytes: &mut &[u8]) -> Option<usize> {
    let mut length = 0;
    for shift in (0..35).step_by(7) {
        let byte = number(bytes, 1)?;
        length |= (byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(length);
        }
    }
    None
}

/// A number of one to four bytes.
fn number(bytes: &mut &[u8], width: usize) -> Option<usize> {
    let (head, rest) = bytes.split_at_checked(width)?;
    *bytes = rest;
    Some(head.iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn expanded(bytes: &[u8], size: usize) -> Option<Vec<u8>> {
        let mut into = Vec::new();
        expand(bytes, size, &mut into).map(|()| into)
    }

    #[test]
    fn literals_and_copies_of_each_kind() {
        assert_eq!(expanded(&[0], 0).unwrap(), b"");
        assert_eq!(expanded(&[3, 2 << 2, b'a', b'b', b'c'], 3).unwrap(), b"abc");
        // "ab", then eight bytes from two before: into itself.
        assert_eq!(expanded(&[10, 1 << 2, b'a', b'b', 4 << 2 | 1, 2], 10).unwrap(), b"ababababab");
        assert_eq!(expanded(&[5, 1 << 2, b'a', b'b', 2 << 2 | 2, 1, 0], 5).unwrap(), b"abbbb");
        assert_eq!(expanded(&[4, 1 << 2, b'a', b'b', 1 << 2 | 3, 2, 0, 0, 0], 4).unwrap(), b"abab");
        let long: Vec<u8> = (0..=255).cycle().take(70_000).collect();
        let coded = [&[0xf0, 0xa2, 0x04, 62 << 2, 0x6f, 0x11, 0x01][..], &long].concat();
        assert_eq!(expanded(&coded, 70_000).unwrap(), long);
    }

    #[test]
    fn damage_is_seen() {
        for (bytes, size) in [
            (&[][..], 0),
            (&[3, 2 << 2, b'a', b'b', b'c'], 4),
            (&[3, 2 << 2, b'a', b'b'], 3),
            (&[2, 2 << 2, b'a', b'b', b'c'], 2),
            (&[5, 1 << 2, b'a', b'b', 2 << 2 | 2, 0, 0], 5),
            (&[5, 1 << 2, b'a', b'b', 2 << 2 | 2, 3, 0], 5),
            (&[4, 1 << 2, b'a', b'b', 2 << 2 | 2, 1, 0], 4),
            (&[9, 63 << 2, 0xff, 0xff, 0xff, 0xff, 0], 9),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff], usize::MAX),
        ] {
            assert_eq!(expanded(bytes, size), None, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_end(mut bytes in prop::collection::vec(any::<u8>(), 0..100), size in 0u8..0x80) {
            bytes.insert(0, size);
            if let Some(whole) = expanded(&bytes, size.into()) {
                prop_assert_eq!(whole.len(), usize::from(size));
            }
        }
    }
}
