//! Reads usage as CSV, long or wide.

use weir_domain::activity::ActivitySchema;
use weir_domain::reject::RejectReason;
use weir_domain::usage::UsagePoint;

use super::cell::{MAX_KEYS, Row, identifier, is_missing, measured};
use super::columns::{Part, no_time};
use super::options::{Shape, UsageOptions};
use crate::delimited::{LineSplitter, column_names, guess_delimiter};
use crate::time;

/// A table whose header was read.
pub(super) struct UsageTable {
    header: Vec<u8>,
    lines: LineSplitter,
    width: usize,
    time: usize,
    label: Option<usize>,
    /// The column that names the metric, in the long form.
    metric: Option<usize>,
    keys: Vec<(usize, String)>,
    /// The columns with values, and what they are called.
    values: Vec<(usize, String)>,
}

impl UsageTable {
    pub(super) fn from_header(line: &[u8], options: &UsageOptions) -> Result<Self, String> {
        let mut lines = LineSplitter::new(guess_delimiter(line));
        let fields = lines.split(line).map_err(|reason| format!("the header cannot be read: {reason}"))?;
        if fields.len() > ActivitySchema::MAX_COLUMNS {
            return Err(format!("it has {} columns, more than are read", fields.len()));
        }
        let names = column_names(fields);
        let find = |part: Part| part.find(&names.iter().map(String::as_str), options);
        let time = find(Part::Time)?.ok_or_else(no_time)?;
        let label = find(Part::Label)?;
        let value = if options.shape == Some(Shape::Wide) { None } else { find(Part::Value)? };
        if value.is_none() && options.shape == Some(Shape::Long) {
            return Err("no column is called value: say which column it is".to_owned());
        }
        let metric = if value.is_some() { find(Part::Metric)? } else { None };
        let taken = [Some(time), label, value, metric];
        let free = (0..names.len()).filter(|at| !taken.contains(&Some(*at)));
        let mut keys = match &options.keys {
            Some(chosen) => {
                let place = |name: &String| {
                    names
                        .iter()
                        .position(|n| n == name)
                        .ok_or_else(|| format!("no column is called {name:?}, which was to be a key"))
                };
                chosen.iter().map(place).collect::<Result<Vec<_>, _>>()?
            }
            None if value.is_some() => free.clone().collect(),
            None => Vec::new(),
        };
        keys.sort_by(|a, b| names[*a].cmp(&names[*b]));
        keys.dedup();
        if keys.len() > MAX_KEYS {
            return Err(format!("{} columns tell series apart, and at most {MAX_KEYS} may: say which", keys.len()));
        }
        let values: Vec<_> = value.map_or_else(|| free.filter(|at| !keys.contains(at)).collect(), |at| vec![at]);
        if values.is_empty() {
            return Err("the first line names no value".to_owned());
        }
        let named = |places: Vec<usize>| places.into_iter().map(|at| (at, names[at].clone())).collect();
        let (width, keys, values) = (names.len(), named(keys), named(values));
        Ok(Self { header: line.to_vec(), lines, width, time, label, metric, keys, values })
    }

    pub(super) fn header(&self) -> &[u8] {
        &self.header
    }

    /// Reads a row and hands on its measurements, or none of them.
    pub(super) fn row(&mut self, line: &[u8], each: &mut impl FnMut(&UsagePoint<'_>)) -> Result<Row, RejectReason> {
        let fields = self.lines.split(line)?;
        if fields.len() != self.width {
            return Err(RejectReason::FieldCount);
        }
        let cell = |at: usize| fields.get(at).unwrap_or_default().trim_ascii();
        let values = self.values.iter().map(|(at, _)| measured(cell(*at))).collect::<Result<Vec<_>, _>>()?;
        if is_missing(cell(self.time)) {
            return Err(RejectReason::MissingValue);
        }
        let time = time::from_text(cell(self.time)).ok_or(RejectReason::BadTime)?;
        let keys = self.keys.iter().map(|(at, name)| identifier(cell(*at)).map(|key| (name.as_str(), key)));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let metric = self.metric.map(|at| match cell(at) {
            b"" => Err(RejectReason::MissingValue),
            name => identifier(name),
        });
        let metric = metric.transpose()?;
        let label = self.label.map_or(Ok(""), |at| str::from_utf8(cell(at)).map_err(|_| RejectReason::BadWord))?;
        if values.iter().all(Option::is_none) {
            return Ok(Row::NoData);
        }
        for ((_, name), value) in self.values.iter().zip(values) {
            if let Some(value) = value {
                each(&UsagePoint { time, keys: &keys, metric: metric.unwrap_or(name), value, label });
            }
        }
        Ok(Row::Points)
    }
}
