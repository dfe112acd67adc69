//! What a baseline says of one host: how much of what is typical for it, and which of its peers and services are new.

use std::net::IpAddr;

use weir_domain::aggregate::{PairKey, Service};
use weir_domain::baseline::{Baseline, HostBaseline, Log2Histogram, PairProfile, TrafficProfile, host_name};
use weir_domain::window::Scope;

/// What is known of the host that is looked at.
#[derive(Debug, Clone, Copy)]
pub struct BaselineView<'a> {
    /// The baseline of the network.
    pub baseline: &'a Baseline,
    /// The host's name in it.
    pub name: &'a str,
    /// Whose logs.
    pub scope: &'a Scope,
    /// The baseline of the host; `None` if it is new.
    pub host: Option<&'a HostBaseline>,
    /// The beginning of the window that is looked at.
    pub at: i64,
}

impl BaselineView<'_> {
    /// The maximum of the baseline; 0 where nothing was observed.
    pub(super) fn usual(&self, spread: Option<&Log2Histogram>) -> f64 {
        spread.map_or(0.0, |spread| self.baseline.typical(spread, self.at))
    }

    /// The same, of all windows in which the host does anything: what happened once is not typical.
    pub(super) fn typical_of_all(&self, spread: Option<&Log2Histogram>) -> f64 {
        let windows = self.host.map_or(0, |host| host.initiated.flows.len().max(host.served.flows.len()));
        spread.map_or(0.0, |spread| self.baseline.typical_over(spread, windows, self.at))
    }

    /// What the host begins over a service, if that is in the baseline.
    pub(super) fn begins(&self, service: Service) -> Option<&TrafficProfile> {
        self.host?.initiated_by_service.get(&service).filter(|habit| self.baseline.is_established(habit.seen, self.at))
    }

    /// What is begun towards the host over a service, if that is in the baseline.
    pub(super) fn serves(&self, service: Service) -> Option<&TrafficProfile> {
        self.host?.served_by_service.get(&service).filter(|habit| self.baseline.is_established(habit.seen, self.at))
    }

    /// What the host exchanges with a peer over a service, if that is in the baseline.
    pub(super) fn pair(&self, key: &PairKey) -> Option<&PairProfile> {
        self.host?.pairs.get(key).filter(|pair| self.baseline.is_established(pair.seen, self.at))
    }

    /// The largest baseline of the other hosts that exchange something with a peer over a service; 0 where nobody does.
    /// O(hosts of the baseline): for what is remarkable otherwise.
    pub(super) fn typical_of_others(&self, key: &PairKey, of: fn(&PairProfile) -> &Log2Histogram) -> f64 {
        let others = self.baseline.pairs_of_others(self.name, key);
        others.map(|pair| self.usual(Some(of(pair)))).fold(0.0, f64::max)
    }

    /// The most flows that a single client begins towards a service of another monitored host, in a typical window, where the
    /// service is used all day long; else 0.
    pub(super) fn busiest_client(&self, host: IpAddr, service: Service) -> f64 {
        busiest_client(self.baseline, self.scope, (host, service), self.at)
    }

    /// Hosts other than this one that contacted a peer for a service.
    pub(super) fn others(&self, key: &PairKey) -> usize {
        let contact = self.baseline.contact(key).filter(|contact| self.baseline.is_established(contact.seen, self.at));
        contact.map_or(0, |contact| contact.others(self.name))
    }

    /// Whether nobody contacted a peer for a service.
    pub(super) fn is_new_contact(&self, key: &PairKey) -> bool {
        let contact = self.baseline.contact(key);
        self.can_judge_novelty() && contact.is_none_or(|contact| !self.baseline.is_established(contact.seen, self.at))
    }

    /// Whether nobody contacted anybody in the network of an address.
    pub(super) fn is_new_network(&self, address: IpAddr) -> bool {
        let network = self.baseline.network(address);
        self.can_judge_novelty() && network.is_none_or(|network| !self.baseline.is_established(network.seen, self.at))
    }

    /// Whether no monitored host used a service.
    pub(super) fn is_new_service(&self, service: Service) -> bool {
        let used = self.baseline.service(service);
        self.can_judge_novelty() && used.is_none_or(|used| !self.baseline.is_established(used.seen, self.at))
    }

    /// Whether what is not known is new.
    pub(super) fn can_judge_novelty(&self) -> bool {
        self.baseline.can_judge_novelty(self.at)
    }

    /// Whether the host itself has a baseline long enough for what it never did to be new.
    pub(super) fn is_established_host(&self) -> bool {
        self.can_judge_novelty() && self.host.is_some_and(|host| self.baseline.is_established(host.seen, self.at))
    }
}

/// See [`BaselineView::busiest_client`].
pub(super) fn busiest_client(baseline: &Baseline, scope: &Scope, (host, service): (IpAddr, Service), at: i64) -> f64 {
    let host = baseline.host(&host_name(scope, host));
    let habit = host.and_then(|host| host.served_by_service.get(&service));
    habit
        .filter(|habit| baseline.is_all_day(habit.seen))
        .map_or(0.0, |habit| baseline.typical(&habit.max_peer_flows, at))
}
