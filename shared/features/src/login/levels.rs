//! Levels of familiarity: how much of a login's location and device its user has used before, and how long their history is.

/// The finest part of a login's location that its user has logged in from before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlaceLevel {
    /// The address.
    Address,
    /// Its /24 or /48.
    Subnet,
    /// Its autonomous system.
    Network,
    /// Its country, or the log names none.
    Country,
    /// No part of it: a new country.
    New,
}

impl PlaceLevel {
    /// The number of levels.
    pub(super) const COUNT: usize = 5;
}

/// The finest part of a login's device that its user has logged in with before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviceLevel {
    /// The device, or its user agent; or the log names none.
    Device,
    /// Browser, system and device type, in a later version, because versions rise.
    Upgrade,
    /// The operating system only, or an earlier version of a browser.
    System,
    /// No part of it: a new device.
    New,
}

impl DeviceLevel {
    /// The number of levels.
    pub(super) const COUNT: usize = 4;
}

/// How long the history of a user is, by their trusted logins: level 0 for none, then 1, 2 to 3, 4 to 8, 9 to 20, 21 to 59,
/// and level 6 for 60 or more.
pub(super) fn history_level(logins: f64) -> usize {
    [0.5, 1.5, 3.5, 8.5, 20.5, 60.0].iter().filter(|limit| logins >= **limit).count()
}

/// The number of levels of [`history_level`].
pub(super) const HISTORY_LEVELS: usize = 7;
