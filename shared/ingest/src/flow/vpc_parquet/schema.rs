//! Selects the columns of a file that are read, and determines what they hold.

use parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::schema::types::{Type, TypePtr};

use super::problem::other;
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

impl ColumnSchema {
    /// A problem of this column.
    pub(super) fn bad(&self, problem: &str) -> Problem {
        Problem::BadColumn { column: self.name.clone(), problem: problem.to_owned() }
    }
}

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Text,
    Integer { wide: bool, signed: bool },
}

impl Holds {
    /// What a column holds, if it is something that flow logs hold.
    fn from_type(column: &Type) -> Option<Self> {
        use ConvertedType as C;
        let info = column.get_basic_info();
        let signed = match (info.logical_type_ref(), info.converted_type()) {
            (Some(LogicalType::Integer(integer)), _) => Some(integer.is_signed),
            (Some(LogicalType::String | LogicalType::Enum), _) | (None, C::UTF8 | C::ENUM) => None,
            (None, C::NONE | C::INT_8 | C::INT_16 | C::INT_32 | C::INT_64) => Some(true),
            (None, C::UINT_8 | C::UINT_16 | C::UINT_32 | C::UINT_64) => Some(false),
            _ => return None,
        };
        // Bytes of no type are text, numbers of no type are signed.
        let untyped = info.logical_type_ref().is_none() && info.converted_type() == C::NONE;
        match (column.get_physical_type(), signed) {
            (Physical::BYTE_ARRAY, signed) if signed.is_none() || untyped => Some(Self::Text),
            (Physical::INT32, Some(signed)) => Some(Self::Integer { wide: false, signed }),
            (Physical::INT64, Some(signed)) => Some(Self::Integer { wide: true, signed }),
            _ => None,
        }
    }
}

/// A column's name as it may be shown.
fn shown(column: &Type) -> String {
    let name = column.name();
    ObjectName::new(&name[..name.floor_char_boundary(64)]).to_string()
}

impl Schema {
    /// Selects the columns of a file, which must be flat.
    pub(super) fn from_columns(columns: &[TypePtr]) -> Result<Self, Problem> {
        let mut schema = Self { fields: Fields::default(), columns: Vec::new(), width: columns.len() };
        for (place, column) in columns.iter().enumerate() {
            let bad = |problem: &str| Problem::BadColumn { column: shown(column), problem: problem.to_owned() };
            let info = column.get_basic_info();
            let repetition = info.has_repetition().then(|| info.repetition());
            if column.is_group() || repetition == Some(Repetition::REPEATED) {
                return Err(bad("holds columns or lists: flow logs as AWS delivers them have plain columns only"));
            }
            if place == MAX_COLUMNS {
                return Err(other("it has more columns than any flow log"));
            }
            let repeated = |field: Field| Problem::RepeatedField { field: field.name() };
            let Some(field) = schema.fields.add(column.name().as_bytes()).map_err(repeated)? else { continue };
            let holds =
                Holds::from_type(column).ok_or_else(|| bad("is of a type that is neither text nor a whole number"))?;
            if matches!(holds, Holds::Integer { .. }) && is_text(field) {
                return Err(bad("holds numbers: it is to hold text"));
            }
            let optional = repetition == Some(Repetition::OPTIONAL);
            schema.columns.push(ColumnSchema { name: shown(column), field, holds, optional, place });
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
