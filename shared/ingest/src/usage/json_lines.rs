//! Reads usage as one JSON object a line.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};
use weir_domain::reject::RejectReason;
use weir_domain::usage::UsagePoint;

use super::cell::{MAX_KEYS, Row, identifier, measured, within};
use super::columns::Part;
use super::options::UsageOptions;
use crate::time;

/// Reads objects; every line may have other fields.
pub(super) struct JsonLines<'o> {
    pub(super) options: &'o UsageOptions,
}

impl JsonLines<'_> {
    /// Reads a row and hands on its measurements, or none of them.
    pub(super) fn row(&self, line: &[u8], each: &mut impl FnMut(&UsagePoint<'_>)) -> Result<Row, RejectReason> {
        let object: Map<String, Json> = serde_json::from_slice(line).map_err(|_| RejectReason::BadJson)?;
        let mut fields: Vec<(&str, &Json)> = object.iter().map(|(name, value)| (name.as_str(), value)).collect();
        fields.sort_unstable_by_key(|(name, _)| *name);
        // A field that the options name and the line lacks is a missing value.
        let find = |part: Part| part.find(&fields.iter().map(|(name, _)| *name), self.options);
        let time_at = find(Part::Time).ok().flatten().ok_or(RejectReason::MissingValue)?;
        let value_at = find(Part::Value).map_err(|_| RejectReason::MissingValue)?;
        let label_at = find(Part::Label).ok().flatten();
        let metric_at =
            if value_at.is_some() { find(Part::Metric).map_err(|_| RejectReason::MissingValue)? } else { None };

        let time = read_time(fields[time_at].1)?;
        let metric = metric_at.map(|at| match fields[at].1 {
            Json::String(name) => identifier(name.as_bytes()),
            Json::Null => Err(RejectReason::MissingValue),
            _ => Err(RejectReason::BadJson),
        });
        let metric = metric.transpose()?;
        let label = label_at.map_or(Ok(Cow::Borrowed("")), |at| read_word(fields[at].1))?;
        let (mut values, mut texts) = (Vec::new(), Vec::new());
        for (at, (name, field)) in fields.iter().enumerate() {
            if value_at == Some(at) {
                values.push((*name, read_value(field)?));
                continue;
            }
            if at == time_at || [label_at, metric_at].contains(&Some(at)) {
                continue;
            }
            let chosen = self.options.keys.as_ref().map(|keys| keys.iter().any(|key| key == name));
            match field {
                Json::Null => {}
                Json::Number(_) if value_at.is_none() && chosen != Some(true) => {
                    values.push((*name, read_value(field)?));
                }
                Json::Array(_) | Json::Object(_) => return Err(RejectReason::BadJson),
                _ if chosen != Some(false) => texts.push((*name, read_word(field)?)),
                _ => {}
            }
        }
        if texts.len() > MAX_KEYS {
            return Err(RejectReason::BadStructure);
        }
        if values.is_empty() {
            return Err(RejectReason::MissingValue);
        }
        for name in texts.iter().map(|(name, _)| *name).chain(values.iter().map(|(name, _)| *name)) {
            identifier(name.as_bytes())?;
        }
        let keys = texts.iter().map(|(name, text)| identifier(text.as_bytes()).map(|text| (*name, text)));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        if values.iter().all(|(_, value)| value.is_none()) {
            return Ok(Row::NoData);
        }
        for (name, value) in values {
            if let Some(value) = value {
                each(&UsagePoint { time, keys: &keys, metric: metric.unwrap_or(name), value, label: &label });
            }
        }
        Ok(Row::Points)
    }
}

fn read_time(field: &Json) -> Result<i64, RejectReason> {
    let time = match field {
        Json::Null => return Err(RejectReason::MissingValue),
        Json::Number(number) => number.as_f64().and_then(time::from_number),
        Json::String(text) => time::from_text(text.as_bytes()),
        _ => None,
    };
    time.ok_or(RejectReason::BadTime)
}

fn read_value(field: &Json) -> Result<Option<f64>, RejectReason> {
    match field {
        Json::Null => Ok(None),
        Json::Number(number) => within(number.as_f64()).map(Some),
        Json::String(text) => measured(text.trim().as_bytes()),
        _ => Err(RejectReason::BadNumber),
    }
}

fn read_word(field: &Json) -> Result<Cow<'_, str>, RejectReason> {
    match field {
        Json::Null => Ok(Cow::Borrowed("")),
        Json::String(text) => Ok(Cow::Borrowed(text)),
        Json::Bool(_) | Json::Number(_) => Ok(Cow::Owned(field.to_string())),
        Json::Array(_) | Json::Object(_) => Err(RejectReason::BadJson),
    }
}
