//! The rollups of a day, pair by pair.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use weir_domain::aggregate::{PairKey, Service};
use weir_domain::finding::Evidence;
use weir_domain::rollup::{HourRollup, Slot};

use super::moment::{Day, Moment};

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
    /// Whether the host's interface passed on what others said to the peer.
    relayed: bool,
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
    /// By monitored host and a service of it that asks who is there: what strangers tried there in the whole day, each with
    /// what it did in one window.
    tried: BTreeMap<(IpAddr, Service), Vec<(IpAddr, &'a Slot)>>,
}

impl<'a> Histories<'a> {
    pub(super) fn from_day(day: &Day<'a>) -> Self {
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
                        relayed: false,
                        interfaces,
                        slots: Vec::new(),
                    });
                    history.own |= rollup.monitored;
                    history.peer_own |= pair.peer_monitored;
                    history.relayed |= pair.relayed;
                    history.slots.extend_from_slice(&pair.slots);
                }
            }
            by_host.insert(host, pairs.into_values().collect());
        }
        let mut tried: BTreeMap<(IpAddr, Service), Vec<(IpAddr, &'a Slot)>> = BTreeMap::new();
        for stranger in day.hours.iter().flat_map(|hour| &hour.hosts).filter(|host| !host.monitored) {
            for pair in stranger
                .pairs
                .iter()
                .filter(|pair| pair.peer_monitored && pair.key.service.is_long_window_authentication_service())
            {
                let tries = pair.slots.iter().filter(|slot| is_try(slot)).map(|slot| (stranger.host, slot));
                tried.entry((pair.key.peer, pair.key.service)).or_default().extend(tries);
            }
        }
        Self { hours: day.hours, by_host, tried }
    }

    /// What strangers tried in the day at the monitored hosts' services that ask who is there, in the order of time but for
    /// what lies in one hour.
    pub(super) fn tried(&self) -> impl Iterator<Item = (IpAddr, Service, &[(IpAddr, &'a Slot)])> {
        self.tried.iter().map(|((target, service), tries)| (*target, *service, tries.as_slice()))
    }

    /// What a host that began something lately did with a peer over a service.
    pub(super) fn pair(&self, host: IpAddr, key: &PairKey) -> Option<&History<'a>> {
        self.by_host.get(&host)?.iter().find(|pair| pair.key == *key)
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

    /// Whether a host began anything towards another.
    pub(super) fn addressed(&self, host: IpAddr, peer: IpAddr) -> bool {
        let of_hour =
            |hour: &HourRollup| hour.host(host).is_some_and(|host| host.pairs.iter().any(|pair| pair.key.peer == peer));
        self.hours.iter().any(of_hour)
    }

    /// The other monitored hosts that began the same contact, and how they relate to this one.
    pub(super) fn company(&self, of: &History<'_>, moment: &Moment<'_>) -> Company {
        let mine = of.until(moment);
        // By host: windows in common, windows that begin alike, and whether it only passes on.
        let mut others: BTreeMap<IpAddr, (usize, bool)> = BTreeMap::new();
        for hour in self.hours {
            for host in hour.hosts.iter().filter(|host| host.monitored && host.host != of.host) {
                let Some(pair) = host.pair(&of.key) else { continue };
                for slot in pair.slots.iter().filter(|slot| slot.window.0 < moment.end) {
                    let (alike, relayed) = others.entry(host.host).or_default();
                    let at = mine.binary_search_by_key(&slot.window, |mine| mine.window);
                    // A relay and whom it serves log the same packets, some seconds apart at most.
                    *alike += usize::from(at.is_ok_and(|at| (mine[at].first - slot.first).abs() <= 2));
                    *relayed |= pair.relayed;
                }
            }
        }
        let callers = others.values().filter(|(_, relayed)| !relayed).count();
        if of.relayed && callers > 0 {
            return Company { others: callers, relays: true };
        }
        // Logs that do not name the packet's own addresses do not say who relays: of two that do the same at the same
        // seconds it is the one that calls more hosts.
        let reach = |host: IpAddr| {
            let peers = self.hours.iter().filter_map(|hour| hour.host(host)).flat_map(|host| &host.pairs);
            peers.filter(|pair| !pair.peer_monitored).map(|pair| pair.key.peer).collect::<BTreeSet<_>>().len()
        };
        let twins: Vec<IpAddr> = others
            .iter()
            .filter(|(_, (alike, relayed))| !relayed && alike * 10 >= mine.len() * 8)
            .map(|(host, _)| *host)
            .collect();
        let relays = !twins.is_empty() && twins.iter().any(|twin| (reach(*twin), *twin) < (reach(of.host), of.host));
        Company { others: callers - twins.len(), relays }
    }
}

/// Who else began a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Company {
    /// Monitored hosts that did so at other times.
    pub(super) others: usize,
    /// This host passes on, as a NAT gateway does, what another monitored host began.
    pub(super) relays: bool,
}

/// Bytes a try sends: an SSH or RDP handshake takes more than half a kilobyte, three passwords bring it to some 3 kB.
const TRY: std::ops::RangeInclusive<f64> = 500.0..=5000.0;

/// Bytes a try is answered with at most, on average: greeting, keys and refusals are some 2 to 5 kB (a certificate, for RDP); a
/// session's screens and files are more.
const MAX_ANSWERED: f64 = 6000.0;

/// A window of answered, short exchanges.
pub(super) fn is_try(slot: &Slot) -> bool {
    let answered = slot.bytes_received as f64 / slot.openings.max(1) as f64;
    slot.openings > 0 && slot.answered && !slot.rejected && TRY.contains(&size(slot)) && answered <= MAX_ANSWERED
}

pub(super) fn size(slot: &Slot) -> f64 {
    slot.bytes_sent as f64 / slot.openings.max(1) as f64
}
