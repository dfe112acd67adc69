//! Keeps rows of an activity table by column, to fit and evaluate encoders and estimators on.
//!
//! Of a table with more rows than the limit, [`TableSample`] keeps a uniform, seeded sample in the order of the table.
//!
//! ```
//! use weir_domain::activity::{ActivityRow, ActivitySchema, ColumnRole, ColumnSchema, Value};
//! use weir_features::activity::TableSample;
//!
//! let schema = ActivitySchema::new(vec![ColumnSchema::new("bytes", ColumnRole::Numeric)]);
//! let mut sample = TableSample::new(&schema, 100, 42);
//! for bytes in [7.0, 9.0] {
//!     sample.push(&ActivityRow { values: &[Value::Number(bytes)], time: None, id: "ann", labels: &[] })?;
//! }
//! let mut values = Vec::new();
//! sample.values(1, &mut values);
//! assert_eq!((sample.len(), values[0], sample.id(1)), (2, Value::Number(9.0), "ann"));
//! # Ok::<(), weir_features::activity::TooMuchText>(())
//! ```

use rustc_hash::FxHashMap;
use weir_domain::activity::{ActivityRow, ActivitySchema, ColumnRole, Value};
use weir_domain::distinct::stable_hash;

/// The maximum size of the distinct text that is kept, in bytes.
pub const MAX_TEXT: usize = 512 << 20;

/// A table with more distinct ids, words and labels than [`MAX_TEXT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the table has more than {} MiB of distinct ids, words and labels: give columns of free text the role ignore",
    MAX_TEXT >> 20
)]
pub struct TooMuchText;

/// Numbers texts; each text is kept once.
#[derive(Debug, Clone, Default)]
struct Texts {
    numbers: FxHashMap<Box<str>, u32>,
    kept: Vec<Box<str>>,
    bytes: usize,
}

impl Texts {
    fn number(&mut self, text: &str) -> Result<u32, TooMuchText> {
        if let Some(number) = self.numbers.get(text) {
            return Ok(*number);
        }
        // Each text is kept twice, in a map and in a list.
        self.bytes += 2 * text.len() + 48;
        if self.bytes > MAX_TEXT {
            return Err(TooMuchText);
        }
        let number = self.kept.len() as u32;
        self.numbers.insert(text.into(), number);
        self.kept.push(text.into());
        Ok(number)
    }

    fn get(&self, number: u32) -> &str {
        self.kept.get(number as usize).map_or("", |text| text)
    }
}

/// The number of a missing word.
const MISSING: u32 = u32::MAX;

#[derive(Debug, Clone)]
enum Column {
    /// A missing number is NaN.
    Numbers(Vec<f64>),
    Words(Vec<u32>),
}

/// The rows of a table in its order: all of them, or a uniform sample of a larger table.
#[derive(Debug, Clone)]
pub struct TableSample {
    columns: Vec<Column>,
    labels: Vec<Vec<u32>>,
    ids: Vec<u32>,
    times: Vec<Option<i64>>,
    /// A hash per kept row. A row is kept while its hash is at most `limit`.
    hashes: Vec<u64>,
    limit: u64,
    texts: Texts,
    max_rows: usize,
    seed: u64,
    seen: u64,
}

impl TableSample {
    /// An empty sample of a table with this schema. Of a table with more than `max_rows` rows (at least 2), between half of
    /// `max_rows` and `max_rows` are kept.
    #[must_use]
    pub fn new(schema: &ActivitySchema, max_rows: usize, seed: u64) -> Self {
        let column = |role| match role {
            ColumnRole::Numeric => Column::Numbers(Vec::new()),
            _ => Column::Words(Vec::new()),
        };
        Self {
            columns: schema.features().map(|c| column(c.role)).collect(),
            labels: schema.labels().map(|_| Vec::new()).collect(),
            ids: Vec::new(),
            times: Vec::new(),
            hashes: Vec::new(),
            limit: u64::MAX,
            texts: Texts::default(),
            max_rows: max_rows.max(2),
            seed,
            seen: 0,
        }
    }

    /// Adds a row, which must fit the schema. Amortised O(columns).
    ///
    /// # Errors
    /// When there is more distinct text than [`MAX_TEXT`].
    pub fn push(&mut self, row: &ActivityRow<'_>) -> Result<(), TooMuchText> {
        let hash = stable_hash(&[self.seed.to_le_bytes(), self.seen.to_le_bytes()].concat());
        self.seen += 1;
        if hash > self.limit {
            return Ok(());
        }
        if self.len() >= self.max_rows {
            self.limit /= 2;
            self.thin();
            if hash > self.limit {
                return Ok(());
            }
        }
        for (column, value) in self.columns.iter_mut().zip(row.values) {
            match (column, value) {
                (Column::Numbers(numbers), Value::Number(number)) => numbers.push(*number),
                (Column::Numbers(numbers), _) => numbers.push(f64::NAN),
                (Column::Words(words), Value::Text(word)) => words.push(self.texts.number(word)?),
                (Column::Words(words), _) => words.push(MISSING),
            }
        }
        for (column, label) in self.labels.iter_mut().zip(row.labels) {
            column.push(self.texts.number(label)?);
        }
        self.ids.push(self.texts.number(row.id)?);
        self.times.push(row.time);
        self.hashes.push(hash);
        Ok(())
    }

    /// Drops the rows beyond the limit.
    fn thin(&mut self) {
        let keep: Vec<bool> = self.hashes.iter().map(|hash| *hash <= self.limit).collect();
        for column in &mut self.columns {
            match column {
                Column::Numbers(numbers) => retain(numbers, &keep),
                Column::Words(words) => retain(words, &keep),
            }
        }
        self.labels.iter_mut().for_each(|labels| retain(labels, &keep));
        retain(&mut self.ids, &keep);
        retain(&mut self.times, &keep);
        retain(&mut self.hashes, &keep);
    }

    /// The number of rows kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether no row is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// The number of rows added, kept or not.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The values of a row, in the order of the schema's features.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn values<'a>(&'a self, row: usize, values: &mut Vec<Value<'a>>) {
        values.clear();
        values.extend(self.columns.iter().map(|column| match column {
            Column::Numbers(numbers) if numbers[row].is_nan() => Value::Missing,
            Column::Numbers(numbers) => Value::Number(numbers[row]),
            Column::Words(words) if words[row] == MISSING => Value::Missing,
            Column::Words(words) => Value::Text(self.texts.get(words[row])),
        }));
    }

    /// The id of a row; empty where the table has none.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    pub fn id(&self, row: usize) -> &str {
        self.texts.get(self.ids[row])
    }

    /// The time of a row in seconds since the epoch, where the table has one.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    pub fn time(&self, row: usize) -> Option<i64> {
        self.times[row]
    }

    /// The value of a label column in a row.
    ///
    /// # Panics
    /// When there is no such row or label column.
    #[must_use]
    pub fn label(&self, column: usize, row: usize) -> &str {
        self.texts.get(self.labels[column][row])
    }

    /// The number of distinct ids among the rows kept.
    #[must_use]
    pub fn distinct_ids(&self) -> u64 {
        let mut ids = self.ids.clone();
        ids.sort_unstable();
        ids.dedup();
        ids.len() as u64
    }

    /// A hash of the values of each row. Rows with equal values have equal hashes, whatever their ids, times and labels.
    #[must_use]
    pub fn value_hashes(&self) -> Vec<u64> {
        let mut bytes = Vec::with_capacity(8 * self.columns.len());
        let hash = |row: usize| {
            bytes.clear();
            for column in &self.columns {
                match column {
                    // Adding zero turns −0 into 0.
                    Column::Numbers(numbers) => bytes.extend_from_slice(&(numbers[row] + 0.0).to_le_bytes()),
                    Column::Words(words) => bytes.extend_from_slice(&words[row].to_le_bytes()),
                }
            }
            stable_hash(&bytes)
        };
        (0..self.len()).map(hash).collect()
    }
}

fn retain<T: Copy>(values: &mut Vec<T>, keep: &[bool]) {
    let mut at = 0;
    values.retain(|_| {
        at += 1;
        keep[at - 1]
    });
}

#[cfg(test)]
mod tests {
    use weir_domain::activity::ColumnSchema;

    use super::*;

    fn schema() -> ActivitySchema {
        let columns = [
            ("n", ColumnRole::Numeric),
            ("user", ColumnRole::Id),
            ("word", ColumnRole::Categorical),
            ("label", ColumnRole::Label),
        ];
        ActivitySchema::new(columns.map(|(name, role)| ColumnSchema::new(name, role)).into())
    }

    fn push(sample: &mut TableSample, number: f64, word: Value<'_>, id: &str) {
        let values = [Value::Number(number), word];
        sample.push(&ActivityRow { values: &values, time: Some(7), id, labels: &["x"] }).unwrap();
    }

    #[test]
    fn rows_come_back_as_they_were() {
        let mut sample = TableSample::new(&schema(), 10, 1);
        push(&mut sample, 1.5, Value::Text("a"), "ann");
        sample.push(&ActivityRow { values: &[Value::Missing; 2], time: None, id: "", labels: &[""] }).unwrap();
        push(&mut sample, 1.5, Value::Text("a"), "bob");
        let values = |row| {
            let mut values = Vec::new();
            sample.values(row, &mut values);
            values
        };
        assert_eq!(values(0), [Value::Number(1.5), Value::Text("a")]);
        assert_eq!(values(1), [Value::Missing; 2]);
        assert_eq!((sample.id(2), sample.time(2), sample.label(0, 2)), ("bob", Some(7), "x"));
        assert_eq!((sample.id(1), sample.time(1), sample.label(0, 1)), ("", None, ""));
        let hashes = sample.value_hashes();
        assert!(hashes[0] == hashes[2] && hashes[0] != hashes[1]);
        assert_eq!((sample.len(), sample.distinct_ids()), (3, 3));
    }

    #[test]
    fn a_sample_is_uniform_in_order_and_reproducible() {
        let rows = |seed| {
            let mut sample = TableSample::new(&schema(), 1000, seed);
            (0..20_000).for_each(|i| push(&mut sample, f64::from(i), Value::Missing, "u"));
            let number = |row| {
                let mut values = Vec::new();
                sample.values(row, &mut values);
                if let Value::Number(number) = values[0] { number } else { f64::NAN }
            };
            assert_eq!(sample.seen(), 20_000);
            (0..sample.len()).map(number).collect::<Vec<f64>>()
        };
        let kept = rows(1);
        assert!((500..=1000).contains(&kept.len()) && kept.is_sorted(), "{}", kept.len());
        let mean = kept.iter().sum::<f64>() / kept.len() as f64;
        // Four standard errors of the mean of 500 uniform numbers.
        assert!((mean - 10_000.0).abs() < 1_040.0, "{mean}");
        assert_eq!(kept, rows(1));
        assert_ne!(kept, rows(2));
    }
}
