//! Compressed pages: expanded to exactly the size they claim, which is checked before.

use std::io::Read;

use flate2::bufread::MultiGzDecoder;
use zstd::bulk::Decompressor;

use super::snappy;

/// How pages are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Codec {
    #[default]
    None,
    Snappy,
    Gzip,
    Zstd,
}

impl Codec {
    /// By its number in the file; fails with the name of one that is not read.
    pub(super) fn of(number: i64) -> Result<Self, &'static str> {
        match number {
            0 => Ok(Self::None),
            1 => Ok(Self::Snappy),
            2 => Ok(Self::Gzip),
            6 => Ok(Self::Zstd),
            3 => Err("LZO"),
            4 => Err("Brotli"),
            5 | 7 => Err("LZ4"),
            _ => Err("something unknown"),
        }
    }
}

/// Expands pages, one after the other.
#[derive(Default)]
pub(super) struct Expander {
    zstd: Option<Decompressor<'static>>,
}

impl Expander {
    /// Replaces `into` by what `bytes` expand to; `None` if that is not exactly `size` bytes.
    pub(super) fn expand(&mut self, codec: Codec, bytes: &[u8], size: usize, into: &mut Vec<u8>) -> Option<()> {
        into.clear();
        into.reserve_exact(size);
        match codec {
            Codec::None if bytes.len() == size => into.extend_from_slice(bytes),
            Codec::None => return None,
            // Nothing may be written as nothing.
            _ if size == 0 => {}
            Codec::Snappy => snappy::expand(bytes, size, into)?,
            Codec::Gzip => {
                // One byte more than claimed tells a page that lies.
                MultiGzDecoder::new(bytes).take(size as u64 + 1).read_to_end(into).ok()?;
            }
            Codec::Zstd => {
                let zstd = match &mut self.zstd {
                    Some(zstd) => zstd,
                    none => none.insert(Decompressor::new().ok()?),
                };
                // It writes no further than the buffer reaches.
                zstd.decompress_to_buffer(bytes, into).ok()?;
            }
        }
        (into.len() == size).then_some(())
    }
}
