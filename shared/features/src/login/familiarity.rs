//! How well a user knows the place and the device of a login, in steps.

use super::history::UserHistory;
use super::sighting::Sighting;

/// How well a user knows where a login comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlaceLevel {
    /// The address itself.
    Address,
    /// Its /24 or /48.
    Subnet,
    /// Its autonomous system.
    Network,
    /// Its country, or the log names none.
    Country,
    /// Nothing of it.
    Nothing,
}

impl PlaceLevel {
    /// How many there are.
    pub(super) const COUNT: usize = 5;

    pub(super) fn of(user: &UserHistory, login: &Sighting) -> Self {
        if login.address == 0 && login.country == 0 || user.addresses.has(login.address) {
            Self::Address
        } else if user.subnets.has(login.subnet) {
            Self::Subnet
        } else if user.networks.has(login.network) {
            Self::Network
        } else if login.country == 0 || user.countries.0.is_empty() || user.countries.has(login.country) {
            Self::Country
        } else {
            Self::Nothing
        }
    }
}

/// How well a user knows the device of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviceLevel {
    /// The device itself, or a user agent seen before; or the log names none.
    Device,
    /// Browser, system and kind of device, in a later version: versions rise.
    Upgrade,
    /// The operating system only, or an earlier version of a browser.
    System,
    /// Nothing of it.
    Nothing,
}

impl DeviceLevel {
    /// How many there are.
    pub(super) const COUNT: usize = 4;

    pub(super) fn of(user: &UserHistory, login: &Sighting) -> Self {
        if login.device == 0 || user.devices.has(login.device) {
            return Self::Device;
        }
        match user.families.get(login.family) {
            Some(family) if login.family != 0 && login.version >= family.version => Self::Upgrade,
            Some(_) if login.family != 0 => Self::System,
            _ if login.system != 0 && user.systems.has(login.system) => Self::System,
            _ => Self::Nothing,
        }
    }
}

/// How well a user is known, in steps of believed logins: none, 1, 2 to 3, 4 to 8, 9 to 20, 21 to 59, more.
pub(super) fn acquaintance(logins: f64) -> usize {
    [0.5, 1.5, 3.5, 8.5, 20.5, 60.0].iter().filter(|limit| logins >= **limit).count()
}

/// Steps of [`acquaintance`].
pub(super) const ACQUAINTANCES: usize = 7;
