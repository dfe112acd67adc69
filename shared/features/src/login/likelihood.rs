//! Computes the evidence of a login: log-likelihood ratios of attacker against user.
//!
//! Each ratio compares the probability of an observation in an attack with its probability in legitimate use. The second is
//! learned from the history of all users: how often users with so long a history log in from so new a location and with so
//! new a device, which networks and clients users newly log in with, how many logins from new locations an address usually
//! has. The first is assumed: attackers mostly come from elsewhere ([`ATTACK_PLACES`]) with a device of their own
//! ([`ATTACK_DEVICES`]).

mod bursts;
mod moment;
mod volume;

use weir_domain::login::{RiskCounts, ValueCount};
use weir_domain::time::{DAY_MILLIS, HOUR_MILLIS, MINUTE_MILLIS};

use super::all_users::AllUsers;
use super::column::Column;
use super::counts::{Counts, Key, UNITS};
use super::evidence::{Evidence, Sources};
use super::history::History;
use super::levels::{DeviceLevel, PlaceLevel, history_level};
use super::recent::UserLogin;
use super::sighting::Sighting;
use super::user_history::UserHistory;

pub(super) use volume::typical_volume;

/// The distribution of attacks over location levels: address, subnet, network, country, new.
const ATTACK_PLACES: [f64; PlaceLevel::COUNT] = [0.01, 0.02, 0.07, 0.30, 0.60];
/// The distribution of attacks over device levels: device, upgrade, system, new.
const ATTACK_DEVICES: [f64; DeviceLevel::COUNT] = [0.06, 0.09, 0.25, 0.60];
/// The share of attacks from a city that the user has used, in a network that they have used and in another network of a
/// country that they have used.
const ATTACK_CITIES: [f64; 2] = [0.5, 0.35];
/// The share of attempts of attacks that fail.
const ATTACK_FAILURES: f64 = 0.5;

/// The prior distributions of legitimate logins over location and device levels, which weigh as much as [`PRIOR_LOGINS`].
const PRIOR_PLACES: [f64; PlaceLevel::COUNT] = [0.5, 0.15, 0.2, 0.1, 0.05];
const PRIOR_DEVICES: [f64; DeviceLevel::COUNT] = [0.85, 0.07, 0.05, 0.03];
const PRIOR_LOGINS: f64 = 20.0;
/// The prior share of legitimate logins from a city that the user has used, in a network that they have used and in another.
const PRIOR_CITIES: [f64; 2] = [0.9, 0.7];
/// The prior number of failures in a hundred legitimate attempts.
const PRIOR_FAILURES: f64 = 8.0;

impl History {
    /// The evidence of a login, from all logins counted before it. Changes nothing.
    ///
    /// O(values of the user + logins at its address and with its device in the last day), each a few hundred at most.
    #[must_use]
    pub fn evidence(&self, login: &Sighting) -> Evidence {
        let no_history = UserHistory::default();
        let user = self.user(login).unwrap_or(&no_history);
        let all = &self.all_users;
        let history_level = history_level(user.logins());
        let (place, device) = if history_level > 0 {
            (user.place_level(login), user.device_level(login))
        } else {
            (PlaceLevel::New, DeviceLevel::New)
        };
        let of_day = self.recent.users.get(&login.user).map_or(&[][..], |recent| recent.within(login.time, DAY_MILLIS));
        let six_hours_ago = login.time.saturating_sub(6 * HOUR_MILLIS);
        let recent = of_day.get(of_day.partition_point(|o| o.time < six_hours_ago)..).unwrap_or_default();
        let mut evidence = Evidence {
            row: [0.0; Column::ALL.len()],
            place,
            device,
            history_level,
            novelty: 0,
            users_at_address: 1,
            user_failures: recent.iter().filter(|o| o.failed).count() as u32 + u32::from(!login.succeeded),
            quick_failures: recent.iter().filter(|o| o.failed && o.time >= login.time - 10 * MINUTE_MILLIS).count()
                as u32
                + u32::from(!login.succeeded),
            session: max_session_score(recent, login),
            repeats_failure: !login.succeeded && recent.iter().any(|o| o.failed && o.address == login.address),
            in_hour: Sources::default(),
            in_day: Sources::default(),
            direction: None,
            absence: None,
            changes: None,
            is_known_city: None,
            volume_bins: [None; 2],
            surprise: 0.0,
            failed: !login.succeeded,
        };
        evidence.set_user(all, user, login, self.users.len());
        evidence.set_network_and_client(all, login);
        evidence.set_city(all, user, login);
        evidence.set_moment(all, user, login);
        evidence.set_credentials(user, login);
        evidence.novelty = novelty(&evidence);
        evidence.set_bursts(self, user, login);
        evidence.set_sources(all, user, login, of_day);
        evidence.set_volume(all, user, login, recent);
        evidence.set(Column::PlaceStep, f64::from(place as u8));
        evidence.set(Column::DeviceStep, f64::from(device as u8));
        evidence.set(Column::Acquaintance, history_level as f64);
        evidence
    }

    /// The counts of successes before this login that the risk score of Freeman et al. is computed from.
    #[must_use]
    pub fn risk_counts(&self, login: &Sighting) -> RiskCounts {
        let no_history = UserHistory::default();
        let user = self.user(login).unwrap_or(&no_history);
        let all = &self.all_users;
        let logins = |counts: Option<&Counts>| counts.map_or(0.0, |counts| counts.all as f64 / UNITS);
        let value = |all_users: f64, user: f64| ValueCount { all_users, user };
        let address = all.addresses.get(&Key(login.address)).map_or(0.0, |counts| counts.all as f64);
        RiskCounts {
            place: [
                value(address, user.addresses.count(login.address)),
                value(logins(all.networks.get(&Key(login.network))), user.networks.count(login.network)),
                value(logins(all.countries.get(&Key(login.country))), user.countries.count(login.country)),
            ],
            client: [
                value(logins(all.agents.get(&Key(login.agent))), user.devices.count(login.device)),
                value(logins(all.browsers.get(&Key(login.browser))), user.browsers.count(login.browser)),
                value(logins(all.systems.get(&Key(login.system))), user.systems.count(login.system)),
                value(
                    logins(all.device_types.get(&Key(login.device_type))),
                    user.device_types.count(login.device_type),
                ),
            ],
            coarser_places: (all.networks.len() + all.countries.len()) as f64,
            coarser_clients: (all.browsers.len() + all.systems.len() + all.device_types.len()) as f64,
            logins: all.logins as f64 / UNITS,
            user_logins: user.logins(),
            users: self.users.len() as f64,
        }
    }
}

/// The highest score of the logins of the same session: those from the same address with the same device.
fn max_session_score(recent: &[UserLogin], login: &Sighting) -> Option<f64> {
    let same = recent.iter().filter(|o| o.address == login.address && o.device == login.device);
    same.map(|o| o.score).max().map(|score| f64::from(score) / 1000.0)
}

/// How new the location is to the user, in hundredths: 1 for a new country; for a new network in a known country the more,
/// the rarer the network is among users who are new to it; a half for users without a history.
fn novelty(evidence: &Evidence) -> u8 {
    let novelty = match evidence.place {
        _ if evidence.history_level == 0 => 0.5,
        PlaceLevel::New => 1.0,
        PlaceLevel::Country => (0.3 + 0.2 * evidence.get(Column::Network).max(0.0)).min(1.0),
        PlaceLevel::Network if evidence.device >= DeviceLevel::System => 0.15,
        _ => 0.0,
    };
    (novelty * 100.0) as u8
}

impl Evidence {
    fn set_user(&mut self, all: &AllUsers, user: &UserHistory, login: &Sighting, users: usize) {
        if self.history_level > 0 {
            let table = &all.familiarity[self.history_level];
            let total = table.as_flattened().iter().map(|count| *count as f64).sum::<f64>() / UNITS + PRIOR_LOGINS;
            let (place, device) = (self.place as usize, self.device as usize);
            let seen = table[place][device] as f64 / UNITS + PRIOR_LOGINS * PRIOR_PLACES[place] * PRIOR_DEVICES[device];
            self.set(Column::Familiarity, (ATTACK_PLACES[place] * ATTACK_DEVICES[device] / (seen / total)).ln());
        }
        let (users, logins) = (users.max(1) as f64, (all.logins as f64 / UNITS).max(1.0));
        let share = (user.logins() + 1.0) / (logins + users);
        self.set(Column::User, (1.0 / users / share).ln().clamp(-3.0, 1.0));
        let row = if self.history_level > 0 { self.device as usize } else { DeviceLevel::COUNT };
        let [failed, succeeded] = all.outcomes[row].map(|count| count as f64 / UNITS);
        let failing = (failed + PRIOR_FAILURES) / (failed + succeeded + 100.0);
        let ratio = if login.succeeded { (1.0 - ATTACK_FAILURES) / (1.0 - failing) } else { ATTACK_FAILURES / failing };
        self.set(Column::Outcome, ratio.ln());
    }

    /// Scores a network and a client that are new to the user. Half of all attackers are assumed to use them as often as all
    /// users do, the other half at random.
    fn set_network_and_client(&mut self, all: &AllUsers, login: &Sighting) {
        let logins = all.logins as f64 / UNITS;
        let units = |counts: Option<&Counts>| {
            counts.map_or((0.0, 0.0), |counts| (counts.all as f64 / UNITS, counts.novel as f64 / UNITS))
        };
        if self.place >= PlaceLevel::Country && login.network != 0 {
            let networks = all.networks.len() as f64 + 1.0;
            let (seen, newly) = units(all.networks.get(&Key(login.network)));
            let attack = 0.5 * (seen + 0.5) / (logins + networks) + 0.5 / networks;
            let legitimate = (newly + 30.0 * (seen + 0.5) / (logins + 0.5 * networks) + 0.3)
                / (all.novel.all as f64 / UNITS + 30.0 + 0.3 * networks);
            let mut ratio = (attack / legitimate).ln().clamp(-1.5, 5.0);
            if self.history_level == 0 {
                ratio *= 0.5;
            } else if self.device <= DeviceLevel::Upgrade && ratio > 0.0 {
                // Their own device in a rare network: people travel.
                ratio *= 0.4;
            }
            self.set(Column::Network, ratio);
        }
        if self.device >= DeviceLevel::System && self.history_level > 0 && login.agent != 0 {
            let (seen, newly) = units(all.agents.get(&Key(login.agent)));
            let share = (seen + 0.2) / (logins + 50.0);
            let attack = 0.7 * share + 0.3 * 0.01;
            let legitimate = (newly + 20.0 * share) / (all.novel.novel as f64 / UNITS + 20.0);
            self.set(Column::Client, (attack / legitimate).ln().clamp(-2.0, 2.0));
        }
    }

    /// Scores the city in a country that the user has used. In a new country the city is new as well.
    fn set_city(&mut self, all: &AllUsers, user: &UserHistory, login: &Sighting) {
        let row = match self.place {
            PlaceLevel::Network => 0,
            PlaceLevel::Country => 1,
            _ => return,
        };
        if self.history_level == 0 || login.city_key == 0 || user.cities.0.is_empty() {
            return;
        }
        let is_known = user.cities.contains(login.city_key);
        self.is_known_city = Some(is_known);
        let [new, known] = all.cities[row].map(|count| count as f64 / UNITS);
        let legitimate = (known + PRIOR_LOGINS * PRIOR_CITIES[row]) / (new + known + PRIOR_LOGINS);
        let attack = ATTACK_CITIES[row];
        let ratio = if is_known { attack / legitimate } else { (1.0 - attack) / (1.0 - legitimate) };
        self.set(Column::City, ratio.ln().clamp(-1.5, 2.0));
    }

    fn set_credentials(&mut self, user: &UserHistory, login: &Sighting) {
        if login.listed && self.place >= PlaceLevel::Country {
            self.set(Column::Reputation, 2.0);
        }
        if login.root {
            self.set(Column::Root, 3.0);
        }
        let [with, without] = user.mfa.map(f64::from);
        if login.console && login.succeeded && login.mfa == Some(false) && with >= 2.0 {
            // The more logins with a second factor a user has, the rarer is one without.
            self.set(Column::SecondFactor, ((with + 2.0) / (without + 0.1)).ln().clamp(0.0, 5.0));
        }
    }
}
