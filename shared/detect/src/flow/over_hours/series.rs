//! The rollups of a day, pair by pair.

use std::collections::BTreeMap;
use std::net::IpAddr;

use weir_domain::aggregate::{PairKey, Service};
use weir_domain::finding::Evidence;
use weir_domain::rollup::{HourRollup, Slot};

use super::{Day, Moment};

/// Hours that a pair may be silent in and still be looked at.
const LIVE_HOURS: usize = 3;

/// A pair over a day.
#[derive(Debug)]
pub(super) struct History<'a> {
    pub(super) host: IpAddr,
    /// Whether the host is monitored.
    pub(super) own: bool,
    pub(super) key: PairKey,
    /// Whether the peer is monitored.
    pub(super) peer_own: bool,
    pub(super) interfaces: &'a [String],
    /// Ascending by window.
    slots: Vec<Slot>,
}

impl History<'_> {
    /// What was known at a moment, ascending by window.
    pub(super) fn until(&self, moment: &Moment<'_>) -> &[Slot] {
        let known = self.slots.partition_point(|slot| slot.window.0 < moment.end);
        &self.slots[..known]
    }

    /// One line of evidence of some of its windows.
    pub(super) fn evidence(&self, slots: &[Slot]) -> Evidence {
        let sum = |of: fn(&Slot) -> u64| slots.iter().map(of).fold(0, u64::saturating_add);
        let port = self.key.service.port;
        Evidence {
            source: self.host,
            destination: self.key.peer,
            protocol: self.key.service.protocol,
            ports: if port > 0 { vec![port] } else { Vec::new() },
            distinct_ports: u64::from(port > 0),
            attempts: sum(|slot| slot.attempts),
            failed: u64::from(slots.iter().any(|slot| slot.failed)),
            bytes_out: sum(|slot| slot.bytes_sent),
            bytes_in: sum(|slot| slot.bytes_received),
        }
    }
}

/// All pairs of the hosts that began something lately.
#[derive(Debug)]
pub(super) struct Histories<'a> {
    hours: &'a [HourRollup],
    by_host: BTreeMap<IpAddr, Vec<History<'a>>>,
}

impl<'a> Histories<'a> {
    pub(super) fn of(day: &Day<'a>) -> Self {
        let mut by_host: BTreeMap<IpAddr, Vec<History<'a>>> = BTreeMap::new();
        let lately = day.hours.len().saturating_sub(LIVE_HOURS);
        let hosts: BTreeMap<IpAddr, &'a [String]> = day.hours[lately..]
            .iter()
            .flat_map(|hour| &hour.hosts)
            .map(|host| (host.host, host.interfaces.as_slice()))
            .collect();
        for (host, interfaces) in hosts {
            let mut pairs: BTreeMap<PairKey, History<'a>> = BTreeMap::new();
            for rollup in day.hours.iter().filter_map(|hour| hour.host(host)) {
                for pair in &rollup.pairs {
                    let history = pairs.entry(pair.key).or_insert_with(|| History {
                        host,
                        own: false,
                        key: pair.key,
                        peer_own: false,
                        interfaces,
                        slots: Vec::new(),
                    });
                    history.own |= rollup.own;
                    history.peer_own |= pair.peer_own;
                    history.slots.extend_from_slice(&pair.slots);
                }
            }
            by_host.insert(host, pairs.into_values().collect());
        }
        Self { hours: day.hours, by_host }
    }

    /// By host, ascending: its pairs, ascending by key.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &Vec<History<'a>>> {
        self.by_host.values()
    }

    /// Every pair.
    pub(super) fn pairs(&self) -> impl Iterator<Item = &History<'a>> {
        self.by_host.values().flatten()
    }

    /// How many hosts a host tried on a service.
    pub(super) fn contacts_of(&self, host: IpAddr, service: Service) -> usize {
        self.by_host.get(&host).map_or(0, |pairs| pairs.iter().filter(|pair| pair.key.service == service).count())
    }

    /// The other monitored hosts that began the same contact, and how they relate to this one.
    pub(super) fn company(&self, of: &History<'_>, moment: &Moment<'_>) -> Company {
        let mine = of.until(moment);
        let mut others: BTreeMap<IpAddr, usize> = BTreeMap::new();
        let mut alike: BTreeMap<IpAddr, usize> = BTreeMap::new();
        for hour in self.hours {
            for host in hour.hosts.iter().filter(|host| host.own && host.host != of.host) {
                let Some(pair) = host.pair(&of.key) else { continue };
                let known = pair.slots.iter().filter(|slot| slot.window.0 < moment.end);
                for slot in known {
                    *others.entry(host.host).or_default() += 1;
                    let at = mine.binary_search_by_key(&slot.window, |mine| mine.window);
                    // A relay and whom it serves log the same packets, some seconds apart at most.
                    if at.is_ok_and(|at| (mine[at].first - slot.first).abs() <= 2) {
                        *alike.entry(host.host).or_default() += 1;
                    }
                }
            }
        }
        let pairs_of = |host: IpAddr| -> usize {
            self.hours.iter().filter_map(|hour| hour.host(host)).map(|host| host.pairs.len()).sum()
        };
        let same = |host: &IpAddr| alike.get(host).copied().unwrap_or(0) * 10 >= mine.len() * 8;
        let twins: Vec<IpAddr> = others.keys().copied().filter(same).collect();
        let rank = |host: IpAddr| (pairs_of(host), host);
        Company {
            others: others.len() - twins.len(),
            relays: twins.iter().any(|twin| rank(*twin) < rank(of.host)),
        }
    }
}

/// Who else began a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Company {
    /// Monitored hosts that did so at other times.
    pub(super) others: usize,
    /// This host passes on, as a NAT gateway does, what another monitored host began at the same times: of the two the
    /// one with more pairs.
    pub(super) relays: bool,
}
