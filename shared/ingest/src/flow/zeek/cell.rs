//! Parses one value of a Zeek row, from text or JSON.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use weir_domain::reject::RejectReason;

use crate::flow::value;
use crate::time::FIRST_MILLISECOND;

/// One value.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) enum Cell<'a> {
    /// Not there, or unset.
    #[default]
    Absent,
    Text(Cow<'a, [u8]>),
    Whole(u64),
    /// A JSON number with a sign or a fraction; finite.
    Real(f64),
}

impl Cell<'_> {
    pub(super) fn is_absent(&self) -> bool {
        *self == Self::Absent
    }

    /// The text of a word; empty when there is none.
    pub(super) fn word(&self) -> &[u8] {
        if let Self::Text(text) = self { text } else { b"" }
    }

    pub(super) fn address(&self) -> Result<IpAddr, RejectReason> {
        match self {
            Self::Absent => Err(RejectReason::MissingValue),
            Self::Text(text) => value::address(text),
            Self::Whole(_) | Self::Real(_) => Err(RejectReason::BadAddress),
        }
    }

    pub(super) fn port(&self) -> Result<u16, RejectReason> {
        match self {
            Self::Absent => Ok(0),
            Self::Text(text) => value::port(text),
            Self::Whole(number) => u16::try_from(*number).map_err(|_| RejectReason::BadPort),
            Self::Real(_) => Err(RejectReason::BadPort),
        }
    }

    pub(super) fn count(&self) -> Result<Option<u64>, RejectReason> {
        match self {
            Self::Absent => Ok(None),
            Self::Text(text) => value::count(text).map(Some),
            Self::Whole(number) if i64::try_from(*number).is_ok() => Ok(Some(*number)),
            Self::Whole(_) | Self::Real(_) => Err(RejectReason::BadCount),
        }
    }

    /// A length of time in seconds.
    pub(super) fn duration(&self) -> Result<Option<f64>, RejectReason> {
        match self {
            Self::Absent => Ok(None),
            Self::Text(text) => value::number(text).map(Some).ok_or(RejectReason::BadTime),
            Self::Whole(number) => Ok(Some(*number as f64)),
            Self::Real(number) => Ok(Some(*number)),
        }
    }

    /// A point in time, seconds since the epoch: as such, in milliseconds, or ISO 8601.
    pub(super) fn time(&self) -> Result<f64, RejectReason> {
        if let Self::Text(text) = self
            && text.contains(&b'T')
        {
            let time = str::from_utf8(text).ok().and_then(|t| t.parse::<jiff::Timestamp>().ok());
            return time.map(|t| t.as_duration().as_secs_f64()).ok_or(RejectReason::BadTime);
        }
        let time = self.duration()?.ok_or(RejectReason::MissingValue)?;
        Ok(if time >= FIRST_MILLISECOND { time / 1000.0 } else { time })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Cell<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CellVisitor)
    }
}

struct CellVisitor;

impl<'de> Visitor<'de> for CellVisitor {
    type Value = Cell<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number or null")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cell::Text(Cow::Borrowed(text.as_bytes())))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cell::Text(Cow::Owned(text.as_bytes().to_vec())))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Cell::Whole(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Cell::Real(number as f64))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        if number.is_finite() { Ok(Cell::Real(number)) } else { Err(E::custom("not finite")) }
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Cell::Absent)
    }
}
