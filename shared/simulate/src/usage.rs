//! Usage of cloud services by provider, service, region and city, in steps of half an hour, and the truth about what is
//! out of the ordinary in it.
//!
//! A series has a level that grows or shrinks, a day and a week by the clock of its city, holidays, and noise that lasts
//! for some steps. From the third week on it has anomalies: spikes, drops, changes of level, times of more variability,
//! and gaps. All is a function of the seed and of what a thing is called.

mod anomaly;
mod services;
mod simulation;

pub use anomaly::{Anomaly, UsageKind};
pub use simulation::{BadUsageParameters, UsageIncident, UsageParameters, UsageSimulation, UsageTruth};

#[cfg(test)]
mod tests;
