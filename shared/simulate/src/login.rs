//! Logins of fictional users to a fictional service, and the truth about the attacks among them.
//!
//! Users have homes, working hours, networks and devices. They travel, use a VPN, change devices, mistype passwords, share office
//! addresses, and use mobile networks whose addresses change with every login. Service accounts log in at fixed times. Attacks
//! ([`AttackKind`]) happen in the test period at the end and, more rarely, before it. The [`Level`] sets how rare attacks are and
//! how well they are hidden.
//!
//! The behaviour is invented and not a measurement of real users. Addresses come from blocks that the simulation assigns to
//! fictional operators ([`Prefix`]).

mod attack;
mod device;
mod event;
mod parameters;
mod people;
mod simulation;
mod truth;
mod world;

pub use attack::AttackKind;
pub use event::{COLUMNS, Login};
pub use parameters::{BadParameters, Level, Parameters};
pub use simulation::Simulation;
pub use truth::{Attack, FindingsTruth, LoginIncident, Truth};
pub use world::Prefix;

#[cfg(test)]
mod tests;
