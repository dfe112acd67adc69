//! The evidence of one login: log-likelihood ratios and what they were computed from. The history counts logins by it.

use super::column::Column;
use super::levels::{DeviceLevel, PlaceLevel};

/// The evidence of one login, from the logins before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    pub(super) row: [f64; Column::ALL.len()],
    /// How much of the login's location the user has used before.
    pub place: PlaceLevel,
    /// How much of the login's device the user has used before.
    pub device: DeviceLevel,
    /// How long the history of the user is: 0 for none, to 6 for sixty logins and more.
    pub history_level: usize,
    /// How new the location is to the user, in hundredths.
    pub novelty: u8,
    /// Distinct users at the address in the last day, this one included.
    pub users_at_address: u32,
    /// Failures of the user in the last six hours, this one included.
    pub user_failures: u32,
    /// Failures of the user in the last ten minutes, this one included.
    pub quick_failures: u32,
    /// The highest score of the user's logins in the last six hours from the same address with the same device.
    pub session: Option<f64>,
    /// Whether this is a failure that follows one of the same user from the same address within six hours.
    pub repeats_failure: bool,
    /// The user's addresses and networks within an hour, this login's included. Counted only from the third login of a day
    /// on, and from addresses that are new to the user.
    pub in_hour: Sources,
    /// The same within a day.
    pub in_day: Sources,
    /// The direction in which the bytes of the session are most surprising.
    pub direction: Option<Direction>,
    /// The time since the user's last success, as a bin; `None` of users without a success.
    pub(super) absence: Option<u8>,
    /// Whether address and network are others than in the last day; `None` where the user has no login in it.
    pub(super) changes: Option<[bool; 2]>,
    /// Whether the user has logged in from the city before, where that is informative.
    pub(super) is_known_city: Option<bool>,
    pub(super) volume_bins: [Option<u8>; 2],
    /// The surprise (`−ln p`) of the bytes of the session.
    pub(super) surprise: f64,
    pub(super) failed: bool,
}

impl Evidence {
    /// The feature row, one number per [`Column`].
    #[must_use]
    pub fn row(&self) -> &[f64] {
        &self.row
    }

    /// One feature.
    #[must_use]
    pub fn get(&self, column: Column) -> f64 {
        self.row[column as usize]
    }

    /// Adds the published risk score, computed from [`History::risk_counts`](super::History::risk_counts), as a feature for
    /// trained estimators.
    #[must_use]
    pub fn with_risk(mut self, risk: f64) -> Self {
        if risk.is_finite() {
            self.set(Column::Risk, risk);
        }
        self
    }

    pub(super) fn set(&mut self, column: Column, value: f64) {
        self.row[column as usize] = value;
    }

    /// How new the location is to the user, 0 to 1.
    #[must_use]
    pub fn novelty(&self) -> f64 {
        f64::from(self.novelty) / 100.0
    }

    /// Whether both location and device are new to the user.
    pub(super) fn is_novel_device(&self) -> bool {
        self.novelty > 0 && self.device >= DeviceLevel::System
    }

    /// Whether the login failed from a location that is new to the user.
    pub(super) fn is_novel_failure(&self) -> bool {
        self.failed && self.novelty >= 29
    }
}

/// The direction of bytes, seen from the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Received from the user.
    In,
    /// Sent to the user.
    Out,
}

/// The addresses and networks of a user's logins in a time window, the current login included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sources {
    /// Logins.
    pub logins: u32,
    /// Distinct addresses.
    pub addresses: u32,
    /// Distinct networks.
    pub networks: u32,
}
