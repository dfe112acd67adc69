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
//! `models/` may make Weir believe anything about what is usual.

use weir_domain::baseline::Baseline;

use crate::behaviour::BehaviourModel;
use crate::drift::FeatureHistograms;
use crate::sealed::{self, ModelKind};

/// Version of the format; a reader refuses later ones. Since 2 there are histograms.
pub const FORMAT_VERSION: u16 = 2;

/// The largest payload that is read.
pub const MAX_BYTES: usize = 256 << 20;

/// A trained model and what it was trained on.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowModel {
    /// What it was trained on.
    pub summary: TrainingSummary,
    /// How unlikely a window is.
    pub behaviour: BehaviourModel,
    /// What is usual: who talks to whom, over what, how much.
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

/// A file that is no model this program can use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelFileError {
    /// Not a model at all.
    #[error("not a Weir model: it does not begin like one")]
    Foreign,
    /// A model, and of something else.
    #[error("the model is {found}, not {wanted}: use it with the --source it was trained with, or train another")]
    OtherSource {
        /// What it is of.
        found: ModelKind,
        /// What was wanted.
        wanted: ModelKind,
    },
    /// Written by a later program.
    #[error("the model has format version {0}, later than this program reads: use a later program, or train anew")]
    Future(u16),
    /// Cut off, or something was added.
    #[error("the model is cut off or damaged: it says {expected} bytes of payload and has {got}")]
    Length {
        /// Bytes it says.
        expected: u64,
        /// Bytes there are.
        got: u64,
    },
    /// Larger than any model.
    #[error("the model says {0} bytes of payload; at most {MAX_BYTES} are read")]
    TooLarge(u64),
    /// The hash does not agree.
    #[error("the model is damaged: its hash does not agree; fetch it again, or train anew")]
    Damaged,
    /// The payload is no model, or one whose parts contradict each other.
    #[error("the model is unusable: {0}; train anew")]
    Payload(String),
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
