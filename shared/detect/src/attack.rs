//! The MITRE ATT&CK (Enterprise, v17) technique and tactic a finding points at.

use weir_domain::finding::Facts;

/// A technique and the tactic it serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Technique {
    /// Technique id, `T1046`.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Tactic id, `TA0007`.
    pub tactic_id: &'static str,
    /// The tactic's name.
    pub tactic: &'static str,
}

const DISCOVERY: (&str, &str) = ("TA0007", "Discovery");
const RECONNAISSANCE: (&str, &str) = ("TA0043", "Reconnaissance");
const COMMAND_AND_CONTROL: (&str, &str) = ("TA0011", "Command and Control");
const EXFILTRATION: (&str, &str) = ("TA0010", "Exfiltration");
const IMPACT: (&str, &str) = ("TA0040", "Impact");

const fn technique(id: &'static str, name: &'static str, tactic: (&'static str, &'static str)) -> Technique {
    Technique { id, name, tactic_id: tactic.0, tactic: tactic.1 }
}

/// The techniques of what was measured. For learned findings, those that a change in the leading feature most often
/// belongs to: a pointer for the analyst, not a verdict.
#[must_use]
pub fn techniques(facts: &Facts) -> Vec<Technique> {
    match facts {
        Facts::PortScan { inside: true, .. } => vec![technique("T1046", "Network Service Discovery", DISCOVERY)],
        Facts::HostSweep { inside: true, .. } => vec![
            technique("T1018", "Remote System Discovery", DISCOVERY),
            technique("T1046", "Network Service Discovery", DISCOVERY),
        ],
        Facts::PortScan { inside: false, .. } | Facts::HostSweep { inside: false, .. } => {
            vec![technique("T1595.001", "Active Scanning: Scanning IP Blocks", RECONNAISSANCE)]
        }
        Facts::Behaviour { reasons, .. } => reasons.first().map(|r| vec![of_feature(&r.feature)]).unwrap_or_default(),
    }
}

fn of_feature(feature: &str) -> Technique {
    match feature {
        "peers_contacted" | "services_contacted" | "pairs_contacted" | "pairs_failed" => {
            technique("T1046", "Network Service Discovery", DISCOVERY)
        }
        "flows_begun" | "busiest_slot" | "largest_flows" | "packets_unanswered" => {
            technique("T1498", "Network Denial of Service", IMPACT)
        }
        "payload_sent" | "largest_payload" | "payload_served" => {
            technique("T1048", "Exfiltration Over Alternative Protocol", EXFILTRATION)
        }
        "flows_served" | "peers_served" | "services_served" | "packets_unasked" | "rejected" => {
            technique("T1499", "Endpoint Denial of Service", IMPACT)
        }
        _ => technique("T1071", "Application Layer Protocol", COMMAND_AND_CONTROL),
    }
}
