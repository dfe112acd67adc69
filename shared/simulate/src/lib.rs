//! Simulates the logs of a fictional account from a seed, with ground truth to measure detections against.
//!
//! One module per log source:
//!
//! - [`flow`]: VPC Flow Logs of a network of web servers, databases, build machines and the people around them;
//! - [`login`]: logins of users, and of attackers who take over their accounts;
//! - [`activity`]: a table of user activity, one row per user and day;
//! - [`usage`]: usage of cloud services by provider, service, region and city.
//!
//! All randomness comes from [`random`]. Nothing reads the clock or the environment: the same parameters give the same bytes.
//!
//! Invariant: this crate depends on no other Weir crate than `weir-domain`, so that the log readers cannot influence the logs they
//! are tested with.

pub mod activity;
pub mod flow;
pub mod login;
pub mod usage;

mod calendar;
pub mod random;
