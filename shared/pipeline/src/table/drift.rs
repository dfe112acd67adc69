//! Drift of a table from the training data of an earlier model.

use weir_model::{CategoryEncoding, TableModel};

use super::ActivityError;
use super::learn::{Learned, encode, encoder};
use crate::training::{Against, Drift};

/// Compares the training rows with those of an earlier model; without one, or with one of other columns, compares the second half of the
/// rows with the first half, in order of time. O(rows · features).
///
/// # Errors
/// When there are fewer than two rows.
pub fn drift(learned: &Learned, earlier: Option<&TableModel>) -> Result<Drift, ActivityError> {
    let (model, sample) = (&learned.model, &learned.sample);
    let mut order: Vec<usize> = (0..sample.len()).collect();
    let columns =
        |model: &TableModel| -> Vec<_> { model.schema().features().map(|c| (c.name.clone(), c.role)).collect() };
    if let Some(earlier) = earlier.filter(|earlier| columns(earlier) == columns(model)) {
        let features = earlier.drift(&encode(earlier.encoder(), sample, &order))?;
        return Ok(Drift { against: Against::Earlier, features });
    }
    order.sort_by_key(|row| sample.time(*row));
    let (first, second) = order.split_at(order.len() / 2);
    let encoder = encoder(model.schema(), sample, CategoryEncoding::Rarity, first)?;
    Ok(Drift::between(&encode(&encoder, sample, first), &encode(&encoder, sample, second))?)
}
