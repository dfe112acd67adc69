//! All that is learned of logins in one piece, and as a file.

use super::{CalibratedLoginEnsemble, stored};
use crate::drift::FeatureHistograms;
use crate::flow_model::{ModelFileError, TrainingSummary};
use crate::sealed::{self, ModelKind};

/// Version of the format; a reader refuses later ones.
pub const FORMAT_VERSION: u16 = 1;

/// A model of logins. The file is as that of an [artifact](crate::artifact), and begins with `WEIRLOGN`.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "stored::StoredModel", into = "stored::StoredModel")]
pub struct LoginModel {
    /// What it was trained on: `rows` are logins, `entities` users, times are of the first login and after the last.
    pub summary: TrainingSummary,
    /// Attacks among them by their labels; `None` where there were no labels.
    pub labelled_attacks: Option<u64>,
    /// What speaks of later logins, and how surprising their scores are.
    pub ensemble: CalibratedLoginEnsemble,
    /// How each column of evidence was distributed among the normal logins.
    pub histograms: FeatureHistograms,
    /// What was known when training ended (the history of users), as whoever keeps it encodes it; empty where it was left out.
    pub known: Vec<u8>,
}

impl LoginModel {
    /// The model for those who have a history of their own.
    #[must_use]
    pub fn without_known(self) -> Self {
        Self { known: Vec::new(), ..self }
    }

    /// The file. The same model gives the same bytes.
    ///
    /// # Errors
    /// When it is larger than [`MAX_BYTES`](crate::flow_model::MAX_BYTES).
    pub fn encode(&self) -> Result<Vec<u8>, ModelFileError> {
        sealed::encode(ModelKind::Login, FORMAT_VERSION, self)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it is none that this program can use; says why and what to do.
    pub fn decode(file: &[u8]) -> Result<Self, ModelFileError> {
        sealed::decode(ModelKind::Login, FORMAT_VERSION, file)
    }
}
