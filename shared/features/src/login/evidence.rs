//! What speaks for and against a login being its user's, as log-likelihood ratios.
//!
//! Each ratio compares how likely an observation is of an attacker with how likely it is in ordinary use. The second is
//! learned, from the history of all users: how often somebody who is known so well comes from a place and with a device
//! known so little; which networks and clients people newly turn up with; how many strangers an address usually sees. The
//! first is assumed, and stated here: attackers come mostly from elsewhere ([`PLACE_OF_ATTACKS`]) and with a device of
//! their own ([`DEVICE_OF_ATTACKS`]).

use std::sync::Arc;

use weir_domain::login::{RiskCounts, ValueCount};
use weir_domain::matrix::{Feature, FeatureSchema, Transform};

use super::familiarity::{DeviceLevel, PlaceLevel, acquaintance};
use super::fan_out::{FanOut, burst};
use super::history::{Everybody, History, Key, UNITS, UserHistory, VOLUME_BINS};
use super::recent::{DAY, Glance, HOUR, Own};
use super::sighting::{Sighting, country_of};

/// How well the users attacked know the places of attacks: address, subnet, network, country, nothing.
const PLACE_OF_ATTACKS: [f64; PlaceLevel::COUNT] = [0.01, 0.02, 0.07, 0.30, 0.60];
/// How well they know the devices: device, upgrade, system, nothing.
const DEVICE_OF_ATTACKS: [f64; DeviceLevel::COUNT] = [0.06, 0.09, 0.25, 0.60];
/// The share of attempts of attacks that fail.
const FAILED_OF_ATTACKS: f64 = 0.5;

/// Places and devices of ordinary logins before anything is known, as if [`PRIOR_LOGINS`] had been seen.
const USUAL_PLACES: [f64; PlaceLevel::COUNT] = [0.5, 0.15, 0.2, 0.1, 0.05];
const USUAL_DEVICES: [f64; DeviceLevel::COUNT] = [0.85, 0.07, 0.05, 0.03];
const PRIOR_LOGINS: f64 = 20.0;
/// Failures in a hundred ordinary attempts before anything is known.
const USUAL_FAILURES: f64 = 8.0;

macro_rules! columns {
    ($($name:ident $label:literal, $what:literal;)*) => {
        /// The columns of a row of evidence.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Column { $(#[doc = $what] $name),* }

        impl Column {
            /// All, in order.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Stable name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }

            /// What a person reads.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self { $(Self::$name => $label),* }
            }
        }
    };
}

columns! {
    Familiarity "how little the user knows place and device", "Log-likelihood ratio of how well the user knows place and device, together.";
    User "how rarely the user logs in", "That of the user: attackers choose among accounts, users log in as often as they do.";
    Outcome "the outcome", "That of failure or success.";
    Network "how rarely anybody is new to this network", "That of the network, where it is new to the user.";
    Client "how rarely anybody is new to this client", "That of the user agent, where it is new to the user.";
    Hour "how rarely the user comes at this hour", "That of the hour of the day.";
    RoundTrip "the round-trip time", "That of the round-trip time, against its country's.";
    Journey "the journey since the last login", "That of a journey that nobody makes since the last success.";
    Reputation "the reputation of the address", "That of an address on a list.";
    SecondFactor "the missing second factor", "That of a console login without a second factor of a user who uses one.";
    Root "the login as root", "That of a console login of the owner of the account.";
    AddressFanOut "strangers at the address", "That of the strangers at the address in an hour and a day.";
    AddressFailures "failing strangers at the address", "That of the strangers who failed there in a day.";
    ClientFanOut "strangers with the device", "That of the strangers with this client in an hour and a day.";
    FailingStrangers "failing strangers everywhere", "That of the strangers who failed anywhere in an hour.";
    UserFailures "failures of the user", "That of the failures of the user in six hours.";
    Volume "the bytes of the session", "That of the bytes of the session, against the user's own, and of the hour.";
    PlaceStep "", "How well the user knows the place, 0 to 4.";
    DeviceStep "", "How well the user knows the device, 0 to 3.";
    Acquaintance "", "How well the user is known, 0 to 6.";
    Strangers "", "Distinct strangers at the address in a day.";
    Excess "", "Standard deviations by which the bytes of the session are above the user's own.";
    Risk "", "The published risk score, where whoever asks has computed it.";
}

/// The schema of rows of evidence.
#[must_use]
pub fn login_schema() -> Arc<FeatureSchema> {
    let feature = |column: &Column| Feature {
        name: column.name().to_owned(),
        label: column.label().to_owned(),
        unit: String::new(),
        transform: Transform::Identity,
    };
    let features = Column::ALL.iter().map(feature).collect();
    Arc::new(FeatureSchema { source: "login".to_owned(), window_seconds: 0, features })
}

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
    pub(super) volume_bin: Option<u8>,
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
        let own = self.recent.users.get(&login.user).map_or(&[][..], |own| own.within(login.time, 6 * HOUR));
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
            volume_bin: None,
            surprise: 0.0,
            failed: !login.succeeded,
        };
        evidence.of_user(all, user, login, self.users.len());
        evidence.of_place_and_client(all, login);
        evidence.of_moment(all, user, login);
        evidence.of_credentials(user, login);
        evidence.stranger = strangeness(&evidence);
        evidence.of_bursts(self, user, login);
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
            let total = table.as_flattened().iter().sum::<u64>() as f64 / UNITS + PRIOR_LOGINS;
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

    fn of_moment(&mut self, all: &Everybody, user: &UserHistory, login: &Sighting) {
        let hour = login.hour();
        if self.acquaintance > 0 {
            let everybody =
                (all.hours[hour] as f64 / UNITS + 1.0) / (all.hours.iter().sum::<u64>() as f64 / UNITS + 24.0);
            let count = |hour: usize| f64::from(user.hours[hour % 24]);
            let near = count(hour) + 0.5 * count(hour + 23) + 0.5 * count(hour + 1);
            let total: f64 = user.hours.iter().map(|count| f64::from(*count)).sum();
            let usual = (near + 12.0 * everybody) / (2.0 * total + 12.0);
            self.set(Column::Hour, ((0.5 / 24.0 + 0.5 * everybody) / usual).ln().max(-1.0));
        }
        if let Some(time) = login.round_trip {
            let known = all.round_trips.get(&Key(login.country)).copied().unwrap_or_default();
            let (mean, variance) = known.spread(3.0, 5.0, 0.5);
            let above = (f64::from(time) / 1000.0 - mean) / variance.max(0.05).sqrt();
            if above > 0.0 {
                self.set(Column::RoundTrip, (0.3 * above * above - 0.5).clamp(-0.5, 2.0));
            }
        }
        if let Some(last) = user.last.filter(|last| last.country != 0 && login.country != 0)
            && last.country != login.country
        {
            let hours = (login.time - last.time).unsigned_abs() as f64 / HOUR as f64;
            // Where no distance is known, eight hours are enough for most.
            let needed = match (country_of(last.country), country_of(login.country)) {
                (Some(from), Some(to)) => (1.0 + from.kilometres_to(to) / FASTEST).clamp(1.0, 24.0),
                _ => 8.0,
            };
            if hours < needed {
                self.set(Column::Journey, if self.device >= DeviceLevel::System { 1.5 } else { 0.5 });
            }
        }
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

    fn of_bursts(&mut self, history: &History, user: &UserHistory, login: &Sighting) {
        let all = &history.everybody;
        let days = 1.0 + (login.time.saturating_sub(all.first)).max(0) as f64 / DAY as f64;
        let now = Glance { time: login.time, user: login.user, stranger: self.stranger, failed: self.failed };
        if self.stranger > 0 && login.address != 0 {
            let visits = history.recent.addresses.get(&login.address).map_or(&[][..], |v| v.within(login.time, DAY));
            let fan = FanOut::of(visits, now);
            let ever = all.addresses.get(&Key(login.address)).copied().unwrap_or_default();
            let strangers = (ever.novel as f64 / 100.0 - fan.visit_strangers).max(0.0) / days;
            let visitors = (ever.all as f64 - f64::from(fan.visits)).max(0.0) / days;
            let of_day = if fan.day > 1.0 { burst(fan.day, 0.7 + 2.0 * strangers + 0.3 * visitors) } else { 0.0 };
            let of_hour = if fan.hour > 1.0 { burst(fan.hour, 0.15 + strangers / 6.0 + 0.06 * visitors) } else { 0.0 };
            self.set(Column::AddressFanOut, (BURST * of_day.max(of_hour)).min(10.0));
            if fan.day_failed > 1.0 {
                let failing = burst(fan.day_failed, 0.4 + 0.3 * strangers + 0.1 * visitors);
                self.set(Column::AddressFailures, (BURST * failing).min(4.0));
            }
            self.set(Column::Strangers, fan.day);
            self.users_at_address = fan.users;
        }
        if self.is_strange_device() && login.device != 0 {
            let visits = history.recent.devices.get(&login.device).map_or(&[][..], |v| v.within(login.time, DAY));
            let fan = FanOut::of(visits, now);
            let ever = all.devices.get(&Key(login.device)).map_or(0.0, |counts| counts.all as f64);
            let strangers = (ever - f64::from(fan.visits)).max(0.0) / days;
            let failing = if self.failed { burst(fan.day_failed, 0.7 + 0.15 * strangers) } else { 0.0 };
            let any = burst(fan.day, 1.0 + 1.3 * strangers).max(burst(fan.hour, 0.5 + strangers / 6.0));
            self.set(Column::ClientFanOut, (BURST * any.max(failing)).min(3.0));
        }
        if self.is_strange_failure() {
            let mut users: Vec<u64> =
                history.recent.failing.within(login.time, HOUR).iter().map(|glance| glance.user).collect();
            users.push(login.user);
            users.sort_unstable();
            users.dedup();
            let usual = all.failing as f64 / (24.0 * days);
            let excess = ((users.len() as f64 + 1.0) / (3.0 * usual + 2.0)).ln();
            self.set(Column::FailingStrangers, 1.5 * excess.clamp(0.0, 4.0));
        }
        if self.place >= PlaceLevel::Network || self.device >= DeviceLevel::System {
            // A forgotten password is a handful of tries, an app with an old one tries for hours: only speed is more.
            let usual = 3.5 + user.failures as f64 / UNITS / days;
            let slow = (0.5 * burst(f64::from(self.user_failures), usual)).min(4.0);
            let quick = (0.5 * burst(f64::from(self.quick_failures), 6.0)).min(6.0);
            self.set(Column::UserFailures, slow + quick);
        }
    }

    fn of_volume(&mut self, all: &Everybody, user: &UserHistory, login: &Sighting, own: &[Own]) {
        let Some(volume) = login.volume.filter(|_| login.succeeded && self.acquaintance > 0) else {
            self.set(Column::Volume, NO_VOLUME);
            return;
        };
        let (usual, _) = user.volume.spread(1.5, 5.2, 0.0);
        let above = (f64::from(volume) / 1000.0 - usual) / 0.6;
        let bin = ((above + 4.0) * 10.0).clamp(0.0, (VOLUME_BINS - 1) as f64) as usize;
        let more = all.volumes[bin..].iter().sum::<u64>() as f64 + 0.2 * (VOLUME_BINS - bin) as f64;
        let total = all.volumes.iter().sum::<u64>() as f64 + 0.2 * VOLUME_BINS as f64;
        self.volume_bin = Some(bin as u8);
        self.surprise = -(more / total).ln();
        // Large sessions happen; two of them within hours hardly. Surprise at the largest before counts as well.
        let before = own.iter().map(|o| o.surprise).max().map_or(0.0, |surprise| f64::from(surprise) / 100.0);
        let again = AGAIN * (before - WORTH_NOTING).max(0.0);
        let odd_hour = self.get(Column::Hour).max(0.0);
        self.set(
            Column::Volume,
            if self.surprise > WORTH_NOTING { again } else { 0.0 } + 1.3 * self.surprise + odd_hour,
        );
        self.set(Column::Excess, above);
    }
}

/// Faster than airliners, kilometres an hour.
const FASTEST: f64 = 900.0;

/// What is believed of a burst: visits come in bunches, a Poisson process has none.
const BURST: f64 = 0.7;

/// Bytes that one session in so many has (`−ln p`) are worth noting in the next.
const WORTH_NOTING: f64 = 2.0;
/// How much surprise at an earlier session counts: sessions of one user are somewhat alike.
const AGAIN: f64 = 0.8;

/// Of a session of which no bytes are known: it says that the way of attack that shows in bytes is none to be seen.
const NO_VOLUME: f64 = -6.0;
