//! What was before: counts of logins by user and over all.

use weir_domain::bounded::{BottomK, Merge, Priority};

use super::evidence::Evidence;
use super::familiarity::{ACQUAINTANCES, DeviceLevel, PlaceLevel};
use super::journey::{CityName, Spot};
use super::recent::{Glance, Own, Recent};
use super::seen::SeenList;
use super::sighting::Sighting;

/// How much a login weighs in the history, from 0 (an attack for sure) to [`Weight::FULL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight(u16);

impl Weight {
    /// A login that nobody doubts.
    pub const FULL: Self = Self(Self::ONE);
    /// An attack for sure.
    pub const NONE: Self = Self(0);
    const ONE: u16 = 256;

    /// From the logarithm of the odds that it is an attack, once it is known how rare attacks are: at odds of 1 a login
    /// weighs a half.
    #[must_use]
    pub fn of_odds(log_odds: f64) -> Self {
        if log_odds.is_nan() {
            return Self::NONE;
        }
        Self((f64::from(Self::ONE) / (1.0 + log_odds.clamp(-50.0, 50.0).exp())).round() as u16)
    }

    /// Whether it is more likely the user's than not: only then its values become known.
    #[must_use]
    pub fn is_believed(self) -> bool {
        self.0 > Self::ONE / 2
    }

    pub(super) fn units(self) -> u64 {
        u64::from(self.0)
    }
}

/// Units of weight in one whole login.
pub(super) const UNITS: f64 = Weight::ONE as f64;

/// A stable hash as the key of a bounded map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(super) struct Key(pub(super) u64);

impl Priority for Key {
    fn priority(&self) -> u64 {
        // Countries are packed letters: mixed, so that none is dropped for its name (splitmix64).
        let mut x = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }
}

/// Two counts of a value: what they count is said where they are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Counts {
    pub(super) all: u64,
    pub(super) novel: u64,
}

impl Merge for Counts {
    fn merge(&mut self, other: Self) {
        self.all = self.all.saturating_add(other.all);
        self.novel = self.novel.saturating_add(other.novel);
    }
}

/// Number, sum and sum of squares of a measure in thousandths: integers, so that order does not matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Moments {
    pub(super) n: u64,
    pub(super) sum: i64,
    pub(super) squares: u64,
}

impl Moments {
    fn see(&mut self, value: i32) {
        self.n = self.n.saturating_add(1);
        self.sum = self.sum.saturating_add(i64::from(value));
        self.squares = self.squares.saturating_add(i64::from(value).unsigned_abs().saturating_pow(2));
    }

    /// Mean and variance where `prior` logins were as said beforehand.
    pub(super) fn spread(&self, prior: f64, mean: f64, variance: f64) -> (f64, f64) {
        let n = self.n as f64 + prior;
        let middle = (self.sum as f64 / 1e3 + prior * mean) / n;
        let square = (self.squares as f64 / 1e6 + prior * (mean * mean + variance)) / n;
        (middle, (square - middle * middle).max(0.0))
    }
}

impl Merge for Moments {
    fn merge(&mut self, other: Self) {
        self.n = self.n.saturating_add(other.n);
        self.sum = self.sum.saturating_add(other.sum);
        self.squares = self.squares.saturating_add(other.squares);
    }
}

/// A user's last believed success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(super) struct LastSuccess {
    pub(super) time: i64,
    pub(super) country: u64,
    pub(super) spot: Option<Spot>,
    pub(super) city: CityName,
}

/// How often a login that follows another of its user within a day comes from elsewhere, in units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Changes {
    /// Logins that follow another.
    pub(super) followed: u64,
    /// Of these, from an address and from a network that none of the last day came from.
    pub(super) changed: [u64; 2],
}

impl Changes {
    fn see(&mut self, changes: Option<[bool; 2]>, units: u64) {
        if let Some(changes) = changes {
            let changed = changes.map(|changed| units * u64::from(changed));
            self.merge(Self { followed: units, changed });
        }
    }
}

impl Merge for Changes {
    fn merge(&mut self, other: Self) {
        self.followed = self.followed.saturating_add(other.followed);
        sum(&mut self.changed, &other.changed);
    }
}

/// What is known of one user.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct UserHistory {
    /// Believed successes, in units.
    pub(super) logins: u64,
    /// Believed failures, in units.
    pub(super) failures: u64,
    pub(super) addresses: SeenList<64>,
    pub(super) subnets: SeenList<64>,
    pub(super) networks: SeenList<32>,
    pub(super) countries: SeenList<16>,
    pub(super) cities: SeenList<24>,
    pub(super) devices: SeenList<48>,
    pub(super) families: SeenList<24>,
    pub(super) browsers: SeenList<16>,
    pub(super) systems: SeenList<16>,
    pub(super) device_types: SeenList<8>,
    /// Believed successes by hour of the day.
    pub(super) hours: [u32; 24],
    /// By day of the week, from Monday.
    pub(super) weekdays: [u32; 7],
    /// Bytes of sessions, received and sent.
    pub(super) volumes: [Moments; 2],
    pub(super) changes: Changes,
    /// Console logins with and without a second factor.
    pub(super) mfa: [u32; 2],
    pub(super) last: Option<LastSuccess>,
}

impl UserHistory {
    /// Believed successes.
    #[must_use]
    pub fn logins(&self) -> f64 {
        self.logins as f64 / UNITS
    }

    fn see(&mut self, login: &Sighting, evidence: &Evidence, weight: Weight) {
        self.changes.see(evidence.changes, weight.units());
        if !login.succeeded {
            self.failures = self.failures.saturating_add(weight.units());
            return;
        }
        self.logins = self.logins.saturating_add(weight.units());
        if !weight.is_believed() {
            return;
        }
        let time = login.time.div_euclid(1000);
        self.addresses.see(login.address, 0, time);
        self.subnets.see(login.subnet, 0, time);
        self.networks.see(login.network, 0, time);
        self.countries.see(login.country, 0, time);
        self.cities.see(login.city_key, 0, time);
        self.devices.see(login.device, 0, time);
        self.families.see(login.family, login.version, time);
        self.browsers.see(login.browser, login.version, time);
        self.systems.see(login.system, 0, time);
        self.device_types.see(login.device_type, 0, time);
        if let Some(count) = self.hours.get_mut(login.hour()) {
            *count = count.saturating_add(1);
        }
        if let Some(count) = self.weekdays.get_mut(login.weekday()) {
            *count = count.saturating_add(1);
        }
        for (moments, volume) in self.volumes.iter_mut().zip(login.volumes) {
            if let Some(volume) = volume {
                moments.see(volume);
            }
        }
        if let (true, Some(used)) = (login.console, login.mfa) {
            let count = &mut self.mfa[usize::from(!used)];
            *count = count.saturating_add(1);
        }
        let (country, spot, city) = (login.country, login.spot, login.city);
        self.last = self.last.max(Some(LastSuccess { time: login.time, country, spot, city }));
    }

    pub(super) fn is_sound(&self) -> bool {
        self.addresses.is_sound()
            && self.subnets.is_sound()
            && self.networks.is_sound()
            && self.countries.is_sound()
            && self.cities.is_sound()
            && self.devices.is_sound()
            && self.families.is_sound()
            && self.browsers.is_sound()
            && self.systems.is_sound()
            && self.device_types.is_sound()
            && self.last.is_none_or(|last| last.spot.is_none_or(Spot::is_sound))
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

/// Bins of the time between two successes of a user, each twice as long as the one before: below a quarter of an hour, to
/// beyond a year.
pub(super) const ABSENCE_BINS: usize = 17;

/// Bins of how far a session's volume is above the user's own, in tenths of a standard deviation from −4 to 8.
pub(super) const VOLUME_BINS: usize = 120;

/// What is known over all users.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Everybody {
    /// The first login, milliseconds; `i64::MAX` before any.
    pub(super) first: i64,
    /// Believed logins, in units.
    pub(super) logins: u64,
    /// Believed logins by how well the user was known, the place and the device.
    pub(super) familiarity: [[[u64; DeviceLevel::COUNT]; PlaceLevel::COUNT]; ACQUAINTANCES],
    /// Failures and successes by device level; those of unknown users last.
    pub(super) outcomes: [[u64; 2]; DeviceLevel::COUNT + 1],
    /// By network: believed logins, and those of users who were new to it.
    pub(super) networks: BottomK<Key, Counts>,
    /// By country: believed logins.
    pub(super) countries: BottomK<Key, Counts>,
    /// By user agent: believed logins, and those of users who were new to it.
    pub(super) agents: BottomK<Key, Counts>,
    /// Browsers, systems and kinds of device: believed logins.
    pub(super) browsers: BottomK<Key, Counts>,
    pub(super) systems: BottomK<Key, Counts>,
    pub(super) device_types: BottomK<Key, Counts>,
    /// By address: all logins, and what they weigh as strangers, in hundredths. Doubted ones count as well: what is usual
    /// of a busy address must not depend on whether it was believed.
    pub(super) addresses: BottomK<Key, Counts>,
    /// By device: strangers.
    pub(super) devices: BottomK<Key, Counts>,
    /// Logins from networks and with clients new to the user, in units.
    pub(super) novel: Counts,
    pub(super) hours: [u64; 24],
    /// By day of the week, from Monday.
    pub(super) weekdays: [u64; 7],
    /// Believed logins from an unknown and a known city, in a network the user knows and in another of a country they know.
    pub(super) cities: [[u64; 2]; 2],
    /// Believed logins by how well the user was known, and by the time since their last success.
    pub(super) absences: [[u64; ABSENCE_BINS]; ACQUAINTANCES],
    pub(super) changes: Changes,
    /// By country of the source, natural logarithm of milliseconds.
    pub(super) round_trips: BottomK<Key, Moments>,
    /// Bytes of sessions, received and sent.
    pub(super) bytes: [Moments; 2],
    /// How far they were above their user's own.
    pub(super) volumes: [[u64; VOLUME_BINS]; 2],
    /// Strangers who failed.
    pub(super) failing: u64,
}

impl Default for Everybody {
    fn default() -> Self {
        Self {
            first: i64::MAX,
            logins: 0,
            familiarity: Default::default(),
            outcomes: Default::default(),
            networks: BottomK::new(1 << 16),
            countries: BottomK::new(1 << 10),
            agents: BottomK::new(1 << 16),
            browsers: BottomK::new(1 << 12),
            systems: BottomK::new(1 << 12),
            device_types: BottomK::new(1 << 8),
            addresses: BottomK::new(1 << 18),
            devices: BottomK::new(1 << 18),
            novel: Counts::default(),
            hours: [0; 24],
            weekdays: [0; 7],
            cities: Default::default(),
            absences: Default::default(),
            changes: Changes::default(),
            round_trips: BottomK::new(1 << 10),
            bytes: Default::default(),
            volumes: [[0; VOLUME_BINS]; 2],
            failing: 0,
        }
    }
}

/// What was before: a commutative monoid of integers. Users, values and recent visits are bounded; of more, those with the
/// lowest hashes stay, so that what is kept does not depend on order.
#[derive(Debug, Clone)]
pub struct History {
    pub(super) users: BottomK<Key, UserHistory>,
    pub(super) everybody: Everybody,
    pub(super) recent: Recent,
}

impl Default for History {
    fn default() -> Self {
        Self { users: BottomK::new(Self::MAX_USERS), everybody: Everybody::default(), recent: Recent::default() }
    }
}

impl History {
    /// Users that are remembered, at most.
    pub const MAX_USERS: usize = 1 << 19;

    /// What is known of a user: of a login's user.
    #[must_use]
    pub fn user(&self, login: &Sighting) -> Option<&UserHistory> {
        self.users.get(&Key(login.user))
    }

    /// Users that are remembered.
    #[must_use]
    pub fn users(&self) -> usize {
        self.users.len()
    }

    /// Counts a login whose evidence was told by this history. `score` is what it was given, for the logins of the same
    /// session that follow; `learned` says how much it weighs where rates over all users are learned, which doubt less:
    /// what looks like an attack now and then is how ordinary logins look now and then.
    pub fn advance(&mut self, login: &Sighting, evidence: &Evidence, score: f64, weight: Weight, learned: Weight) {
        self.count(login, evidence, weight, learned);
        let glance =
            Glance { time: login.time, user: login.user, stranger: evidence.stranger, failed: !login.succeeded };
        self.recent.advance(login.time);
        if login.address != 0 {
            self.recent.addresses.entry(login.address).or_default().push(glance);
        }
        if evidence.is_strange_device() && login.device != 0 {
            self.recent.devices.entry(login.device).or_default().push(glance);
        }
        if evidence.is_strange_failure() {
            self.recent.failing.push(glance);
        }
        let own = Own {
            time: login.time,
            address: login.address,
            network: login.network,
            device: login.device,
            failed: !login.succeeded,
            score: (score.clamp(-1e6, 1e6) * 1000.0) as i32,
            surprise: (evidence.surprise * 100.0) as u16,
        };
        self.recent.users.entry(login.user).or_default().push(own);
    }

    fn count(&mut self, login: &Sighting, evidence: &Evidence, weight: Weight, learned: Weight) {
        let all = &mut self.everybody;
        all.first = all.first.min(login.time);
        all.logins = all.logins.saturating_add(weight.units());
        let known = evidence.acquaintance > 0;
        // Of a run of failures the first counts: rates are of attempts to get in, not of keystrokes.
        let counts = login.succeeded || !evidence.repeats_failure;
        if counts {
            if known {
                let cell =
                    &mut all.familiarity[evidence.acquaintance][evidence.place as usize][evidence.device as usize];
                *cell = cell.saturating_add(learned.units());
            }
            let row = if known { evidence.device as usize } else { DeviceLevel::COUNT };
            let cell = &mut all.outcomes[row][usize::from(login.succeeded)];
            *cell = cell.saturating_add(learned.units());
        }
        let new_place = evidence.place >= PlaceLevel::Country;
        let new_client = evidence.device >= DeviceLevel::System;
        let units = weight.units();
        all.novel.merge(Counts { all: units * u64::from(new_place), novel: units * u64::from(new_client) });
        let value = |map: &mut BottomK<Key, Counts>, key: u64, novel: bool| {
            if let (true, Some(counts)) = (key != 0, map.entry(Key(key))) {
                counts.merge(Counts { all: units, novel: units * u64::from(novel) });
            }
        };
        value(&mut all.networks, login.network, new_place);
        value(&mut all.countries, login.country, false);
        value(&mut all.agents, login.agent, new_client);
        value(&mut all.browsers, login.browser, false);
        value(&mut all.systems, login.system, false);
        value(&mut all.device_types, login.device_type, false);
        let visit = |map: &mut BottomK<Key, Counts>, key: u64| {
            if let (true, Some(counts)) = (key != 0, map.entry(Key(key))) {
                counts.merge(Counts { all: 1, novel: u64::from(evidence.stranger) });
            }
        };
        visit(&mut all.addresses, login.address);
        if evidence.is_strange_device() {
            visit(&mut all.devices, login.device);
        }
        if evidence.is_strange_failure() {
            all.failing = all.failing.saturating_add(u64::from(!evidence.repeats_failure));
        }
        if let Some(count) = all.hours.get_mut(login.hour()) {
            *count = count.saturating_add(units);
        }
        if let Some(count) = all.weekdays.get_mut(login.weekday()) {
            *count = count.saturating_add(units);
        }
        if let Some(known) = evidence.knows_city {
            let row = usize::from(evidence.place == PlaceLevel::Country);
            let count = &mut all.cities[row][usize::from(known)];
            *count = count.saturating_add(learned.units());
        }
        if let Some(bin) = evidence.absence {
            let count = &mut all.absences[evidence.acquaintance][usize::from(bin)];
            *count = count.saturating_add(learned.units());
        }
        all.changes.see(evidence.changes, learned.units());
        if let (Some(time), true) = (login.round_trip, weight.is_believed())
            && let Some(moments) = all.round_trips.entry(Key(login.country))
        {
            moments.see(time);
        }
        for (bins, bin) in all.volumes.iter_mut().zip(evidence.volume_bins) {
            if let Some(count) = bin.and_then(|bin| bins.get_mut(usize::from(bin))) {
                *count = count.saturating_add(1);
            }
        }
        if login.succeeded && weight.is_believed() {
            for (moments, volume) in all.bytes.iter_mut().zip(login.volumes) {
                if let Some(volume) = volume {
                    moments.see(volume);
                }
            }
        }
        if let Some(user) = self.users.entry(Key(login.user)) {
            user.see(login, evidence, weight);
        }
    }

    /// Joins the history of another part of the log.
    pub fn merge(&mut self, other: Self) {
        self.users.merge(other.users);
        let (mine, theirs) = (&mut self.everybody, other.everybody);
        mine.first = mine.first.min(theirs.first);
        mine.logins = mine.logins.saturating_add(theirs.logins);
        let familiarity = theirs.familiarity.as_flattened().as_flattened();
        sum(mine.familiarity.as_flattened_mut().as_flattened_mut(), familiarity);
        sum(mine.outcomes.as_flattened_mut(), theirs.outcomes.as_flattened());
        mine.networks.merge(theirs.networks);
        mine.countries.merge(theirs.countries);
        mine.agents.merge(theirs.agents);
        mine.browsers.merge(theirs.browsers);
        mine.systems.merge(theirs.systems);
        mine.device_types.merge(theirs.device_types);
        mine.addresses.merge(theirs.addresses);
        mine.devices.merge(theirs.devices);
        mine.novel.merge(theirs.novel);
        sum(&mut mine.hours, &theirs.hours);
        sum(&mut mine.weekdays, &theirs.weekdays);
        sum(mine.cities.as_flattened_mut(), theirs.cities.as_flattened());
        sum(mine.absences.as_flattened_mut(), theirs.absences.as_flattened());
        mine.changes.merge(theirs.changes);
        mine.round_trips.merge(theirs.round_trips);
        for (mine, theirs) in mine.bytes.iter_mut().zip(theirs.bytes) {
            mine.merge(theirs);
        }
        sum(mine.volumes.as_flattened_mut(), theirs.volumes.as_flattened());
        mine.failing = mine.failing.saturating_add(theirs.failing);
        self.recent.merge(other.recent);
    }
}

fn sum(mine: &mut [u64], theirs: &[u64]) {
    for (mine, theirs) in mine.iter_mut().zip(theirs) {
        *mine = mine.saturating_add(*theirs);
    }
}
