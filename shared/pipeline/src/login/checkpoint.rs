//! The checkpoint of logins: the history of users and their API calls before a day.

use weir_domain::source::Source;
use weir_domain::time::DAY_SECONDS;
use weir_features::login::{ApiUse, History};
use weir_model::{LoginModel, ModelFileError};

use super::detect::detect_logins_after;
use super::options::LoginOptions;
use super::places::check_places;
use super::table::LoginTable;
use crate::checkpoint::Checkpoint;
use crate::hours::RawBatches;
use crate::score::ScoreError;

/// How long API calls are kept, seconds.
const CALL_RETENTION_SECONDS: i64 = 30 * DAY_SECONDS;

/// The history that later logins and API calls are judged by.
#[derive(Debug, Clone, Default)]
pub struct LoginCheckpoint {
    /// The history of users.
    pub history: History,
    /// The API calls by principal and hour.
    pub calls: ApiUse,
}

impl LoginCheckpoint {
    /// The checkpoint stored in a model.
    ///
    /// # Errors
    /// When the model has none, or it cannot be decoded.
    pub fn from_model(model: &LoginModel) -> Result<Self, ModelFileError> {
        if model.known.is_empty() {
            let left_out = "a store keeps it without the history of users; use the file that weir train wrote";
            return Err(ModelFileError::Payload(left_out.to_owned()));
        }
        Self::decode(&model.known).map_err(ModelFileError::Payload)
    }

    /// The stored form: the length of the history (8 bytes, little-endian), the history, the calls.
    pub(super) fn encode(&self) -> Result<Vec<u8>, String> {
        let history = self.history.encode().map_err(|e| e.to_string())?;
        let calls = self.calls.encode().map_err(|e| e.to_string())?;
        Ok([&(history.len() as u64).to_le_bytes()[..], &history, &calls].concat())
    }

    fn decode(bytes: &[u8]) -> Result<Self, String> {
        let cut_off = || "it is cut off".to_owned();
        let (length, rest) = bytes.split_first_chunk::<8>().ok_or_else(cut_off)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|e| e.to_string())?;
        let (history, calls) = rest.split_at_checked(length).ok_or_else(cut_off)?;
        Ok(Self {
            history: History::decode(history).map_err(|e| e.to_string())?,
            calls: ApiUse::decode(calls).map_err(|e| e.to_string())?,
        })
    }
}

/// The checkpoint of a store's logins, advanced day by day.
#[derive(Debug, Clone, Default)]
pub(super) struct DailyLogins {
    pub(super) learned: LoginCheckpoint,
    /// The options by which days are scored; not stored. They have no ensemble, because the history does not depend on one.
    pub(super) options: LoginOptions,
}

impl Checkpoint for DailyLogins {
    const SOURCE: Source = Source::Login;

    fn encode(&self) -> Result<Vec<u8>, String> {
        self.learned.encode()
    }

    fn restore(&self, bytes: &[u8]) -> Result<Self, String> {
        Ok(Self { learned: LoginCheckpoint::decode(bytes)?, options: self.options.clone() })
    }

    fn advance(&mut self, day: i64, batches: RawBatches) -> Result<(), ScoreError> {
        let LoginCheckpoint { history, calls } = &mut self.learned;
        let table = LoginTable::from_batches(batches, calls)?;
        *history = detect_logins_after(std::mem::take(history), table, &self.options).history;
        check_places(&self.options.places)?;
        calls.forget_before(day + DAY_SECONDS - CALL_RETENTION_SECONDS);
        Ok(())
    }
}
