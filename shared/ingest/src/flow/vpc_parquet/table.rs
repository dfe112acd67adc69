//! Values by index, of a dictionary or of a batch.

use std::net::IpAddr;

use crate::flow::vpc_flow_log::value::{Cell, identifier};

/// Values by index.
#[derive(Default)]
pub(super) struct Table {
    text: String,
    pub(super) entries: Vec<Entry>,
    pub(super) addresses: Vec<Cell<IpAddr>>,
    pub(super) numbers: Vec<u64>,
}

/// Where an entry's text stands, and whether it will do as an identifier.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    from: u32,
    to: u32,
    pub(super) identifier: bool,
}

impl Table {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.entries.clear();
        self.addresses.clear();
        self.numbers.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len().max(self.numbers.len())
    }

    /// Adds an entry of text. Bytes that are no UTF-8 are replaced by a character that no field accepts.
    pub(super) fn push(&mut self, value: &[u8]) {
        let from = self.text.len() as u32;
        self.text.push_str(str::from_utf8(value).unwrap_or("\u{fffd}"));
        self.entries.push(Entry { from, to: self.text.len() as u32, identifier: identifier(value).is_ok() });
    }

    /// The bytes of an entry's text, without the check for character boundaries that the text needs.
    #[inline]
    pub(super) fn bytes(&self, entry: Entry) -> &[u8] {
        &self.text.as_bytes()[entry.from as usize..entry.to as usize]
    }

    #[inline]
    pub(super) fn text(&self, entry: Entry) -> &str {
        &self.text[entry.from as usize..entry.to as usize]
    }
}
