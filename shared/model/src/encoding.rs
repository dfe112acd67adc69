//! Tables of numbers and words as matrices: what stands for a word, and for a value that is missing.
//!
//! Everything is learned from training rows and applied as learned: a word that was not there in training gets the code of
//! the unseen, never one that shifts the others, and a missing value is filled with the median of training.
//!
//! ```
//! use weir_domain::activity::{ActivitySchema, ColumnRole, ColumnSchema, Value};
//! use weir_model::encoding::{CategoryEncoding, TableEncoderBuilder};
//!
//! let columns = vec![ColumnSchema::new("bytes", ColumnRole::Numeric), ColumnSchema::new("via", ColumnRole::Categorical)];
//! let mut training = TableEncoderBuilder::new(&ActivitySchema::new(columns), CategoryEncoding::Ordinal);
//! for (bytes, via) in [(1.0, "ssh"), (2.0, "ssh"), (6.0, "rdp")] {
//!     training.see(&[Value::Number(bytes), Value::Text(via)]);
//! }
//! let encoder = training.finish()?;
//! let encoded = |values: &[Value<'_>]| encoder.encode(values).unwrap();
//! assert_eq!(encoded(&[Value::Number(3.0), Value::Text("rdp")]), [3.0, 1.0]);
//! assert_eq!(encoded(&[Value::Missing, Value::Text("telnet")]), [2.0, 2.0]);
//! # Ok::<(), weir_model::FitError>(())
//! ```

mod categories;
mod stored;

use std::sync::Arc;

use categories::{Categories, CategoryCounts};
use weir_domain::activity::{ActivitySchema, ColumnSchema, MissingPolicy, Value};
use weir_domain::matrix::{Feature, FeatureSchema, Transform};

use crate::error::FitError;
use crate::scaling::robust::quantile;

pub use categories::{CategoryEncoding, MAX_CATEGORIES};

/// Takes training rows one by one.
#[derive(Debug)]
pub struct TableEncoderBuilder {
    encoding: CategoryEncoding,
    columns: Vec<(ColumnSchema, Seen)>,
    rows: u64,
}

#[derive(Debug)]
enum Seen {
    Numbers(Vec<f64>),
    Words(CategoryCounts),
}

impl TableEncoderBuilder {
    /// For the columns of a schema that models learn from, in their order.
    #[must_use]
    pub fn new(schema: &ActivitySchema, encoding: CategoryEncoding) -> Self {
        let seen = |column: &ColumnSchema| match column.role {
            weir_domain::activity::ColumnRole::Numeric => Seen::Numbers(Vec::new()),
            _ => Seen::Words(CategoryCounts::default()),
        };
        Self { encoding, columns: schema.features().map(|c| (c.clone(), seen(c))).collect(), rows: 0 }
    }

    /// Takes a training row: one value per column. Numbers are kept (8 bytes each) until the end, of words the counts of at
    /// most [`MAX_CATEGORIES`] per column.
    pub fn see(&mut self, values: &[Value<'_>]) {
        self.rows += 1;
        for ((_, seen), value) in self.columns.iter_mut().zip(values) {
            match (seen, value) {
                (Seen::Numbers(numbers), Value::Number(number)) => numbers.push(*number),
                (Seen::Words(counts), Value::Text(word)) => counts.count(word),
                (Seen::Words(counts), Value::Missing) => counts.count_missing(),
                _ => {}
            }
        }
    }

    /// What was learned. O(rows · log rows) per numeric column.
    ///
    /// # Errors
    /// When there was no row, or the schema has no column to learn from.
    pub fn finish(self) -> Result<TableEncoder, FitError> {
        if self.columns.is_empty() {
            return Err(FitError::NoFeatures);
        }
        if self.rows == 0 {
            return Err(FitError::TooFewRows { needed: 1, got: 0 });
        }
        let encoding = self.encoding;
        let columns = self.columns.into_iter().map(|(column, seen)| {
            let policy = column.missing_policy();
            let encoded = match seen {
                Seen::Numbers(numbers) => Encoded::number(numbers, policy),
                Seen::Words(counts) => Encoded::Words(counts.finish(self.rows, policy)),
            };
            (column.name, encoded)
        });
        Ok(TableEncoder::new(encoding, columns.collect()))
    }
}

/// How one column becomes a number.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
enum Encoded {
    Number {
        /// What stands for a missing value.
        fill: f64,
        transform: Transform,
    },
    Words(Categories),
}

impl Encoded {
    /// Counts and bytes spread over orders of magnitude: a column without negative numbers whose largest is more than a
    /// hundred times the median enters as `ln(1 + x)`.
    fn number(mut numbers: Vec<f64>, policy: Option<MissingPolicy>) -> Self {
        numbers.sort_unstable_by(f64::total_cmp);
        let (Some(smallest), Some(largest)) = (numbers.first(), numbers.last()) else {
            return Self::Number { fill: 0.0, transform: Transform::Identity };
        };
        let median = quantile(&numbers, 0.5);
        let spread = *smallest >= 0.0 && *largest > 100.0 * median.max(1.0);
        let fill = if policy == Some(MissingPolicy::MostFrequent) { most_frequent(&numbers) } else { median };
        Self::Number { fill, transform: if spread { Transform::Log1p } else { Transform::Identity } }
    }
}

/// The number that most of some sorted numbers are; of several the smallest.
fn most_frequent(sorted: &[f64]) -> f64 {
    let runs = sorted.chunk_by(|a, b| a.total_cmp(b).is_eq());
    runs.rev().max_by_key(|run| run.len()).and_then(|run| run.first()).copied().unwrap_or(0.0)
}

/// What was learned of a table: every row of it becomes a row of the same schema.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "stored::StoredEncoder", into = "stored::StoredEncoder")]
pub struct TableEncoder {
    encoding: CategoryEncoding,
    columns: Vec<(String, Encoded)>,
    schema: Arc<FeatureSchema>,
}

impl TableEncoder {
    fn new(encoding: CategoryEncoding, columns: Vec<(String, Encoded)>) -> Self {
        let feature = |(name, encoded): &(String, Encoded)| Feature {
            name: name.clone(),
            label: name.clone(),
            unit: String::new(),
            transform: match encoded {
                Encoded::Number { transform, .. } => *transform,
                Encoded::Words(_) => Transform::Identity,
            },
        };
        let features = columns.iter().map(feature).collect();
        let schema = Arc::new(FeatureSchema { source: "activity".to_owned(), window_seconds: 0, features });
        Self { encoding, columns, schema }
    }

    /// The columns of what [`TableEncoder::encode`] makes.
    #[must_use]
    pub fn schema(&self) -> &Arc<FeatureSchema> {
        &self.schema
    }

    /// A row, encoded: finite numbers, one per column of the schema. `None` when it has not as many values, or a word where a
    /// number is to stand or the other way round.
    #[must_use]
    pub fn encode(&self, values: &[Value<'_>]) -> Option<Vec<f64>> {
        if values.len() != self.columns.len() {
            return None;
        }
        let number = |((_, column), value): (&(String, Encoded), &Value<'_>)| match (column, value) {
            (Encoded::Number { transform, .. }, Value::Number(number)) => Some(transform.apply(*number)),
            (Encoded::Number { fill, transform }, Value::Missing) => Some(transform.apply(*fill)),
            (Encoded::Words(categories), Value::Text(word)) => Some(categories.encode(Some(word), self.encoding)),
            (Encoded::Words(categories), Value::Missing) => Some(categories.encode(None, self.encoding)),
            _ => None,
        };
        self.columns.iter().zip(values).map(number).collect()
    }

    /// The share of the training rows that had the word of a row, from 0 (never seen) to 1; `None` where the column is one of
    /// numbers, or the value is missing.
    #[must_use]
    pub fn share(&self, column: usize, value: &Value<'_>) -> Option<f64> {
        match (self.columns.get(column), value) {
            (Some((_, Encoded::Words(categories))), Value::Text(word)) => Some(categories.share(word)),
            _ => None,
        }
    }

    /// How likely a row is to have a word in a column that no training row had there, from 0 to 1: the share of words that were
    /// there once (I. J. Good, *The population frequencies of species*, Biometrika 40, 1953). `None` where the column is one of
    /// numbers.
    #[must_use]
    pub fn chance_of_unseen(&self, column: usize) -> Option<f64> {
        match self.columns.get(column) {
            Some((_, Encoded::Words(categories))) => Some(categories.chance_of_unseen()),
            _ => None,
        }
    }

    /// Whether the word of a row was never there in training; false where the column is one of numbers.
    #[must_use]
    pub fn is_unseen(&self, column: usize, value: &Value<'_>) -> bool {
        match (self.columns.get(column), value) {
            (Some((_, Encoded::Words(categories))), Value::Text(word)) => !categories.contains(word),
            _ => false,
        }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests;
