//! Expands gzip (all members) and zstd (all frames), recognised by their first bytes, up to a limit.

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
    /// Rows below which the share of rejects is not judged.
    const MIN_ROWS: u64 = 20;

    /// Fails an object most of whose rows were rejected.
    pub(crate) fn check(&self, summary: &ReadSummary) -> Result<(), Problem> {
        let (rejected, rows) = (summary.rejected_rows(), summary.rows());
        if rows >= Self::MIN_ROWS && rejected as f64 > self.rejected_share * rows as f64 {
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

/// Expands what is held in memory: gzip (all members) and zstd (all frames) by their first bytes, anything else as it is.
///
/// # Errors
/// When the stream is damaged or ends early, and when it expands to more than `most` bytes; no more than that is ever held.
pub fn expand(stored: &[u8], most: u64) -> Result<Vec<u8>, Problem> {
    let mut expanded = Expanded::open(stored).map_err(Problem::Io)?;
    let mut out = Vec::new();
    // One byte beyond the limit shows that the stream is larger.
    match expanded.by_ref().take(most.saturating_add(1)).read_to_end(&mut out) {
        Ok(_) if out.len() as u64 > most => Err(Problem::TooLarge { limit: most }),
        Ok(_) => Ok(out),
        Err(e) => Err(expanded.problem(e)),
    }
}

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// A frame to be skipped, with which `pzstd` begins; the four low bits of the first byte are free.
const ZSTD_SKIPPED: &[u8] = &[0x50, 0x2a, 0x4d, 0x18];

/// The largest window of a zstd stream (2^25 bytes, 32 MiB): what `zstd -19` needs fits four times; `--ultra` may not.
const ZSTD_WINDOW_LOG: u32 = 25;

/// The message of libzstd for a frame with a larger window.
const ZSTD_WINDOW_ERROR: &str = "Frame requires too much memory for decoding";

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
        let skipped = head.first().is_some_and(|byte| byte & 0xf0 == ZSTD_SKIPPED[0]) && head[1..] == ZSTD_SKIPPED[1..];
        let (gzip, zstd) = (head.starts_with(GZIP_MAGIC), head == ZSTD_MAGIC || skipped);
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
            io::ErrorKind::Other if error.to_string() == ZSTD_WINDOW_ERROR => {
                Problem::WindowTooLarge { most: 1 << ZSTD_WINDOW_LOG }
            }
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
                Problem::Damaged { compression, problem: error.to_string() }
            }
            _ => Problem::Io(error),
        }
    }
}

impl<R: Read> Read for Expanded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // zstd fails when there is no room.
        if buffer.is_empty() {
            return Ok(0);
        }
        match self {
            Self::Plain(plain) => plain.read(buffer),
            Self::Gzip(gzip) => gzip.read(buffer),
            Self::Zstd(zstd) => zstd.read(buffer),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    /// Expands; fails with the problem as text.
    fn expand(bytes: &[u8]) -> Result<Vec<u8>, String> {
        super::expand(bytes, 1 << 30).map_err(|e| e.to_string())
    }

    #[test]
    fn what_is_held_in_memory_is_no_longer_than_asked() {
        let bomb = zstd_of(&vec![0; 64 << 20]);
        assert!(matches!(super::expand(&bomb, 1000), Err(Problem::TooLarge { limit: 1000 })));
        assert_eq!(super::expand(&zstd_of(&[7; 1000]), 1000).unwrap(), [7; 1000]);
        assert!(super::expand(&zstd_of(&[7; 1001]), 1000).is_err());
        assert!(super::expand(&[7; 1001], 1000).is_err(), "plain bytes as well");
    }

    fn zstd_of(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 1).unwrap()
    }

    /// A frame that declares a window of 2 to this power.
    fn zstd_with_window(log: u32) -> Vec<u8> {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(log).unwrap();
        encoder.write_all(b"version").unwrap();
        encoder.finish().unwrap()
    }

    /// Lines that compress, but not to nothing.
    fn text() -> Vec<u8> {
        (0..20_000u32).flat_map(|n| format!("{} {}\n", n.wrapping_mul(2_654_435_761), n % 7).into_bytes()).collect()
    }

    #[test]
    fn zstd_over_all_frames() {
        let text = text();
        assert_eq!(expand(&zstd_of(&text)).unwrap(), text);
        let (head, tail) = text.split_at(1000);
        let mut frames = zstd_of(head);
        frames.extend(zstd_of(b""));
        frames.extend([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
        frames.extend(zstd_of(tail));
        assert_eq!(expand(&frames).unwrap(), text);
        // What pzstd begins with.
        assert_eq!(expand(&[&[0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 9][..], &frames].concat()).unwrap(), text);
        assert_eq!(expand(&zstd_of(b"")).unwrap(), b"");
    }

    #[test]
    fn zstd_that_is_cut_off_or_damaged() {
        let whole = zstd_of(&text());
        for cut in [5, 20, whole.len() / 2, whole.len() - 1] {
            assert_eq!(
                expand(&whole[..cut]).unwrap_err(),
                "the zstd stream ends early: the upload was cut off; upload the object again"
            );
        }
        let second = [&whole[..], &whole[..9]].concat();
        assert!(expand(&second).unwrap_err().contains("ends early"), "the second frame is cut off");
        // A block of the reserved kind.
        let mut damaged = whole.clone();
        let block = 6 + usize::from(whole[4] >> 5 & 1 == 0);
        damaged[block..block + 3].fill(0xff);
        for bytes in [damaged, [&whole[..], b"trailing"].concat()] {
            let error = expand(&bytes).unwrap_err();
            assert!(error.starts_with("the zstd stream is damaged ("), "{error}");
        }
    }

    #[test]
    fn a_window_is_not_larger_than_allowed() {
        assert_eq!(expand(&zstd_with_window(ZSTD_WINDOW_LOG)).unwrap(), b"version");
        assert_eq!(
            expand(&zstd_with_window(27)).unwrap_err(),
            "the zstd stream needs a window of more than 33554432 bytes: compress it again without --long and --ultra"
        );
    }

    #[test]
    fn a_bomb_is_expanded_no_further_than_asked() {
        let bomb = zstd_of(&vec![0; 64 << 20]);
        assert!(bomb.len() < 10_000);
        let mut expanded = Expanded::open(&bomb[..]).unwrap();
        let mut buffer = vec![0; 1 << 20];
        expanded.read_exact(&mut buffer).unwrap();
        assert_eq!(expanded.read(&mut []).unwrap(), 0, "no room is no error");
        expanded.read_exact(&mut buffer).unwrap();
    }

    #[test]
    fn what_is_plain_stays_as_it_is() {
        for bytes in [&b""[..], b"v", &[0x28, 0xb5, 0x2f], &[0x50, 0x2a], &[0x1f], b"version"] {
            assert_eq!(expand(bytes).unwrap(), bytes);
            assert!(Expanded::open(bytes).unwrap().is_plain());
        }
    }

    proptest! {
        #[test]
        fn damage_is_an_error_or_other_bytes(
            gzip in any::<bool>(), at in any::<prop::sample::Index>(), flip in 1u8.., cut in any::<prop::sample::Index>(),
        ) {
            let text = &b"10.0.0.1 10.0.0.2 443 ACCEPT\n".repeat(100)[..];
            let mut bytes = if gzip {
                let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            } else {
                zstd_of(text)
            };
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let mut expanded = Expanded::open(&bytes[..]).unwrap();
            let _ = io::copy(&mut expanded.by_ref().take(1 << 20), &mut io::sink());
            bytes[at] ^= flip;
            bytes.truncate(cut.index(bytes.len() - 4) + 4);
            prop_assert!(expand(&bytes).unwrap_err().contains("ends early"));
        }
    }
}
