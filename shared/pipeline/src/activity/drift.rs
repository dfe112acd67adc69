//! How far a table has moved from what was learned before.

use weir_model::CategoryEncoding;
use weir_model::drift::Histogram;

use super::ActivityError;
use super::learn::{Learned, encode, encoder};

pub use weir_model::activity::Drift as FeatureDrift;

/// What a table was compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// What an earlier model was trained on.
    Earlier,
    /// The first half of its own rows; the second half was compared.
    FirstHalf,
}

/// How far each feature has moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// Since when.
    pub against: Against,
    /// By feature, the farthest first.
    pub features: Vec<FeatureDrift>,
}

/// Compares what was learned from with what an earlier model was trained on; without one, or with one of other columns, the
/// second half of its rows with the first half, in the order of their times where they have some. O(rows · features).
///
/// # Errors
/// When there are fewer than two rows.
pub fn drift(learned: &Learned, earlier: Option<&weir_model::ActivityModel>) -> Result<Drift, ActivityError> {
    let (model, sample) = (&learned.model, &learned.sample);
    let mut order: Vec<usize> = (0..sample.len()).collect();
    let columns = |model: &weir_model::ActivityModel| -> Vec<_> {
        model.schema().features().map(|c| (c.name.clone(), c.role)).collect()
    };
    if let Some(earlier) = earlier.filter(|earlier| columns(earlier) == columns(model)) {
        let features = earlier.drift(&encode(earlier.encoder(), sample, &order))?;
        return Ok(Drift { against: Against::Earlier, features });
    }
    order.sort_by_key(|row| sample.time(*row));
    let (first, second) = order.split_at(order.len() / 2);
    let encoder = encoder(model.schema(), sample, CategoryEncoding::Rarity, first)?;
    let (first, second) = (encode(&encoder, sample, first), encode(&encoder, sample, second));
    let mut features = Vec::new();
    for (at, feature) in encoder.schema().features.iter().enumerate() {
        let index = Histogram::of(&first.column(at))?.stability_index(&second.column(at))?;
        features.push(FeatureDrift { feature: feature.name.clone(), index });
    }
    features.sort_by(|a, b| b.index.total_cmp(&a.index));
    Ok(Drift { against: Against::FirstHalf, features })
}
