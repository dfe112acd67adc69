//! The simulation: file after file, with no more in memory than what goes on at the time.

use std::sync::Arc;

use super::attack::{self, Order};
use super::benign;
use super::conversation::Conversation;
use super::file::{LogFile, Writer};
use super::log::{self, FILE_MILLIS};
use super::network::Network;
use super::parameters::{BadParameters, Parameters};
use super::truth::{Incident, Truth};

/// A network, what goes on in it, and the truth about it.
#[derive(Debug, Clone)]
pub struct Simulation {
    parameters: Parameters,
    network: Arc<Network>,
    schedule: Vec<Scheduled>,
    truth: Truth,
}

/// An attack that is made anew when its time comes: what it does is a function of its order.
#[derive(Debug, Clone)]
struct Scheduled {
    start: i64,
    order: Order,
}

impl Simulation {
    /// Lays out the network and plans the attacks.
    ///
    /// # Errors
    /// When a parameter is out of its range.
    pub fn new(parameters: Parameters) -> Result<Self, BadParameters> {
        parameters.check()?;
        let network = Arc::new(Network::new(parameters.seed, parameters.hosts, parameters.start));
        let mut planned: Vec<_> = attack::orders(&parameters)
            .into_iter()
            .map(|order| {
                let plan = attack::plan(&parameters, &network, &order);
                let incident = Incident::from_plan(&network, 0, &plan);
                (Scheduled { start: incident.start * 1000, order }, incident)
            })
            .collect();
        planned.sort_by_key(|(scheduled, _)| scheduled.start);
        let (schedule, mut incidents): (Vec<_>, Vec<_>) = planned.into_iter().unzip();
        for (number, incident) in (1..).zip(&mut incidents) {
            incident.id = format!("attack-{number:03}");
        }
        let truth = Truth::new(&parameters, &network, incidents);
        Ok(Self { parameters, network, schedule, truth })
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The truth about the log.
    #[must_use]
    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    /// The log, file by file, in order of time.
    #[must_use]
    pub fn files(&self) -> Files {
        Files {
            parameters: self.parameters.clone(),
            network: Arc::clone(&self.network),
            writer: Arc::new(Writer::new(&self.network, self.parameters.seed)),
            waiting: self.schedule.iter().rev().cloned().collect(),
            coming: Vec::new(),
            going_on: Vec::new(),
            next: self.parameters.start * 1000,
        }
    }
}

/// The files of a [`Simulation`], one after the other.
#[derive(Debug, Clone)]
pub struct Files {
    parameters: Parameters,
    network: Arc<Network>,
    writer: Arc<Writer>,
    /// Attacks whose time has not come; the next is the last.
    waiting: Vec<Scheduled>,
    /// Conversations of attacks under way that have not begun, of each attack the next last.
    coming: Vec<Vec<Conversation>>,
    /// Conversations that may still have rows.
    going_on: Vec<Conversation>,
    next: i64,
}

impl Files {
    /// Lets the attacks begin what they begin before a time (milliseconds).
    fn attack(&mut self, before: i64) {
        while let Some(scheduled) = self.waiting.pop_if(|scheduled| scheduled.start < before) {
            let mut conversations = attack::plan(&self.parameters, &self.network, &scheduled.order).conversations;
            conversations.reverse();
            self.coming.push(conversations);
        }
        for conversations in &mut self.coming {
            while let Some(conversation) = conversations.pop_if(|conversation| conversation.start < before) {
                self.going_on.push(conversation);
            }
        }
        self.coming.retain(|conversations| !conversations.is_empty());
    }
}

impl Iterator for Files {
    type Item = LogFile;

    fn next(&mut self) -> Option<LogFile> {
        let start = self.next;
        if start >= self.parameters.end() * 1000 {
            return None;
        }
        self.next += FILE_MILLIS;
        // Its last interval at an interface may have ended up to a minute after a conversation did.
        self.going_on.retain(|conversation| conversation.end + 60_000 >= start);
        benign::conversations(&self.parameters, &self.network, start, &mut self.going_on);
        self.attack(start + FILE_MILLIS);
        let mut rows = Vec::new();
        for conversation in &self.going_on {
            log::rows(&self.network, conversation, start, &mut rows);
        }
        log::finish(&self.network, self.parameters.seed, start, &mut rows);
        let seconds = start / 1000;
        Some(LogFile { key: self.writer.key(seconds), start: seconds, rows, writer: Arc::clone(&self.writer) })
    }
}
