//! VPC Flow Logs of a made-up network, file by file, and the truth about the attacks in them.
//!
//! The way of a row: an actor (`benign`, `attack`) holds [`Conversation`]s in a window of five minutes; `log` tells
//! which interfaces of the [`Network`] see each, minute by minute; [`LogFile`] is what AWS would deliver of it.
//!
//! Two things are simpler than at AWS. Latency inside the network is nothing, so that both ends log the same times. And a
//! file holds the minutes that ended in its five minutes; AWS delivers some of them later.

mod address;
mod attack;
mod benign;
mod calendar;
mod conversation;
mod file;
mod log;
mod network;
mod parameters;
mod simulation;
mod truth;

pub use attack::Kind;
pub use conversation::{Conversation, Outcome, Party, Volume};
pub use file::{FIELDS, LogFile};
pub use log::{Row, Seen, Status};
pub use network::{ACCOUNT, Host, Network, REGION, Tier};
pub use parameters::{BadParameters, Intensity, Parameters};
pub use simulation::{Files, Simulation};
pub use truth::{Expected, Incident, Truth};

#[cfg(test)]
mod tests;
