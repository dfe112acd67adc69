//! Logins to evidence: how a login differs from the logins before it.
//!
//! A [`Sighting`] is a login with every value as a number. A [`History`] counts logins, per user and over all users. It is a
//! commutative monoid of integers: histories of parts of a log merge into the history of the whole, in any order.
//! [`History::evidence`] computes for a new login log-likelihood ratios of attacker against user, and the bursts that it is
//! part of, without changing the history. [`reasons`] describes the evidence in words.
//!
//! The caller decides how much a login weighs when it is counted ([`Weight`]). A login that looks like an attack weighs next to
//! nothing, so that an attacker does not become typical by logging in often.
//!
//! [`ApiUse`] counts calls of cloud APIs by principal and hour instead.

mod country;
mod location;
mod places;
mod sighting;
mod user_agent;

mod counts;
mod values;

mod column;
mod evidence;
mod levels;

mod all_users;
mod history;
mod recent;
mod user_history;

mod journey;
mod likelihood;
mod reasons;
mod stored;

mod api_use;

pub use api_use::{ApiUse, BadApiUse};
pub use column::{Column, login_schema};
pub use country::{COUNTRIES, Country, kilometres};
pub use counts::Weight;
pub use evidence::{Direction, Evidence, Sources};
pub use history::History;
pub use levels::{DeviceLevel, PlaceLevel};
pub use location::{CityName, Coordinates};
pub use places::{AddressInfo, BadPlaces, Places, subnet};
pub use reasons::reasons;
pub use sighting::Sighting;
pub use stored::{BadHistory, HISTORY_VERSION};
pub use user_agent::Client;
pub use user_history::UserHistory;

#[cfg(test)]
mod tests;
