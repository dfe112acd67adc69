//! The bytes of a session, in and out, against the user's own.

use super::super::column::Column;
use super::super::history::{Everybody, Moments, UserHistory, VOLUME_BINS};
use super::super::recent::Own;
use super::super::sighting::Sighting;
use super::Evidence;

/// Which way bytes went, as the service sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Received from the user.
    In,
    /// Sent to the user.
    Out,
}

/// The share of large thefts that show in each direction, in and out: who steals takes; some put what they have there first.
const THEFTS: [f64; 2] = [0.2, 0.8];

/// Sessions before any is known: the common logarithm of their bytes, how far sessions of one user are from their mean, and
/// as if so many had been seen.
const USUAL_BYTES: f64 = 5.2;
const USUAL_SPREAD: f64 = 0.45;
const PRIOR_MEAN: f64 = 1.5;
const PRIOR_SPREAD: f64 = 8.0;

/// Sessions that are believed beforehand, with tails that fall by e every 1.2th of a standard deviation.
const PRIOR_SESSIONS: f64 = 20.0;

/// Bytes that one session in so many has (`−ln p`) are worth noting in the next.
const WORTH_NOTING: f64 = 2.0;
/// How much surprise at an earlier session counts: sessions of one user are somewhat alike.
const AGAIN: f64 = 0.8;

/// Of a session of which no bytes are known: it says that the way of attack that shows in bytes is none to be seen.
const NO_VOLUME: f64 = -6.0;

/// The share of thieves who take more than the owner does, and how much more surprising their sessions are (`−ln p` of
/// sessions of the owner has a mean of 1).
const GREEDY: f64 = 0.4;
const GREED: f64 = 3.0;

/// Bins begin so many standard deviations below the mean, and are tenths of one.
const LOWEST: f64 = -4.0;

impl Evidence {
    pub(super) fn of_volume(&mut self, all: &Everybody, user: &UserHistory, login: &Sighting, own: &[Own]) {
        let known = login.succeeded && self.acquaintance > 0;
        let both = login.volumes.iter().all(Option::is_some);
        let mut most: Option<(f64, f64, Direction)> = None;
        for (at, direction) in [Direction::In, Direction::Out].into_iter().enumerate() {
            let Some(volume) = login.volumes[at].filter(|_| known) else { continue };
            let (mean, deviation) = usual(&user.volumes[at], &all.bytes[at]);
            let above = (f64::from(volume) / 1000.0 - mean) / deviation;
            let bin = ((above - LOWEST) * 10.0).clamp(0.0, (VOLUME_BINS - 1) as f64) as usize;
            self.volume_bins[at] = Some(bin as u8);
            let share = if both { THEFTS[at] } else { 1.0 };
            let surprise = (-(beyond(&all.volumes[at], bin, above) / share).ln()).max(0.0);
            if most.is_none_or(|(before, ..)| surprise > before) {
                most = Some((surprise, above, direction));
            }
        }
        let Some((surprise, above, direction)) = most else {
            self.set(Column::Volume, NO_VOLUME);
            return;
        };
        self.surprise = surprise;
        self.direction = Some(direction);
        // Large sessions happen; two of them within hours hardly. Surprise at the largest before counts as well.
        let before = own.iter().map(|o| o.surprise).max().map_or(0.0, |surprise| f64::from(surprise) / 100.0);
        let again = if surprise > WORTH_NOTING { AGAIN * (before - WORTH_NOTING).max(0.0) } else { 0.0 };
        let odd_moment = self.get(Column::Hour).max(0.0);
        self.set(Column::Volume, again + 1.3 * surprise + odd_moment);
        // `−ln p` is exponential of the owner's sessions, with a mean of 1; of thieves' the mean is assumed.
        let greedy = (surprise * (1.0 - 1.0 / GREED)).exp() / GREED;
        self.set(Column::Greed, (1.0 - GREEDY + GREEDY * greedy).ln().min(3.0));
        self.set(Column::Excess, above);
    }
}

/// Mean and standard deviation of the logarithm of a user's bytes, towards everybody's where little is known.
pub(in super::super) fn usual(own: &Moments, everybody: &Moments) -> (f64, f64) {
    let (of_all, _) = everybody.spread(20.0, USUAL_BYTES, 0.0);
    let (mean, _) = own.spread(PRIOR_MEAN, of_all, 0.0);
    let (_, variance) = own.spread(1e-9, mean, 0.0);
    let n = own.n as f64;
    let spread = (n * variance + PRIOR_SPREAD * USUAL_SPREAD.powi(2)) / (n + PRIOR_SPREAD);
    // A mean of few sessions is itself uncertain.
    (mean, (spread * (1.0 + 1.0 / (n + PRIOR_MEAN))).sqrt().max(0.15))
}

/// The share of sessions that are as far above their user's own, or farther.
fn beyond(bins: &[u64; VOLUME_BINS], bin: usize, above: f64) -> f64 {
    let sum = |bins: &[u64]| bins.iter().map(|count| *count as f64).sum::<f64>();
    let tail = if above > 0.0 { 0.5 * (-1.2 * above).exp() } else { 0.5 + 0.5 * (above / LOWEST).min(1.0) };
    (sum(&bins[bin..]) + PRIOR_SESSIONS * tail) / (sum(bins) + PRIOR_SESSIONS)
}
