//! Weights and mergeable counters of the login history: integers, so that the order of logins does not matter.

use weir_domain::bounded::{Merge, Priority};

/// The weight of a login in the history, from [`Weight::NONE`] (certainly an attack) to [`Weight::FULL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight(u16);

impl Weight {
    /// The weight of a login that is certainly its user's.
    pub const FULL: Self = Self(Self::ONE);
    /// The weight of a login that is certainly an attack.
    pub const NONE: Self = Self(0);
    const ONE: u16 = 256;

    /// From the natural logarithm of the posterior odds that the login is an attack: at odds of 1 it weighs a half.
    #[must_use]
    pub fn from_log_odds(log_odds: f64) -> Self {
        if log_odds.is_nan() {
            return Self::NONE;
        }
        Self((f64::from(Self::ONE) / (1.0 + log_odds.clamp(-50.0, 50.0).exp())).round() as u16)
    }

    /// Whether the login is more likely its user's than not. Only then its values enter the history of the user.
    #[must_use]
    pub fn is_trusted(self) -> bool {
        self.0 > Self::ONE / 2
    }

    pub(super) fn units(self) -> u64 {
        u64::from(self.0)
    }
}

/// The units of weight of one login of full weight.
pub(super) const UNITS: f64 = Weight::ONE as f64;

/// A stable hash, as the key of a bounded map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(super) struct Key(pub(super) u64);

impl Priority for Key {
    fn priority(&self) -> u64 {
        // Countries are packed letters. Mixing them (splitmix64) keeps the priority independent of the name.
        let mut x = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }
}

/// Two counts of a value. The map that they are in documents what they count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Counts {
    pub(super) all: u64,
    pub(super) novel: u64,
}

impl Merge for Counts {
    fn merge(&mut self, other: Self) {
        self.all = self.all.saturating_add(other.all);
        self.novel = self.novel.saturating_add(other.novel);
    }
}

/// The number, sum and sum of squares of a measure in thousandths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Moments {
    pub(super) n: u64,
    pub(super) sum: i64,
    pub(super) squares: u64,
}

impl Moments {
    pub(super) fn add(&mut self, value: i32) {
        self.n = self.n.saturating_add(1);
        self.sum = self.sum.saturating_add(i64::from(value));
        self.squares = self.squares.saturating_add(i64::from(value).unsigned_abs().saturating_pow(2));
    }

    /// The mean and variance, shrunk towards a prior mean and variance that weigh as much as `prior` logins.
    pub(super) fn mean_and_variance(&self, prior: f64, mean: f64, variance: f64) -> (f64, f64) {
        let n = self.n as f64 + prior;
        let posterior_mean = (self.sum as f64 / 1e3 + prior * mean) / n;
        let square = (self.squares as f64 / 1e6 + prior * (mean * mean + variance)) / n;
        (posterior_mean, (square - posterior_mean * posterior_mean).max(0.0))
    }
}

impl Merge for Moments {
    fn merge(&mut self, other: Self) {
        self.n = self.n.saturating_add(other.n);
        self.sum = self.sum.saturating_add(other.sum);
        self.squares = self.squares.saturating_add(other.squares);
    }
}

/// How often a login that follows another of its user within a day comes from another address or network, in units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Changes {
    /// Logins that follow another.
    pub(super) followed: u64,
    /// Of these, logins from an address, and from a network, that none of the last day came from.
    pub(super) changed: [u64; 2],
}

impl Changes {
    pub(super) fn record(&mut self, changes: Option<[bool; 2]>, units: u64) {
        if let Some(changes) = changes {
            let changed = changes.map(|changed| units * u64::from(changed));
            self.merge(Self { followed: units, changed });
        }
    }

    /// The probability that a login that follows another within a day comes from another address (0) or network (1): the rate
    /// of the user, shrunk towards the rate of all users.
    pub(super) fn rate(&self, all_users: &Self, at: usize) -> f64 {
        const PRIOR: [f64; 2] = [0.3, 0.2];
        let share = |changes: &Self, prior: f64, mean: f64| {
            (changes.changed[at] as f64 / UNITS + prior * mean) / (changes.followed as f64 / UNITS + prior)
        };
        share(self, 4.0, share(all_users, 20.0, PRIOR[at])).clamp(0.02, 0.9)
    }
}

impl Merge for Changes {
    fn merge(&mut self, other: Self) {
        self.followed = self.followed.saturating_add(other.followed);
        sum(&mut self.changed, &other.changed);
    }
}

/// Adds counts element by element, saturating.
pub(super) fn sum(mine: &mut [u64], theirs: &[u64]) {
    for (mine, theirs) in mine.iter_mut().zip(theirs) {
        *mine = mine.saturating_add(*theirs);
    }
}
