//! Findings that the tests of rules and limits judge.

use crate::ocsf::{ConnectionInfo, DetectionFinding, Endpoint, EvidenceArtifact, EvidenceData, TrafficData};

/// 2023-11-14 22:00 UTC, milliseconds since the epoch.
pub(crate) const HOUR: i64 = 1_699_999_200_000;

/// A finding about an entity in account 123456789012 and eu-west-1, seen for ten minutes from [`HOUR`] on, without
/// evidence.
pub(crate) fn finding(kind: &str, entity: &str) -> DetectionFinding {
    let mut finding = DetectionFinding::test(HOUR);
    finding.time = HOUR + 300_000;
    finding.finding_info.types = vec![kind.to_owned()];
    finding.finding_info.first_seen_time = HOUR;
    finding.finding_info.last_seen_time = HOUR + 600_000;
    finding.observables[0].value = entity.to_owned();
    finding.cloud.account.uid = "123456789012".to_owned();
    finding.cloud.region = "eu-west-1".to_owned();
    finding
}

impl DetectionFinding {
    /// The finding with evidence of who talked to whom over which ports.
    pub(crate) fn with(mut self, source: &str, destination: &str, ports: &[u16]) -> Self {
        self.evidences.push(EvidenceArtifact {
            src_endpoint: Some(Endpoint { ip: source.parse().unwrap(), port: None }),
            dst_endpoint: Some(Endpoint { ip: destination.parse().unwrap(), port: None }),
            connection_info: Some(ConnectionInfo { protocol_num: 6, direction_id: 0, direction: "Unknown".into() }),
            actor: None,
            data: EvidenceData::Traffic(TrafficData {
                ports: ports.to_vec(),
                distinct_ports: ports.len() as u64,
                attempts: 1,
                failed: 0,
                bytes_out: 1,
                bytes_in: 1,
            }),
        });
        self
    }
}
