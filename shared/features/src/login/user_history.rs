//! The login history of one user: the values they have used, when they log in, and their last success.

use weir_domain::bounded::Merge;
use weir_domain::time::SECOND_MILLIS;

use super::counts::{Changes, Moments, UNITS, Weight};
use super::levels::{DeviceLevel, PlaceLevel};
use super::location::{CityName, Coordinates};
use super::sighting::Sighting;
use super::values::ValueList;

/// The last trusted success of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(super) struct LastSuccess {
    pub(super) time: i64,
    pub(super) country: u64,
    pub(super) coordinates: Option<Coordinates>,
    pub(super) city: CityName,
}

/// The login history of one user. *Trusted* logins are those with [`Weight::is_trusted`].
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct UserHistory {
    /// The weight of successes, in units.
    pub(super) logins: u64,
    /// The weight of failures, in units.
    pub(super) failures: u64,
    pub(super) addresses: ValueList<64>,
    pub(super) subnets: ValueList<64>,
    pub(super) networks: ValueList<32>,
    pub(super) countries: ValueList<16>,
    pub(super) cities: ValueList<24>,
    pub(super) devices: ValueList<48>,
    pub(super) families: ValueList<24>,
    pub(super) browsers: ValueList<16>,
    pub(super) systems: ValueList<16>,
    pub(super) device_types: ValueList<8>,
    /// Trusted successes by hour of the day, UTC.
    pub(super) hours: [u32; 24],
    /// Trusted successes by day of the week, from Monday.
    pub(super) weekdays: [u32; 7],
    /// Common logarithms of the bytes of sessions, received and sent.
    pub(super) volumes: [Moments; 2],
    pub(super) changes: Changes,
    /// Console logins with and without a second factor.
    pub(super) mfa: [u32; 2],
    pub(super) last: Option<LastSuccess>,
}

impl UserHistory {
    /// The weight of successes, in logins.
    #[must_use]
    pub fn logins(&self) -> f64 {
        self.logins as f64 / UNITS
    }

    /// Counts a login of the user. `changes` says whether its address and network are others than in the last day.
    pub(super) fn record(&mut self, login: &Sighting, changes: Option<[bool; 2]>, weight: Weight) {
        self.changes.record(changes, weight.units());
        if !login.succeeded {
            self.failures = self.failures.saturating_add(weight.units());
            return;
        }
        self.logins = self.logins.saturating_add(weight.units());
        if !weight.is_trusted() {
            return;
        }
        let time = login.time.div_euclid(SECOND_MILLIS);
        self.addresses.record(login.address, 0, time);
        self.subnets.record(login.subnet, 0, time);
        self.networks.record(login.network, 0, time);
        self.countries.record(login.country, 0, time);
        self.cities.record(login.city_key, 0, time);
        self.devices.record(login.device, 0, time);
        self.families.record(login.family, login.version, time);
        self.browsers.record(login.browser, login.version, time);
        self.systems.record(login.system, 0, time);
        self.device_types.record(login.device_type, 0, time);
        if let Some(count) = self.hours.get_mut(login.hour()) {
            *count = count.saturating_add(1);
        }
        if let Some(count) = self.weekdays.get_mut(login.weekday()) {
            *count = count.saturating_add(1);
        }
        for (moments, volume) in self.volumes.iter_mut().zip(login.volumes) {
            if let Some(volume) = volume {
                moments.add(volume);
            }
        }
        if let (true, Some(used)) = (login.console, login.mfa) {
            let count = &mut self.mfa[usize::from(!used)];
            *count = count.saturating_add(1);
        }
        let (country, coordinates, city) = (login.country, login.coordinates, login.city);
        self.last = self.last.max(Some(LastSuccess { time: login.time, country, coordinates, city }));
    }

    /// How much of a login's location the user has logged in from before.
    pub(super) fn place_level(&self, login: &Sighting) -> PlaceLevel {
        if login.address == 0 && login.country == 0 || self.addresses.contains(login.address) {
            PlaceLevel::Address
        } else if self.subnets.contains(login.subnet) {
            PlaceLevel::Subnet
        } else if self.networks.contains(login.network) {
            PlaceLevel::Network
        } else if login.country == 0 || self.countries.0.is_empty() || self.countries.contains(login.country) {
            PlaceLevel::Country
        } else {
            PlaceLevel::New
        }
    }

    /// How much of a login's device the user has logged in with before.
    pub(super) fn device_level(&self, login: &Sighting) -> DeviceLevel {
        if login.device == 0 || self.devices.contains(login.device) {
            return DeviceLevel::Device;
        }
        match self.families.get(login.family) {
            Some(family) if login.family != 0 && login.version >= family.version => DeviceLevel::Upgrade,
            Some(_) if login.family != 0 => DeviceLevel::System,
            _ if login.system != 0 && self.systems.contains(login.system) => DeviceLevel::System,
            _ => DeviceLevel::New,
        }
    }

    /// Whether this code could have produced the history, which may have been read from a file.
    pub(super) fn is_valid(&self) -> bool {
        self.addresses.is_valid()
            && self.subnets.is_valid()
            && self.networks.is_valid()
            && self.countries.is_valid()
            && self.cities.is_valid()
            && self.devices.is_valid()
            && self.families.is_valid()
            && self.browsers.is_valid()
            && self.systems.is_valid()
            && self.device_types.is_valid()
            && self.last.is_none_or(|last| last.coordinates.is_none_or(Coordinates::is_valid))
    }
}

impl Merge for UserHistory {
    fn merge(&mut self, other: Self) {
        self.logins = self.logins.saturating_add(other.logins);
        self.failures = self.failures.saturating_add(other.failures);
        self.addresses.merge(&other.addresses);
        self.subnets.merge(&other.subnets);
        self.networks.merge(&other.networks);
        self.countries.merge(&other.countries);
        self.cities.merge(&other.cities);
        self.devices.merge(&other.devices);
        self.families.merge(&other.families);
        self.browsers.merge(&other.browsers);
        self.systems.merge(&other.systems);
        self.device_types.merge(&other.device_types);
        add(&mut self.hours, &other.hours);
        add(&mut self.weekdays, &other.weekdays);
        for (mine, theirs) in self.volumes.iter_mut().zip(other.volumes) {
            mine.merge(theirs);
        }
        self.changes.merge(other.changes);
        add(&mut self.mfa, &other.mfa);
        self.last = self.last.max(other.last);
    }
}

fn add(mine: &mut [u32], theirs: &[u32]) {
    for (mine, theirs) in mine.iter_mut().zip(theirs) {
        *mine = mine.saturating_add(*theirs);
    }
}
