//! The MITRE ATT&CK (Enterprise, v17) technique and tactic a finding points at.

use weir_domain::finding::{Facts, Flood, Kind};

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
const CREDENTIAL_ACCESS: (&str, &str) = ("TA0006", "Credential Access");
const INITIAL_ACCESS: (&str, &str) = ("TA0001", "Initial Access");
const LATERAL_MOVEMENT: (&str, &str) = ("TA0008", "Lateral Movement");
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
        Facts::DenialOfService { flood: Flood::Amplification, .. } => {
            vec![technique("T1498.002", "Network Denial of Service: Reflection Amplification", IMPACT)]
        }
        Facts::DenialOfService { .. } => {
            vec![technique("T1498.001", "Network Denial of Service: Direct Network Flood", IMPACT)]
        }
        Facts::ConnectionBurst { .. } => {
            vec![technique("T1499.002", "Endpoint Denial of Service: Service Exhaustion Flood", IMPACT)]
        }
        Facts::Exfiltration { port: 80 | 443, .. } => {
            vec![technique("T1567", "Exfiltration Over Web Service", EXFILTRATION)]
        }
        Facts::Exfiltration { .. } => {
            vec![technique("T1048", "Exfiltration Over Alternative Protocol", EXFILTRATION)]
        }
        Facts::BruteForce { .. } => vec![technique("T1110", "Brute Force", CREDENTIAL_ACCESS)],
        Facts::LateralMovement { port, .. } => vec![remote_service(*port)],
        Facts::UnusualProtocol { port: 53, .. } => vec![channel(53)],
        Facts::UnusualProtocol { tunnel: true, .. } => {
            vec![technique("T1572", "Protocol Tunneling", COMMAND_AND_CONTROL)]
        }
        Facts::UnusualProtocol { port: 0, .. } => {
            vec![technique("T1095", "Non-Application Layer Protocol", COMMAND_AND_CONTROL)]
        }
        Facts::Beacon { port, .. } | Facts::UnknownPeer { port, .. } | Facts::UnusualProtocol { port, .. } => {
            vec![channel(*port)]
        }
        Facts::Login { kind, .. } => vec![of_login(*kind)],
        // Somebody else's work on one's machines is the reason to fear of more usage; less of it has none to name.
        Facts::Usage { kind: Kind::UsageSpike, .. } => vec![technique("T1496", "Resource Hijacking", IMPACT)],
        Facts::Usage { kind: Kind::UsageLevelChange, value, usual, .. } if value > usual => {
            vec![technique("T1496", "Resource Hijacking", IMPACT)]
        }
        // What the columns of a table mean is not known here.
        Facts::Usage { .. } | Facts::RiskWindows { .. } | Facts::UnusualRow { .. } => Vec::new(),
        Facts::Behaviour { reasons, .. } => reasons.first().map(|r| vec![of_feature(&r.feature)]).unwrap_or_default(),
    }
}

fn of_login(kind: Kind) -> Technique {
    match kind {
        Kind::PasswordSpray => technique("T1110.003", "Brute Force: Password Spraying", CREDENTIAL_ACCESS),
        Kind::CredentialStuffing | Kind::SharedIp => {
            technique("T1110.004", "Brute Force: Credential Stuffing", CREDENTIAL_ACCESS)
        }
        Kind::BruteForce => technique("T1110.001", "Brute Force: Password Guessing", CREDENTIAL_ACCESS),
        Kind::Exfiltration => technique("T1567", "Exfiltration Over Web Service", EXFILTRATION),
        Kind::AnomalousUser => technique("T1078.004", "Valid Accounts: Cloud Accounts", INITIAL_ACCESS),
        _ => technique("T1078", "Valid Accounts", INITIAL_ACCESS),
    }
}

/// What calls on a port are, where they are command and control.
fn channel(port: u16) -> Technique {
    match port {
        80 | 443 | 8080 | 8443 => {
            technique("T1071.001", "Application Layer Protocol: Web Protocols", COMMAND_AND_CONTROL)
        }
        53 => technique("T1071.004", "Application Layer Protocol: DNS", COMMAND_AND_CONTROL),
        _ => technique("T1571", "Non-Standard Port", COMMAND_AND_CONTROL),
    }
}

fn remote_service(port: u16) -> Technique {
    match port {
        22 => technique("T1021.004", "Remote Services: SSH", LATERAL_MOVEMENT),
        3389 => technique("T1021.001", "Remote Services: Remote Desktop Protocol", LATERAL_MOVEMENT),
        139 | 445 => technique("T1021.002", "Remote Services: SMB/Windows Admin Shares", LATERAL_MOVEMENT),
        5985 | 5986 => technique("T1021.006", "Remote Services: Windows Remote Management", LATERAL_MOVEMENT),
        _ => technique("T1021", "Remote Services", LATERAL_MOVEMENT),
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
