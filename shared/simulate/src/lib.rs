//! Seeded, labelled logs: what goes on in a made-up account, written as the account's services would log it, and the
//! truth about it, to measure detections by.
//!
//! One module per log source:
//!
//! - [`flow`]: VPC Flow Logs of a network of web servers, databases, build machines and the people around them;
//! - [`login`]: logins of people with habits, and of those who take over their accounts;
//! - [`activity`]: what users of a company do a day, a row each.
//! - [`usage`]: usage of cloud services by provider, service, region and city.
//!
//! [`random`] is where all chance comes from. Nothing reads the clock or the environment: the same parameters give the
//! same bytes.
//!
//! Invariant: of the Weir crates this one knows the domain alone, so that what reads logs cannot shape what is written.

pub mod activity;
pub mod flow;
pub mod login;

mod calendar;

pub mod random;
pub mod usage;
