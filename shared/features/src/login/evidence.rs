//! What speaks for and against a login being its user's, as log-likelihood ratios.
//!
//! Each ratio compares how likely an observation is of an attacker with how likely it is in ordinary use. The second is
//! learned, from the history of all users: how often somebody who is known so well comes from a place and with a device
//! known so little; which networks and clients people newly turn up with; how many strangers an address usually sees. The
//! first is assumed, and stated here: attackers come mostly from elsewhere ([`PLACE_OF_ATTACKS`]) and with a device of
//! their own ([`DEVICE_OF_ATTACKS`]).

mod bursts;
mod moment;
mod volume;

use weir_domain::login::{RiskCounts, ValueCount};

use super::column::Column;
use super::familiarity::{DeviceLevel, PlaceLevel, acquaintance};
use super::history::{Everybody, History, Key, UNITS, UserHistory};
use super::recent::{DAY, HOUR, Own};
use super::sighting::Sighting;

pub use bursts::Sources;
pub use volume::Direction;
pub(super) use volume::usual;

/// How well the users attacked know the places of attacks: address, subnet, network, country, nothing.
const PLACE_OF_ATTACKS: [f64; PlaceLevel::COUNT] = [0.01, 0.02, 0.07, 0.30, 0.60];
/// How well they know the devices: device, upgrade, system, nothing.
const DEVICE_OF_ATTACKS: [f64; DeviceLevel::COUNT] = [0.06, 0.09, 0.25, 0.60];
/// How often attackers hit on a city the user knows, in a network they know and in another of a country they know.
const CITY_OF_ATTACKS: [f64; 2] = [0.5, 0.35];
/// The share of attempts of attacks that fail.
const FAILED_OF_ATTACKS: f64 = 0.5;

/// Places and devices of ordinary logins before anything is known, as if [`PRIOR_LOGINS`] had been seen.
const USUAL_PLACES: [f64; PlaceLevel::COUNT] = [0.5, 0.15, 0.2, 0.1, 0.05];
const USUAL_DEVICES: [f64; DeviceLevel::COUNT] = [0.85, 0.07, 0.05, 0.03];
const PRIOR_LOGINS: f64 = 20.0;
/// How often ordinary logins come from a city the user knows, in a network they know and in another.
const USUAL_CITIES: [f64; 2] = [0.9, 0.7];
/// Failures in a hundred ordinary attempts before anything is known.
const USUAL_FAILURES: f64 = 8.0;

/// What was found out about one login before it was counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    row: [f64; Column::ALL.len()],
    /// How well the user knows the place.
    pub place: PlaceLevel,
    /// How well the user knows the device.
    pub device: DeviceLevel,
    /// How well the user is known: 0 not at all, to 6 by sixty logins and more.
    pub acquaintance: usize,
    /// How strange the place is to the user, in hundredths.
    pub stranger: u8,
    /// Distinct users at the address in the last day, this one included.
    pub users_at_address: u32,
    /// Failures of the user in the last six hours, this one included.
    pub user_failures: u32,
    /// Of these, within ten minutes.
    pub quick_failures: u32,
    /// The highest score of the user's logins in the last six hours from the same address with the same device.
    pub session: Option<f64>,
    /// A failure that follows one of the same user from the same address within six hours.
    pub repeats_failure: bool,
    /// The user's addresses and networks within an hour, this login's included; counted only of the third login of a day and
    /// those after, from addresses the user does not know.
    pub in_hour: Sources,
    /// Within a day.
    pub in_day: Sources,
    /// In which direction the bytes of the session are most surprising.
    pub direction: Option<Direction>,
    /// How long the user has been away, as a bin; `None` of those who never came.
    pub(super) absence: Option<u8>,
    /// Whether address and network are others than in the last day; `None` where the user has not come in it.
    pub(super) changes: Option<[bool; 2]>,
    /// Whether the user knows the city, where that tells something.
    pub(super) knows_city: Option<bool>,
    pub(super) volume_bins: [Option<u8>; 2],
    /// `−ln p` of the bytes of the session.
    pub(super) surprise: f64,
    failed: bool,
}

impl Evidence {
    /// The row, one number per [`Column`].
    #[must_use]
    pub fn row(&self) -> &[f64] {
        &self.row
    }

    /// One number of the row.
    #[must_use]
    pub fn get(&self, column: Column) -> f64 {
        self.row[column as usize]
    }

    /// The evidence with the risk score that somebody computed from [`History::risk_counts`]: one more feature for
    /// estimators that learn.
    #[must_use]
    pub fn with_risk(mut self, risk: f64) -> Self {
        if risk.is_finite() {
            self.set(Column::Risk, risk);
        }
        self
    }

    fn set(&mut self, column: Column, value: f64) {
        self.row[column as usize] = value;
    }

    /// How strange the place is to the user, 0 to 1.
    #[must_use]
    pub fn strangeness(&self) -> f64 {
        f64::from(self.stranger) / 100.0
    }

    pub(super) fn is_strange_device(&self) -> bool {
        self.stranger > 0 && self.device >= DeviceLevel::System
    }

    pub(super) fn is_strange_failure(&self) -> bool {
        self.failed && self.stranger >= 29
    }
}

impl History {
    /// What speaks for and against a login, by all that was counted before it. Changes nothing. O(values of the user,
    /// visits of its address and device in the last day), at most a few hundred each.
    #[must_use]
    pub fn evidence(&self, login: &Sighting) -> Evidence {
        let nobody = UserHistory::default();
        let user = self.user(login).unwrap_or(&nobody);
        let all = &self.everybody;
        let acquaintance = acquaintance(user.logins());
        let known = acquaintance > 0;
        let (place, device) = if known {
            (PlaceLevel::of(user, login), DeviceLevel::of(user, login))
        } else {
            (PlaceLevel::Nothing, DeviceLevel::Nothing)
        };
        let of_day = self.recent.users.get(&login.user).map_or(&[][..], |own| own.within(login.time, DAY));
        let own =
            of_day.get(of_day.partition_point(|o| o.time < login.time.saturating_sub(6 * HOUR))..).unwrap_or_default();
        let mut evidence = Evidence {
            row: [0.0; Column::ALL.len()],
            place,
            device,
            acquaintance,
            stranger: 0,
            users_at_address: 1,
            user_failures: own.iter().filter(|o| o.failed).count() as u32 + u32::from(!login.succeeded),
            quick_failures: own.iter().filter(|o| o.failed && o.time >= login.time - HOUR / 6).count() as u32
                + u32::from(!login.succeeded),
            session: session(own, login),
            repeats_failure: !login.succeeded && own.iter().any(|o| o.failed && o.address == login.address),
            in_hour: Sources::default(),
            in_day: Sources::default(),
            direction: None,
            absence: None,
            changes: None,
            knows_city: None,
            volume_bins: [None; 2],
            surprise: 0.0,
            failed: !login.succeeded,
        };
        evidence.of_user(all, user, login, self.users.len());
        evidence.of_place_and_client(all, login);
        evidence.of_city(all, user, login);
        evidence.of_moment(all, user, login);
        evidence.of_credentials(user, login);
        evidence.stranger = strangeness(&evidence);
        evidence.of_bursts(self, user, login);
        evidence.of_sources(all, user, login, of_day);
        evidence.of_volume(all, user, login, own);
        evidence.set(Column::PlaceStep, f64::from(place as u8));
        evidence.set(Column::DeviceStep, f64::from(device as u8));
        evidence.set(Column::Acquaintance, acquaintance as f64);
        evidence
    }

    /// The counts that the risk score of Freeman et al. is computed from: believed successes before this login.
    #[must_use]
    pub fn risk_counts(&self, login: &Sighting) -> RiskCounts {
        let nobody = UserHistory::default();
        let user = self.user(login).unwrap_or(&nobody);
        let all = &self.everybody;
        let units = |counts: Option<&super::history::Counts>| counts.map_or(0.0, |counts| counts.all as f64 / UNITS);
        let value = |everybody: f64, user: f64| ValueCount { everybody, user };
        let address = all.addresses.get(&Key(login.address)).map_or(0.0, |counts| counts.all as f64);
        RiskCounts {
            place: [
                value(address, user.addresses.count(login.address)),
                value(units(all.networks.get(&Key(login.network))), user.networks.count(login.network)),
                value(units(all.countries.get(&Key(login.country))), user.countries.count(login.country)),
            ],
            client: [
                value(units(all.agents.get(&Key(login.agent))), user.devices.count(login.device)),
                value(units(all.browsers.get(&Key(login.browser))), user.browsers.count(login.browser)),
                value(units(all.systems.get(&Key(login.system))), user.systems.count(login.system)),
                value(units(all.device_types.get(&Key(login.device_type))), user.device_types.count(login.device_type)),
            ],
            coarser_places: (all.networks.len() + all.countries.len()) as f64,
            coarser_clients: (all.browsers.len() + all.systems.len() + all.device_types.len()) as f64,
            logins: all.logins as f64 / UNITS,
            user_logins: user.logins(),
            users: self.users.len() as f64,
        }
    }
}

/// The highest score of the same session.
fn session(own: &[Own], login: &Sighting) -> Option<f64> {
    let same = own.iter().filter(|o| o.address == login.address && o.device == login.device);
    same.map(|o| o.score).max().map(|score| f64::from(score) / 1000.0)
}

/// How strange the place is to the user, in hundredths. A country the user never came from counts whole; a network in a
/// known country the more the rarer anybody is new to it; of users nobody knows, half.
fn strangeness(evidence: &Evidence) -> u8 {
    let strange = match evidence.place {
        _ if evidence.acquaintance == 0 => 0.5,
        PlaceLevel::Nothing => 1.0,
        PlaceLevel::Country => (0.3 + 0.2 * evidence.get(Column::Network).max(0.0)).min(1.0),
        PlaceLevel::Network if evidence.device >= DeviceLevel::System => 0.15,
        _ => 0.0,
    };
    (strange * 100.0) as u8
}

impl Evidence {
    fn of_user(&mut self, all: &Everybody, user: &UserHistory, login: &Sighting, users: usize) {
        if self.acquaintance > 0 {
            let table = &all.familiarity[self.acquaintance];
            let total = table.as_flattened().iter().map(|count| *count as f64).sum::<f64>() / UNITS + PRIOR_LOGINS;
            let (place, device) = (self.place as usize, self.device as usize);
            let seen = table[place][device] as f64 / UNITS + PRIOR_LOGINS * USUAL_PLACES[place] * USUAL_DEVICES[device];
            self.set(Column::Familiarity, (PLACE_OF_ATTACKS[place] * DEVICE_OF_ATTACKS[device] / (seen / total)).ln());
        }
        let (users, logins) = (users.max(1) as f64, (all.logins as f64 / UNITS).max(1.0));
        let share = (user.logins() + 1.0) / (logins + users);
        self.set(Column::User, (1.0 / users / share).ln().clamp(-3.0, 1.0));
        let row = if self.acquaintance > 0 { self.device as usize } else { DeviceLevel::COUNT };
        let [failed, succeeded] = all.outcomes[row].map(|count| count as f64 / UNITS);
        let failing = (failed + USUAL_FAILURES) / (failed + succeeded + 100.0);
        let ratio =
            if login.succeeded { (1.0 - FAILED_OF_ATTACKS) / (1.0 - failing) } else { FAILED_OF_ATTACKS / failing };
        self.set(Column::Outcome, ratio.ln());
    }

    /// Of networks and clients that are new to the user: half of all attackers come like everybody, the other half
    /// from anywhere at random.
    fn of_place_and_client(&mut self, all: &Everybody, login: &Sighting) {
        let logins = all.logins as f64 / UNITS;
        let units = |counts: Option<&super::history::Counts>| {
            counts.map_or((0.0, 0.0), |counts| (counts.all as f64 / UNITS, counts.novel as f64 / UNITS))
        };
        if self.place >= PlaceLevel::Country && login.network != 0 {
            let networks = all.networks.len() as f64 + 1.0;
            let (seen, newly) = units(all.networks.get(&Key(login.network)));
            let attack = 0.5 * (seen + 0.5) / (logins + networks) + 0.5 / networks;
            let usual = (newly + 30.0 * (seen + 0.5) / (logins + 0.5 * networks) + 0.3)
                / (all.novel.all as f64 / UNITS + 30.0 + 0.3 * networks);
            let mut ratio = (attack / usual).ln().clamp(-1.5, 5.0);
            if self.acquaintance == 0 {
                ratio *= 0.5;
            } else if self.device <= DeviceLevel::Upgrade && ratio > 0.0 {
                // Their own device in a rare network: people travel.
                ratio *= 0.4;
            }
            self.set(Column::Network, ratio);
        }
        if self.device >= DeviceLevel::System && self.acquaintance > 0 && login.agent != 0 {
            let (seen, newly) = units(all.agents.get(&Key(login.agent)));
            let share = (seen + 0.2) / (logins + 50.0);
            let attack = 0.7 * share + 0.3 * 0.01;
            let usual = (newly + 20.0 * share) / (all.novel.novel as f64 / UNITS + 20.0);
            self.set(Column::Client, (attack / usual).ln().clamp(-2.0, 2.0));
        }
    }

    /// Of a city in a country the user knows. Where the country is new, so is the city.
    fn of_city(&mut self, all: &Everybody, user: &UserHistory, login: &Sighting) {
        let row = match self.place {
            PlaceLevel::Network => 0,
            PlaceLevel::Country => 1,
            _ => return,
        };
        if self.acquaintance == 0 || login.city_key == 0 || user.cities.0.is_empty() {
            return;
        }
        let known = user.cities.has(login.city_key);
        self.knows_city = Some(known);
        let [unknown, knew] = all.cities[row].map(|count| count as f64 / UNITS);
        let usual = (knew + PRIOR_LOGINS * USUAL_CITIES[row]) / (unknown + knew + PRIOR_LOGINS);
        let attack = CITY_OF_ATTACKS[row];
        let ratio = if known { attack / usual } else { (1.0 - attack) / (1.0 - usual) };
        self.set(Column::City, ratio.ln().clamp(-1.5, 2.0));
    }

    fn of_credentials(&mut self, user: &UserHistory, login: &Sighting) {
        if login.listed && self.place >= PlaceLevel::Country {
            self.set(Column::Reputation, 2.0);
        }
        if login.root {
            self.set(Column::Root, 3.0);
        }
        let [with, without] = user.mfa.map(f64::from);
        if login.console && login.succeeded && login.mfa == Some(false) && with >= 2.0 {
            // A user who always used a second factor so often forgets it once in so many times.
            self.set(Column::SecondFactor, ((with + 2.0) / (without + 0.1)).ln().clamp(0.0, 5.0));
        }
    }
}
