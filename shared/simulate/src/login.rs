//! Logins of a made-up population to a made-up service, and the truth about the attacks among them.
//!
//! People have homes, hours, networks and devices: they travel, use a VPN, change devices, mistype passwords, share office
//! addresses, and are on mobile networks whose addresses change with every login. Service accounts log in by the clock. In the last part of the
//! time and, more rarely, before it, attackers do as they do: see [`AttackKind`]. How rare they are and how well they hide is the
//! [`Level`].
//!
//! Behaviour is invented and no measurement of anybody's users. Addresses are drawn from blocks that the simulation itself
//! gives to operators ([`Prefix`]): who really has them plays no part.

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
