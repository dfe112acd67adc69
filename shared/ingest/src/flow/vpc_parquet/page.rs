//! Reads the pages of a column chunk with the `parquet` crate, after their headers are checked.

use std::fs::File;
use std::sync::Arc;

use parquet::column::page::{Page, PageReader};
use parquet::file::serialized_reader::SerializedPageReader;

use super::footer::Chunk;
use super::problem::{damaged, other, refused};
use crate::error::Problem;
use crate::parquet_guard::{caught, page_cost};

/// The largest page that is read. Most writers make pages of 1 MiB.
const MAX_PAGE_BYTES: u64 = 64 << 20;

/// How much the pages and dictionaries of all columns may hold at once.
const MAX_HELD_BYTES: u64 = 192 << 20;

/// Reads pages, within what all of them together may take.
pub(super) struct Pages {
    file: Arc<File>,
    /// How much may be read: forged columns may overlap, and be read again and again.
    limit: u64,
    read: u64,
    held: u64,
}

impl Pages {
    pub(super) fn new(file: File, limit: u64) -> Self {
        Self { file: Arc::new(file), limit, read: 0, held: 0 }
    }

    /// The pages of a chunk, of which all headers are sound.
    pub(super) fn open(&mut self, chunk: &Chunk) -> Result<Box<dyn PageReader>, Problem> {
        let (metadata, bytes) = (&chunk.metadata, chunk.bytes.clone());
        let cost = page_cost(&mut &*self.file, bytes, metadata.compression(), MAX_PAGE_BYTES).map_err(refused)?;
        self.read = self.read.saturating_add(cost);
        if self.read > self.limit {
            return Err(Problem::TooLarge { limit: self.limit });
        }
        let rows = usize::try_from(metadata.num_values()).unwrap_or(0);
        let reader = caught(|| SerializedPageReader::new(Arc::clone(&self.file), metadata, rows, None));
        Ok(Box::new(reader.map_err(|error| damaged(&error))?))
    }

    /// Replaces what was held by other bytes.
    pub(super) fn hold(&mut self, held: &mut u64, bytes: u64) -> Result<(), Problem> {
        self.held = self.held - std::mem::take(held) + bytes;
        *held = bytes;
        if self.held > MAX_HELD_BYTES {
            return Err(other("its pages take more than 192 MiB at once: write it anew, with pages of 1 MiB"));
        }
        Ok(())
    }
}

/// The next page of a chunk.
pub(super) fn next_page(pages: &mut dyn PageReader) -> Result<Page, Problem> {
    match caught(|| pages.get_next_page()) {
        Ok(Some(page)) => Ok(page),
        Ok(None) => Err(damaged("its pages have fewer rows than it claims")),
        Err(error) => Err(damaged(&error)),
    }
}
