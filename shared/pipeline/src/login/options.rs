//! The options of scoring logins: the baseline, the scorer, and the locations of addresses.

use weir_features::login::Places;

use super::scorer::LoginScorer;

/// Options of scoring logins.
#[derive(Debug, Clone, Default)]
pub struct LoginOptions {
    /// The length of the baseline from the first login on, seconds. It is learned from, with its labels if any, and only
    /// later logins are reported. Without a baseline every login is scored against those before it.
    pub baseline: Option<i64>,
    /// The scorer. By default it scores by evidence alone, and an ensemble is fitted on the baseline. If it has an ensemble,
    /// none is fitted.
    pub model: LoginScorer,
    /// The networks and locations of addresses.
    pub places: Places,
    /// The seed of the ensemble.
    pub seed: u64,
    /// Whether reasons are written for every login, or only for doubtful ones.
    pub explain_all: bool,
}
