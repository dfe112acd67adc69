//! Opens text objects, expands them up to a limit and splits them into lines, for all line formats.

use std::io::{self, Read};

use weir_domain::reject::{ReadSummary, RejectReason};

use crate::compression::{Expanded, ReadLimits};
use crate::error::{ObjectName, Problem, ReadError};
use crate::lines::{Line, Lines};

/// A text object being read, and what became of its lines so far.
pub(crate) struct TextReader<'o, R: Read> {
    lines: Lines<Limited<R>>,
    object: &'o ObjectName,
    limits: ReadLimits,
    /// What became of the lines handed out so far.
    pub(crate) summary: ReadSummary,
}

impl<'o, R: Read> TextReader<'o, R> {
    pub(crate) fn open(input: R, object: &'o ObjectName, limits: ReadLimits) -> Result<Self, ReadError> {
        let fail = |problem| ReadError { object: object.clone(), line: 0, problem };
        let expanded = Expanded::open(input).map_err(|e| fail(Problem::Io(e)))?;
        // One byte beyond the limit shows that the object is larger.
        let left = limits.expanded_bytes.saturating_add(1);
        Ok(Self { lines: Lines::new(Limited { expanded, left }), object, limits, summary: ReadSummary::default() })
    }

    /// The next line that is neither blank nor too long; `None` at the end. Blank lines are no rows, lines beyond the
    /// longest that is read are rejects.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, ReadError> {
        Ok(self.next_numbered()?.map(|(_, line)| line))
    }

    /// As [`TextReader::next`], with how many rows were before: records and rejects.
    pub(crate) fn next_numbered(&mut self) -> Result<Option<(u64, &[u8])>, ReadError> {
        loop {
            if self.lines.read > self.limits.expanded_bytes {
                return Err(self.fail(Problem::TooLarge { limit: self.limits.expanded_bytes }));
            }
            match self.lines.advance() {
                Ok(Some(Line::Whole(range))) if range.is_empty() => self.summary.not_rows += 1,
                Ok(Some(Line::Whole(range))) => return Ok(Some((self.summary.rows(), self.lines.bytes(range)))),
                Ok(Some(Line::TooLong)) => {
                    let head = self.lines.skipped().to_vec();
                    self.summary.reject(self.lines.number, RejectReason::LineTooLong, &head);
                }
                Ok(None) if self.lines.read > self.limits.expanded_bytes => {}
                Ok(None) => return Ok(None),
                Err(e) => return Err(self.fail(self.lines.input().expanded.problem(e))),
            }
        }
    }

    /// The number of the line handed out last, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.lines.number
    }

    /// Whether the object is not compressed, whatever its name.
    pub(crate) fn is_plain(&self) -> bool {
        self.lines.input().expanded.is_plain()
    }

    /// An error about this object at the current line.
    pub(crate) fn fail(&self, problem: Problem) -> ReadError {
        ReadError { object: self.object.clone(), line: self.lines.number, problem }
    }

    /// Ends reading: what became of the lines, unless most of them were rejected.
    pub(crate) fn finish(self) -> Result<ReadSummary, ReadError> {
        let summary = self.summary;
        match self.limits.check(&summary) {
            Ok(()) => Ok(summary),
            Err(problem) => Err(ReadError { object: self.object.clone(), line: self.lines.number, problem }),
        }
    }
}

/// A line without the byte order mark that some programs put before the first.
pub(crate) fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
}

/// The expanded bytes up to a number, then their end.
struct Limited<R: Read> {
    expanded: Expanded<R>,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let n = self.expanded.read(&mut buffer[..most])?;
        self.left -= n as u64;
        Ok(n)
    }
}

/// Asserts that a summary accounts for every line of an object that is not compressed.
#[cfg(test)]
pub(crate) fn assert_all_lines_counted(bytes: &[u8], summary: &ReadSummary) {
    let compressed = [&[0x1f, 0x8b][..], &[0x28, 0xb5, 0x2f, 0xfd], &[0x2a, 0x4d, 0x18]];
    if compressed.iter().any(|magic| bytes.starts_with(magic) || bytes.get(1..).is_some_and(|b| b.starts_with(magic))) {
        return;
    }
    let ends = memchr::memchr_iter(b'\n', bytes).count();
    let lines = ends + usize::from(bytes.last().is_some_and(|&byte| byte != b'\n'));
    assert_eq!(summary.rows() + summary.not_rows, lines as u64, "{summary:?}");
    assert!(summary.rejects.is_sorted_by_key(|reject| reject.line), "{summary:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_no_part_of_the_line() {
        assert_eq!(without_mark(b"\xef\xbb\xbfa"), b"a");
        assert_eq!(without_mark(b"a\xef\xbb\xbf"), b"a\xef\xbb\xbf");
    }
}
