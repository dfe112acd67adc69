//! Usage of cloud services by provider, service, region and city, in steps of half an hour, and the truth about its anomalies.
//!
//! A series has a trend, a daily and a weekly cycle in the time zone of its city, holidays, and autocorrelated noise. From the
//! third week on it has anomalies: spikes, drops, level changes, periods of higher variability, and gaps. Everything is a function
//! of the seed and of names.

mod anomaly;
mod services;
mod simulation;

pub use anomaly::{Anomaly, UsageKind};
pub use simulation::{BadUsageParameters, UsageIncident, UsageParameters, UsageSimulation, UsageTruth};

#[cfg(test)]
mod tests;
