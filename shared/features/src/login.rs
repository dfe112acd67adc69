//! Logins to evidence: how a login differs from those before it.
//!
//! A [`Sighting`] is a login with every value as a number. A [`History`] counts sightings, per user and over all, and is a
//! commutative monoid of integers: histories of parts of a log merge into the history of the whole, in any order. Of a new
//! login [`History::evidence`] tells, without changing anything, log-likelihood ratios for its values (how much likelier
//! they are of an attacker than of the user) and the bursts it is part of; [`reasons`] says the same in words.
//!
//! [`ApiUse`] counts calls of cloud APIs by principal and hour instead.
//!
//! Before it is counted, somebody decides how much a login is to weigh ([`Weight`]): one that looks like an attack weighs
//! next to nothing, so that an attacker never becomes usual by coming often.

mod api_use;
mod column;
mod country;
mod evidence;
mod familiarity;
mod fan_out;
mod history;
mod journey;
mod places;
mod reasons;
mod recent;
mod seen;
mod sighting;
mod stored;
mod user_agent;

pub use api_use::{ApiUse, BadApiUse};
pub use column::{Column, login_schema};
pub use country::{COUNTRIES, Country, kilometres};
pub use evidence::{Direction, Evidence, Sources};
pub use familiarity::{DeviceLevel, PlaceLevel};
pub use history::{History, UserHistory, Weight};
pub use journey::{CityName, Spot};
pub use places::{BadPlaces, Place, Places, subnet};
pub use reasons::reasons;
pub use sighting::Sighting;
pub use stored::{BadHistory, HISTORY_VERSION};
pub use user_agent::Client;

#[cfg(test)]
mod tests;
