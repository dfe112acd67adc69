//! When a login comes, and what lies between it and the last.

use super::super::column::Column;
use super::super::familiarity::{DeviceLevel, PlaceLevel};
use super::super::history::{ABSENCE_BINS, Everybody, Key, LastSuccess, UNITS, UserHistory};
use super::super::journey::Journey;
use super::super::sighting::Sighting;
use super::Evidence;

/// What a user's own hours and weekdays weigh against everybody's: as much as so many logins of theirs.
const HOURS_OF_EVERYBODY: f64 = 12.0;
const WEEKDAYS_OF_EVERYBODY: f64 = 40.0;

/// The shortest time between two logins that is told apart: a quarter of an hour, in milliseconds.
const MIN_ABSENCE: i64 = 15 * 60_000;
/// How many logins the guess weighs that all times are as likely.
const ABSENCES_BEFORE: f64 = 50.0;

impl Evidence {
    pub(super) fn of_moment(&mut self, all: &Everybody, user: &UserHistory, login: &Sighting) {
        if self.acquaintance > 0 {
            let hour = login.hour();
            let count = |hour: usize| f64::from(user.hours[hour % 24]);
            let near = count(hour) + 0.5 * count(hour + 23) + 0.5 * count(hour + 1);
            let ratio = of_profile(near, 2.0 * total(&user.hours), share(&all.hours, hour), HOURS_OF_EVERYBODY, 24.0);
            self.set(Column::Hour, ratio.max(-1.0));
            let day = login.weekday();
            let own = f64::from(user.weekdays[day]);
            let everybody = share(&all.weekdays, day);
            let ratio = of_profile(own, total(&user.weekdays), everybody, WEEKDAYS_OF_EVERYBODY, 7.0);
            self.set(Column::Weekday, ratio.max(-1.0));
        }
        if let Some(last) = user.last.filter(|_| self.acquaintance > 0) {
            let bin = absence_bin(login.time.saturating_sub(last.time));
            self.absence = Some(bin as u8);
            self.set(Column::Absence, absence_ratio(&all.absences[self.acquaintance], bin));
        }
        if let Some(time) = login.round_trip {
            let known = all.round_trips.get(&Key(login.country)).copied().unwrap_or_default();
            let (mean, variance) = known.spread(3.0, 5.0, 0.5);
            let above = (f64::from(time) / 1000.0 - mean) / variance.max(0.05).sqrt();
            if above > 0.0 {
                self.set(Column::RoundTrip, (0.3 * above * above - 0.5).clamp(-0.5, 2.0));
            }
        }
        let new_network = self.place >= PlaceLevel::Country;
        if user.last.is_some_and(|last| Journey::nobody_makes(&last, login, new_network).is_some()) {
            let ratio = self.journey_ratio();
            self.set(Column::Journey, ratio);
        }
    }

    /// Their own device seems to travel when a relay or a VPN is turned on.
    fn journey_ratio(&self) -> f64 {
        if self.device >= DeviceLevel::System { 1.5 } else { 0.5 }
    }

    /// The evidence of a login that the user's next one, which is surely theirs, is too far from, and the journey in words;
    /// `None` where somebody makes it, or one was seen already. For whoever looks back.
    #[must_use]
    pub fn with_journey_to(mut self, login: &Sighting, next: &Sighting) -> Option<(Self, String)> {
        if self.get(Column::Journey) > 0.0 {
            return None;
        }
        let new_network = self.place >= PlaceLevel::Country;
        let end = |of: &Sighting| LastSuccess { time: of.time, country: of.country, spot: of.spot, city: of.city };
        let journey = Journey::nobody_makes(&end(next), login, new_network)?;
        let ratio = self.journey_ratio();
        self.set(Column::Journey, ratio);
        Some((self, journey.words(&end(login), next)))
    }
}

/// The log-likelihood ratio of a value of a profile (hours, weekdays) that has so many: half of all attackers come when
/// everybody does, the other half at any time. The user's own count is smoothed towards everybody's share, so that users
/// of whom little is known are not doubted.
fn of_profile(own: f64, logins: f64, everybody: f64, prior: f64, values: f64) -> f64 {
    let usual = (own + prior * everybody) / (logins + prior);
    ((0.5 / values + 0.5 * everybody) / usual).ln()
}

/// Which bin a time is in, milliseconds.
fn absence_bin(time: i64) -> usize {
    let times = (time / MIN_ABSENCE).max(0) as u64;
    ((u64::BITS - times.leading_zeros()) as usize).min(ABSENCE_BINS - 1)
}

/// The log-likelihood ratio of the time since the last login. Users come again as users known as well did; an attacker comes at
/// any moment, and so meets a pause in proportion to its length, somewhere in it (the inspection paradox): a time as long as a
/// bin's in proportion to the bin's width and to the pauses that are longer.
fn absence_ratio(counts: &[u64; ABSENCE_BINS], bin: usize) -> f64 {
    let share = |bin: usize| counts[bin] as f64 / UNITS + ABSENCES_BEFORE / ABSENCE_BINS as f64;
    let width = |bin: usize| if bin == 0 { 1.0 } else { (1_u64 << (bin - 1)) as f64 };
    let (mut longer, mut all, mut met, mut total) = (0.0, 0.0, 0.0, 0.0);
    for at in (0..ABSENCE_BINS).rev() {
        let here = width(at) * (longer + share(at) / 2.0);
        if at == bin {
            met = here;
        }
        total += here;
        longer += share(at);
        all += share(at);
    }
    ((met / total) / (share(bin) / all)).ln().clamp(-1.5, 2.5)
}

/// The share of a value of all logins, as if each had been seen once more.
fn share(counts: &[u64], value: usize) -> f64 {
    let whole: f64 = counts.iter().map(|count| *count as f64 / UNITS).sum();
    let count = counts.get(value).map_or(0.0, |count| *count as f64 / UNITS);
    (count + 1.0) / (whole + counts.len() as f64)
}

fn total(counts: &[u32]) -> f64 {
    counts.iter().map(|count| f64::from(*count)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_daily_and_has_been_away_for_months_is_doubted() {
        let day = absence_bin(86_400_000);
        assert_eq!((absence_bin(-5), absence_bin(899_999), absence_bin(900_000), day), (0, 0, 1, 7));
        assert_eq!(absence_bin(i64::MAX), ABSENCE_BINS - 1);
        let mut daily = [0; ABSENCE_BINS];
        daily[day] = 10_000 * UNITS as u64;
        let ratio = |bin| absence_ratio(&daily, bin);
        assert!(ratio(day + 5) > 1.0 && ratio(day) < 0.0, "{} {}", ratio(day + 5), ratio(day));
        // Of nobody known, and of numbers that no log has.
        assert!((0..ABSENCE_BINS).all(|bin| absence_ratio(&[0; ABSENCE_BINS], bin).is_finite()));
        assert!((0..ABSENCE_BINS).all(|bin| absence_ratio(&[u64::MAX; ABSENCE_BINS], bin).is_finite()));
    }
}
