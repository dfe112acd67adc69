//! Splits a stream into lines in bounded memory. A line beyond the limit is skipped and reported.

use std::io::{self, Read};
use std::ops::Range;

use memchr::memchr;

/// The longest line that is read. A flow-log row with every field of version 11 and long tags is below 4 KiB.
pub(crate) const MAX_LINE_BYTES: usize = 64 << 10;

const BUFFER: usize = 256 << 10;

/// One line, without its end (`\n` or `\r\n`).
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Where it stands in the buffer: see [`Lines::bytes`].
    Whole(Range<usize>),
    /// Beyond the limit: skipped, its beginning is in [`Lines::skipped`].
    TooLong,
}

pub(crate) struct Lines<R> {
    input: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    at_end: bool,
    /// The beginning of the last line that was skipped.
    skipped: Vec<u8>,
    /// Number of the last line handed out, from 1.
    pub(crate) number: u64,
    /// Bytes read from the input so far.
    pub(crate) read: u64,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(input: R) -> Self {
        let buffer = vec![0; BUFFER].into();
        Self { input, buffer, start: 0, end: 0, at_end: false, skipped: Vec::new(), number: 0, read: 0 }
    }

    pub(crate) fn input(&self) -> &R {
        &self.input
    }

    /// The bytes of a line, until the next call of [`Lines::advance`].
    pub(crate) fn bytes(&self, line: Range<usize>) -> &[u8] {
        &self.buffer[line]
    }

    /// The beginning of the last line that was too long.
    pub(crate) fn skipped(&self) -> &[u8] {
        &self.skipped
    }

    /// The next line; `None` at the end.
    pub(crate) fn advance(&mut self) -> io::Result<Option<Line>> {
        let mut searched = 0;
        loop {
            if let Some(at) = memchr(b'\n', &self.buffer[self.start + searched..self.end]) {
                let (from, to) = (self.start, self.start + searched + at);
                self.start = to + 1;
                return Ok(Some(self.line(from, to)));
            }
            searched = self.end - self.start;
            if self.at_end {
                if searched == 0 {
                    return Ok(None);
                }
                let (from, to) = (self.start, self.end);
                self.start = self.end;
                return Ok(Some(self.line(from, to)));
            }
            if searched > MAX_LINE_BYTES {
                self.keep_head(self.start, self.end);
                self.skip_line()?;
                self.number += 1;
                return Ok(Some(Line::TooLong));
            }
            self.fill()?;
        }
    }

    fn line(&mut self, from: usize, mut to: usize) -> Line {
        self.number += 1;
        if to > from && self.buffer[to - 1] == b'\r' {
            to -= 1;
        }
        if to - from > MAX_LINE_BYTES {
            self.keep_head(from, to);
            return Line::TooLong;
        }
        Line::Whole(from..to)
    }

    fn keep_head(&mut self, from: usize, to: usize) {
        self.skipped = self.buffer[from..to.min(from + 512)].to_vec();
    }

    /// Reads more behind what is there, which is at most `MAX_LINE_BYTES` long.
    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(n) => {
                    self.end += n;
                    self.read += n as u64;
                    self.at_end = n == 0;
                    return Ok(());
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Drops everything up to and including the next line end.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            self.start = self.end;
            self.fill()?;
            if self.at_end {
                return Ok(());
            }
            if let Some(at) = memchr(b'\n', &self.buffer[..self.end]) {
                self.start = at + 1;
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out at most `step` bytes a read.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(self.0.len()).min(buffer.len());
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn lines(text: &[u8], step: usize) -> Vec<Option<Vec<u8>>> {
        let mut lines = Lines::new(Drip(text, step));
        let mut out = Vec::new();
        while let Some(line) = lines.advance().unwrap() {
            out.push(match line {
                Line::Whole(range) => Some(lines.bytes(range).to_vec()),
                Line::TooLong => None,
            });
        }
        assert_eq!(lines.number, out.len() as u64);
        out
    }

    #[test]
    fn line_ends_of_all_kinds() {
        for step in [1, 2, 7, 1000] {
            assert_eq!(lines(b"", step).len(), 0);
            assert_eq!(lines(b"a\r\n\nb", step), [Some(b"a".to_vec()), Some(vec![]), Some(b"b".to_vec())]);
            assert_eq!(lines(b"a\n", step), [Some(b"a".to_vec())]);
        }
    }

    #[test]
    fn a_line_beyond_the_limit_is_skipped_and_the_next_is_whole() {
        for length in [MAX_LINE_BYTES + 1, BUFFER - 1, BUFFER, BUFFER + 1, 10 << 20] {
            let mut text = vec![b'x'; length];
            text.extend_from_slice(b"\nnext\n");
            assert_eq!(lines(&text, 100_000), [None, Some(b"next".to_vec())], "{length}");
        }
        assert_eq!(lines(&vec![b'x'; 10 << 20], 100_000), [None]);
        assert_eq!(lines(&vec![b'x'; MAX_LINE_BYTES], 100_000)[0].as_ref().map(Vec::len), Some(MAX_LINE_BYTES));
    }
}
