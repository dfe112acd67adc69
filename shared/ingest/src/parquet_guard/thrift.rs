//! Walks structures in the Thrift compact protocol, as Parquet writes them, without keeping any of them.
//!
//! The Parquet crate allocates what these structures claim; they are walked first to see what they claim.

use std::io::{self, Read};

/// An event of a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// A field of a type, as the protocol numbers them; its value comes after.
    Field(u8),
    /// An integer.
    Number(i64),
    /// A list begins.
    List,
    /// A structure that is an element of a list begins.
    Element,
}

/// Structures within structures, at most; Parquet's own go eight deep.
const MAX_DEPTH: usize = 32;

/// Walks one structure and calls back with the ids of the fields that lead to each event. Lists do not count among them.
pub(super) fn walk(input: &mut impl Read, visit: &mut dyn FnMut(&[i16], Event)) -> io::Result<()> {
    Walk { input, visit, path: Vec::new() }.structure()
}

struct Walk<'w, R> {
    input: &'w mut R,
    visit: &'w mut dyn FnMut(&[i16], Event),
    path: Vec<i16>,
}

impl<R: Read> Walk<'_, R> {
    fn structure(&mut self) -> io::Result<()> {
        if self.path.len() >= MAX_DEPTH {
            return Err(damaged());
        }
        let mut last = 0_i16;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Ok(());
            }
            let id = match head >> 4 {
                0 => i16::try_from(self.zigzag()?).map_err(|_| damaged())?,
                step => last.checked_add(step.into()).ok_or_else(damaged)?,
            };
            last = id;
            self.path.push(id);
            (self.visit)(&self.path, Event::Field(head & 15));
            match head & 15 {
                // In a field, the type of a Boolean is its value.
                1 | 2 => {}
                kind => self.value(kind)?,
            }
            self.path.pop();
        }
    }

    fn value(&mut self, kind: u8) -> io::Result<()> {
        match kind {
            1..=3 => self.skip(1),
            4..=6 => {
                let number = self.zigzag()?;
                (self.visit)(&self.path, Event::Number(number));
                Ok(())
            }
            7 => self.skip(8),
            8 => {
                let length = self.varint()?;
                self.skip(length)
            }
            9 | 10 => self.list(),
            12 => self.structure(),
            // Maps and what has no number: Parquet has none.
            _ => Err(damaged()),
        }
    }

    fn list(&mut self) -> io::Result<()> {
        (self.visit)(&self.path, Event::List);
        let head = self.byte()?;
        let length = match head >> 4 {
            15 => self.varint()?,
            length => length.into(),
        };
        // Parquet's footers and page headers have no lists of Booleans, and the crate does not read them as Thrift has them.
        if matches!(head & 15, 1 | 2) {
            return Err(damaged());
        }
        for _ in 0..length {
            if head & 15 == 12 {
                (self.visit)(&self.path, Event::Element);
            }
            self.value(head & 15)?;
        }
        Ok(())
    }

    fn zigzag(&mut self) -> io::Result<i64> {
        let number = self.varint()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn varint(&mut self) -> io::Result<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(damaged())
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.input.read_exact(&mut byte)?;
        Ok(byte[0])
    }

    fn skip(&mut self, length: u64) -> io::Result<()> {
        let skipped = io::copy(&mut self.input.by_ref().take(length), &mut io::sink())?;
        if skipped == length { Ok(()) } else { Err(damaged()) }
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a structure that is none")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(bytes: &[u8]) -> io::Result<Vec<(Vec<i16>, Event)>> {
        let mut events = Vec::new();
        walk(&mut &*bytes, &mut |path, event| {
            if !matches!(event, Event::Field(_)) {
                events.push((path.to_vec(), event));
            }
        })?;
        Ok(events)
    }

    #[test]
    fn fields_are_found_by_their_ids() {
        // {1: i32 -2, 3: true, 4: "ab", 6: [{1: i64 300}, {}], 40 (long form): {2: byte}}
        let bytes = [0x15, 3, 0x21, 0x18, 2, b'a', b'b', 0x29, 0x2c, 0x16, 0xd8, 0x04, 0, 0, 0x0c, 80, 0x23, 9, 0, 0];
        let expected = [
            (vec![1], Event::Number(-2)),
            (vec![6], Event::List),
            (vec![6], Event::Element),
            (vec![6, 1], Event::Number(300)),
            (vec![6], Event::Element),
        ];
        assert_eq!(events(&bytes).unwrap(), expected);
        for end in 0..bytes.len() {
            assert!(events(&bytes[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn what_is_too_deep_too_long_or_unknown_is_damaged() {
        assert!(events(&[0x1c; 1000]).is_err(), "structures in structures");
        assert!(events(&[0x19; 1000]).is_err(), "lists in lists");
        assert!(events(&[0x18, 0xff, 0xff, 0xff, 0xff, 0x0f, 0]).is_err(), "a text of 4 GiB");
        assert!(events(&[0x15, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]).is_err());
        assert!(events(&[0x1d, 0]).is_err());
        assert!(events(&[0x19, 0x21, 1, 1, 0]).is_err(), "a list of Booleans");
    }
}
