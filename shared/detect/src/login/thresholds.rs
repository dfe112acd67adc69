//! Thresholds on the scores of logins.
//!
//! Scores are logarithms of odds before rarity (see the evidence mixture of `weir-model`), so that thresholds mean the same on any log.

/// `ln 1000`, rounded up: the score at which an attack is as likely as not if one login in a thousand is an attack.
pub const LIKELY: f64 = 7.0;

/// The score from which a login with a specific irregularity is reported at low severity.
pub const DOUBTFUL: f64 = 6.0;

/// The score from which a login may be part of a campaign.
pub(super) const SUSPECT: f64 = 3.0;
