//! Why a row is judged as it is, in words.

use std::fmt;

use weir_domain::activity::{ColumnRole, Value};
use weir_domain::score::Explanation;
use weir_model::TableModel;
use weir_model::table_model::UserDeviation;

/// One reason: a feature that drove the score.
#[derive(Debug, Clone, PartialEq)]
pub struct RowReason {
    /// The column.
    pub feature: String,
    /// What the row has there, and what is usual.
    pub observed: Observed,
    /// Its part of what speaks against the row, 0 to 1.
    pub share: f64,
}

/// What a row has in a column, beside what is usual there.
#[derive(Debug, Clone, PartialEq)]
pub enum Observed {
    /// A number.
    Number {
        /// Its value.
        value: f64,
        /// The median of the rows learned from.
        usual: f64,
        /// Their 95th percentile.
        usual_high: f64,
    },
    /// A number above what is usual of the row's user.
    Own {
        /// Its value.
        value: f64,
        /// The median of the user's rows, drawn towards that of all rows where they are few.
        usual: f64,
        /// What the column of users is called.
        user: String,
    },
    /// A word.
    Word {
        /// The word.
        word: String,
        /// The share of the rows learned from that have it; 0 where none has.
        seen: f64,
    },
    /// No value.
    Missing,
}

/// Reasons that are told, at most.
const MAX: usize = 3;

/// Text of a word that is told, in characters.
const MAX_WORD_LEN: usize = 60;

/// The strongest reasons that speak against a row.
pub(super) fn reasons(
    model: &TableModel,
    values: &[Value<'_>],
    explanation: &Explanation,
    own: Option<&UserDeviation>,
) -> Vec<RowReason> {
    let against: f64 = explanation.contributions.iter().map(|c| c.amount.max(0.0)).sum();
    let strongest = explanation.contributions.iter().take(MAX).filter(|c| c.amount > 0.0);
    let reason = |contribution: &weir_domain::score::Contribution| {
        let at = contribution.feature;
        let feature = model.encoder().schema().features.get(at)?;
        let value = values.get(at)?;
        let own = own.filter(|own| own.is_established && own.feature == at);
        let observed = match (value, own) {
            (Value::Number(value), Some(own)) => {
                Observed::Own { value: *value, usual: feature.transform.invert(own.usual), user: id_column(model) }
            }
            (Value::Number(value), None) => {
                let usual = model.behaviour().usual().get(at)?;
                let invert = |x| feature.transform.invert(x);
                Observed::Number { value: *value, usual: invert(usual.median), usual_high: invert(usual.high) }
            }
            (Value::Text(word), _) => Observed::Word {
                word: word.chars().take(MAX_WORD_LEN).collect(),
                seen: model.encoder().share(at, value).unwrap_or(0.0),
            },
            (Value::Missing, _) => Observed::Missing,
        };
        Some(RowReason { feature: feature.name.clone(), observed, share: contribution.amount / against })
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
            Observed::Number { value, usual, usual_high } => write!(
                f,
                "{feature} {}, usually {} (rarely above {})",
                Short(*value),
                Short(*usual),
                Short(*usual_high)
            )?,
            // A ratio to nothing, or to next to nothing, says nothing.
            Observed::Own { value, usual, user } if *usual > 0.0 && value / usual < 1e4 => write!(
                f,
                "{feature} {}, {:.1} times this {user}'s usual ({})",
                Short(*value),
                value / usual,
                Short(*usual)
            )?,
            Observed::Own { value, usual, user } => {
                write!(f, "{feature} {}, this {user}'s usual is {}", Short(*value), Short(*usual))?;
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

/// A number to three figures or so.
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
        let number = |value, usual, usual_high| Observed::Number { value, usual, usual_high };
        assert_eq!(says(number(9.2e9, 1234.4, 0.25)), "via 9.20e9, usually 1234 (rarely above 0.25), 62 %");
        assert_eq!(says(number(0.0, 2.0, -3.5)), "via 0, usually 2 (rarely above -3.5), 62 %");
        let own = |value, usual| Observed::Own { value, usual, user: "user".into() };
        assert_eq!(says(own(9.2, 3.0)), "via 9.2, 3.1 times this user's usual (3), 62 %");
        assert_eq!(says(own(9.2, 0.0)), "via 9.2, this user's usual is 0, 62 %");
        let word = |seen| Observed::Word { word: "x\u{1b}".into(), seen };
        assert_eq!(says(word(0.0)), "via \"x\\u{1b}\", never seen, 62 %");
        assert_eq!(says(word(0.002)), "via \"x\\u{1b}\", seen in 0.2 % of rows, 62 %");
        assert_eq!(says(Observed::Missing), "via missing, 62 %");
    }
}
