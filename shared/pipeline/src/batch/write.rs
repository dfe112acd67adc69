//! Encodes batches of windows.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use weir_domain::aggregate::{
    HostAggregate, HostKey, HostTotals, HourAggregate, InterfaceAggregate, InterfaceTotals, PairAggregate, PairKey,
    PairTotals, Role, Side, Span,
};
use weir_domain::bounded::BottomK;
use weir_domain::distinct::DistinctSketch;
use weir_domain::window::{Hour, Scope, WindowLength, WindowStart};

use super::columns::{
    FIRST, FIXED, HOST, HOSTS_DROPPED, INTERFACE, LAST, NUMBERS, PEER, PORT, PROTOCOL, ROLE, ROW, SIDE, SKETCHES,
    TEXTS, WINDOW, footer, places, schema,
};
use super::{BatchError, FORMAT_VERSION};
use crate::usage::from_flows::HourUsage;

/// Writes the batch of one hour, in parts.
pub struct BatchWriter {
    scope: Scope,
    hour: Hour,
    window_length: WindowLength,
    file: SerializedFileWriter<Vec<u8>>,
}

impl BatchWriter {
    /// Starts a batch for the windows of an hour.
    ///
    /// # Errors
    /// When the Parquet crate refuses, which is a bug.
    pub fn new(scope: Scope, hour: Hour, window_length: WindowLength) -> Result<Self, BatchError> {
        // Column statistics would take a third of the time of preprocessing, and queries already filter by the key.
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::None)
            // Sums are small, mostly zero, and similar in neighbouring rows: delta encoding is smaller and faster than a
            // dictionary.
            .set_dictionary_enabled(false)
            .set_encoding(Encoding::DELTA_BINARY_PACKED);
        let texts = TEXTS.iter().copied().map(ColumnPath::from);
        let properties = texts.fold(properties, |p, text| {
            p.set_column_dictionary_enabled(text.clone(), true).set_column_encoding(text, Encoding::PLAIN)
        });
        let properties = properties.set_column_encoding(ColumnPath::from(SKETCHES), Encoding::PLAIN).build();
        let file = SerializedFileWriter::new(Vec::new(), schema()?, Arc::new(properties))?;
        Ok(Self { scope, hour, window_length, file })
    }

    /// Writes a part as a row group. The part must be pruned ([`HourAggregate::prune`]). Equal parts give equal bytes.
    ///
    /// # Errors
    /// When the part is of another scope, hour or window length.
    pub fn append(&mut self, part: &HourAggregate) -> Result<(), BatchError> {
        if (&part.scope, part.hour, part.window_length) != (&self.scope, self.hour, self.window_length) {
            return Err(BatchError::Format("a part of another scope, hour or window length".to_owned()));
        }
        let table = Table::from_hour(part);
        let mut group = self.file.next_row_group()?;
        let mut texts = table.texts.iter().chain(std::iter::once(&table.sketches));
        let mut numbers = table.numbers.iter();
        while let Some(mut column) = group.next_column()? {
            match column.untyped() {
                ColumnWriter::ByteArrayColumnWriter(writer) => {
                    writer.write_batch(texts.next().map_or(&[], Vec::as_slice), None, None)?;
                }
                ColumnWriter::Int64ColumnWriter(writer) => {
                    writer.write_batch(numbers.next().map_or(&[], Vec::as_slice), None, None)?;
                }
                _ => return Err(BatchError::Format("an unexpected column type".to_owned())),
            }
            column.close()?;
        }
        group.close()?;
        Ok(())
    }

    /// Ends the batch and returns its bytes. `raw_hash` is the BLAKE3 hash of the raw object, hexadecimal.
    ///
    /// # Errors
    /// When the Parquet crate refuses, which is a bug.
    pub fn finish(self, raw_hash: &str) -> Result<Vec<u8>, BatchError> {
        self.finish_with(raw_hash, None)
    }

    /// As [`finish`](Self::finish), with the usage of cloud providers.
    ///
    /// # Errors
    /// When the Parquet crate refuses, which is a bug.
    pub fn finish_with(mut self, raw_hash: &str, usage: Option<&HourUsage>) -> Result<Vec<u8>, BatchError> {
        if let Some(usage) = usage {
            let text = usage.encode().map_err(|e| BatchError::Format(e.to_string()))?;
            self.file.append_key_value_metadata(KeyValue::new(footer::USAGE.to_owned(), text));
        }
        for (key, value) in [
            (footer::VERSION, FORMAT_VERSION.to_owned()),
            (footer::WINDOW_SECONDS, self.window_length.seconds().to_string()),
            (footer::SCOPE, self.scope.to_string()),
            (footer::HOUR, self.hour.start().to_string()),
            (footer::RAW_HASH, raw_hash.to_owned()),
        ] {
            self.file.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
        }
        Ok(self.file.into_inner()?)
    }
}

/// The columns of a part.
struct Table {
    texts: [Vec<ByteArray>; TEXTS.len()],
    sketches: Vec<ByteArray>,
    numbers: Vec<Vec<i64>>,
    host_places: Vec<usize>,
    pair_places: Vec<usize>,
    interface_places: Vec<usize>,
}

/// The identity of a row.
struct At<'a> {
    window: WindowStart,
    interface: &'a ByteArray,
}

impl Table {
    fn from_hour(part: &HourAggregate) -> Self {
        let mut table = Self {
            texts: Default::default(),
            sketches: Vec::new(),
            numbers: vec![Vec::new(); NUMBERS.len()],
            host_places: places(HostTotals::NAMES, ""),
            pair_places: places(PairTotals::NAMES, ""),
            interface_places: places(InterfaceTotals::NAMES, "interface_"),
        };
        for (window, aggregate) in &part.windows {
            for (name, interface) in &aggregate.interfaces {
                let name = ByteArray::from(name.as_str());
                table.interface(&At { window: *window, interface: &name }, interface);
            }
        }
        table
    }

    fn interface(&mut self, at: &At<'_>, interface: &InterfaceAggregate) {
        let dropped = i64::from(interface.local.overflowed()) + 2 * i64::from(interface.remote.overflowed());
        self.row(at, "interface", [word(""), word(""), word(""), word("")], None, Span { first: 0, last: 0 });
        self.set(HOSTS_DROPPED, dropped);
        self.sums(&self.interface_places.clone(), &interface.totals.values());
        for tier in [&interface.local, &interface.remote] {
            self.hosts(at, tier);
        }
    }

    fn hosts(&mut self, at: &At<'_>, tier: &BottomK<HostKey, HostAggregate>) {
        let (host_places, pair_places) = (self.host_places.clone(), self.pair_places.clone());
        for (key, host) in tier.sorted() {
            let name = ByteArray::from(key.host.to_string().as_str());
            let (role, side) = (word(role_name(key.role)), word(side_name(key.side)));
            self.row(at, "host", [name.clone(), role.clone(), side.clone(), word("")], None, host.span());
            self.sums(&host_places, &host.totals().values());
            if let (Some(sketches), Some(cell)) = (host.sketches(), self.sketches.last_mut()) {
                let all = [&sketches.peers, &sketches.services, &sketches.attempted, &sketches.answered];
                *cell = ByteArray::from(all.map(DistinctSketch::as_bytes).concat());
            }
            for (pair_key, pair) in host.pairs().sorted() {
                let peer = ByteArray::from(pair_key.peer.to_string().as_str());
                self.pair(at, [name.clone(), role.clone(), side.clone(), peer], pair_key, pair, &pair_places);
            }
        }
    }

    fn pair(&mut self, at: &At<'_>, texts: [ByteArray; 4], key: &PairKey, pair: &PairAggregate, places: &[usize]) {
        self.row(at, "pair", texts, Some(key), pair.span);
        self.sums(places, &pair.totals.values());
    }

    /// Adds a row with all sums 0.
    fn row(&mut self, at: &At<'_>, kind: &'static str, texts: [ByteArray; 4], pair: Option<&PairKey>, span: Span) {
        let [host, role, side, peer] = texts;
        for (place, text) in [
            (ROW, word(kind)),
            (INTERFACE, at.interface.clone()),
            (HOST, host),
            (ROLE, role),
            (SIDE, side),
            (PEER, peer),
        ] {
            self.texts[place].push(text);
        }
        self.sketches.push(word(""));
        self.numbers.iter_mut().for_each(|column| column.push(0));
        let service = pair.map(|key| key.service);
        let values = [
            (WINDOW, at.window.0),
            (PROTOCOL, service.map_or(0, |s| s.protocol.into())),
            (PORT, service.map_or(0, |s| s.port.into())),
            (FIRST, span.first),
            (LAST, span.last),
        ];
        debug_assert!(values.len() < FIXED.len());
        for (place, value) in values {
            self.set(place, value);
        }
    }

    fn sums(&mut self, places: &[usize], values: &[u64]) {
        for (place, value) in places.iter().zip(values) {
            self.set(*place, i64::try_from(*value).unwrap_or(i64::MAX));
        }
    }

    /// Sets an integer of the last row.
    fn set(&mut self, place: usize, value: i64) {
        if let Some(cell) = self.numbers[place].last_mut() {
            *cell = value;
        }
    }
}

/// A cell of static text, without allocation.
fn word(text: &'static str) -> ByteArray {
    ByteArray::from(Bytes::from_static(text.as_bytes()))
}

pub(super) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Initiator => "initiator",
        Role::Responder => "responder",
    }
}

pub(super) fn side_name(side: Side) -> &'static str {
    match side {
        Side::Internal => "own",
        Side::Remote => "remote",
        Side::Unknown => "unknown",
    }
}
