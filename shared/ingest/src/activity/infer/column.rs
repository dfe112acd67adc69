//! Guesses the role of one column from a sample of its values.

use std::collections::HashSet;
use std::fmt::Write;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use weir_domain::activity::{ActivitySchema, ColumnRole};

use super::names;
use crate::activity::number;
use crate::activity::row::Content;
use crate::time;

/// Counts of the values of one column.
#[derive(Default)]
pub(super) struct ColumnSample {
    values: u64,
    missing: u64,
    numbers: u64,
    whole: u64,
    /// Numbers that may be seconds or milliseconds since the epoch.
    epochs: u64,
    /// Text that is a time.
    times: u64,
    smallest: f64,
    largest: f64,
    last: f64,
    grows: bool,
    /// Values that occur in labels alone.
    verdicts: u64,
    distinct: HashSet<u64, BuildHasherDefault<DefaultHasher>>,
}

/// The guessed role of a column, and the reason.
pub(super) struct Guess {
    pub(super) role: ColumnRole,
    pub(super) why: String,
    /// Of several columns of a role that only one can have, the one with the highest rank has it.
    pub(super) rank: u8,
}

impl Guess {
    pub(super) fn new(role: ColumnRole, why: impl Into<String>) -> Self {
        Self { role, why: why.into(), rank: 0 }
    }
}

/// Rows below which shares of distinct values are not used.
const FEW_ROWS: u64 = 20;

/// The most distinct values of a code that is a category.
const FEW_CODES: u64 = 100;

impl ColumnSample {
    /// Counts a value, stripped of blanks. Each costs some 20 bytes of memory at most.
    pub(super) fn add(&mut self, content: Content<'_>) {
        let parsed = match content {
            Content::Number(number) => Some(number).filter(|n| n.is_finite()),
            Content::Text(text) => number::finite(text),
        };
        match content {
            Content::Number(n) if n.is_nan() => return self.missing += 1,
            Content::Text(text) if ActivitySchema::MISSING_VALUES.iter().any(|m| m.as_bytes() == text) => {
                return self.missing += 1;
            }
            Content::Number(number) => self.distinct.insert(hash(&number.to_bits().to_le_bytes())),
            Content::Text(text) => {
                self.times += u64::from(parsed.is_none() && time::from_text(text).is_some());
                self.verdicts += u64::from(is_verdict(text));
                self.distinct.insert(hash(text))
            }
        };
        self.values += 1;
        if let Some(number) = parsed {
            let first = self.numbers == 0;
            self.grows = first || (self.grows && number > self.last);
            self.smallest = if first { number } else { self.smallest.min(number) };
            self.largest = if first { number } else { self.largest.max(number) };
            self.last = number;
            self.numbers += 1;
            self.whole += u64::from(number.fract() == 0.0);
            self.epochs += u64::from(time::from_number(number).is_some());
        }
    }

    pub(super) fn add_missing(&mut self) {
        self.missing += 1;
    }

    /// Whether the sample has no number and no time: the first line may then be a header or a row.
    pub(super) fn is_text(&self) -> bool {
        self.numbers == 0 && self.times == 0
    }

    pub(super) fn has(&self, text: &[u8]) -> bool {
        self.distinct.contains(&hash(text))
    }

    /// The role of the column. `last_unnamed`: it is the last one of a table without names, where labels typically stand.
    pub(super) fn guess(&self, name: &str, last_unnamed: bool) -> Guess {
        use ColumnRole as R;
        let (distinct, values) = (self.distinct.len() as u64, self.values);
        if names::label_like(name) {
            return Guess::new(R::Label, format!("named like a label; {distinct} distinct values"));
        }
        if values == 0 {
            return Guess::new(R::Ignore, "no value in the sample");
        }
        if last_unnamed && self.verdicts > 0 {
            return Guess::new(
                R::Label,
                format!("the last column, and it says what is normal; {distinct} distinct values"),
            );
        }
        let missing = match self.missing {
            0 => String::new(),
            n => format!(", {n} missing"),
        };
        if nearly_all(self.times, values) {
            return Guess::new(R::Time, format!("dates or times{missing}"));
        }
        if self.epochs == values && names::time_like(name) {
            return Guess::new(R::Time, format!("seconds or milliseconds since the epoch{missing}"));
        }
        let (all_numbers, whole) = (nearly_all(self.numbers, values), self.whole == values);
        let differ = values >= FEW_ROWS && distinct * 10 > values * 9;
        if names::id_like(name) && whole && self.grows && values > 1 {
            return Guess { rank: 2, ..Guess::new(R::Id, "named like an id, and its numbers only grow") };
        }
        if names::id_like(name) && (whole || !all_numbers) && differ {
            return Guess {
                rank: 2,
                ..Guess::new(R::Id, format!("named like an id; {distinct} distinct values{missing}"))
            };
        }
        if !all_numbers && differ {
            return Guess { rank: 1, ..Guess::new(R::Id, format!("text that hardly ever repeats{missing}")) };
        }
        if all_numbers {
            self.guess_number(name, &missing)
        } else if values >= FEW_ROWS && distinct * 2 > values {
            Guess::new(
                R::Ignore,
                format!("text with too many distinct values to be categories: {distinct} of {values}"),
            )
        } else {
            Guess::new(R::Categorical, format!("text, {distinct} distinct{missing}"))
        }
    }

    fn guess_number(&self, name: &str, missing: &str) -> Guess {
        let (distinct, values) = (self.distinct.len() as u64, self.values);
        let few = distinct <= FEW_CODES && (values < FEW_ROWS || distinct * 10 <= values);
        let whole = self.whole == values;
        if whole && few && names::code_like(name) {
            return Guess::new(
                ColumnRole::Categorical,
                format!("named like a code, {distinct} distinct numbers{missing}"),
            );
        }
        let mut why = match distinct {
            1 => format!("always {}{missing}", self.smallest),
            _ => format!("numbers from {} to {}, {distinct} distinct{missing}", self.smallest, self.largest),
        };
        let others = values - self.numbers;
        if others > 0 {
            let they = if others == 1 { "is none, and its row a reject" } else { "are none, and their rows rejects" };
            // Writing to a string does not fail.
            let _ = write!(why, "; {others} of {values} values {they}");
        } else if whole && few && (3..=20).contains(&distinct) {
            why += "; categorical, if they are codes";
        }
        Guess::new(ColumnRole::Numeric, why)
    }
}

/// Whether some are at least 99 % of all.
fn nearly_all(some: u64, all: u64) -> bool {
    some * 100 >= all * 99
}

fn hash(bytes: &[u8]) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(bytes)
}

/// Whether a text is the verdict on a row, such as `normal`.
fn is_verdict(text: &[u8]) -> bool {
    const VERDICTS: [&[u8]; 6] = [b"normal", b"benign", b"malicious", b"attack", b"anomaly", b"anomalous"];
    let word = text.strip_suffix(b".").unwrap_or(text);
    VERDICTS.iter().any(|v| v.eq_ignore_ascii_case(word))
}
