//! Detections over flow windows.
//!
//! Scans and sweeps only grow with more data, so they may fire on windows that are still filling. The learned
//! detection needs the whole window.

pub mod anomalous_behaviour;
pub mod brute_force;
pub mod connection_burst;
pub mod denial_of_service;
pub mod exfiltration;
mod explained;
mod failures;
pub mod host_sweep;
pub mod lateral_movement;
pub mod long_window;
pub mod port_scan;
mod traffic;
pub mod unknown_peer;
pub mod unusual_protocol;
mod whole_window;

use weir_domain::aggregate::{HostWindow, HostWindows, HourAggregate, MonitoredAddresses};
use weir_domain::finding::{Hit, Kind, Subject};
use weir_domain::window::{Scope, WindowLength, WindowStart};

pub use explained::Explained;
pub use whole_window::{BaselineView, detect_whole_windows};

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
        Subject { kind, scope: self.scope.clone(), entity: host.host.into(), peer: None }
    }

    fn end(&self) -> i64 {
        self.start.end(self.length)
    }
}

/// Everything that may fire on a window that is still filling: scans and sweeps of every host of an hour, in the order
/// of windows and addresses.
#[must_use]
pub fn detect_partial_windows(hour: &HourAggregate) -> Vec<(Subject, Hit)> {
    let (own, rows) = (MonitoredAddresses::from_hour(hour), hour.rows());
    let mut found = Vec::new();
    for (start, window) in &hour.windows {
        let context = WindowContext { scope: &hour.scope, start: *start, length: hour.window_length, rows };
        for host in HostWindows::from_window(window, &own).iter() {
            found.extend(port_scan::detect(host, &context));
            found.extend(host_sweep::detect(host, &context));
        }
    }
    found
}

/// At most ten interfaces, as hits keep them.
fn interfaces(host: &HostWindow<'_>) -> Vec<String> {
    host.interfaces.iter().filter(|name| !name.is_empty()).take(10).map(|&name| name.to_owned()).collect()
}

#[cfg(test)]
mod tests;
