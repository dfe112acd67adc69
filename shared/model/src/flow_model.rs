//! Trained models as files: versioned, checked before anything in them is believed.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `WEIRMODL` |
//! | 2 | version of the format, little-endian |
//! | 8 | length of the payload, little-endian |
//! | 32 | BLAKE3 hash of the payload |
//! | the rest | the payload, in [postcard](https://postcard.jamesmunns.com/wire-format) |
//!
//! A file that is cut, foreign, of a later version, longer than [`MAX_BYTES`] or damaged is an error that says so. What
//! is in it is then read into the types of this crate, each of which checks itself: no tree is walked, no length
//! believed, before it is known to be sound. The hash guards against damage, not against forgery; whoever may write
//! `models/` may make Weir believe anything about typical behaviour.

use weir_domain::baseline::Baseline;

use crate::behaviour::BehaviourModel;
use crate::drift::FeatureHistograms;
use crate::sealed::{self, ModelKind};

pub use crate::sealed::{MAX_BYTES, ModelFileError};

/// Version of the format; a reader refuses later ones. Since 2 there are histograms.
pub const FORMAT_VERSION: u16 = 2;

/// A trained model and what it was trained on.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowModel {
    /// What it was trained on.
    pub summary: TrainingSummary,
    /// How unlikely a window is.
    pub behaviour: BehaviourModel,
    /// The baseline: who talks to whom, over what, how much.
    pub baseline: Baseline,
    /// How each feature was distributed, to say later which have moved; none in files of version 1.
    pub histograms: Option<FeatureHistograms>,
}

/// What a file of version 1 holds.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstVersion {
    summary: TrainingSummary,
    behaviour: BehaviourModel,
    baseline: Baseline,
}

/// What a model was trained on.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingSummary {
    /// Version of the program that trained it.
    pub program: String,
    /// When it was trained, milliseconds since the epoch.
    pub trained_at: i64,
    /// Beginning of the first window it was trained on, seconds since the epoch.
    pub from: i64,
    /// End of the last one.
    pub to: i64,
    /// Rows in that time.
    pub rows: u64,
    /// Of these, how many were fitted on.
    pub fitted_on: u64,
    /// Entities (hosts) they are of.
    pub entities: u64,
    /// The seed of everything random in it.
    pub seed: u64,
}

impl TrainingSummary {
    /// Rows per day of the time trained on; at least that of one day. What [alerts a day](crate::AlertBudget) are a share of.
    #[must_use]
    pub fn rows_per_day(&self) -> f64 {
        let days = self.to.saturating_sub(self.from).max(86_400) as f64 / 86_400.0;
        self.rows as f64 / days
    }
}

impl FlowModel {
    /// The file. The same model gives the same bytes.
    ///
    /// # Errors
    /// When it is larger than [`MAX_BYTES`].
    pub fn encode(&self) -> Result<Vec<u8>, ModelFileError> {
        sealed::encode(ModelKind::Flow, FORMAT_VERSION, self)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it is none that this program can use; says why and what to do.
    pub fn decode(file: &[u8]) -> Result<Self, ModelFileError> {
        let (version, payload) = sealed::open(ModelKind::Flow, FORMAT_VERSION, file)?;
        if version == 1 {
            let FirstVersion { summary, behaviour, baseline } = sealed::payload(payload)?;
            return Ok(Self { summary, behaviour, baseline, histograms: None });
        }
        sealed::payload(payload)
    }
}

#[cfg(test)]
mod tests;
