//! From stored bytes to text: gzip (over all members) and zstd (over all frames) are recognised by their first bytes and
//! expanded up to a limit.

use std::io::{self, BufReader, Chain, Cursor, Read};

use flate2::bufread::MultiGzDecoder;
use weir_domain::reject::ReadSummary;

use crate::error::Problem;

/// Limits on what one object may cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReadLimits {
    /// The most bytes an object may expand to. Default 4 GiB: AWS delivers flow logs in objects of at most 75 MB
    /// compressed, which is some 400 MB of text.
    pub expanded_bytes: u64,
    /// The share of rows that may be rejected, 0 to 1; an object with more is probably not what it claims to be. Default
    /// 0.5. Objects of fewer than 20 rows are not judged so.
    pub rejected_share: f64,
}

impl ReadLimits {
    /// Rows below which a share says nothing.
    const FEWEST_ROWS: u64 = 20;

    /// Fails an object most of whose rows were rejected.
    pub(crate) fn check(&self, summary: &ReadSummary) -> Result<(), Problem> {
        let (rejected, rows) = (summary.rejected_rows(), summary.rows());
        if rows >= Self::FEWEST_ROWS && rejected as f64 > self.rejected_share * rows as f64 {
            let (reason, _) = summary.rejected.iter().max_by_key(|(_, n)| **n).unzip();
            return Err(Problem::MostlyRejected { rejected, rows, reason: reason.map_or("", |r| r.as_str()) });
        }
        Ok(())
    }
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { expanded_bytes: 4 << 30, rejected_share: 0.5 }
    }
}

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// The largest window of a zstd stream (2^25 bytes, 32 MiB): what `zstd -19` needs fits four times; `--ultra` may not.
const ZSTD_WINDOW_LOG: u32 = 25;

/// An object's bytes, expanded if it was compressed.
pub(crate) enum Expanded<R: Read> {
    Plain(Source<R>),
    Gzip(Box<MultiGzDecoder<Source<R>>>),
    Zstd(Box<zstd::Decoder<'static, Source<R>>>),
}

/// The input with its first bytes, which were looked at, put back.
type Source<R> = BufReader<Chain<Cursor<Vec<u8>>, R>>;

impl<R: Read> Expanded<R> {
    /// Looks at the first bytes.
    pub(crate) fn open(mut input: R) -> io::Result<Self> {
        let mut head = Vec::new();
        input.by_ref().take(ZSTD_MAGIC.len() as u64).read_to_end(&mut head)?;
        let (gzip, zstd) = (head.starts_with(GZIP_MAGIC), head.starts_with(ZSTD_MAGIC));
        let source = BufReader::with_capacity(64 << 10, Cursor::new(head).chain(input));
        Ok(if gzip {
            Self::Gzip(Box::new(MultiGzDecoder::new(source)))
        } else if zstd {
            let mut decoder = zstd::Decoder::with_buffer(source)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            Self::Zstd(Box::new(decoder))
        } else {
            Self::Plain(source)
        })
    }

    pub(crate) fn is_plain(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// What an I/O error means for this kind of stream.
    pub(crate) fn problem(&self, error: io::Error) -> Problem {
        let compression = match self {
            Self::Plain(_) => return Problem::Io(error),
            Self::Gzip(_) => "gzip",
            Self::Zstd(_) => "zstd",
        };
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Problem::Truncated { compression },
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
                Problem::Damaged { compression, problem: error.to_string() }
            }
            _ => Problem::Io(error),
        }
    }
}

impl<R: Read> Read for Expanded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(plain) => plain.read(buffer),
            Self::Gzip(gzip) => gzip.read(buffer),
            Self::Zstd(zstd) => zstd.read(buffer),
        }
    }
}
