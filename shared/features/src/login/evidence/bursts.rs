//! What happens at once: strangers at an address or with a client, failures, changes of address.

use super::super::column::Column;
use super::super::familiarity::{DeviceLevel, PlaceLevel};
use super::super::fan_out::{FanOut, burst};
use super::super::history::{Changes, Everybody, History, Key, UNITS, UserHistory};
use super::super::recent::{DAY, Glance, HOUR, Own};
use super::super::sighting::Sighting;
use super::Evidence;

/// What is believed of a burst: visits come in bunches, a Poisson process has none.
const BURST: f64 = 0.7;

/// How often an attacker who goes from address to address comes from yet another.
const CHANGES_OF_ATTACKS: f64 = 0.8;

/// Mobile operators hand out another address at every turn, and an app with an old password takes many turns: addresses
/// alone say little, networks say more.
const MAX_SHARE_OF_ADDRESSES: f64 = 1.0;

/// Addresses and networks of a user's logins in a window, the login itself included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sources {
    /// Logins.
    pub logins: u32,
    /// Distinct addresses.
    pub addresses: u32,
    /// Distinct networks.
    pub networks: u32,
}

impl Sources {
    /// Of the user's logins before it, latest last. O(logins · log logins).
    fn of(own: &[Own], login: &Sighting) -> Self {
        let distinct = |value: fn(&Own) -> u64, now: u64| {
            let mut values: Vec<u64> = own.iter().map(value).filter(|value| *value != 0).collect();
            values.push(now);
            values.sort_unstable();
            values.dedup();
            values.len() as u32
        };
        Self {
            logins: own.len() as u32 + 1,
            addresses: distinct(|own| own.address, login.address),
            networks: distinct(|own| own.network, login.network),
        }
    }
}

impl Evidence {
    pub(super) fn of_bursts(&mut self, history: &History, user: &UserHistory, login: &Sighting) {
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

    /// Changes of address and network within an hour and a day, against how often this user and everybody change. That this
    /// login comes from elsewhere than the last is told by its place: only the changes before it count.
    pub(super) fn of_sources(&mut self, all: &Everybody, user: &UserHistory, login: &Sighting, own: &[Own]) {
        if login.address == 0 {
            return;
        }
        if !own.is_empty() {
            self.changes =
                Some([own.iter().all(|o| o.address != login.address), own.iter().all(|o| o.network != login.network)]);
        }
        // Two addresses are home and a café.
        if own.len() < 2 || self.place <= PlaceLevel::Subnet {
            return;
        }
        let hour = own.partition_point(|o| o.time < login.time.saturating_sub(HOUR));
        self.in_day = Sources::of(own, login);
        self.in_hour = if hour == 0 { self.in_day } else { Sources::of(own.get(hour..).unwrap_or_default(), login) };
        if self.in_day.addresses < 3 {
            return;
        }
        let often = [0, 1].map(|at| user.changes.often(&all.changes, at));
        let ratio = |sources: Sources, distinct: u32, often: f64| {
            let changes = f64::from(distinct.saturating_sub(2));
            let stays = f64::from(sources.logins.saturating_sub(distinct));
            let attack = changes * CHANGES_OF_ATTACKS.ln() + stays * (1.0 - CHANGES_OF_ATTACKS).ln();
            attack - changes * often.ln() - stays * (1.0 - often).ln()
        };
        let [hour, day] = [self.in_hour, self.in_day];
        let of_addresses = ratio(hour, hour.addresses, often[0]).max(ratio(day, day.addresses, often[0]));
        let of_networks = ratio(hour, hour.networks, often[1]).max(ratio(day, day.networks, often[1]));
        self.set(Column::UserAddresses, of_addresses.min(MAX_SHARE_OF_ADDRESSES).max(of_networks).clamp(0.0, 4.0));
    }
}

impl Changes {
    /// How often a login that follows another within a day comes from another address (0) or network (1): the user's own,
    /// towards everybody's where little is known.
    fn often(&self, everybody: &Self, at: usize) -> f64 {
        const USUAL: [f64; 2] = [0.3, 0.2];
        let share = |changes: &Self, prior: f64, usual: f64| {
            (changes.changed[at] as f64 / UNITS + prior * usual) / (changes.followed as f64 / UNITS + prior)
        };
        share(self, 4.0, share(everybody, 20.0, USUAL[at])).clamp(0.02, 0.9)
    }
}
