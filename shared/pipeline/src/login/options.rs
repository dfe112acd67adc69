//! How logins are judged: the baseline, the scorer, and what is known of addresses.

use weir_features::login::Places;

use super::scorer::LoginScorer;

/// How logins are judged.
#[derive(Debug, Clone, Default)]
pub struct LoginOptions {
    /// Learn from this long from the first login on, seconds, and report on what comes after; labels of that time are
    /// used where there are any. Without it, every login is scored against those before it.
    pub baseline: Option<i64>,
    /// What judges: by default evidence alone, and an ensemble fitted on the baseline. With an ensemble of its own, nothing is
    /// fitted.
    pub model: LoginScorer,
    /// Networks and places of addresses.
    pub places: Places,
    /// Seed of everything random.
    pub seed: u64,
    /// Whether reasons are written for every login, or only for doubtful ones.
    pub explain_all: bool,
}
