//! Scores the bytes of a session, received and sent, against the user's earlier sessions.

use super::super::all_users::{AllUsers, VOLUME_BINS};
use super::super::column::Column;
use super::super::counts::Moments;
use super::super::evidence::{Direction, Evidence};
use super::super::recent::UserLogin;
use super::super::sighting::Sighting;
use super::super::user_history::UserHistory;

/// The share of data thefts that show in each direction, in and out. Most thieves download; some upload tools first.
const THEFT_DIRECTIONS: [f64; 2] = [0.2, 0.8];

/// The prior of sessions: the mean of the common logarithm of their bytes, its standard deviation within a user, and the
/// weights of both in sessions.
const PRIOR_BYTES: f64 = 5.2;
const PRIOR_DEVIATION: f64 = 0.45;
const PRIOR_MEAN_WEIGHT: f64 = 1.5;
const PRIOR_DEVIATION_WEIGHT: f64 = 8.0;

/// The prior weight, in sessions, of a tail that falls as `exp(−1.2 z)` with the standard deviations z above the mean.
const PRIOR_SESSIONS: f64 = 20.0;

/// The surprise (`−ln p`) from which a session raises the score of the next.
const MIN_SURPRISE: f64 = 2.0;
/// The weight of the surprise of an earlier session, below 1 because sessions of one user are correlated.
const EARLIER_WEIGHT: f64 = 0.8;

/// The score of a session without bytes: it rules out the attack class that shows in bytes.
const NO_VOLUME: f64 = -6.0;

/// The share of thieves who take more than the user does, and the mean surprise of their sessions (sessions of the user have
/// a mean `−ln p` of 1).
const GREEDY_SHARE: f64 = 0.4;
const GREEDY_SURPRISE: f64 = 3.0;

/// The start of the first bin in standard deviations. Bins are tenths of a standard deviation wide.
const FIRST_BIN: f64 = -4.0;

impl Evidence {
    pub(super) fn set_volume(&mut self, all: &AllUsers, user: &UserHistory, login: &Sighting, recent: &[UserLogin]) {
        let has_history = login.succeeded && self.history_level > 0;
        let both = login.volumes.iter().all(Option::is_some);
        let mut max: Option<(f64, f64, Direction)> = None;
        for (at, direction) in [Direction::In, Direction::Out].into_iter().enumerate() {
            let Some(volume) = login.volumes[at].filter(|_| has_history) else { continue };
            let (mean, deviation) = typical_volume(&user.volumes[at], &all.bytes[at]);
            let above = (f64::from(volume) / 1000.0 - mean) / deviation;
            let bin = ((above - FIRST_BIN) * 10.0).clamp(0.0, (VOLUME_BINS - 1) as f64) as usize;
            self.volume_bins[at] = Some(bin as u8);
            let share = if both { THEFT_DIRECTIONS[at] } else { 1.0 };
            let surprise = (-(tail_share(&all.volumes[at], bin, above) / share).ln()).max(0.0);
            if max.is_none_or(|(before, ..)| surprise > before) {
                max = Some((surprise, above, direction));
            }
        }
        let Some((surprise, above, direction)) = max else {
            self.set(Column::Volume, NO_VOLUME);
            return;
        };
        self.surprise = surprise;
        self.direction = Some(direction);
        // One large session is normal, two within hours are rare: the most surprising earlier session counts as well.
        let before = recent.iter().map(|o| o.surprise).max().map_or(0.0, |surprise| f64::from(surprise) / 100.0);
        let again = if surprise > MIN_SURPRISE { EARLIER_WEIGHT * (before - MIN_SURPRISE).max(0.0) } else { 0.0 };
        let odd_moment = self.get(Column::Hour).max(0.0);
        self.set(Column::Volume, again + 1.3 * surprise + odd_moment);
        // `−ln p` is exponentially distributed: with a mean of 1 for the user, and an assumed mean for thieves.
        let ratio = (surprise * (1.0 - 1.0 / GREEDY_SURPRISE)).exp() / GREEDY_SURPRISE;
        self.set(Column::Greed, (1.0 - GREEDY_SHARE + GREEDY_SHARE * ratio).ln().min(3.0));
        self.set(Column::Excess, above);
    }
}

/// The mean and standard deviation of the logarithm of a user's bytes, shrunk towards those of all users.
pub(in super::super) fn typical_volume(user: &Moments, all_users: &Moments) -> (f64, f64) {
    let (of_all, _) = all_users.mean_and_variance(20.0, PRIOR_BYTES, 0.0);
    let (mean, _) = user.mean_and_variance(PRIOR_MEAN_WEIGHT, of_all, 0.0);
    let (_, variance) = user.mean_and_variance(1e-9, mean, 0.0);
    let n = user.n as f64;
    let variance = (n * variance + PRIOR_DEVIATION_WEIGHT * PRIOR_DEVIATION.powi(2)) / (n + PRIOR_DEVIATION_WEIGHT);
    // The mean of few sessions is itself uncertain.
    (mean, (variance * (1.0 + 1.0 / (n + PRIOR_MEAN_WEIGHT))).sqrt().max(0.15))
}

/// The share of all sessions that are at least as far above the mean of their user.
fn tail_share(bins: &[u64; VOLUME_BINS], bin: usize, above: f64) -> f64 {
    let sum = |bins: &[u64]| bins.iter().map(|count| *count as f64).sum::<f64>();
    let tail = if above > 0.0 { 0.5 * (-1.2 * above).exp() } else { 0.5 + 0.5 * (above / FIRST_BIN).min(1.0) };
    (sum(&bins[bin..]) + PRIOR_SESSIONS * tail) / (sum(bins) + PRIOR_SESSIONS)
}
