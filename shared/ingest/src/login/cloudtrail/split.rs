//! Splits JSON into `CloudTrail` events in bounded memory, by counting braces.

use std::io::{self, Read};
use std::ops::Range;

use memchr::{memchr, memchr2};

use crate::compression::Expanded;
use crate::error::Problem;

/// The longest event that is read.
pub(super) const MAX_EVENT_BYTES: usize = 1 << 20;

const BUFFER: usize = MAX_EVENT_BYTES + (256 << 10);

/// Bytes from which it is decided whether rows are lines.
const BEGINNING: usize = 4 << 10;

/// How much of a rejected event is kept.
const HEAD: usize = 512;

const FORMAT: &str = "CloudTrail log";

/// One row.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// Where it stands in the buffer: see [`Events::bytes`].
    Event(Range<usize>),
    /// A blank line.
    Blank,
    /// Longer than what is read: skipped, its beginning is in [`Events::head`].
    TooLong,
}

/// Where in the object the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Among lines.
    Lines,
    /// Between objects that stand by themselves.
    Top,
    /// Inside of `Records`, between its elements.
    Records,
    /// In an object, behind its `Records`.
    Behind,
}

/// What an object that stands by itself turned out to be.
enum Opened {
    Event,
    Envelope,
}

pub(super) struct Events<R: Read> {
    input: Expanded<R>,
    limit: u64,
    read: u64,
    buffer: Box<[u8]>,
    /// Where the row begins.
    start: usize,
    /// The next byte to look at.
    at: usize,
    end: usize,
    place: Place,
    /// Whether the row was longer than what is kept: then its bytes are gone but for the head.
    dropped: bool,
    head: Vec<u8>,
    /// Number of the row handed out last, from 1.
    pub(super) number: u64,
}

impl<R: Read> Events<R> {
    pub(super) fn open(input: R, limit: u64) -> Result<Self, Problem> {
        let mut events = Self {
            input: Expanded::open(input).map_err(Problem::Io)?,
            limit,
            read: 0,
            buffer: vec![0; BUFFER].into(),
            start: 0,
            at: 0,
            end: 0,
            place: Place::Top,
            dropped: false,
            head: Vec::new(),
            number: 0,
        };
        while events.end < BEGINNING && events.fill()? {}
        if events.buffer[..events.end].starts_with(b"\xef\xbb\xbf") {
            (events.start, events.at) = (3, 3);
        }
        if is_lines(&events.buffer[events.at..events.end]) {
            events.place = Place::Lines;
        }
        Ok(events)
    }

    /// The bytes of an event, until the next call of [`Events::next`].
    pub(super) fn bytes(&self, event: Range<usize>) -> &[u8] {
        &self.buffer[event]
    }

    /// The beginning of the last row that was too long.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// The next row; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Row>, Problem> {
        loop {
            match self.place {
                Place::Lines => return self.line(),
                Place::Top => match self.token()? {
                    None => return Ok(None),
                    Some(b'{') => match self.open_object()? {
                        Opened::Event => return Ok(Some(self.row())),
                        Opened::Envelope => self.place = Place::Records,
                    },
                    Some(_) => return Err(problem("it is no JSON object, and neither lines of them")),
                },
                Place::Records => match self.token()?.ok_or_else(cut_off)? {
                    b',' => self.at += 1,
                    b']' => {
                        self.at += 1;
                        self.place = Place::Behind;
                    }
                    _ => {
                        self.skip_value()?;
                        return Ok(Some(self.row()));
                    }
                },
                Place::Behind => match self.token()?.ok_or_else(cut_off)? {
                    b',' | b':' => self.at += 1,
                    b'}' => {
                        self.at += 1;
                        self.place = Place::Top;
                    }
                    _ => self.skip_value()?,
                },
            }
        }
    }

    /// A line, where rows are lines.
    fn line(&mut self) -> Result<Option<Row>, Problem> {
        self.begin();
        while self.peek()?.is_some() {
            if let Some(length) = memchr(b'\n', &self.buffer[self.at..self.end]) {
                self.at += length + 1;
                break;
            }
            self.at = self.end;
        }
        if self.at == self.start && !self.dropped {
            return Ok(None);
        }
        Ok(Some(match self.row() {
            Row::Event(row) if row.is_empty() => Row::Blank,
            row => row,
        }))
    }

    /// Reads an object that stands by itself: to its end, or to the first element of its `Records`.
    fn open_object(&mut self) -> Result<Opened, Problem> {
        self.at += 1;
        let mut name_is_records = false;
        loop {
            match self.solid()?.ok_or_else(cut_off)? {
                b'}' => {
                    self.at += 1;
                    return Ok(Opened::Event);
                }
                b',' => self.at += 1,
                b':' => {
                    self.at += 1;
                    let value = self.solid()?.ok_or_else(cut_off)?;
                    if name_is_records && value == b'[' {
                        self.at += 1;
                        return Ok(Opened::Envelope);
                    }
                    self.skip_value()?;
                }
                b'"' => name_is_records = self.skip_string()?,
                _ => return Err(malformed()),
            }
        }
    }

    /// The row that ends here.
    fn row(&mut self) -> Row {
        self.number += 1;
        let row = &self.buffer[self.start..self.at];
        let length = row.trim_ascii_end().len();
        if self.dropped || length > MAX_EVENT_BYTES {
            self.keep_head();
            return Row::TooLong;
        }
        Row::Event(self.start..self.start + length)
    }

    /// Begins a row.
    fn begin(&mut self) {
        (self.start, self.dropped) = (self.at, false);
    }

    fn keep_head(&mut self) {
        if !self.dropped {
            self.head = self.buffer[self.start..self.at.min(self.start + HEAD)].to_vec();
        }
    }

    /// The next byte that is no blank; a row may begin with it.
    fn token(&mut self) -> Result<Option<u8>, Problem> {
        loop {
            self.begin();
            match self.peek()? {
                Some(byte) if byte.is_ascii_whitespace() => self.at += 1,
                other => {
                    self.begin();
                    return Ok(other);
                }
            }
        }
    }

    /// The next byte that is no blank, inside of a row.
    fn solid(&mut self) -> Result<Option<u8>, Problem> {
        while let Some(byte) = self.peek()? {
            if !byte.is_ascii_whitespace() {
                return Ok(Some(byte));
            }
            self.at += 1;
        }
        Ok(None)
    }

    /// Skips one value. Brackets are counted and not matched, which is left to the parser of the value.
    fn skip_value(&mut self) -> Result<(), Problem> {
        let mut depth = 0usize;
        loop {
            match self.peek()?.ok_or_else(cut_off)? {
                b'"' => {
                    self.skip_string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                _ if depth > 0 => self.at += 1,
                _ => return self.skip_word(),
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// Skips a number, or a word such as `null`.
    fn skip_word(&mut self) -> Result<(), Problem> {
        let mut anything = false;
        while let Some(byte) = self.peek()? {
            if byte.is_ascii_whitespace() || b"{}[]:,\"".contains(&byte) {
                break;
            }
            self.at += 1;
            anything = true;
        }
        if anything { Ok(()) } else { Err(malformed()) }
    }

    /// Skips a string; whether it is `Records`.
    fn skip_string(&mut self) -> Result<bool, Problem> {
        const NAME: &[u8] = b"Records";
        self.at += 1;
        let (mut length, mut same) = (0usize, true);
        loop {
            self.peek()?.ok_or_else(cut_off)?;
            let rest = &self.buffer[self.at..self.end];
            let (piece, mark) = memchr2(b'"', b'\\', rest).map_or((rest, None), |n| (&rest[..n], Some(rest[n])));
            same = same && NAME.get(length..).is_some_and(|name| name.starts_with(piece));
            length += piece.len();
            self.at += piece.len();
            match mark {
                None => {}
                Some(b'"') => {
                    self.at += 1;
                    return Ok(same && length == NAME.len());
                }
                Some(_) => {
                    same = false;
                    self.at += 1;
                    self.peek()?.ok_or_else(cut_off)?;
                    self.at += 1;
                }
            }
        }
    }

    /// The next byte, read if need be.
    #[inline]
    fn peek(&mut self) -> Result<Option<u8>, Problem> {
        if self.at == self.end && !self.fill()? {
            return Ok(None);
        }
        Ok(Some(self.buffer[self.at]))
    }

    /// Reads more behind what there is of the row; of a row longer than what is read, only the head stays. False at the
    /// end.
    fn fill(&mut self) -> Result<bool, Problem> {
        if self.end - self.start > MAX_EVENT_BYTES {
            self.keep_head();
            self.dropped = true;
            self.start = self.at;
        }
        self.buffer.copy_within(self.start..self.end, 0);
        (self.at, self.end, self.start) = (self.at - self.start, self.end - self.start, 0);
        loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(n) => {
                    self.end += n;
                    self.read += n as u64;
                    if self.read > self.limit {
                        return Err(Problem::TooLarge { limit: self.limit });
                    }
                    return Ok(n > 0);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(self.input.problem(e)),
            }
        }
    }
}

/// Whether rows are lines: the first brace is followed, on its line, by another name than `Records`.
fn is_lines(beginning: &[u8]) -> bool {
    let Some(inside) = beginning.trim_ascii_start().strip_prefix(b"{") else { return false };
    let name = inside.trim_ascii_start();
    let blanks = &inside[..inside.len() - name.len()];
    !blanks.contains(&b'\n') && !name.is_empty() && !name.starts_with(b"\"Records\"")
}

fn problem(problem: &str) -> Problem {
    Problem::NotThisFormat { format: FORMAT, problem: problem.to_owned() }
}

fn malformed() -> Problem {
    problem("its JSON is malformed outside of the events")
}

fn cut_off() -> Problem {
    problem("its JSON ends early: the upload was cut off; upload the object again")
}
