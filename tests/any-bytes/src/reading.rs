//! Reads the same bytes twice and compares the results, and checks every summary.

use std::fmt::{Debug, Write};
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Read};

use flate2::bufread::MultiGzDecoder;
use weir_domain::reject::{ReadSummary, Reject};
use weir_ingest::{ObjectName, ReadError, ReadLimits};

/// Limits that are soon reached, and that fail no object for its rejects: those are to be counted.
pub(crate) const LIMITS: ReadLimits = ReadLimits { expanded_bytes: 5 << 18, rejected_share: 1.0 };

/// What the objects are called.
pub(crate) fn name() -> ObjectName {
    ObjectName::new("any")
}

/// Hands out a few bytes a read.
pub(crate) struct Drip<'b> {
    bytes: &'b [u8],
    step: usize,
}

impl<'b> Drip<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        // Any step will do that is the same for the same bytes.
        Self { bytes, step: 1 + bytes.len() * 7 % 97 }
    }
}

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.step.min(self.bytes.len()).min(buffer.len());
        let (now, later) = self.bytes.split_at(n);
        buffer[..n].copy_from_slice(now);
        self.bytes = later;
        Ok(n)
    }
}

/// Records that are compared, not only counted: writing them takes longer than reading them.
const MAX_COMPARED: u64 = 2000;

/// What was called back: how often, and a digest of the first in their order.
#[derive(Default)]
pub(crate) struct Called {
    pub(crate) times: u64,
    digest: DefaultHasher,
}

impl Called {
    /// Takes in a record.
    pub(crate) fn with(&mut self, record: &impl Debug) {
        self.times += 1;
        if self.times > MAX_COMPARED {
            return;
        }
        // Writing into a digest does not fail.
        let _ = write!(Digest(&mut self.digest), "{record:?};");
    }
}

struct Digest<'d>(&'d mut DefaultHasher);

impl Write for Digest<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

/// Whether an object begins as compressed ones do.
pub(crate) fn is_compressed(bytes: &[u8]) -> bool {
    matches!(bytes, [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// Reads the bytes at once and in pieces, and fails if what is read differs; what it was. Only how much of a damaged
/// stream comes out before the damage may depend on the pieces.
pub(crate) fn twice(
    bytes: &[u8],
    read: impl Fn(&mut dyn Read, &mut Called) -> Result<ReadSummary, ReadError>,
) -> Result<(ReadSummary, u64), ReadError> {
    let (mut first, mut second) = (Called::default(), Called::default());
    let whole = read(&mut &*bytes, &mut first);
    let pieces = read(&mut Drip::new(bytes), &mut second);
    match (&whole, &pieces) {
        (Ok(whole), Ok(pieces)) => assert_eq!(whole, pieces, "the summary depends on the pieces"),
        (Err(_), Err(_)) if is_compressed(bytes) => return whole.map(|summary| (summary, first.times)),
        (Err(whole), Err(pieces)) => {
            assert_eq!(whole.to_string(), pieces.to_string(), "the error depends on the pieces");
            check_error(whole);
        }
        (whole, pieces) => panic!("read at once {whole:?}, in pieces {pieces:?}"),
    }
    assert_eq!(first.times, second.times, "records depend on the pieces");
    assert_eq!(first.digest.finish(), second.digest.finish(), "records depend on the pieces");
    whole.map(|summary| (summary, first.times))
}

/// The text of an error goes to a log or a terminal, on one line.
pub(crate) fn check_error(error: &ReadError) {
    let text = error.to_string();
    assert!(!text.chars().any(char::is_control), "control characters in the error {text:?}");
    assert!(text.starts_with("any: "), "{text}");
}

/// Checks a summary of rows.
pub(crate) fn check_rows(summary: &ReadSummary) {
    let kept = summary.rejected_rows().min(ReadSummary::MAX_KEPT_REJECTS as u64);
    assert_eq!(summary.rejects.len() as u64, kept, "the first rejects are kept");
    assert!(summary.rejected.values().all(|&n| n > 0), "reasons without rejects");
    for reject in &summary.rejects {
        assert!(summary.rejected.contains_key(&reject.reason), "{reject:?} is not counted");
        assert!(reject.excerpt.chars().count() <= Reject::EXCERPT, "{reject:?} is too long");
        assert!(!reject.excerpt.chars().any(char::is_control), "{reject:?} has control characters");
        assert!(reject.line > 0, "{reject:?} has no place");
    }
    assert!(summary.rejects.is_sorted_by(|a, b| a.line < b.line), "rejects are in the order of their lines");
}

/// Checks a summary of lines: each is a record, without data, a reject or not a row.
pub(crate) fn check_lines(bytes: &[u8], summary: &ReadSummary) {
    check_rows(summary);
    let text = expanded(bytes);
    let lines = text.split_inclusive(|&b| b == b'\n').count();
    assert_eq!(summary.rows() + summary.not_rows, lines as u64, "not every line is accounted for: {summary:?}");
    assert!(summary.rejects.last().is_none_or(|last| last.line <= lines as u64), "a line that is not there");
}

/// The text of an object that was read, so that its compression is sound.
fn expanded(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let most = LIMITS.expanded_bytes + 1;
    let read = match bytes {
        [0x1f, 0x8b, ..] => MultiGzDecoder::new(bytes).take(most).read_to_end(&mut text),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            zstd::Decoder::with_buffer(bytes).and_then(|zstd| zstd.take(most).read_to_end(&mut text))
        }
        plain => plain.take(most).read_to_end(&mut text),
    };
    assert!(read.is_ok_and(|size| size as u64 <= LIMITS.expanded_bytes), "what cannot be expanded was read");
    text
}

/// The text twice, as concatenated files have it; `None` for what is compressed or long.
pub(crate) fn doubled(bytes: &[u8]) -> Option<Vec<u8>> {
    let end: &[u8] = if bytes.ends_with(b"\n") { b"" } else { b"\n" };
    (!is_compressed(bytes) && bytes.len() < 10_000).then(|| [bytes, end, bytes].concat())
}

/// Compares a text with the same text twice: with a header, the latter equals two objects.
pub(crate) fn check_doubled(once: &ReadSummary, twice: Result<ReadSummary, ReadError>) {
    match twice {
        Ok(twice) => {
            assert_eq!((2 * once.records, 2 * once.no_data), (twice.records, twice.no_data), "{once:?}, {twice:?}");
            assert_eq!(2 * once.rejected_rows(), twice.rejected_rows(), "{once:?}, {twice:?}");
        }
        Err(error) => panic!("read once {once:?}, but twice {error}"),
    }
}

/// The bytes before and behind a line of three dashes; nothing behind where there is none.
pub(crate) fn parts(bytes: &[u8]) -> (&[u8], &[u8]) {
    const BETWEEN: &[u8] = b"\n---\n";
    match bytes.windows(BETWEEN.len()).position(|part| part == BETWEEN) {
        Some(at) => (&bytes[..=at], &bytes[at + BETWEEN.len()..]),
        None => (bytes, b""),
    }
}
