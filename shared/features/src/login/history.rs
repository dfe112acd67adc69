//! The login history: counts per user and over all users, and the logins of the last day.

use weir_domain::bounded::{BottomK, Merge};

use super::all_users::AllUsers;
use super::counts::{Key, Weight};
use super::evidence::Evidence;
use super::recent::{Recent, UserLogin, Visit};
use super::sighting::Sighting;
use super::user_history::UserHistory;

/// The login history: a commutative monoid of integers.
///
/// Users, values and recent logins are bounded. Beyond the bounds those with the lowest hashes are kept, so that what is kept
/// does not depend on the order of logins.
#[derive(Debug, Clone)]
pub struct History {
    pub(super) users: BottomK<Key, UserHistory>,
    pub(super) all_users: AllUsers,
    pub(super) recent: Recent,
}

impl Default for History {
    fn default() -> Self {
        Self { users: BottomK::new(Self::MAX_USERS), all_users: AllUsers::default(), recent: Recent::default() }
    }
}

impl History {
    /// The maximum number of users kept.
    pub const MAX_USERS: usize = 1 << 19;

    /// The history of the user of a login.
    #[must_use]
    pub fn user(&self, login: &Sighting) -> Option<&UserHistory> {
        self.users.get(&Key(login.user))
    }

    /// The number of users kept.
    #[must_use]
    pub fn users(&self) -> usize {
        self.users.len()
    }

    /// Counts a login with the evidence that this history gave for it.
    ///
    /// `score` is the score of the login, for later logins of the same session. `weight` is its weight in the history of its
    /// user and in counts of values. `rate_weight` is its weight in rates over all users, which discount less: what
    /// occasionally looks like an attack is how legitimate logins occasionally look.
    pub fn advance(&mut self, login: &Sighting, evidence: &Evidence, score: f64, weight: Weight, rate_weight: Weight) {
        self.all_users.record(login, evidence, weight, rate_weight);
        if let Some(user) = self.users.entry(Key(login.user)) {
            user.record(login, evidence.changes, weight);
        }
        let visit = Visit { time: login.time, user: login.user, novelty: evidence.novelty, failed: !login.succeeded };
        self.recent.advance(login.time);
        if login.address != 0 {
            self.recent.addresses.entry(login.address).or_default().push(visit);
        }
        if evidence.is_novel_device() && login.device != 0 {
            self.recent.devices.entry(login.device).or_default().push(visit);
        }
        if evidence.is_novel_failure() {
            self.recent.failing.push(visit);
        }
        let user_login = UserLogin {
            time: login.time,
            address: login.address,
            network: login.network,
            device: login.device,
            failed: !login.succeeded,
            score: (score.clamp(-1e6, 1e6) * 1000.0) as i32,
            surprise: (evidence.surprise * 100.0) as u16,
        };
        self.recent.users.entry(login.user).or_default().push(user_login);
    }

    /// Merges the history of another part of the log.
    pub fn merge(&mut self, other: Self) {
        self.users.merge(other.users);
        self.all_users.merge(other.all_users);
        self.recent.merge(other.recent);
    }
}
