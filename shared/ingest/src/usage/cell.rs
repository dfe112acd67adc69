//! Parses the cells of a row of usage: keys, metrics and values.

use weir_domain::activity::ActivitySchema;
use weir_domain::reject::RejectReason;
use weir_domain::usage::UsagePoint;

use crate::activity::number;

/// The longest key or metric; the longest names of AWS, those of resources, have 2,048 bytes.
const MAX_KEY_LEN: usize = 2048;

/// The most keys that identify a series.
pub(super) const MAX_KEYS: usize = 64;

/// Whether a row had measurements.
pub(super) enum Row {
    Points,
    NoData,
}

/// Text that identifies a series.
pub(super) fn identifier(text: &[u8]) -> Result<&str, RejectReason> {
    let text = str::from_utf8(text).map_err(|_| RejectReason::BadIdentifier)?;
    if text.len() > MAX_KEY_LEN || text.chars().any(char::is_control) {
        return Err(RejectReason::BadIdentifier);
    }
    Ok(text)
}

/// A value, or `None` for what stands for a missing one.
pub(super) fn measured(text: &[u8]) -> Result<Option<f64>, RejectReason> {
    if is_missing(text) {
        return Ok(None);
    }
    within(number::finite(text)).map(Some)
}

/// A value within the range of a quantity.
pub(super) fn within(value: Option<f64>) -> Result<f64, RejectReason> {
    value.filter(|v| v.abs() <= UsagePoint::MAX).ok_or(RejectReason::BadNumber)
}

pub(super) fn is_missing(text: &[u8]) -> bool {
    ActivitySchema::MISSING_VALUES.iter().any(|missing| missing.as_bytes() == text)
}
