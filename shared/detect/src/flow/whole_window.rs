//! The detections that compare a whole window of a host with the baseline, from the most particular to the most general.

use weir_domain::aggregate::HostWindows;
use weir_domain::baseline::{Baseline, host_name};
use weir_domain::finding::{Hit, Subject};

use super::baseline_view::BaselineView;
use super::context::WindowContext;
use super::traffic::Traffic;
use super::{
    brute_force, connection_burst, denial_of_service, exfiltration, host_sweep, lateral_movement, port_scan,
    unknown_peer, unusual_protocol,
};

/// Bytes that no scan exchanges with one service of a host: banners and certificates are some kilobytes.
const MORE_THAN_A_SCAN: u64 = 100_000;

/// Everything that compares a whole window with the baseline: every host of the window, in the order of addresses.
#[must_use]
pub fn detect_whole_windows(
    hosts: &HostWindows<'_>,
    context: &WindowContext<'_>,
    baseline: &Baseline,
) -> Vec<(Subject, Hit)> {
    let mut found = Vec::new();
    for host in hosts.iter() {
        let name = host_name(context.scope, host.host);
        let known = BaselineView {
            baseline,
            name: &name,
            scope: context.scope,
            host: baseline.host(&name),
            at: context.start.0,
        };
        let mut traffic = Traffic::new(host, hosts);
        found.extend(denial_of_service::detect(&mut traffic, &known, context));
        // What a scanner reaches is part of its scan, but for what it exchanges much with.
        let scans = port_scan::detect(host, context).is_some() || host_sweep::detect(host, context).is_some();
        if scans {
            traffic.leave_out_less_than(MORE_THAN_A_SCAN);
        } else {
            found.extend(brute_force::detect(&mut traffic, &known, context));
        }
        if !host.monitored {
            continue;
        }
        found.extend(unusual_protocol::detect(&mut traffic, &known, context));
        if !scans {
            found.extend(lateral_movement::detect(&mut traffic, &known, context));
        }
        found.extend(exfiltration::detect(&mut traffic, &known, context));
        found.extend(unknown_peer::detect(&mut traffic, &known, context));
        if !scans {
            found.extend(connection_burst::detect(&mut traffic, &known, context));
        }
    }
    found
}
