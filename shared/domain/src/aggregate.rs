//! What is kept of a window: integers, capped sets and sketches that merge in any order to the same value, bit for bit.
//!
//! One window holds its interfaces, an interface the hosts it saw (its own address and its peers), a host in a role
//! the pairs it took part in:
//!
//! ```text
//! HourAggregate ─ WindowStart ─▶ WindowAggregate ─ interface ─▶ InterfaceAggregate
//!     ─ (host, role, side) ─▶ HostAggregate ─ (peer, protocol, port) ─▶ PairAggregate
//! ```
//!
//! Everything a row says is stored as it is said: *attempted* and *answered* are kept, *unanswered* is derived when
//! read. Caps bound memory however many addresses an attacker makes up: hosts per interface and pairs per host are
//! bottom-k samples ([`BottomK`](crate::bounded::BottomK)), the totals above them stay exact, and sketches count what
//! was dropped.
//!
//! [`HostWindows`] reads a merged window host by host, each host's traffic counted once.

mod counters;
mod host;
mod hosts;
mod interface;
mod pair;

pub use counters::{HostTotals, InterfaceTotals, PairTotals};
pub use host::{HostAggregate, HostKey, HostSketches, Role, Side};
pub use hosts::{HostWindow, HostWindows, MonitoredAddresses};
pub use interface::{HourAggregate, InterfaceAggregate, Mismatch, WindowAggregate, is_private};
pub use pair::{PairAggregate, PairKey, Service, Span};
