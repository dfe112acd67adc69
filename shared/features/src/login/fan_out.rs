//! How many users came by one address or with one device, weighed by how strange the place was to them.

use super::recent::{DAY, Glance, HOUR};

/// Distinct users of a list, the login asked about included, each counted by its strangest visit.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct FanOut {
    /// Strangers of the last day.
    pub(super) day: f64,
    /// Of the last hour.
    pub(super) hour: f64,
    /// Strangers of the last day who failed.
    pub(super) day_failed: f64,
    /// Distinct users of the last day, strangers or not.
    pub(super) users: u32,
    /// Visits of the last day, without this one.
    pub(super) visits: u32,
    /// What these visits weigh as strangers.
    pub(super) visit_strangers: f64,
}

impl FanOut {
    /// Of the visits before a login, and the login itself. O(visits · log visits).
    pub(super) fn of(visits: &[Glance], now: Glance) -> Self {
        debug_assert!(visits.iter().all(|visit| visit.time >= now.time - DAY), "visits of the last day");
        let mut by_user: Vec<(u64, u8, bool, bool)> = Vec::with_capacity(visits.len() + 1);
        let entry = |glance: &Glance| (glance.user, glance.stranger, glance.time >= now.time - HOUR, glance.failed);
        by_user.extend(visits.iter().map(entry));
        by_user.push(entry(&now));
        by_user.sort_unstable();
        let mut out = Self {
            visits: visits.len() as u32,
            visit_strangers: visits.iter().map(|visit| f64::from(visit.stranger)).sum::<f64>() / 100.0,
            ..Self::default()
        };
        for user in by_user.chunk_by(|a, b| a.0 == b.0) {
            let strangest = |keep: fn(&(u64, u8, bool, bool)) -> bool| {
                f64::from(user.iter().filter(|visit| keep(visit)).map(|visit| visit.1).max().unwrap_or(0)) / 100.0
            };
            out.day += strangest(|_| true);
            out.hour += strangest(|visit| visit.2);
            out.day_failed += strangest(|visit| visit.3);
            out.users += 1;
        }
        out
    }
}

/// How much likelier `count` is as a burst of its own size than as a Poisson number around what is `usual`: the
/// log-likelihood ratio `k·ln(k/λ) − (k − λ)`; 0 where it is not above the usual.
pub(super) fn burst(count: f64, usual: f64) -> f64 {
    if count > usual && usual > 0.0 { count * (count / usual).ln() - (count - usual) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_counted_once_by_their_strangest_visit() {
        let glance = |minutes: i64, user, stranger, failed| Glance { time: minutes * 60_000, user, stranger, failed };
        let visits = [glance(0, 1, 100, true), glance(100, 1, 0, false), glance(110, 2, 50, false)];
        let fan = FanOut::of(&visits, glance(120, 3, 30, true));
        assert_eq!((fan.users, fan.visits), (3, 3));
        assert!((fan.day - 1.8).abs() < 1e-9 && (fan.hour - 0.8).abs() < 1e-9 && (fan.day_failed - 1.3).abs() < 1e-9);
    }

    #[test]
    fn bursts_stand_out_from_what_is_usual() {
        assert!(burst(1.0, 2.0) < 1e-12 && burst(5.0, 0.5) > burst(5.0, 3.0) && burst(9.0, 0.5) > burst(5.0, 0.5));
    }
}
