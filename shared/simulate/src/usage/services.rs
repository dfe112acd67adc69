//! The providers, services and places of simulated usage.

/// A service of a provider.
pub(super) struct Service {
    pub(super) provider: &'static str,
    pub(super) name: &'static str,
    /// Bytes per step at the busiest hour of a working day, in the first place of the provider.
    pub(super) level: f64,
    /// Amplitude of the daily cycle, 0 to 1.
    pub(super) day: f64,
    /// Factor on weekends and holidays, 0 to 1.
    pub(super) weekend: f64,
    /// The busiest hour of the day, local time.
    pub(super) peak: f64,
    /// Growth per week, as a share.
    pub(super) growth: f64,
    /// Standard deviation of the noise, as a share.
    pub(super) noise: f64,
}

/// A place of a provider: region, city, and its offset from UTC in hours.
pub(super) type Place = (&'static str, &'static str, i64);

#[rustfmt::skip]
pub(super) const SERVICES: [Service; 7] = [
    Service { provider: "aws", name: "ec2", level: 4e9, day: 0.6, weekend: 0.6, peak: 14.0, growth: 0.02, noise: 0.06 },
    Service { provider: "aws", name: "s3", level: 9e9, day: 0.3, weekend: 0.8, peak: 2.0, growth: 0.03, noise: 0.1 },
    Service { provider: "aws", name: "cloudfront", level: 2e10, day: 0.8, weekend: 1.0, peak: 20.0, growth: 0.01, noise: 0.05 },
    Service { provider: "google", name: "compute", level: 3e9, day: 0.5, weekend: 0.5, peak: 11.0, growth: 0.0, noise: 0.08 },
    Service { provider: "google", name: "storage", level: 1e9, day: 0.2, weekend: 0.9, peak: 23.0, growth: 0.015, noise: 0.15 },
    Service { provider: "apple", name: "icloud", level: 6e8, day: 0.7, weekend: 1.0, peak: 21.0, growth: 0.005, noise: 0.08 },
    Service { provider: "apple", name: "push", level: 5e7, day: 0.5, weekend: 0.9, peak: 18.0, growth: -0.01, noise: 0.05 },
];

/// The places of a provider.
pub(super) fn places(provider: &str) -> &'static [Place] {
    match provider {
        "aws" => &[("us-east-1", "Ashburn", -5), ("eu-central-1", "Frankfurt", 1), ("ap-southeast-2", "Sydney", 10)],
        "google" => &[("us-central1", "Council Bluffs", -6), ("europe-west4", "Eemshaven", 1)],
        _ => &[("us-west", "Cupertino", -8), ("eu-west", "Cork", 0)],
    }
}
