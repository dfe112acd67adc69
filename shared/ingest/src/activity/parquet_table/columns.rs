//! Finds the columns of a Parquet table and reads their values some rows at a time.

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};
use weir_domain::time::DAY_SECONDS;

use super::super::row::{Cell, Content};
use crate::delimited::column_names;
use crate::lines::MAX_LINE_BYTES;

/// One column at the root of the table.
pub(super) struct Column {
    pub(super) name: String,
    /// Where it stands among the columns of a row group and what its values are, or why they are not read.
    pub(super) source: Result<(usize, Kind), &'static str>,
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// 0 or 1; as text `false` or `true`.
    Boolean,
    /// Whole numbers.
    Signed,
    /// Whole numbers without sign.
    Unsigned,
    /// Whole numbers that are divided by a power of ten.
    Decimal(i32),
    /// Times, with the number of units per second.
    Time(i64),
    /// Days since the epoch: times at midnight.
    Days,
    /// Times as older programs write them (`INT96`).
    Int96,
    /// Fractions.
    Float,
    /// Text.
    Text,
}

impl Kind {
    pub(super) fn is_time(self) -> bool {
        matches!(self, Self::Time(_) | Self::Days | Self::Int96)
    }

    fn from_leaf(leaf: &ColumnDescriptor) -> Result<Self, &'static str> {
        const OTHER: &str = "of a type that is not read";
        let logical = leaf.logical_type_ref();
        Ok(match (leaf.physical_type(), logical, leaf.converted_type()) {
            (Physical::BOOLEAN, ..) => Self::Boolean,
            (Physical::INT96, ..) => Self::Int96,
            (Physical::FLOAT | Physical::DOUBLE, ..) => Self::Float,
            (Physical::BYTE_ARRAY, Some(LogicalType::Decimal(_) | LogicalType::Bson), _)
            | (Physical::BYTE_ARRAY, _, ConvertedType::DECIMAL | ConvertedType::BSON)
            | (Physical::FIXED_LEN_BYTE_ARRAY, ..) => return Err(OTHER),
            (Physical::BYTE_ARRAY, ..) => Self::Text,
            (Physical::INT32 | Physical::INT64, Some(logical), _) => match logical {
                LogicalType::Integer(integer) if !integer.is_signed => Self::Unsigned,
                LogicalType::Integer(_) | LogicalType::Time(_) | LogicalType::Unknown => Self::Signed,
                LogicalType::Decimal(decimal) => Self::Decimal(decimal.scale),
                LogicalType::Date => Self::Days,
                LogicalType::Timestamp(timestamp) => Self::Time(match timestamp.unit {
                    TimeUnit::MILLIS => 1_000,
                    TimeUnit::MICROS => 1_000_000,
                    TimeUnit::NANOS => 1_000_000_000,
                }),
                _ => return Err(OTHER),
            },
            (Physical::INT32 | Physical::INT64, None, converted) => match converted {
                ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64 => {
                    Self::Unsigned
                }
                ConvertedType::DECIMAL => Self::Decimal(leaf.type_scale()),
                ConvertedType::DATE => Self::Days,
                ConvertedType::TIMESTAMP_MILLIS => Self::Time(1_000),
                ConvertedType::TIMESTAMP_MICROS => Self::Time(1_000_000),
                _ => Self::Signed,
            },
        })
    }
}

/// The columns at the root. Those with columns in them, or with several values a row, are not read.
pub(super) fn columns(schema: &SchemaDescriptor) -> Vec<Column> {
    let roots = schema.root_schema().get_fields();
    let names = column_names(roots.iter().map(|root| root.name().as_bytes()));
    let mut columns: Vec<_> =
        names.into_iter().map(|name| Column { name, source: Err("nested: it holds columns of its own") }).collect();
    for (at, leaf) in schema.columns().iter().enumerate() {
        let root = schema.get_column_root_idx(at);
        if let (1, Some(column)) = (leaf.path().parts().len(), columns.get_mut(root)) {
            column.source = if leaf.max_rep_level() == 0 {
                Kind::from_leaf(leaf).map(|kind| (at, kind))
            } else {
                Err("nested: it holds several values a row")
            };
        }
    }
    columns
}

/// A value as it was read.
pub(super) enum Held {
    Missing,
    TooLong,
    Number(f64),
    Text(ByteArray),
}

impl Held {
    pub(super) fn cell(&self) -> Cell<'_> {
        match self {
            Self::Missing => Cell::Missing,
            Self::TooLong => Cell::TooLong,
            Self::Number(number) => Cell::Holds(Content::Number(*number)),
            Self::Text(text) => Cell::Holds(Content::Text(text.data())),
        }
    }

    /// Bytes it takes, at least.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64 + 1,
            Self::Missing | Self::TooLong | Self::Number(_) => 8,
        }
    }

    fn bytes(bytes: ByteArray) -> Self {
        if bytes.len() > MAX_LINE_BYTES { Self::TooLong } else { Self::Text(bytes) }
    }
}

/// Reads one column of one row group.
pub(super) struct ColumnCursor {
    reader: ColumnReader,
    kind: Kind,
    /// Whether numbers are wanted as text.
    as_text: bool,
    /// The values of the rows at hand.
    pub(super) held: Vec<Held>,
}

impl ColumnCursor {
    pub(super) fn new(reader: ColumnReader, kind: Kind, as_text: bool) -> Self {
        Self { reader, kind, as_text, held: Vec::new() }
    }

    /// Reads the values of the next rows.
    pub(super) fn advance(&mut self, rows: usize) -> Result<(), ParquetError> {
        use ColumnReader as R;
        let (kind, as_text, held) = (self.kind, self.as_text, &mut self.held);
        let whole = |number: i64| hold_whole(kind, as_text, number);
        held.clear();
        match &mut self.reader {
            R::BoolColumnReader(reader) => fill(reader, rows, held, |b| hold(as_text, &b, u8::from(b))),
            R::Int32ColumnReader(reader) if kind == Kind::Unsigned => {
                fill(reader, rows, held, |n| whole(i64::from(n as u32)))
            }
            R::Int32ColumnReader(reader) => fill(reader, rows, held, |n| whole(i64::from(n))),
            R::Int64ColumnReader(reader) => fill(reader, rows, held, whole),
            R::Int96ColumnReader(reader) => fill(reader, rows, held, |n| whole(n.to_seconds())),
            R::FloatColumnReader(reader) => fill(reader, rows, held, |n| hold(as_text, &n, n)),
            R::DoubleColumnReader(reader) => fill(reader, rows, held, |n| hold(as_text, &n, n)),
            R::ByteArrayColumnReader(reader) => fill(reader, rows, held, Held::bytes),
            R::FixedLenByteArrayColumnReader(_) => Err(ParquetError::General("bytes of fixed length".to_owned())),
        }
    }
}

/// A value as text, or as a number.
fn hold(as_text: bool, text: &dyn ToString, number: impl Into<f64>) -> Held {
    if as_text { Held::Text(ByteArray::from(text.to_string().into_bytes())) } else { Held::Number(number.into()) }
}

/// A whole number, converted by its kind. Times become seconds.
fn hold_whole(kind: Kind, as_text: bool, number: i64) -> Held {
    let number = match kind {
        Kind::Time(units) => number.div_euclid(units),
        Kind::Days => number.saturating_mul(DAY_SECONDS),
        _ => number,
    };
    match kind {
        Kind::Decimal(scale) => {
            let value = number as f64 / 10_f64.powi(scale);
            hold(as_text, &value, value)
        }
        Kind::Unsigned => hold(as_text, &(number as u64), number as u64 as f64),
        _ => hold(as_text, &number, number as f64),
    }
}

/// Reads `rows` values of a flat column. Fewer are an error: the columns of a row group have all its rows.
fn fill<D: DataType>(
    reader: &mut ColumnReaderImpl<D>,
    rows: usize,
    held: &mut Vec<Held>,
    hold: impl Fn(D::T) -> Held,
) -> Result<(), ParquetError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let mut read = 0;
    while read < rows {
        let (records, _, _) = reader.read_records(rows - read, Some(&mut levels), None, &mut values)?;
        if records == 0 {
            return Err(ParquetError::General("a column with too few values".to_owned()));
        }
        read += records;
    }
    if levels.is_empty() {
        held.extend(values.into_iter().map(hold));
        return Ok(());
    }
    let mut values = values.into_iter();
    held.extend(levels.into_iter().map(|level| match level {
        0 => Held::Missing,
        _ => values.next().map_or(Held::Missing, &hold),
    }));
    Ok(())
}
