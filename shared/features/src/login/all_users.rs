//! The login history over all users: how often values, outcomes, times and levels of familiarity occur.

use weir_domain::bounded::{BottomK, Merge};

use super::counts::{Changes, Counts, Key, Moments, Weight, sum};
use super::evidence::Evidence;
use super::levels::{DeviceLevel, HISTORY_LEVELS, PlaceLevel};
use super::sighting::Sighting;

/// The bins of the time between two successes of a user. Each is twice as wide as the one before, from below a quarter of an
/// hour to beyond a year.
pub(super) const ABSENCE_BINS: usize = 17;

/// The bins of how far the bytes of a session are above the mean of its user: tenths of a standard deviation from −4 to 8.
pub(super) const VOLUME_BINS: usize = 120;

/// The counts over all users. *Trusted* logins weigh by [`Weight`], in units.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AllUsers {
    /// The time of the first login, milliseconds since the epoch; `i64::MAX` before any.
    pub(super) first: i64,
    /// The weight of logins, in units.
    pub(super) logins: u64,
    /// Logins by level of the user's history, of the location and of the device.
    pub(super) familiarity: [[[u64; DeviceLevel::COUNT]; PlaceLevel::COUNT]; HISTORY_LEVELS],
    /// Failures and successes by device level; those of users without a history are last.
    pub(super) outcomes: [[u64; 2]; DeviceLevel::COUNT + 1],
    /// By network: logins, and those of users who were new to it.
    pub(super) networks: BottomK<Key, Counts>,
    /// By country: logins.
    pub(super) countries: BottomK<Key, Counts>,
    /// By user agent: logins, and those of users who were new to it.
    pub(super) agents: BottomK<Key, Counts>,
    /// By browser, operating system and device type: logins.
    pub(super) browsers: BottomK<Key, Counts>,
    pub(super) systems: BottomK<Key, Counts>,
    pub(super) device_types: BottomK<Key, Counts>,
    /// By address: the number of logins, and the sum of their novelty in hundredths. Untrusted logins count as well, because
    /// the baseline of a busy address must not depend on whether its logins were trusted.
    pub(super) addresses: BottomK<Key, Counts>,
    /// By device: logins from new locations, and the sum of their novelty in hundredths.
    pub(super) devices: BottomK<Key, Counts>,
    /// Logins from networks, and with clients, that are new to the user, in units.
    pub(super) novel: Counts,
    pub(super) hours: [u64; 24],
    /// By day of the week, from Monday.
    pub(super) weekdays: [u64; 7],
    /// Logins from a new and a known city, in a network that the user has used and in another network of a country that they
    /// have used.
    pub(super) cities: [[u64; 2]; 2],
    /// Logins by level of the user's history, and by the time since their last success.
    pub(super) absences: [[u64; ABSENCE_BINS]; HISTORY_LEVELS],
    pub(super) changes: Changes,
    /// By country of the source: the natural logarithm of round-trip times, milliseconds.
    pub(super) round_trips: BottomK<Key, Moments>,
    /// Common logarithms of the bytes of sessions, received and sent.
    pub(super) bytes: [Moments; 2],
    /// Sessions by how far their bytes were above the mean of their user.
    pub(super) volumes: [[u64; VOLUME_BINS]; 2],
    /// Failed logins from new locations.
    pub(super) failing: u64,
}

impl Default for AllUsers {
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

impl AllUsers {
    /// Counts a login with its evidence. `weight` is its weight in counts of values, `rate_weight` in rates over all users.
    pub(super) fn record(&mut self, login: &Sighting, evidence: &Evidence, weight: Weight, rate_weight: Weight) {
        self.first = self.first.min(login.time);
        self.logins = self.logins.saturating_add(weight.units());
        let has_history = evidence.history_level > 0;
        // Only the first of a run of failures counts: rates are of attempts to get in, not of keystrokes.
        let counts = login.succeeded || !evidence.repeats_failure;
        if counts {
            if has_history {
                let cell =
                    &mut self.familiarity[evidence.history_level][evidence.place as usize][evidence.device as usize];
                *cell = cell.saturating_add(rate_weight.units());
            }
            let row = if has_history { evidence.device as usize } else { DeviceLevel::COUNT };
            let cell = &mut self.outcomes[row][usize::from(login.succeeded)];
            *cell = cell.saturating_add(rate_weight.units());
        }
        let new_place = evidence.place >= PlaceLevel::Country;
        let new_client = evidence.device >= DeviceLevel::System;
        let units = weight.units();
        self.novel.merge(Counts { all: units * u64::from(new_place), novel: units * u64::from(new_client) });
        let value = |map: &mut BottomK<Key, Counts>, key: u64, novel: bool| {
            if let (true, Some(counts)) = (key != 0, map.entry(Key(key))) {
                counts.merge(Counts { all: units, novel: units * u64::from(novel) });
            }
        };
        value(&mut self.networks, login.network, new_place);
        value(&mut self.countries, login.country, false);
        value(&mut self.agents, login.agent, new_client);
        value(&mut self.browsers, login.browser, false);
        value(&mut self.systems, login.system, false);
        value(&mut self.device_types, login.device_type, false);
        let visit = |map: &mut BottomK<Key, Counts>, key: u64| {
            if let (true, Some(counts)) = (key != 0, map.entry(Key(key))) {
                counts.merge(Counts { all: 1, novel: u64::from(evidence.novelty) });
            }
        };
        visit(&mut self.addresses, login.address);
        if evidence.is_novel_device() {
            visit(&mut self.devices, login.device);
        }
        if evidence.is_novel_failure() {
            self.failing = self.failing.saturating_add(u64::from(!evidence.repeats_failure));
        }
        if let Some(count) = self.hours.get_mut(login.hour()) {
            *count = count.saturating_add(units);
        }
        if let Some(count) = self.weekdays.get_mut(login.weekday()) {
            *count = count.saturating_add(units);
        }
        if let Some(is_known) = evidence.is_known_city {
            let row = usize::from(evidence.place == PlaceLevel::Country);
            let count = &mut self.cities[row][usize::from(is_known)];
            *count = count.saturating_add(rate_weight.units());
        }
        if let Some(bin) = evidence.absence {
            let count = &mut self.absences[evidence.history_level][usize::from(bin)];
            *count = count.saturating_add(rate_weight.units());
        }
        self.changes.record(evidence.changes, rate_weight.units());
        if let (Some(time), true) = (login.round_trip, weight.is_trusted())
            && let Some(moments) = self.round_trips.entry(Key(login.country))
        {
            moments.add(time);
        }
        for (bins, bin) in self.volumes.iter_mut().zip(evidence.volume_bins) {
            if let Some(count) = bin.and_then(|bin| bins.get_mut(usize::from(bin))) {
                *count = count.saturating_add(1);
            }
        }
        if login.succeeded && weight.is_trusted() {
            for (moments, volume) in self.bytes.iter_mut().zip(login.volumes) {
                if let Some(volume) = volume {
                    moments.add(volume);
                }
            }
        }
    }
}

impl Merge for AllUsers {
    fn merge(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.logins = self.logins.saturating_add(other.logins);
        let familiarity = other.familiarity.as_flattened().as_flattened();
        sum(self.familiarity.as_flattened_mut().as_flattened_mut(), familiarity);
        sum(self.outcomes.as_flattened_mut(), other.outcomes.as_flattened());
        self.networks.merge(other.networks);
        self.countries.merge(other.countries);
        self.agents.merge(other.agents);
        self.browsers.merge(other.browsers);
        self.systems.merge(other.systems);
        self.device_types.merge(other.device_types);
        self.addresses.merge(other.addresses);
        self.devices.merge(other.devices);
        self.novel.merge(other.novel);
        sum(&mut self.hours, &other.hours);
        sum(&mut self.weekdays, &other.weekdays);
        sum(self.cities.as_flattened_mut(), other.cities.as_flattened());
        sum(self.absences.as_flattened_mut(), other.absences.as_flattened());
        self.changes.merge(other.changes);
        self.round_trips.merge(other.round_trips);
        for (mine, theirs) in self.bytes.iter_mut().zip(other.bytes) {
            mine.merge(theirs);
        }
        sum(self.volumes.as_flattened_mut(), other.volumes.as_flattened());
        self.failing = self.failing.saturating_add(other.failing);
    }
}
