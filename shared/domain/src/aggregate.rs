//! Aggregates of flow records per window: integers, capped sets and sketches that merge in any order to the same value, bit
//! for bit.
//!
//! A window has interfaces, an interface the hosts it saw (its own address and its peers), a host in a role the pairs it took
//! part in:
//!
//! ```text
//! HourAggregate ─ WindowStart ─▶ WindowAggregate ─ interface ─▶ InterfaceAggregate
//!     ─ (host, role, side) ─▶ HostAggregate ─ (peer, protocol, port) ─▶ PairAggregate
//! ```
//!
//! The facts of a row are stored, conclusions are derived when they are read: *attempted* and *answered* are stored,
//! *unanswered* is derived. Caps bound memory however many addresses an attacker forges: hosts per interface and pairs per
//! host are bottom-k samples ([`BottomK`](crate::bounded::BottomK)), the totals above them stay exact, and sketches count
//! what was dropped.
//!
//! [`HostWindows`] reads a merged window host by host and counts each host's traffic once.

mod counters;
mod host;
mod host_window;
mod interface;
mod monitored;
mod pair;

pub use crate::address::is_private;
pub use crate::service::Service;
pub use counters::{HostTotals, InterfaceTotals, PairTotals};
pub use host::{HostAggregate, HostKey, HostSketches, Role, Side};
pub use host_window::{HostWindow, HostWindows};
pub use interface::{HourAggregate, InterfaceAggregate, Mismatch, WindowAggregate};
pub use monitored::MonitoredAddresses;
pub use pair::{PairAggregate, PairKey, Span};
