//! The reasons for a score of a row, and their wording.

use std::fmt;

use weir_domain::activity::{ColumnRole, Value};
use weir_domain::score::Explanation;
use weir_model::TableModel;
use weir_model::table_model::UserDeviation;

/// A reason: a feature that contributes to the score.
#[derive(Debug, Clone, PartialEq)]
pub struct RowReason {
    /// The column.
    pub feature: String,
    /// Its value in the row, and its baseline.
    pub observed: Observed,
    /// Its share of the positive contributions, 0 to 1.
    pub share: f64,
}

/// The value of a row in a column, and the baseline of the column.
#[derive(Debug, Clone, PartialEq)]
pub enum Observed {
    /// A number.
    Number {
        /// Its value.
        value: f64,
        /// Median of the training rows.
        median: f64,
        /// 95th percentile of the training rows.
        p95: f64,
    },
    /// A number above the baseline of the row's user.
    PerUser {
        /// Its value.
        value: f64,
        /// Median of the user's rows, shrunk towards that of all rows if they are few.
        baseline: f64,
        /// Name of the column of users.
        user: String,
    },
    /// A word.
    Word {
        /// The word.
        word: String,
        /// Share of the training rows with the word; 0 if there are none.
        seen: f64,
    },
    /// No value.
    Missing,
}

/// Maximum number of reasons.
const MAX_REASONS: usize = 3;

/// Maximum length of a reported word, in characters.
const MAX_WORD_LEN: usize = 60;

/// The strongest reasons for the score of a row.
pub(super) fn reasons(
    model: &TableModel,
    values: &[Value<'_>],
    explanation: &Explanation,
    deviation: Option<&UserDeviation>,
) -> Vec<RowReason> {
    let total: f64 = explanation.contributions.iter().map(|c| c.amount.max(0.0)).sum();
    let strongest = explanation.contributions.iter().take(MAX_REASONS).filter(|c| c.amount > 0.0);
    let reason = |contribution: &weir_domain::score::Contribution| {
        let at = contribution.feature;
        let feature = model.encoder().schema().features.get(at)?;
        let value = values.get(at)?;
        let deviation = deviation.filter(|deviation| deviation.is_established && deviation.feature == at);
        let observed = match (value, deviation) {
            (Value::Number(value), Some(deviation)) => Observed::PerUser {
                value: *value,
                baseline: feature.transform.invert(deviation.usual),
                user: id_column(model),
            },
            (Value::Number(value), None) => {
                let typical = model.behaviour().usual().get(at)?;
                let invert = |x| feature.transform.invert(x);
                Observed::Number { value: *value, median: invert(typical.median), p95: invert(typical.high) }
            }
            (Value::Text(word), _) => Observed::Word {
                word: word.chars().take(MAX_WORD_LEN).collect(),
                seen: model.encoder().share(at, value).unwrap_or(0.0),
            },
            (Value::Missing, _) => Observed::Missing,
        };
        Some(RowReason { feature: feature.name.clone(), observed, share: contribution.amount / total })
    };
    strongest.filter_map(reason).collect()
}

fn id_column(model: &TableModel) -> String {
    let column = model.schema().columns.iter().find(|column| column.role == ColumnRole::Id);
    column.map_or("user", |column| &column.name).to_owned()
}

impl fmt::Display for RowReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { feature, observed, share } = self;
        match observed {
            Observed::Number { value, median, p95 } => write!(
                f,
                "{feature} {}, typically {} (95th percentile {})",
                Short(*value),
                Short(*median),
                Short(*p95)
            )?,
            // A ratio to 0, or almost 0, is meaningless.
            Observed::PerUser { value, baseline, user } if *baseline > 0.0 && value / baseline < 1e4 => write!(
                f,
                "{feature} {}, {:.1} times the baseline of this {user} ({})",
                Short(*value),
                value / baseline,
                Short(*baseline)
            )?,
            Observed::PerUser { value, baseline, user } => {
                write!(f, "{feature} {}, the baseline of this {user} is {}", Short(*value), Short(*baseline))?;
            }
            Observed::Word { word, seen } if *seen > 0.0 => {
                write!(f, "{feature} {word:?}, seen in {} % of rows", Short(100.0 * seen))?;
            }
            Observed::Word { word, .. } => write!(f, "{feature} {word:?}, never seen")?,
            Observed::Missing => write!(f, "{feature} missing")?,
        }
        write!(f, ", {:.0} %", 100.0 * share)
    }
}

/// A number with about three significant digits.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        if size < 1e-9 {
            write!(f, "0")
        } else if !(1e-3..1e7).contains(&size) {
            write!(f, "{:.2e}", self.0)
        } else if size >= 100.0 {
            write!(f, "{:.0}", self.0)
        } else {
            let text = format!("{:.3}", self.0);
            f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_read_as_sentences() {
        let says = |observed| RowReason { feature: "via".into(), observed, share: 0.6249 }.to_string();
        let number = |value, median, p95| Observed::Number { value, median, p95 };
        assert_eq!(says(number(9.2e9, 1234.4, 0.25)), "via 9.20e9, typically 1234 (95th percentile 0.25), 62 %");
        assert_eq!(says(number(0.0, 2.0, -3.5)), "via 0, typically 2 (95th percentile -3.5), 62 %");
        let per_user = |value, baseline| Observed::PerUser { value, baseline, user: "user".into() };
        assert_eq!(says(per_user(9.2, 3.0)), "via 9.2, 3.1 times the baseline of this user (3), 62 %");
        assert_eq!(says(per_user(9.2, 0.0)), "via 9.2, the baseline of this user is 0, 62 %");
        let word = |seen| Observed::Word { word: "x\u{1b}".into(), seen };
        assert_eq!(says(word(0.0)), "via \"x\\u{1b}\", never seen, 62 %");
        assert_eq!(says(word(0.002)), "via \"x\\u{1b}\", seen in 0.2 % of rows, 62 %");
        assert_eq!(says(Observed::Missing), "via missing, 62 %");
    }
}
