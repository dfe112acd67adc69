//! `brute-force`, shared: many strangers try one service of a host over hours, each a few times only.
//!
//! One source of a botnet stays below every limit that is set for one source. Together they stand out where the service is
//! not used to strangers: several times as many as in the hours before, with tries that are alike in size as one
//! program's are. Where the internet's noise tries all day long, as at every open SSH server, the hours before say so.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use weir_domain::aggregate::Service;
use weir_domain::finding::{Evidence, Facts, Hit, Kind, Severity, Subject};
use weir_domain::rollup::Slot;
use weir_domain::stats::median_sorted;
use weir_domain::window::Hour;

use super::moment::{HOURS, Measured, Moment};
use super::series::Histories;
use super::series::size;

/// Strangers that make it many, in [`LOOK_BACK`].
const SOURCES: usize = 10;

/// Tries of all of them. Each tries more than once: who tries once looks who is there.
const TRIES: u64 = 30;

/// How far tries differ from the usual one at most to be of the same program, as a share of its bytes.
const ALIKE: f64 = 0.2;

/// How many times as many strangers as come, one hour with another, in the hours before.
const TIMES_BEFORE: f64 = 4.0;

/// Length of the look-back in seconds: a third of the day, so that two thirds are its baseline.
const LOOK_BACK: i64 = HOURS as i64 * 3600 / 3;

/// How long it must have gone on (seconds): what is quicker shows in its windows.
const MIN_SECONDS: i64 = 1800;

/// How long after the last try it is still going on (seconds).
const PAUSE: i64 = 3600;

/// Every host that many strangers try at a moment: of each the service that most try.
pub(super) fn detect(histories: &Histories<'_>, moment: &Moment<'_>) -> Vec<(Subject, Hit)> {
    let mut found: BTreeMap<IpAddr, Shared<'_>> = BTreeMap::new();
    for (target, service, tries) in histories.tried() {
        let Some(shared) = Shared::new(target, service, tries, moment) else { continue };
        if found.get(&target).is_none_or(|other| other.sources.len() < shared.sources.len()) {
            found.insert(target, shared);
        }
    }
    found.into_values().map(|shared| shared.hit(moment)).collect()
}

/// Tries at one service of a host.
struct Shared<'a> {
    target: IpAddr,
    service: Service,
    sources: BTreeMap<IpAddr, Vec<&'a Slot>>,
    usual_sources: f64,
}

impl<'a> Shared<'a> {
    fn new(target: IpAddr, service: Service, tries: &[(IpAddr, &'a Slot)], moment: &Moment<'_>) -> Option<Self> {
        let since = moment.end - LOOK_BACK;
        let day = moment.day.hours.first()?.hour.start();
        // Without earlier hours there is no baseline.
        if since - day < LOOK_BACK {
            return None;
        }
        let known = || tries.iter().filter(|(_, slot)| slot.window.0 < moment.end);
        let mut sizes: Vec<f64> =
            known().filter(|(_, slot)| slot.window.0 >= since).map(|(_, slot)| size(slot)).collect();
        sizes.sort_unstable_by(f64::total_cmp);
        let usual_size = median_sorted(&sizes).unwrap_or(0.0);
        let mut sources: BTreeMap<IpAddr, Vec<&'a Slot>> = BTreeMap::new();
        let mut before: BTreeMap<Hour, BTreeSet<IpAddr>> = BTreeMap::new();
        // Sessions of people differ in size, and from the tries of a program.
        for (source, slot) in known().filter(|(_, slot)| (size(slot) - usual_size).abs() <= ALIKE * usual_size) {
            if slot.window.0 >= since {
                sources.entry(*source).or_default().push(slot);
            } else {
                before.entry(slot.window.hour()).or_default().insert(*source);
            }
        }
        let came_before: BTreeSet<IpAddr> = before.values().flatten().copied().collect();
        let hours = ((since - day) / 3600).max(1) as usize;
        let mut by_hour: Vec<f64> = before.values().map(|sources| sources.len() as f64).collect();
        by_hour.resize(hours.max(by_hour.len()), 0.0);
        by_hour.sort_unstable_by(f64::total_cmp);
        // The median, so that an attack of some hours does not become the baseline.
        let usual_sources = median_sorted(&by_hour).unwrap_or(0.0) * LOOK_BACK as f64 / 3600.0;
        // Who came before is no news.
        sources.retain(|source, slots| !came_before.contains(source) && openings(slots) >= 2);
        let many = sources.len() >= SOURCES && sources.len() as f64 >= TIMES_BEFORE * usual_sources;
        let shared = Self { target, service, sources, usual_sources };
        let slots = || shared.sources.values().flatten().copied();
        let (first, last) = (slots().map(|slot| slot.first).min()?, slots().map(|slot| slot.last).max()?);
        let goes_on = last - first >= MIN_SECONDS && moment.end - last <= PAUSE;
        (many && goes_on && shared.tries() >= TRIES).then_some(shared)
    }

    fn tries(&self) -> u64 {
        self.sources.values().map(|slots| openings(slots)).fold(0, u64::saturating_add)
    }

    fn hit(&self, moment: &Moment<'_>) -> (Subject, Hit) {
        let mut evidence: Vec<Evidence> =
            self.sources.iter().map(|(source, slots)| self.evidence(*source, slots)).collect();
        evidence.sort_by(|a, b| b.attempts.cmp(&a.attempts).then(a.source.cmp(&b.source)));
        evidence.truncate(Evidence::MAX_PER_HIT);
        let slots = || self.sources.values().flatten();
        let over = self.sources.len() as f64 / (TIMES_BEFORE * self.usual_sources).max(SOURCES as f64);
        let hit = moment.hit(Measured {
            first_seen: slots().map(|slot| slot.first).min().unwrap_or(moment.window.0),
            last_seen: slots().map(|slot| slot.last).max().unwrap_or(moment.end),
            severity: Severity::Medium,
            confidence: (60.0 + 10.0 * over).min(90.0) as u8,
            interfaces: Vec::new(),
            facts: Facts::BruteForce {
                target: self.target,
                targets: 1,
                protocol: self.service.protocol,
                port: self.service.port,
                attempts: self.tries(),
                sources: self.sources.len() as u64,
                usual_attempts: 0.0,
                inside: false,
            },
            evidence,
        });
        (moment.subject(Kind::BruteForce, self.target, None), hit)
    }

    fn evidence(&self, source: IpAddr, slots: &[&Slot]) -> Evidence {
        let sum = |of: fn(&Slot) -> u64| slots.iter().map(|slot| of(slot)).fold(0, u64::saturating_add);
        Evidence {
            source,
            destination: self.target,
            protocol: self.service.protocol,
            ports: vec![self.service.port],
            distinct_ports: 1,
            attempts: sum(|slot| slot.openings),
            failed: 0,
            bytes_out: sum(|slot| slot.bytes_sent),
            bytes_in: sum(|slot| slot.bytes_received),
        }
    }
}

fn openings(slots: &[&Slot]) -> u64 {
    slots.iter().map(|slot| slot.openings).fold(0, u64::saturating_add)
}
