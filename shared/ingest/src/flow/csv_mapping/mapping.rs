//! Parses and checks a mapping file, and reports all faults at once.

use std::collections::BTreeMap;
use std::fmt;

use toml::{Table, Value};

use super::fault::{Faults, MappingError, MappingFault};
use super::field::{FIELDS, Field};
use super::time::{Clock, Unit, is_pattern};

/// The mappings that come with Weir, by name.
const SHIPPED: [(&str, &str); 2] = [
    ("cicids2017", include_str!("../../../mappings/cicids2017.toml")),
    ("unsw-nb15-raw", include_str!("../../../mappings/unsw-nb15-raw.toml")),
];

/// Beyond any table: positions and widths from here up are mistakes.
const MAX_COLUMNS: usize = 4096;

/// Which column of a CSV holds which field, and how it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    description: String,
    pub(super) delimiter: u8,
    pub(super) width: Option<usize>,
    columns: [Option<Column>; FIELDS],
    pub(super) start: Clock,
    pub(super) end: Clock,
    pub(super) duration: Unit,
    /// Whether `bytes` and `reply_bytes` count payload.
    pub(super) payload: [bool; 2],
    pub(super) accept: Vec<String>,
    pub(super) reject: Vec<String>,
    /// Names of protocols, in lower case.
    pub(super) protocols: BTreeMap<String, u8>,
}

/// A column, by its name in the header, its position from 0, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name, without blanks around it; its case does not matter.
    pub name: Option<String>,
    /// The position from 0, for files without a header.
    pub position: Option<usize>,
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.position) {
            (Some(name), _) => write!(f, "column `{name}`"),
            (None, position) => write!(f, "column {}", position.unwrap_or_default()),
        }
    }
}

impl Mapping {
    /// Reads a mapping file; see [the module](super) for its keys.
    ///
    /// # Errors
    /// With all faults of the file.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = 1 + before.matches('\n').count();
            MappingError { faults: vec![MappingFault::NotToml { line, problem: error.message().to_owned() }] }
        })?;
        let mut faults = Faults::default();
        let mapping = Self::from_table(&table, &mut faults);
        if faults.0.is_empty() { Ok(mapping) } else { Err(MappingError { faults: faults.0 }) }
    }

    /// A mapping that comes with Weir; `None` when there is none of that name.
    #[must_use]
    pub fn shipped(name: &str) -> Option<Self> {
        let (_, text) = SHIPPED.iter().find(|(shipped, _)| *shipped == name)?;
        Self::parse(text).ok()
    }

    /// The names of the mappings that come with Weir.
    pub fn shipped_names() -> impl Iterator<Item = &'static str> {
        SHIPPED.iter().map(|(name, _)| *name)
    }

    /// What the mapping is for, in its own words; may be empty.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The column that holds the truth of a labelled set, where the mapping names one. Reading flows does not look at it.
    #[must_use]
    pub fn label(&self) -> Option<&Column> {
        self.column(Field::Label)
    }

    pub(super) fn column(&self, field: Field) -> Option<&Column> {
        self.columns[field as usize].as_ref()
    }

    /// The fields that are read, with their columns.
    pub(super) fn read_columns(&self) -> impl Iterator<Item = (Field, &Column)> + Clone {
        Field::ALL.into_iter().filter(|&f| f != Field::Label).filter_map(|f| Some((f, self.column(f)?)))
    }

    fn from_table(table: &Table, faults: &mut Faults) -> Self {
        let mut mapping = Self {
            description: String::new(),
            delimiter: b',',
            width: None,
            columns: [const { None }; FIELDS],
            start: Clock::default(),
            end: Clock::default(),
            duration: Unit::default(),
            payload: [false; 2],
            accept: vec!["ACCEPT".to_owned()],
            reject: vec!["REJECT".to_owned()],
            protocols: BTreeMap::new(),
        };
        for (key, value) in table {
            match (key.as_str(), value) {
                ("description", Value::String(text)) => mapping.description.clone_from(text),
                ("description", _) => faults.bad(key, "must be text"),
                ("delimiter", value) => match value.as_str().map(str::as_bytes) {
                    Some(&[byte]) if byte.is_ascii() && !b"\"\r\n".contains(&byte) => mapping.delimiter = byte,
                    _ => faults.bad(key, "must be one ASCII character, and no quote"),
                },
                ("width", value) => match count(value) {
                    Some(width) => mapping.width = Some(width),
                    None => faults.bad(key, format!("must be a number of columns below {MAX_COLUMNS}")),
                },
                ("columns", Value::Table(columns)) => mapping.take_columns(columns, faults),
                ("protocols", Value::Table(names)) => mapping.take_protocols(names, faults),
                ("columns" | "protocols", _) => faults.bad(key, "must be a table"),
                _ => faults.unknown(key, &["description", "delimiter", "width", "columns", "protocols"]),
            }
        }
        mapping.check(faults);
        mapping
    }

    fn take_columns(&mut self, columns: &Table, faults: &mut Faults) {
        for (name, value) in columns {
            let key = format!("columns.{name}");
            let Some(field) = Field::from_name(name) else {
                faults.unknown(key, &Field::ALL.map(Field::name));
                continue;
            };
            let column = match value {
                Value::String(text) => Column { name: Some(text.trim().to_owned()), position: None },
                Value::Integer(_) => Column { name: None, position: position(&key, value, faults) },
                Value::Table(keys) => self.take_column(field, &key, keys, faults),
                _ => {
                    faults.bad(&key, "must be a column's name, its position from 0, or a table of keys");
                    continue;
                }
            };
            if column.name.as_deref() == Some("") {
                faults.bad(&key, "is an empty name");
            }
            self.columns[field as usize] = Some(column);
        }
    }

    fn take_column(&mut self, field: Field, key: &str, keys: &Table, faults: &mut Faults) -> Column {
        let mut column = Column { name: None, position: None };
        for (name, value) in keys {
            let key = format!("{key}.{name}");
            match (name.as_str(), value) {
                ("name", Value::String(text)) => column.name = Some(text.trim().to_owned()),
                ("name", _) => faults.bad(key, "must be text"),
                ("position", value) => column.position = position(&key, value, faults),
                (other, value) if field.keys().contains(&other) => self.take_key(field, other, &key, value, faults),
                _ => faults.unknown(key, &[&["name", "position"], field.keys()].concat()),
            }
        }
        if keys.contains_key("format") {
            if keys.contains_key("unit") {
                faults.bad(key, "has both `unit` and `format`: give one");
            }
        } else if keys.contains_key("afternoon_below") {
            faults.bad(key, "has `afternoon_below` without `format`");
        }
        if !keys.contains_key("name") && !keys.contains_key("position") {
            faults.bad(key, "needs `name`, `position` or both");
        }
        column
    }

    /// Reads one of the keys that define how a field's column is read.
    fn take_key(&mut self, field: Field, name: &str, key: &str, value: &Value, faults: &mut Faults) {
        let clock = if field == Field::End { &mut self.end } else { &mut self.start };
        match name {
            "unit" => match value.as_str().and_then(Unit::from_name) {
                Some(unit) if field == Field::Duration => self.duration = unit,
                Some(unit) => clock.unit = unit,
                None => faults.bad(key, format!("must be one of {}", Unit::NAMES.join(", "))),
            },
            "format" => match texts(value).filter(|patterns| patterns.iter().all(|p| is_pattern(p))) {
                Some(patterns) => clock.patterns = patterns,
                None => faults.bad(key, "must be a strptime pattern with a date, as %Y-%m-%d %H:%M:%S, or several"),
            },
            "afternoon_below" => match value.as_integer().and_then(|hour| i8::try_from(hour).ok()) {
                Some(hour @ 1..=12) => clock.afternoon_below = hour,
                _ => faults.bad(key, "must be an hour from 1 to 12"),
            },
            "counts" => match value.as_str() {
                Some(what @ ("ip" | "payload")) => {
                    self.payload[usize::from(field == Field::ReplyBytes)] = what == "payload";
                }
                _ => faults.bad(key, "must be ip or payload"),
            },
            // `accept` and `reject`, of the action.
            _ => match texts(value) {
                Some(words) if name == "accept" => self.accept = words,
                Some(words) => self.reject = words,
                None => faults.bad(key, "must be a word or a list of words"),
            },
        }
    }

    fn take_protocols(&mut self, names: &Table, faults: &mut Faults) {
        for (name, value) in names {
            match value.as_integer().and_then(|number| u8::try_from(number).ok()) {
                Some(number) => _ = self.protocols.insert(name.to_ascii_lowercase(), number),
                None => faults.bad(format!("protocols.{name}"), "must be a number from 0 to 255"),
            }
        }
    }

    /// Checks what involves several keys.
    fn check(&self, faults: &mut Faults) {
        for field in Field::REQUIRED.into_iter().filter(|&f| self.column(f).is_none()) {
            faults.0.push(MappingFault::Missing { field: field.name() });
        }
        let columns = || Field::ALL.into_iter().filter_map(|f| Some((f, self.column(f)?)));
        for (i, (first, column)) in columns().enumerate() {
            for (second, other) in columns().skip(i + 1).filter(|(_, other)| column.is_same(other)) {
                let (first, second) = (first.name(), second.name());
                faults.0.push(MappingFault::ColumnTwice { column: other.to_string(), first, second });
            }
        }
        // A column with neither is a fault that has been found.
        let named = |want: bool| self.read_columns().filter(move |(_, c)| c.name.is_some() == want);
        let unnamed: Vec<_> = named(false).filter(|(_, c)| c.position.is_some()).map(|(f, _)| f.name()).collect();
        if !unnamed.is_empty() && named(true).any(|(_, c)| c.position.is_none()) {
            let problem = format!("must have names all, or positions all: {} have no name", unnamed.join(", "));
            faults.bad("columns", problem);
        }
        if self.column(Field::End).is_some() && self.column(Field::Duration).is_some() {
            faults.bad("columns", "has both `end` and `duration`: give one");
        }
        for (payload, bytes, packets) in
            [(self.payload[0], "bytes", Field::Packets), (self.payload[1], "reply_bytes", Field::ReplyPackets)]
        {
            if payload && self.column(packets).is_none() {
                faults.bad(format!("columns.{bytes}.counts"), format!("is payload, which needs `{}`", packets.name()));
            }
        }
        if let Some(width) = self.width
            && let Some((field, _)) = self.read_columns().find(|(_, c)| c.position.is_some_and(|p| p >= width))
        {
            faults.bad("width", format!("is {width}, and the position of `{}` is not below", field.name()));
        }
    }
}

impl Column {
    fn is_same(&self, other: &Self) -> bool {
        let same_name = self.name.as_ref().zip(other.name.as_ref()).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
        same_name || (self.position.is_some() && self.position == other.position)
    }
}

fn position(key: &str, value: &Value, faults: &mut Faults) -> Option<usize> {
    let position = count(value);
    if position.is_none() {
        faults.bad(key, format!("must be a position from 0 to {}", MAX_COLUMNS - 1));
    }
    position
}

/// A number of columns.
fn count(value: &Value) -> Option<usize> {
    value.as_integer().and_then(|n| usize::try_from(n).ok()).filter(|&n| n < MAX_COLUMNS)
}

/// A text, or a list of at least one.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(list) if !list.is_empty() => list.iter().map(|v| v.as_str().map(ToOwned::to_owned)).collect(),
        _ => None,
    }
}
