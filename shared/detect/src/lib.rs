//! Windows and scores to findings.
//!
//! [`flow`] holds the detections, one module each: pure functions from what a host did in a window to a
//! [`Hit`](weir_domain::finding::Hit). [`activity`] makes one of an unusual row of a table, [`login`] holds those over judged
//! logins, [`usage`] those over scored series. [`incidents`] joins the hits of one subject into incidents, [`message`] writes
//! the sentence an analyst reads, [`attack`] names the MITRE ATT&CK technique, [`ocsf`] is the public format,
//! [`suppression`] says which findings nobody wants to hear of, [`limit`] how many alerts an hour are enough, and
//! [`evaluation`] how good findings are where the truth is known.
//!
//! Invariant: nothing here keeps state, reads a clock or knows where data is stored.

pub mod activity;
pub mod attack;
pub mod evaluation;
pub mod flow;
pub mod incidents;
pub mod limit;
pub mod login;
pub mod message;
pub mod ocsf;
pub mod suppression;
pub mod usage;

#[cfg(test)]
mod testing;
