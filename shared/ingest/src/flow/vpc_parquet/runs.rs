//! Decodes runs of small numbers, which Parquet uses for nulls and for dictionary indices.
//!
//! A run is one number repeated, or groups of eight packed bit by bit, the low bits first.

/// A place in runs of numbers of one width.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// Where the next run or the rest of a packed one begins.
    at: usize,
    end: usize,
    /// Bits of a number, at most 32.
    width: u32,
    run: Run,
}

#[derive(Debug, Default)]
enum Run {
    #[default]
    None,
    Repeated {
        value: u32,
        left: usize,
    },
    Packed {
        /// The next number's first bit, counted from the first bit of the page.
        bit: usize,
        left: usize,
    },
}

/// Runs that end early or are malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadRuns;

impl Runs {
    /// Runs in `page[at..end]`.
    pub(super) fn new(at: usize, end: usize, width: u8) -> Result<Self, BadRuns> {
        if width > 32 { Err(BadRuns) } else { Ok(Self { at, end, width: width.into(), run: Run::None }) }
    }

    /// Fills `into` with the next numbers.
    pub(super) fn read(&mut self, page: &[u8], mut into: &mut [u32]) -> Result<(), BadRuns> {
        if self.width == 0 {
            // Nothing but zeros: there need not be runs at all.
            into.fill(0);
            return Ok(());
        }
        let page = page.get(..self.end).ok_or(BadRuns)?;
        while !into.is_empty() {
            let taken = match &mut self.run {
                Run::Repeated { value, left } if *left > 0 => {
                    let count = into.len().min(*left);
                    into[..count].fill(*value);
                    *left -= count;
                    count
                }
                Run::Packed { bit, left } if *left > 0 => {
                    let count = into.len().min(*left);
                    unpack(page, *bit, self.width, &mut into[..count])?;
                    *bit += count * self.width as usize;
                    *left -= count;
                    count
                }
                _ => {
                    self.begin(page)?;
                    0
                }
            };
            into = &mut into[taken..];
        }
        Ok(())
    }

    /// Reads the head of a run.
    fn begin(&mut self, page: &[u8]) -> Result<(), BadRuns> {
        let mut head = 0u64;
        for shift in (0..35).step_by(7) {
            let byte = *page.get(self.at).ok_or(BadRuns)?;
            self.at += 1;
            head |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            } else if shift == 28 {
                return Err(BadRuns);
            }
        }
        let count = (head >> 1) as usize;
        if head & 1 == 0 {
            let bytes = page.get(self.at..self.at + self.width.div_ceil(8) as usize).ok_or(BadRuns)?;
            self.at += bytes.len();
            let value = bytes.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte));
            if u64::from(value) >> self.width != 0 {
                return Err(BadRuns);
            }
            self.run = Run::Repeated { value, left: count };
        } else {
            // Writers may leave off what follows the last number; numbers beyond the page are seen when unpacked.
            let bytes = count.saturating_mul(self.width as usize);
            self.run = Run::Packed { bit: self.at * 8, left: count.saturating_mul(8) };
            self.at = self.at.saturating_add(bytes).min(page.len());
        }
        Ok(())
    }
}

/// Unpacks numbers from a bit on.
fn unpack(page: &[u8], mut bit: usize, width: u32, into: &mut [u32]) -> Result<(), BadRuns> {
    let mask = u64::MAX >> (64 - width);
    let last = bit + into.len() * width as usize;
    if last > page.len() * 8 {
        return Err(BadRuns);
    }
    for number in into {
        let (byte, shift) = (bit / 8, bit % 8);
        // Eight bytes hold 32 bits wherever they begin; near the end of the page there are fewer, and they suffice.
        let word = match page[byte..].first_chunk() {
            Some(&word) => u64::from_le_bytes(word),
            None => page[byte..].iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
        };
        *number = (word >> shift & mask) as u32;
        bit += width as usize;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8], width: u8, count: usize) -> Result<Vec<u32>, BadRuns> {
        let mut into = vec![9; count];
        Runs::new(0, bytes.len(), width)?.read(bytes, &mut into)?;
        Ok(into)
    }

    #[test]
    fn repeated_and_packed() {
        assert_eq!(read(&[6, 1], 1, 3), Ok(vec![1, 1, 1]));
        assert_eq!(read(&[4, 0x34, 0x12], 13, 2), Ok(vec![0x1234, 0x1234]));
        // The example of the format's description: 0 to 7 in three bits each.
        assert_eq!(read(&[3, 0x88, 0xc6, 0xfa], 3, 8), Ok((0..8).collect()));
        assert_eq!(read(&[3, 0x88, 0xc6, 0xfa, 4, 7], 3, 10), Ok([(0..8).collect(), vec![7, 7]].concat()));
        assert_eq!(read(&[3, 0xb1], 1, 5), Ok(vec![1, 0, 0, 0, 1]), "fewer than there are");
        assert_eq!(read(&[3, 0x88, 0xc6], 3, 5), Ok(vec![0, 1, 2, 3, 4]), "the last bytes left off");
        assert_eq!(read(&[], 0, 3), Ok(vec![0, 0, 0]));
        assert_eq!(read(&[3, 1, 0, 0, 0, 2, 0, 0, 0], 32, 2), Ok(vec![1, 2]));
    }

    #[test]
    fn what_ends_early_or_is_too_wide_is_an_error() {
        for (bytes, width, count) in [
            (&[][..], 1, 1),
            (&[6], 1, 3),
            (&[6, 1], 1, 4),
            (&[3, 0x88, 0xc6], 3, 6),
            (&[0x80, 0x80, 0x80, 0x80, 0x80, 1], 1, 1),
            (&[6, 2], 1, 1),
            (&[0; 64], 33, 1),
            // Runs of no numbers end with the page.
            (&[0; 64], 8, 1),
        ] {
            assert_eq!(read(bytes, width, count), Err(BadRuns), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..50), width in 0u8..40, count in 0usize..5000) {
            match read(&bytes, width, count) {
                Ok(numbers) => {
                    prop_assert_eq!(numbers.len(), count);
                    prop_assert!(width == 32 || numbers.iter().all(|number| number >> width == 0));
                }
                Err(BadRuns) => prop_assert!(width > 0),
            }
        }

        #[test]
        fn reading_in_pieces_reads_the_same(
            numbers in prop::collection::vec(0u32..1 << 11, 1..100), cut in 0usize..100,
        ) {
            let bits: Vec<bool> = numbers.iter().flat_map(|n| (0..11).map(move |b| n >> b & 1 == 1)).collect();
            let mut bytes = vec![(numbers.len().div_ceil(8) * 2 + 1) as u8];
            bytes.extend(bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |b, &bit| b << 1 | u8::from(bit))));
            prop_assert_eq!(read(&bytes, 11, numbers.len()), Ok(numbers.clone()));
            let mut runs = Runs::new(0, bytes.len(), 11).unwrap();
            let mut into = vec![0; numbers.len()];
            let (head, tail) = into.split_at_mut(cut.min(numbers.len()));
            runs.read(&bytes, head).unwrap();
            runs.read(&bytes, tail).unwrap();
            prop_assert_eq!(into, numbers);
        }
    }
}
