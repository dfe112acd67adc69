//! Decodes batches of windows. The bytes may be damaged or forged: every step validates, nothing is allocated on a claimed
//! size alone, and `weir_ingest::parquet_guard` checks everything before the Parquet crate reads it.

use std::io::Cursor;
use std::net::IpAddr;

use parquet::column::reader::ColumnReader;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use weir_domain::aggregate::{
    HostAggregate, HostKey, HostSketches, HostTotals, HourAggregate, InterfaceTotals, PairAggregate, PairKey,
    PairTotals, Role, Service, Side, Span,
};
use weir_domain::bounded::Merge;
use weir_domain::distinct::DistinctSketch;
use weir_domain::window::{Hour, Scope, WindowLength, WindowStart};
use weir_ingest::parquet_guard::{check_footer, check_pages};

use super::columns::{
    FIRST, HOST, HOSTS_DROPPED, INTERFACE, LAST, NUMBERS, PEER, PORT, PROTOCOL, ROLE, ROW, SIDE, TEXTS, WINDOW, footer,
    places, schema,
};
use super::table::{format, read_column};
use super::{Batch, BatchError, FORMAT_VERSION, TIMES};
use crate::usage::from_flows::HourUsage;

/// The maximum number of rows of a batch that is read. An hour of a very large network has some millions.
const MAX_ROWS: i64 = 50_000_000;

/// Decodes a batch.
///
/// # Errors
/// When the bytes are not Parquet, not a batch, of another format version, or inconsistent.
pub fn decode(bytes: Vec<u8>) -> Result<Batch, BatchError> {
    // The Parquet crate returns an error for most damage and panics on some (an offset below 0, a missing dictionary).
    std::panic::catch_unwind(|| read(bytes))
        .unwrap_or_else(|_| Err(ParquetError::General("it is damaged".to_owned()).into()))
}

fn read(bytes: Vec<u8>) -> Result<Batch, BatchError> {
    let bytes = bytes::Bytes::from(bytes);
    let mut guarded = Cursor::new(bytes.clone());
    check_footer(&mut guarded)?;
    let file = SerializedFileReader::new(bytes)?;
    let metadata = file.metadata().file_metadata();
    if metadata.schema_descr().root_schema() != schema()?.as_ref() {
        return Err(format("its columns are others"));
    }
    if metadata.num_rows() > MAX_ROWS {
        return Err(format("it has too many rows"));
    }
    let entry = |name: &str| {
        let entries = metadata.key_value_metadata().into_iter().flatten();
        let value = entries.filter(|e| e.key == name).find_map(|e| e.value.clone());
        value.ok_or_else(|| format(&std::format!("its footer has no {name}")))
    };
    if entry(footer::VERSION)? != FORMAT_VERSION {
        return Err(format("it is of another version"));
    }
    let number = |name: &str| -> Result<i64, BatchError> {
        entry(name)?.parse().map_err(|_| format(&std::format!("{name} is no number")))
    };
    let scope = Scope::parse(&entry(footer::SCOPE)?).ok_or_else(|| format("its scope is none"))?;
    let window_length = u32::try_from(number(footer::WINDOW_SECONDS)?).ok();
    let window_length = window_length
        .and_then(|seconds| WindowLength::from_seconds(seconds).ok())
        .ok_or_else(|| format("its window length is none"))?;
    let start = number(footer::HOUR)?;
    if !TIMES.contains(&start) || Hour::from_time(start).start() != start {
        return Err(format("its hour is none"));
    }
    let usage = entry(footer::USAGE)
        .ok()
        .map(|text| HourUsage::decode(&text, Hour::from_time(start)).ok_or_else(|| format("its usage is damaged")));
    let mut hour = HourAggregate::new(scope, Hour::from_time(start), window_length);
    for group in 0..file.num_row_groups() {
        let group = file.get_row_group(group)?;
        for chunk in group.metadata().columns() {
            check_pages(&mut guarded, chunk, group.num_columns())?;
        }
        let table = Table::read(group.as_ref())?;
        hour.merge(table.aggregate(&hour)?).map_err(|e| format(&e.to_string()))?;
    }
    hour.prune();
    Ok(Batch { raw_hash: entry(footer::RAW_HASH)?, hour, usage: usage.transpose()? })
}

/// The columns of a row group.
struct Table {
    rows: usize,
    texts: Vec<Vec<ByteArray>>,
    numbers: Vec<Vec<i64>>,
}

impl Table {
    fn read(group: &dyn RowGroupReader) -> Result<Self, BatchError> {
        let rows = usize::try_from(group.metadata().num_rows()).map_err(|_| format("a negative number of rows"))?;
        let (mut texts, mut numbers) = (Vec::new(), Vec::new());
        for column in 0..group.num_columns() {
            match group.get_column_reader(column)? {
                ColumnReader::ByteArrayColumnReader(mut reader) => {
                    texts.push(read_column(rows, |most, cells| reader.read_records(most, None, None, cells))?);
                }
                ColumnReader::Int64ColumnReader(mut reader) => {
                    numbers.push(read_column(rows, |most, cells| reader.read_records(most, None, None, cells))?);
                }
                _ => return Err(format("an unexpected column type")),
            }
        }
        if texts.len() != TEXTS.len() + 1 || numbers.len() != NUMBERS.len() {
            return Err(format("its columns are others"));
        }
        Ok(Self { rows, texts, numbers })
    }

    fn text(&self, column: usize, row: usize) -> Result<&str, BatchError> {
        str::from_utf8(self.texts[column][row].data()).map_err(|_| format("text that is no UTF-8"))
    }

    fn address(&self, column: usize, row: usize) -> Result<IpAddr, BatchError> {
        self.text(column, row)?.parse().map_err(|_| format("an address that is none"))
    }

    fn span(&self, row: usize) -> Result<Span, BatchError> {
        let (first, last) = (self.numbers[FIRST][row], self.numbers[LAST][row]);
        if !TIMES.contains(&first) || !TIMES.contains(&last) || last < first {
            return Err(format("times that are none"));
        }
        Ok(Span { first, last })
    }

    fn sums<const N: usize>(&self, places: &[usize], row: usize) -> Result<[u64; N], BatchError> {
        let mut sums = [0; N];
        for (sum, place) in sums.iter_mut().zip(places) {
            *sum = u64::try_from(self.numbers[*place][row]).map_err(|_| format("a negative sum"))?;
        }
        Ok(sums)
    }

    fn aggregate(&self, like: &HourAggregate) -> Result<HourAggregate, BatchError> {
        let host_places = places(HostTotals::NAMES, "");
        let pair_places = places(PairTotals::NAMES, "");
        let interface_places = places(InterfaceTotals::NAMES, "interface_");
        let mut hour = HourAggregate::new(like.scope.clone(), like.hour, like.window_length);
        let mut row = 0;
        while row < self.rows {
            let window = WindowStart(self.numbers[WINDOW][row]);
            if !TIMES.contains(&window.0)
                || window.hour() != hour.hour
                || hour.window_length.start_of(window.0) != window
            {
                return Err(format("a window that is not of its hour"));
            }
            if self.text(ROW, row)? != "interface" {
                return Err(format("rows out of order"));
            }
            let interface = hour.windows.entry(window).or_default().interface(self.text(INTERFACE, row)?);
            interface.totals.merge(InterfaceTotals::from_values(self.sums(&interface_places, row)?));
            let dropped = self.numbers[HOSTS_DROPPED][row];
            row += 1;
            while row < self.rows && self.text(ROW, row)? == "host" {
                let key = self.host_key(row)?;
                let (host, next) = self.host(row, &host_places, &pair_places)?;
                if let Some(mine) = interface.host(key) {
                    mine.merge(host);
                }
                row = next;
            }
            if dropped & 1 != 0 {
                interface.local.restore_overflow();
            }
            if dropped & 2 != 0 {
                interface.remote.restore_overflow();
            }
        }
        Ok(hour)
    }

    fn host_key(&self, row: usize) -> Result<HostKey, BatchError> {
        let role = match self.text(ROLE, row)? {
            "initiator" => Role::Initiator,
            "responder" => Role::Responder,
            _ => return Err(format("a role that is none")),
        };
        let side = match self.text(SIDE, row)? {
            "own" => Side::Internal,
            "remote" => Side::Remote,
            "unknown" => Side::Unknown,
            _ => return Err(format("a side that is none")),
        };
        Ok(HostKey { host: self.address(HOST, row)?, role, side })
    }

    /// Decodes the host of a row with its pair rows. Returns it with the index of the next row.
    fn host(
        &self,
        row: usize,
        host_places: &[usize],
        pair_places: &[usize],
    ) -> Result<(HostAggregate, usize), BatchError> {
        let mut pairs = Vec::new();
        let mut next = row + 1;
        while next < self.rows && self.text(ROW, next)? == "pair" {
            let service = Service {
                protocol: u8::try_from(self.numbers[PROTOCOL][next]).map_err(|_| format("a protocol that is none"))?,
                port: u16::try_from(self.numbers[PORT][next]).map_err(|_| format("a port that is none"))?,
            };
            let totals = PairTotals::from_values(self.sums(pair_places, next)?);
            let key = PairKey { peer: self.address(PEER, next)?, service };
            pairs.push((key, PairAggregate { totals, span: self.span(next)? }));
            next += 1;
        }
        if pairs.len() > HostAggregate::MAX_PAIRS {
            return Err(format("a host with more pairs than are kept"));
        }
        let totals = HostTotals::from_values(self.sums(host_places, row)?);
        Ok((HostAggregate::restore(totals, self.span(row)?, pairs, self.sketches(row)?), next))
    }

    fn sketches(&self, row: usize) -> Result<Option<HostSketches>, BatchError> {
        let cell = self.texts[TEXTS.len()][row].data();
        if cell.is_empty() {
            return Ok(None);
        }
        let sketches = cell.chunks(DistinctSketch::REGISTERS).map(DistinctSketch::from_bytes);
        match &sketches.collect::<Vec<_>>()[..] {
            [Some(peers), Some(services), Some(attempted), Some(answered)] => Ok(Some(HostSketches {
                peers: peers.clone(),
                services: services.clone(),
                attempted: attempted.clone(),
                answered: answered.clone(),
            })),
            _ => Err(format("sketches that are none")),
        }
    }
}
