//! VPC Flow Logs of a fictional network, file by file, and the truth about the attacks in them.
//!
//! Actors (`benign`, `attack`) create [`Conversation`]s in windows of five minutes. `log` derives the rows that the interfaces of
//! the [`Network`] record of each conversation per minute. A [`LogFile`] has the rows of five minutes, as AWS delivers them.
//!
//! Two things are simpler than in AWS. There is no latency inside the network, so both ends log the same times. A file has exactly
//! the minutes that end in its five minutes, whereas AWS delivers some of them later.

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
pub use conversation::{Conversation, Endpoint, Outcome, Volume};
pub use file::{FIELDS, LogFile};
pub use log::{Row, Status, Traffic};
pub use network::{ACCOUNT, Host, Network, REGION, Tier};
pub use parameters::{BadParameters, Intensity, Parameters};
pub use simulation::{Files, Simulation};
pub use truth::{Expected, Incident, Truth};

#[cfg(test)]
mod tests;
