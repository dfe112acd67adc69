//! Scores the time of a login: hour, weekday, time since the last success, round-trip time and impossible travel.

use weir_domain::time::{DAY_HOURS, MINUTE_MILLIS};

use super::super::all_users::{ABSENCE_BINS, AllUsers};
use super::super::column::Column;
use super::super::counts::{Key, UNITS};
use super::super::evidence::Evidence;
use super::super::journey::Journey;
use super::super::levels::{DeviceLevel, PlaceLevel};
use super::super::sighting::Sighting;
use super::super::user_history::{LastSuccess, UserHistory};

/// The prior weight of the hours and weekdays of all users in a user's profile, in logins.
const PRIOR_HOURS: f64 = 12.0;
const PRIOR_WEEKDAYS: f64 = 40.0;

/// The width of the first bin of the time between two logins: a quarter of an hour, in milliseconds.
const MIN_ABSENCE: i64 = 15 * MINUTE_MILLIS;
/// The prior weight of a uniform distribution over the bins, in logins.
const PRIOR_ABSENCES: f64 = 50.0;

impl Evidence {
    pub(super) fn set_moment(&mut self, all: &AllUsers, user: &UserHistory, login: &Sighting) {
        if self.history_level > 0 {
            let hour = login.hour();
            let count = |hour: usize| f64::from(user.hours[hour % DAY_HOURS]);
            let near = count(hour) + 0.5 * count(hour + 23) + 0.5 * count(hour + 1);
            let ratio = profile_ratio(near, 2.0 * total(&user.hours), share(&all.hours, hour), PRIOR_HOURS, 24.0);
            self.set(Column::Hour, ratio.max(-1.0));
            let day = login.weekday();
            let count = f64::from(user.weekdays[day]);
            let all_users = share(&all.weekdays, day);
            let ratio = profile_ratio(count, total(&user.weekdays), all_users, PRIOR_WEEKDAYS, 7.0);
            self.set(Column::Weekday, ratio.max(-1.0));
        }
        if let Some(last) = user.last.filter(|_| self.history_level > 0) {
            let bin = absence_bin(login.time.saturating_sub(last.time));
            self.absence = Some(bin as u8);
            self.set(Column::Absence, absence_ratio(&all.absences[self.history_level], bin));
        }
        if let Some(time) = login.round_trip {
            let of_country = all.round_trips.get(&Key(login.country)).copied().unwrap_or_default();
            let (mean, variance) = of_country.mean_and_variance(3.0, 5.0, 0.5);
            let above = (f64::from(time) / 1000.0 - mean) / variance.max(0.05).sqrt();
            if above > 0.0 {
                self.set(Column::RoundTrip, (0.3 * above * above - 0.5).clamp(-0.5, 2.0));
            }
        }
        let new_network = self.place >= PlaceLevel::Country;
        if user.last.is_some_and(|last| Journey::impossible(&last, login, new_network).is_some()) {
            let ratio = self.journey_ratio();
            self.set(Column::Journey, ratio);
        }
    }

    /// The ratio of an impossible journey. With a known device it is lower: the device seems to travel when a relay or a VPN is
    /// turned on.
    fn journey_ratio(&self) -> f64 {
        if self.device >= DeviceLevel::System { 1.5 } else { 0.5 }
    }

    /// Adds to the evidence of a login that the journey to the user's next login, which is certainly theirs, is impossible.
    /// Returns the evidence and a description of the journey; `None` where the journey is possible, or the evidence has one
    /// already. For a retrospective pass over a day.
    #[must_use]
    pub fn with_journey_to(mut self, login: &Sighting, next: &Sighting) -> Option<(Self, String)> {
        if self.get(Column::Journey) > 0.0 {
            return None;
        }
        let new_network = self.place >= PlaceLevel::Country;
        let end = |login: &Sighting| LastSuccess {
            time: login.time,
            country: login.country,
            coordinates: login.coordinates,
            city: login.city,
        };
        let journey = Journey::impossible(&end(next), login, new_network)?;
        let ratio = self.journey_ratio();
        self.set(Column::Journey, ratio);
        Some((self, journey.describe(&end(login), next)))
    }
}

/// The log-likelihood ratio of one of the `values` of a profile (hours, weekdays). Half of all attackers are assumed to log in
/// when all users do, the other half at any time. The count of the user is smoothed towards the share of all users, so that
/// users with a short history do not score high.
fn profile_ratio(count: f64, logins: f64, all_users: f64, prior: f64, values: f64) -> f64 {
    let legitimate = (count + prior * all_users) / (logins + prior);
    ((0.5 / values + 0.5 * all_users) / legitimate).ln()
}

/// The bin of a time in milliseconds.
fn absence_bin(time: i64) -> usize {
    let times = (time / MIN_ABSENCE).max(0) as u64;
    ((u64::BITS - times.leading_zeros()) as usize).min(ABSENCE_BINS - 1)
}

/// The log-likelihood ratio of the time since the last login.
///
/// Users return as users of the same history level did. An attacker comes at a random moment, and so meets a pause with a
/// probability proportional to its length, at a random point of it (the inspection paradox). The probability of a bin is then
/// proportional to its width and to the number of longer pauses.
fn absence_ratio(counts: &[u64; ABSENCE_BINS], bin: usize) -> f64 {
    let share = |bin: usize| counts[bin] as f64 / UNITS + PRIOR_ABSENCES / ABSENCE_BINS as f64;
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

/// The share of a value among all logins, with one login added per value.
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
    fn a_daily_user_who_has_been_away_for_months_scores_high() {
        let day = absence_bin(weir_domain::time::DAY_MILLIS);
        assert_eq!((absence_bin(-5), absence_bin(899_999), absence_bin(900_000), day), (0, 0, 1, 7));
        assert_eq!(absence_bin(i64::MAX), ABSENCE_BINS - 1);
        let mut daily = [0; ABSENCE_BINS];
        daily[day] = 10_000 * UNITS as u64;
        let ratio = |bin| absence_ratio(&daily, bin);
        assert!(ratio(day + 5) > 1.0 && ratio(day) < 0.0, "{} {}", ratio(day + 5), ratio(day));
        // Finite without any logins, and for counts that no log reaches.
        assert!((0..ABSENCE_BINS).all(|bin| absence_ratio(&[0; ABSENCE_BINS], bin).is_finite()));
        assert!((0..ABSENCE_BINS).all(|bin| absence_ratio(&[u64::MAX; ABSENCE_BINS], bin).is_finite()));
    }
}
