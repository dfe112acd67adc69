//! Detections over flow windows.
//!
//! Scans and sweeps only grow with more data, so they may fire on windows that are still filling. The learned
//! detection needs the whole window.

pub mod anomalous_behaviour;
mod failures;
pub mod host_sweep;
pub mod over_hours;
pub mod port_scan;

use weir_domain::aggregate::{HostWindow, HostWindows, HourAggregate, OwnAddresses};
use weir_domain::baseline::{Baseline, HostBaseline, host_name};
use weir_domain::finding::{Hit, Kind, Subject};
use weir_domain::window::{Scope, WindowLength, WindowStart};

/// Which window of which scope is looked at.
#[derive(Debug, Clone, Copy)]
pub struct WindowContext<'a> {
    /// Whose logs.
    pub scope: &'a Scope,
    /// When the window begins.
    pub start: WindowStart,
    /// How long it is.
    pub length: WindowLength,
    /// The rows known of its hour.
    pub rows: u64,
}

impl WindowContext<'_> {
    fn subject(&self, kind: Kind, host: &HostWindow<'_>) -> Subject {
        Subject { kind, scope: self.scope.clone(), entity: host.host, peer: None }
    }

    fn end(&self) -> i64 {
        self.start.end(self.length)
    }
}

/// Everything that may fire on a window that is still filling: scans and sweeps of every host of an hour, in the order
/// of windows and addresses.
#[must_use]
pub fn detect_growing(hour: &HourAggregate) -> Vec<(Subject, Hit)> {
    let (own, rows) = (OwnAddresses::of(hour), hour.rows());
    let mut found = Vec::new();
    for (start, window) in &hour.windows {
        let context = WindowContext { scope: &hour.scope, start: *start, length: hour.window_length, rows };
        for host in HostWindows::of(window, &own).iter() {
            found.extend(port_scan::detect(host, &context));
            found.extend(host_sweep::detect(host, &context));
        }
    }
    found
}

/// What is known of the host that is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// What is usual in the network.
    pub baseline: &'a Baseline,
    /// The host's name in it.
    pub name: &'a str,
    /// What is usual for the host; `None` if it is new.
    pub host: Option<&'a HostBaseline>,
    /// The beginning of the window that is looked at.
    pub at: i64,
}

/// Everything that compares a whole window with what is usual: every host of the window, in the order of addresses.
#[must_use]
pub fn detect_known(hosts: &HostWindows<'_>, context: &WindowContext<'_>, baseline: &Baseline) -> Vec<(Subject, Hit)> {
    let found = Vec::new();
    for host in hosts.iter() {
        let name = host_name(context.scope, host.host);
        let _known = Known { baseline, name: &name, host: baseline.host(&name), at: context.start.0 };
    }
    found
}

/// At most ten interfaces, as hits keep them.
fn interfaces(host: &HostWindow<'_>) -> Vec<String> {
    host.interfaces.iter().filter(|name| !name.is_empty()).take(10).map(|&name| name.to_owned()).collect()
}

#[cfg(test)]
mod tests;
