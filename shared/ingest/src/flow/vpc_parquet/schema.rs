//! The columns of a file: which of them are read, and what they hold.

use super::thrift::{Kind, Malformed, Thrift};
use super::{damaged, other};
use crate::error::{ObjectName, Problem};
use crate::flow::vpc_flow_log::field::{Field, Fields};
use crate::flow::vpc_flow_log::header::MAX_COLUMNS;

/// The columns that are read.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) fields: Fields,
    pub(super) columns: Vec<ColumnSchema>,
    /// How many columns there are, with those that are skipped.
    pub(super) width: usize,
}

/// A column that is read.
#[derive(Debug)]
pub(super) struct ColumnSchema {
    pub(super) name: String,
    pub(super) field: Field,
    pub(super) holds: Holds,
    /// Whether cells may be null.
    pub(super) optional: bool,
    /// Which of all columns it is.
    pub(super) place: usize,
}

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Text,
    Integer { wide: bool, signed: bool },
}

impl Holds {
    /// The number of the physical type.
    pub(super) fn physical(self) -> i64 {
        match self {
            Self::Integer { wide: false, .. } => physical::INT32,
            Self::Integer { wide: true, .. } => physical::INT64,
            Self::Text => physical::BYTE_ARRAY,
        }
    }
}

/// Numbers of physical types.
mod physical {
    pub(super) const INT32: i64 = 1;
    pub(super) const INT64: i64 = 2;
    pub(super) const BYTE_ARRAY: i64 = 6;
}

/// The number of the repetition of a column that holds lists.
const REPEATED: i64 = 2;
/// The number of the repetition of a column that may hold nulls.
const OPTIONAL: i64 = 1;

/// A node of the schema as it is written.
#[derive(Debug, Default)]
pub(super) struct Element {
    physical: Option<i64>,
    repetition: Option<i64>,
    name: Vec<u8>,
    children: i64,
    converted: Option<i64>,
    logical: Option<Logical>,
}

/// The parts of a logical type that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Logical {
    Text,
    Integer { signed: bool },
    Other,
}

impl Element {
    /// Reads the list of all nodes.
    pub(super) fn read_all(thrift: &mut Thrift<'_>, kind: Kind) -> Result<Vec<Self>, Malformed> {
        let (kind, size) = thrift.list(kind)?;
        // Nested schemas of other tables have some hundreds.
        if size > 4096 {
            return Err(Malformed);
        }
        (0..size).map(|_| Self::read(thrift, kind)).collect()
    }

    fn read(thrift: &mut Thrift<'_>, kind: Kind) -> Result<Self, Malformed> {
        let mut element = Self::default();
        thrift.structure(kind, |thrift, number, kind| {
            match number {
                1 => element.physical = Some(thrift.integer(kind)?),
                3 => element.repetition = Some(thrift.integer(kind)?),
                4 => element.name = thrift.binary(kind)?.to_vec(),
                5 => element.children = thrift.integer(kind)?,
                6 => element.converted = Some(thrift.integer(kind)?),
                10 => element.logical = Some(Logical::read(thrift, kind)?),
                _ => thrift.skip(kind)?,
            }
            Ok(())
        })?;
        Ok(element)
    }

    /// The name as it may be shown.
    fn shown(&self) -> String {
        let head = &self.name[..self.name.len().min(64)];
        ObjectName::new(&String::from_utf8_lossy(head)).to_string()
    }

    /// What the cells are, if it is something that flow logs hold.
    fn holds(&self) -> Option<Holds> {
        // Numbers of converted types, which older writers use: UTF8 0, ENUM 4, unsigned 11 to 14, signed 15 to 18.
        let meaning = match (self.logical, self.converted) {
            (None, None) => None,
            (Some(logical), _) => Some(logical),
            (None, Some(0 | 4)) => Some(Logical::Text),
            (None, Some(11..=14)) => Some(Logical::Integer { signed: false }),
            (None, Some(15..=18)) => Some(Logical::Integer { signed: true }),
            (None, Some(_)) => Some(Logical::Other),
        };
        let wide = self.physical == Some(physical::INT64);
        match (self.physical?, meaning) {
            (physical::BYTE_ARRAY, None | Some(Logical::Text)) => Some(Holds::Text),
            (physical::INT32 | physical::INT64, None) => Some(Holds::Integer { wide, signed: true }),
            (physical::INT32 | physical::INT64, Some(Logical::Integer { signed })) => {
                Some(Holds::Integer { wide, signed })
            }
            _ => None,
        }
    }
}

impl Logical {
    /// Reads the union of logical types: one field, whose number is the type's.
    fn read(thrift: &mut Thrift<'_>, kind: Kind) -> Result<Self, Malformed> {
        let mut logical = Self::Other;
        thrift.structure(kind, |thrift, number, kind| {
            match number {
                1 | 4 => {
                    thrift.skip(kind)?;
                    logical = Self::Text;
                }
                10 => {
                    let mut signed = true;
                    thrift.structure(kind, |thrift, number, kind| match number {
                        2 => Thrift::boolean(kind).map(|value| signed = value),
                        _ => thrift.skip(kind),
                    })?;
                    logical = Self::Integer { signed };
                }
                _ => thrift.skip(kind)?,
            }
            Ok(())
        })?;
        Ok(logical)
    }
}

impl Schema {
    /// Understands the nodes: a root, and a flat row of columns below it.
    pub(super) fn of(elements: &[Element]) -> Result<Self, Problem> {
        let Some((root, leaves)) = elements.split_first() else { return Err(damaged("its schema is empty")) };
        let mut schema = Self { fields: Fields::default(), columns: Vec::new(), width: leaves.len() };
        for (place, leaf) in leaves.iter().enumerate() {
            let bad = |problem: &str| Problem::BadColumn { column: leaf.shown(), problem: problem.to_owned() };
            if leaf.children > 0 || leaf.physical.is_none() || leaf.repetition == Some(REPEATED) {
                return Err(bad("holds columns or lists: flow logs as AWS delivers them have plain columns only"));
            }
            if place == MAX_COLUMNS {
                return Err(other("it has more columns than any flow log"));
            }
            let repeated = |field: Field| Problem::RepeatedField { field: field.name() };
            let Some(field) = schema.fields.add(&leaf.name).map_err(repeated)? else { continue };
            let holds = leaf.holds().ok_or_else(|| bad("is of a type that is neither text nor a whole number"))?;
            if matches!(holds, Holds::Integer { .. }) && is_text(field) {
                return Err(bad("holds numbers: it is to hold text"));
            }
            let optional = leaf.repetition == Some(OPTIONAL);
            schema.columns.push(ColumnSchema { name: leaf.shown(), field, holds, optional, place });
        }
        if usize::try_from(root.children) != Ok(leaves.len()) {
            return Err(damaged("its schema is incomplete"));
        }
        schema.fields.check()?;
        Ok(schema)
    }
}

/// Fields that are text in every file. Numbers may be written as text, and an account as a number.
fn is_text(field: Field) -> bool {
    match field {
        Field::SrcPort
        | Field::DstPort
        | Field::Protocol
        | Field::Packets
        | Field::Bytes
        | Field::Start
        | Field::End
        | Field::TcpFlags
        | Field::AccountId => false,
        Field::SrcAddr
        | Field::DstAddr
        | Field::Action
        | Field::LogStatus
        | Field::FlowDirection
        | Field::Region
        | Field::InterfaceId
        | Field::PacketSrcAddr
        | Field::PacketDstAddr
        | Field::PacketSrcService
        | Field::PacketDstService
        | Field::AttachmentId => true,
    }
}
