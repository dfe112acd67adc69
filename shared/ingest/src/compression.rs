//! From stored bytes to text: gzip is recognised by its first bytes, expanded over all members, up to a limit.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use crate::error::Problem;

/// Limits on what one object may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// The most bytes an object may expand to. Default 4 GiB: AWS delivers flow logs in objects of at most 75 MB
    /// compressed, which is some 400 MB of text.
    pub expanded_bytes: u64,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { expanded_bytes: 4 << 30 }
    }
}

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// An object's text, expanded if it was compressed.
pub(crate) enum Text<R: Read> {
    Plain(BufReader<R>),
    Gzip(Box<MultiGzDecoder<BufReader<R>>>),
}

impl<R: Read> Text<R> {
    /// Looks at the first bytes. Interrupted reads are retried.
    pub(crate) fn open(input: R) -> io::Result<Self> {
        let mut input = BufReader::with_capacity(64 << 10, input);
        let head = loop {
            match input.fill_buf() {
                Ok(head) => break head,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        };
        // A first read of one byte is as good as never seen; such a stream is taken for what its first byte says.
        let gzip = !head.is_empty() && GZIP_MAGIC.starts_with(&head[..head.len().min(2)]);
        Ok(if gzip { Self::Gzip(Box::new(MultiGzDecoder::new(input))) } else { Self::Plain(input) })
    }

    pub(crate) fn is_plain(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// What an I/O error means for this kind of text.
    pub(crate) fn problem(&self, error: io::Error) -> Problem {
        match (self, error.kind()) {
            (Self::Gzip(_), io::ErrorKind::UnexpectedEof) => Problem::TruncatedGzip,
            (Self::Gzip(_), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => {
                Problem::CorruptGzip(error.to_string())
            }
            _ => Problem::Io(error),
        }
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(plain) => plain.read(buffer),
            Self::Gzip(gzip) => gzip.read(buffer),
        }
    }
}
