//! The Thrift compact protocol, as far as Parquet's metadata needs it.
//!
//! Every list element and every field takes at least one byte, no size is believed beyond the bytes there are, and
//! only [`Thrift::skip`] recurses, to a fixed depth: the time taken is in proportion to the bytes.

/// Bytes that are no Thrift, or end early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

type Parsed<T> = Result<T, Malformed>;

/// The type of a field or of a list's elements.
pub(super) type Kind = u8;

const BOOLEAN: std::ops::RangeInclusive<Kind> = 1..=2;
const INTEGERS: std::ops::RangeInclusive<Kind> = 4..=6;
const DOUBLE: Kind = 7;
const BINARY: Kind = 8;
const LISTS: std::ops::RangeInclusive<Kind> = 9..=10;
pub(super) const STRUCT: Kind = 12;

/// How deep structures that are skipped may be nested.
const MAX_DEPTH: u8 = 16;

/// A place in Thrift bytes.
pub(super) struct Thrift<'a> {
    bytes: &'a [u8],
    /// Bytes read so far.
    pub(super) read: usize,
}

impl<'a> Thrift<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, read: 0 }
    }

    /// Reads a structure: `each` is given every field with its number and type, and reads or skips it.
    pub(super) fn fields(&mut self, mut each: impl FnMut(&mut Self, i16, Kind) -> Parsed<()>) -> Parsed<()> {
        let mut number = 0i16;
        loop {
            let head = self.byte()?;
            let kind = head & 0x0f;
            if kind == 0 {
                return Ok(());
            }
            number = match head >> 4 {
                0 => i16::try_from(self.zigzag()?).map_err(|_| Malformed)?,
                step => number.checked_add(step.into()).ok_or(Malformed)?,
            };
            each(self, number, kind)?;
        }
    }

    /// Reads a structure that is a field, or an element of a list.
    pub(super) fn structure(&mut self, kind: Kind, each: impl FnMut(&mut Self, i16, Kind) -> Parsed<()>) -> Parsed<()> {
        if kind == STRUCT { self.fields(each) } else { Err(Malformed) }
    }

    /// The beginning of a list: the type of its elements and how many there are.
    pub(super) fn list(&mut self, kind: Kind) -> Parsed<(Kind, usize)> {
        if !LISTS.contains(&kind) {
            return Err(Malformed);
        }
        let head = self.byte()?;
        let size = match head >> 4 {
            15 => usize::try_from(self.varint()?).map_err(|_| Malformed)?,
            size => size.into(),
        };
        if size > self.bytes.len() - self.read { Err(Malformed) } else { Ok((head & 0x0f, size)) }
    }

    pub(super) fn integer(&mut self, kind: Kind) -> Parsed<i64> {
        if INTEGERS.contains(&kind) { self.zigzag() } else { Err(Malformed) }
    }

    /// A boolean field; its value is in its type.
    pub(super) fn boolean(kind: Kind) -> Parsed<bool> {
        if BOOLEAN.contains(&kind) { Ok(kind == 1) } else { Err(Malformed) }
    }

    pub(super) fn binary(&mut self, kind: Kind) -> Parsed<&'a [u8]> {
        if kind != BINARY {
            return Err(Malformed);
        }
        let length = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
        self.take(length)
    }

    /// Skips a field of any type.
    pub(super) fn skip(&mut self, kind: Kind) -> Parsed<()> {
        // A boolean field is its type alone.
        if BOOLEAN.contains(&kind) { Ok(()) } else { self.skip_value(kind, MAX_DEPTH) }
    }

    fn skip_value(&mut self, kind: Kind, depth: u8) -> Parsed<()> {
        if depth == 0 {
            return Err(Malformed);
        }
        match kind {
            1..=3 => self.take(1).map(drop),
            4..=6 => self.varint().map(drop),
            DOUBLE => self.take(8).map(drop),
            BINARY => self.binary(BINARY).map(drop),
            9..=10 => {
                let (element, size) = self.list(kind)?;
                (0..size).try_for_each(|_| self.skip_value(element, depth - 1))
            }
            STRUCT => self.fields(|thrift, _, kind| match kind {
                1..=2 => Ok(()),
                _ => thrift.skip_value(kind, depth - 1),
            }),
            // Maps do not occur in Parquet's metadata.
            _ => Err(Malformed),
        }
    }

    fn byte(&mut self) -> Parsed<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn take(&mut self, length: usize) -> Parsed<&'a [u8]> {
        let taken = self.bytes[self.read..].get(..length).ok_or(Malformed)?;
        self.read += length;
        Ok(taken)
    }

    fn varint(&mut self) -> Parsed<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    fn zigzag(&mut self) -> Parsed<i64> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_by_number_and_type() {
        // 1: i32 -3, 2: true, 20: "ab" (a long step), 21: list of two i64, 22: an empty structure, end.
        let bytes = [0x15, 5, 0x11, 0x08, 40, 2, b'a', b'b', 0x19, 0x26, 2, 4, 0x1c, 0, 0];
        let mut seen = Vec::new();
        let mut thrift = Thrift::new(&bytes);
        let read = thrift.fields(|thrift, number, kind| {
            seen.push(match number {
                1 => format!("1={}", thrift.integer(kind)?),
                2 => format!("2={}", Thrift::boolean(kind)?),
                20 => format!("20={:?}", thrift.binary(kind)?),
                _ => {
                    thrift.skip(kind)?;
                    number.to_string()
                }
            });
            Ok(())
        });
        assert_eq!((read, thrift.read), (Ok(()), bytes.len()));
        assert_eq!(seen, ["1=-3", "2=true", "20=[97, 98]", "21", "22"]);
    }

    #[test]
    fn sizes_and_depths_that_lie_are_refused() {
        let skip = |bytes: &[u8]| Thrift::new(bytes).fields(|thrift, _, kind| thrift.skip(kind));
        assert_eq!(skip(&[0x19, 0xf6, 0xff, 0xff, 0xff, 0x0f, 0]), Err(Malformed), "a list of 32 million");
        assert_eq!(skip(&[0x18, 0xff, 0xff, 0xff, 0x0f, 0]), Err(Malformed), "a long text");
        assert_eq!(skip(&vec![0x1c; 100_000]), Err(Malformed), "structures in structures");
        assert_eq!(skip(&vec![0x19; 100_000]), Err(Malformed), "lists in lists");
        assert_eq!(skip(&[0x15, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 0]), Err(Malformed));
        assert_eq!(skip(&[]), Err(Malformed));
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Thrift::new(&bytes).fields(|thrift, _, kind| thrift.skip(kind));
        }
    }
}
