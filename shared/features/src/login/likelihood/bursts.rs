//! Scores bursts: many users at an address or with a device, many failures, many sources of one user.

use weir_domain::time::{DAY_MILLIS, HOUR_MILLIS};

use super::super::all_users::AllUsers;
use super::super::column::Column;
use super::super::counts::{Key, UNITS};
use super::super::evidence::{Evidence, Sources};
use super::super::history::History;
use super::super::levels::{DeviceLevel, PlaceLevel};
use super::super::recent::{UserLogin, Visit};
use super::super::sighting::Sighting;
use super::super::user_history::UserHistory;

/// Scales the log-likelihood ratio of a burst, because logins are more bursty than a Poisson process.
const BURST_SCALE: f64 = 0.7;

/// The probability that an attacker who rotates addresses logs in from another one.
const ATTACK_CHANGES: f64 = 0.8;

/// The highest ratio from changes of address alone. Mobile operators assign another address at every connection, and an app
/// with an old password connects often, so changes of network are more informative.
const MAX_ADDRESS_RATIO: f64 = 1.0;

/// Counts the distinct sources of a user's recent logins and this one. O(logins · log logins).
fn sources(recent: &[UserLogin], login: &Sighting) -> Sources {
    let distinct = |value: fn(&UserLogin) -> u64, now: u64| {
        let mut values: Vec<u64> = recent.iter().map(value).filter(|value| *value != 0).collect();
        values.push(now);
        values.sort_unstable();
        values.dedup();
        values.len() as u32
    };
    Sources {
        logins: recent.len() as u32 + 1,
        addresses: distinct(|recent| recent.address, login.address),
        networks: distinct(|recent| recent.network, login.network),
    }
}

impl Evidence {
    /// Scores new users at the address and with the device, and failures.
    pub(super) fn set_bursts(&mut self, history: &History, user: &UserHistory, login: &Sighting) {
        let all = &history.all_users;
        let days = 1.0 + (login.time.saturating_sub(all.first)).max(0) as f64 / DAY_MILLIS as f64;
        let now = Visit { time: login.time, user: login.user, novelty: self.novelty, failed: self.failed };
        if self.novelty > 0 && login.address != 0 {
            let visits =
                history.recent.addresses.get(&login.address).map_or(&[][..], |v| v.within(login.time, DAY_MILLIS));
            let fan = FanOut::from_visits(visits, now);
            let total = all.addresses.get(&Key(login.address)).copied().unwrap_or_default();
            let daily_novelty = (total.novel as f64 / 100.0 - fan.visit_novelty).max(0.0) / days;
            let visitors = (total.all as f64 - f64::from(fan.visits)).max(0.0) / days;
            let of_day = if fan.day > 1.0 { burst(fan.day, 0.7 + 2.0 * daily_novelty + 0.3 * visitors) } else { 0.0 };
            let of_hour =
                if fan.hour > 1.0 { burst(fan.hour, 0.15 + daily_novelty / 6.0 + 0.06 * visitors) } else { 0.0 };
            self.set(Column::AddressFanOut, (BURST_SCALE * of_day.max(of_hour)).min(10.0));
            if fan.day_failed > 1.0 {
                let failing = burst(fan.day_failed, 0.4 + 0.3 * daily_novelty + 0.1 * visitors);
                self.set(Column::AddressFailures, (BURST_SCALE * failing).min(4.0));
            }
            self.set(Column::Strangers, fan.day);
            self.users_at_address = fan.users;
        }
        if self.is_novel_device() && login.device != 0 {
            let visits =
                history.recent.devices.get(&login.device).map_or(&[][..], |v| v.within(login.time, DAY_MILLIS));
            let fan = FanOut::from_visits(visits, now);
            let total = all.devices.get(&Key(login.device)).map_or(0.0, |counts| counts.all as f64);
            let daily_logins = (total - f64::from(fan.visits)).max(0.0) / days;
            let failing = if self.failed { burst(fan.day_failed, 0.7 + 0.15 * daily_logins) } else { 0.0 };
            let any = burst(fan.day, 1.0 + 1.3 * daily_logins).max(burst(fan.hour, 0.5 + daily_logins / 6.0));
            self.set(Column::ClientFanOut, (BURST_SCALE * any.max(failing)).min(3.0));
        }
        if self.is_novel_failure() {
            let mut users: Vec<u64> =
                history.recent.failing.within(login.time, HOUR_MILLIS).iter().map(|visit| visit.user).collect();
            users.push(login.user);
            users.sort_unstable();
            users.dedup();
            let expected = all.failing as f64 / (24.0 * days);
            let excess = ((users.len() as f64 + 1.0) / (3.0 * expected + 2.0)).ln();
            self.set(Column::FailingStrangers, 1.5 * excess.clamp(0.0, 4.0));
        }
        if self.place >= PlaceLevel::Network || self.device >= DeviceLevel::System {
            // A forgotten password is a handful of attempts, and an app with an old one tries for hours: only fast attempts
            // score higher.
            let expected = 3.5 + user.failures as f64 / UNITS / days;
            let slow = (0.5 * burst(f64::from(self.user_failures), expected)).min(4.0);
            let quick = (0.5 * burst(f64::from(self.quick_failures), 6.0)).min(6.0);
            self.set(Column::UserFailures, slow + quick);
        }
    }

    /// Scores the changes of address and network within an hour and a day, against the rates of this user and of all users.
    /// Only the changes before this login count, because its own change shows in the location level.
    pub(super) fn set_sources(&mut self, all: &AllUsers, user: &UserHistory, login: &Sighting, of_day: &[UserLogin]) {
        if login.address == 0 {
            return;
        }
        if !of_day.is_empty() {
            self.changes = Some([
                of_day.iter().all(|o| o.address != login.address),
                of_day.iter().all(|o| o.network != login.network),
            ]);
        }
        // Two addresses are normal: home and a café.
        if of_day.len() < 2 || self.place <= PlaceLevel::Subnet {
            return;
        }
        let hour = of_day.partition_point(|o| o.time < login.time.saturating_sub(HOUR_MILLIS));
        self.in_day = sources(of_day, login);
        self.in_hour = if hour == 0 { self.in_day } else { sources(of_day.get(hour..).unwrap_or_default(), login) };
        if self.in_day.addresses < 3 {
            return;
        }
        let rates = [0, 1].map(|at| user.changes.rate(&all.changes, at));
        let ratio = |sources: Sources, distinct: u32, rate: f64| {
            let changes = f64::from(distinct.saturating_sub(2));
            let stays = f64::from(sources.logins.saturating_sub(distinct));
            let attack = changes * ATTACK_CHANGES.ln() + stays * (1.0 - ATTACK_CHANGES).ln();
            attack - changes * rate.ln() - stays * (1.0 - rate).ln()
        };
        let [hour, day] = [self.in_hour, self.in_day];
        let of_addresses = ratio(hour, hour.addresses, rates[0]).max(ratio(day, day.addresses, rates[0]));
        let of_networks = ratio(hour, hour.networks, rates[1]).max(ratio(day, day.networks, rates[1]));
        self.set(Column::UserAddresses, of_addresses.min(MAX_ADDRESS_RATIO).max(of_networks).clamp(0.0, 4.0));
    }
}

/// The users who log in at one address or with one device, this login included. Each user counts with the highest novelty of
/// their logins.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct FanOut {
    /// The sum of novelty over the users of the last day.
    day: f64,
    /// The same of the last hour.
    hour: f64,
    /// The same of failed logins of the last day.
    day_failed: f64,
    /// Distinct users of the last day.
    users: u32,
    /// Logins of the last day, without this one.
    visits: u32,
    /// The sum of novelty over these logins.
    visit_novelty: f64,
}

impl FanOut {
    /// From the logins of the last day before this one, and this one. O(visits · log visits).
    fn from_visits(visits: &[Visit], now: Visit) -> Self {
        debug_assert!(visits.iter().all(|visit| visit.time >= now.time - DAY_MILLIS), "logins of the last day");
        let mut by_user: Vec<(u64, u8, bool, bool)> = Vec::with_capacity(visits.len() + 1);
        let entry = |visit: &Visit| (visit.user, visit.novelty, visit.time >= now.time - HOUR_MILLIS, visit.failed);
        by_user.extend(visits.iter().map(entry));
        by_user.push(entry(&now));
        by_user.sort_unstable();
        let mut out = Self {
            visits: visits.len() as u32,
            visit_novelty: visits.iter().map(|visit| f64::from(visit.novelty)).sum::<f64>() / 100.0,
            ..Self::default()
        };
        for user in by_user.chunk_by(|a, b| a.0 == b.0) {
            let max_novelty = |keep: fn(&(u64, u8, bool, bool)) -> bool| {
                f64::from(user.iter().filter(|visit| keep(visit)).map(|visit| visit.1).max().unwrap_or(0)) / 100.0
            };
            out.day += max_novelty(|_| true);
            out.hour += max_novelty(|visit| visit.2);
            out.day_failed += max_novelty(|visit| visit.3);
            out.users += 1;
        }
        out
    }
}

/// The log-likelihood ratio of a count under a Poisson rate equal to the count against the expected rate:
/// `k·ln(k/λ) − (k − λ)`; 0 of a count not above the expected rate.
fn burst(count: f64, expected: f64) -> f64 {
    if count > expected && expected > 0.0 { count * (count / expected).ln() - (count - expected) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use weir_domain::time::MINUTE_MILLIS;

    use super::*;

    #[test]
    fn users_count_once_with_their_highest_novelty() {
        let visit =
            |minutes: i64, user, novelty, failed| Visit { time: minutes * MINUTE_MILLIS, user, novelty, failed };
        let visits = [visit(0, 1, 100, true), visit(100, 1, 0, false), visit(110, 2, 50, false)];
        let fan = FanOut::from_visits(&visits, visit(120, 3, 30, true));
        assert_eq!((fan.users, fan.visits), (3, 3));
        assert!((fan.day - 1.8).abs() < 1e-9 && (fan.hour - 0.8).abs() < 1e-9 && (fan.day_failed - 1.3).abs() < 1e-9);
    }

    #[test]
    fn ratios_rise_with_the_count_above_the_expected_rate() {
        assert!(burst(1.0, 2.0) < 1e-12 && burst(5.0, 0.5) > burst(5.0, 3.0) && burst(9.0, 0.5) > burst(5.0, 0.5));
    }
}
