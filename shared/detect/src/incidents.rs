//! From hits to incidents: neighbouring windows of one subject are one finding.
//!
//! A window within 30 minutes of either end extends an incident; one that bridges two keeps the older uid and closes
//! the other; an incident that has lasted 24 hours ends, and a new one begins. How windows are grouped is a function of
//! the set of windows alone, so that it does not depend on the order in which they became known; only which uid a
//! group carries does.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use weir_domain::finding::{Hit, Incident, Subject};
use weir_domain::window::{WindowStart, utc_day};

/// Windows of one subject at most this far apart, end to start, are one incident (seconds).
pub const GAP: i64 = 30 * 60;

/// An incident spans less than this from its first window's start to its last window's start (seconds).
pub const MAX_LEN: i64 = 24 * 3600;

/// Incidents of a subject that ended this long before its newest window are forgotten (seconds).
const REMEMBERED: i64 = 8 * 24 * 3600;

/// All that is remembered of one subject: what is kept in `incidents/KIND/ENTITYHASH.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct IncidentLog {
    /// Its incidents, by creation.
    pub incidents: Vec<Incident>,
}

impl IncidentLog {
    /// Takes new hits in and regroups. `now` is milliseconds since the epoch.
    ///
    /// Of two hits of one window, the one that knew more rows of its hour is kept: a window that is scored again while it
    /// fills only ever knows more. Observing a window again changes nothing.
    pub fn observe(&mut self, subject: &Subject, hits: impl IntoIterator<Item = Hit>, now: i64) {
        let (mut closed, open): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.incidents).into_iter().partition(|incident| incident.closed);
        let mut known: BTreeMap<WindowStart, Hit> = open.iter().flat_map(|incident| incident.hits.clone()).collect();
        for hit in hits {
            match known.get_mut(&hit.window) {
                Some(old) if old.rows > hit.rows || *old == (Hit { rows: old.rows, ..hit.clone() }) => {}
                Some(old) => *old = hit,
                None => {
                    known.insert(hit.window, hit);
                }
            }
        }
        let mut after = assign(group(known), &open, &closed, subject, now);
        after.append(&mut closed);
        after.sort_by(|a, b| (a.created, &a.uid).cmp(&(b.created, &b.uid)));
        let newest = after.iter().map(last).max().unwrap_or(i64::MIN);
        after.retain(|incident| last(incident) >= newest.saturating_sub(REMEMBERED));
        self.incidents = after;
    }

    /// The incidents, open and closed, whose findings may say something else once some windows were observed: all that
    /// lie in the same unbroken stretch. A new window may close a neighbour, and where a stretch lasts longer than
    /// [`MAX_LEN`] it moves every cut that comes after it.
    pub fn touching<'a>(&'a self, windows: &'a BTreeSet<WindowStart>) -> impl Iterator<Item = &'a Incident> {
        let all: BTreeMap<WindowStart, i64> =
            self.incidents.iter().flat_map(|incident| &incident.hits).map(|(w, hit)| (*w, hit.window_end)).collect();
        let mut stretches: Vec<Vec<WindowStart>> = Vec::new();
        let mut end = i64::MIN;
        for (window, window_end) in all {
            match stretches.last_mut() {
                Some(stretch) if window.0.saturating_sub(end) <= GAP => stretch.push(window),
                _ => stretches.push(vec![window]),
            }
            end = end.max(window_end);
        }
        let touched: BTreeSet<WindowStart> =
            stretches.into_iter().filter(|stretch| stretch.iter().any(|w| windows.contains(w))).flatten().collect();
        self.incidents.iter().filter(move |incident| incident.hits.keys().any(|w| touched.contains(w)))
    }
}

/// When the last window of an incident began.
fn last(incident: &Incident) -> i64 {
    incident.hits.keys().next_back().map_or(i64::MIN, |w| w.0)
}

/// Cuts windows into runs.
fn group(hits: BTreeMap<WindowStart, Hit>) -> Vec<BTreeMap<WindowStart, Hit>> {
    let mut groups: Vec<BTreeMap<WindowStart, Hit>> = Vec::new();
    let (mut first, mut end) = (i64::MIN, i64::MIN);
    for (window, hit) in hits {
        let joins = window.0.saturating_sub(end) <= GAP && window.0.saturating_sub(first) < MAX_LEN;
        end = end.max(hit.window_end);
        match groups.last_mut() {
            Some(run) if joins => {
                run.insert(window, hit);
            }
            _ => {
                (first, end) = (window.0, hit.window_end);
                groups.push(BTreeMap::from([(window, hit)]));
            }
        }
    }
    groups
}

/// Gives each run the oldest incident that has some of its windows, or a new one; incidents left over are closed.
fn assign(
    groups: Vec<BTreeMap<WindowStart, Hit>>,
    open: &[Incident],
    closed: &[Incident],
    subject: &Subject,
    now: i64,
) -> Vec<Incident> {
    let mut left: Vec<&Incident> = open.iter().collect();
    left.sort_by(|a, b| (a.created, a.hits.keys().next(), &a.uid).cmp(&(b.created, b.hits.keys().next(), &b.uid)));
    let mut after: Vec<Incident> = Vec::new();
    for hits in groups {
        let at = left.iter().position(|incident| incident.hits.keys().any(|w| hits.contains_key(w)));
        let incident = if let Some(at) = at {
            Incident { hits, ..left.remove(at).clone() }
        } else {
            let taken = |uid: &str| open.iter().chain(closed).chain(&after).any(|incident| incident.uid == uid);
            create(subject, hits, now, taken)
        };
        after.push(incident);
    }
    after.extend(left.into_iter().map(|old| Incident { closed: true, ..old.clone() }));
    after
}

fn create(subject: &Subject, hits: BTreeMap<WindowStart, Hit>, now: i64, taken: impl Fn(&str) -> bool) -> Incident {
    let first = hits.keys().next().map_or(0, |w| w.0);
    // Named after its first window, so that a step done twice makes the same incident. That name may already belong to
    // an incident whose windows moved on.
    let mut turn = 0;
    let uid = loop {
        let peer = subject.peer.map(|peer| format!("/{peer}")).unwrap_or_default();
        let name = format!("{}/{}/{}{peer}/{first}/{turn}", subject.kind, subject.scope, subject.entity.name());
        let uid = Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string();
        if !taken(&uid) {
            break uid;
        }
        turn += 1;
    };
    Incident { uid, created: now, day: utc_day(first), closed: false, hits }
}

/// The namespace of finding uids (UUID version 5, RFC 9562).
const NAMESPACE: Uuid = Uuid::from_u128(0x9d3c_1f0e_5b7a_4c2d_8e61_7765_6972_0001);

#[cfg(test)]
mod tests;
