//! Detections over flow windows.
//!
//! Scans and sweeps only grow with more data, so they may fire on windows that are still filling. The learned
//! detection needs the whole window.

pub mod anomalous_behaviour;
mod baseline_view;
pub mod brute_force;
pub mod connection_burst;
mod context;
pub mod denial_of_service;
pub mod exfiltration;
mod explained_traffic;
mod failures;
pub mod host_sweep;
pub mod lateral_movement;
pub mod long_window;
pub mod port_scan;
mod traffic;
pub mod unknown_peer;
pub mod unusual_protocol;
mod whole_window;

use weir_domain::aggregate::{HostWindows, HourAggregate, MonitoredAddresses};
use weir_domain::finding::{Hit, Subject};

pub use baseline_view::BaselineView;
pub use context::WindowContext;
pub use explained_traffic::ExplainedTraffic;
pub use whole_window::detect_whole_windows;

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

#[cfg(test)]
mod tests;
