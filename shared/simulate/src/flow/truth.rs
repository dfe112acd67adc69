//! What is true of a simulated log: `truth.json`, which judges of findings read.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::address;
use super::attack::{self, Plan};
use super::benign;
use super::network::{Network, Tier};
use super::parameters::Parameters;

/// At most so many actors and targets of an incident are named.
const NAMED: usize = 300;
/// At most so many ports of an incident are named.
const PORTS: usize = 50;

/// The truth about a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// What the set is called.
    pub name: String,
    /// What made it.
    pub source: String,
    /// Under which licence it may be used.
    pub licence: String,
    /// First second.
    pub start: i64,
    /// From when on there may be attacks: what is before is for learning.
    pub eval_start: i64,
    /// The second after the last.
    pub end: i64,
    /// Every host whose interface is logged.
    pub monitored_hosts: Vec<String>,
    /// Second addresses, by first address.
    pub ipv6: BTreeMap<String, String>,
    /// What each host is for.
    pub tiers: BTreeMap<String, Tier>,
    /// The attacks, by start.
    pub incidents: Vec<Incident>,
    /// Hosts that have no part in any.
    pub benign_hosts: Vec<String>,
    /// What looks like an attack and is meant to be.
    pub expected: Vec<Expected>,
    /// Attackers who are in no incident.
    pub other_malicious: Vec<String>,
    /// Scanners of the internet, stopped at the edge: neither findings nor false findings.
    pub unlabelled_peers: Vec<String>,
    /// True where nothing is known about the rest of the internet.
    pub external_unlabelled: bool,
    /// What to keep in mind.
    pub label_caveats: String,
}

/// An attack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Incident {
    /// Its name within the set.
    pub id: String,
    /// What it is.
    pub kind: attack::Kind,
    /// In which way.
    pub subtype: String,
    /// How strong, `1` (subtle) to `5`.
    pub intensity: String,
    /// Who attacks, at most 300 addresses.
    pub actors: Vec<String>,
    /// How many do.
    pub actors_total: usize,
    /// Who is attacked, at most 300 addresses.
    pub targets: Vec<String>,
    /// Where, at most 50 ports.
    pub ports: Vec<u16>,
    /// Its first packet, seconds since the epoch.
    pub start: i64,
    /// The second after its last packet.
    pub end: i64,
    /// How many conversations it is.
    pub flows: usize,
    /// For people.
    pub note: String,
    /// Other kinds that name it rightly.
    pub accept: Vec<&'static str>,
    /// NAT gateways that show the actors' traffic as well.
    pub via: Vec<String>,
    /// `inbound` or `outbound`, of a denial of service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<&'static str>,
}

/// Something declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Expected {
    /// Who does it.
    pub actors: Vec<String>,
    /// From when on, seconds since the epoch.
    pub start: i64,
    /// Until when.
    pub end: i64,
    /// What it is.
    pub note: String,
}

impl Incident {
    /// Sums up what an attack does.
    pub(crate) fn from_plan(network: &Network, number: usize, plan: &Plan) -> Self {
        let mut seen = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let (mut actors, mut targets, mut ports, mut via) = (Vec::new(), Vec::new(), Vec::new(), BTreeSet::new());
        for conversation in &plan.conversations {
            if seen.0.insert(conversation.from.address) {
                actors.push(conversation.from.address.to_string());
            }
            if seen.1.insert(conversation.to.address) {
                targets.push(conversation.to.address.to_string());
            }
            if conversation.destination_port != 0 && seen.2.insert(conversation.destination_port) {
                ports.push(conversation.destination_port);
            }
            via.extend(
                network
                    .gateway(conversation.from, conversation.to, conversation.protocol)
                    .map(|g| network.endpoint(g).address.to_string()),
            );
        }
        let actors_total = actors.len();
        actors.truncate(NAMED);
        targets.truncate(NAMED);
        ports.truncate(PORTS);
        let start = plan.conversations.iter().map(|conversation| conversation.start).min().unwrap_or(0);
        let end = plan.conversations.iter().map(|conversation| conversation.end).max().unwrap_or(0);
        Self {
            id: format!("attack-{number:03}"),
            kind: plan.kind,
            subtype: plan.subtype.clone(),
            intensity: plan.intensity.to_string(),
            actors,
            actors_total,
            targets,
            ports,
            start: start.div_euclid(1000),
            end: end.div_euclid(1000) + 1,
            flows: plan.conversations.len(),
            note: plan.note.clone(),
            accept: plan.accept.to_vec(),
            via: via.into_iter().collect(),
            direction: plan.direction,
        }
    }
}

impl Truth {
    pub(crate) fn new(parameters: &Parameters, network: &Network, incidents: Vec<Incident>) -> Self {
        let addresses = |id: u16| {
            let first = network.endpoint(id).address.to_string();
            let second = network.endpoint_v6(id).address.to_string();
            (first, second)
        };
        let hosts = || (0..).zip(&network.hosts);
        let involved: BTreeSet<&str> =
            incidents.iter().flat_map(|i| i.actors.iter().chain(&i.targets)).map(String::as_str).collect();
        let monitored_hosts: Vec<_> = hosts().map(|(id, _)| addresses(id).0).collect();
        Self {
            name: format!("weir-simulate-{}", parameters.seed),
            source: "weir simulate flows".to_owned(),
            licence: "synthetic".to_owned(),
            start: parameters.start,
            eval_start: parameters.attacks_from().min(parameters.end() - 300),
            end: parameters.end(),
            benign_hosts: monitored_hosts.iter().filter(|host| !involved.contains(host.as_str())).cloned().collect(),
            ipv6: hosts().map(|(id, _)| addresses(id)).filter(|(first, second)| first != second).collect(),
            tiers: hosts().map(|(id, host)| (addresses(id).0, host.tier)).collect(),
            monitored_hosts,
            expected: benign::scans(parameters)
                .map(|(start, end)| Expected {
                    actors: network.tier(Tier::Scanner, start).into_iter().map(|id| addresses(id).0).collect(),
                    start,
                    end,
                    note: "weekly vulnerability scan".to_owned(),
                })
                .collect(),
            other_malicious: Vec::new(),
            unlabelled_peers: (0..benign::SCANNERS)
                .map(|n| address::noise(parameters.seed, n).to_string())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            external_unlabelled: false,
            label_caveats:
                "Synthetic. unlabelled_peers are scanners of the internet dropped at the edge. via names the \
                            NAT gateways that show an actor's traffic as well."
                    .to_owned(),
            incidents,
        }
    }
}
