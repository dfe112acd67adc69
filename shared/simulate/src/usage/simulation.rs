//! Generates the series, their CSV and the truth about their anomalies.

use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::TAU;
use std::io::{self, Write};

use serde::Serialize;
use thiserror::Error;
use weir_domain::time::{DAY_HALF_HOURS, DAY_SECONDS, HALF_HOUR_SECONDS, HOUR_SECONDS};
use weir_domain::usage::{UsageSeries, series_name};

use super::anomaly::{Anomaly, CLEAN_STEPS, UsageKind};
use super::services::{Place, SERVICES, Service, places};
use crate::calendar::weekday;
use crate::random::Stream;

/// Length of a step in seconds.
const STEP: u32 = HALF_HOUR_SECONDS as u32;

/// Steps of a week.
const WEEK_STEPS: usize = 7 * DAY_HALF_HOURS;

/// Autocorrelation of the noise from step to step.
const AUTOCORRELATION: f64 = 0.5;

/// Parameters of the simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageParameters {
    /// Length in weeks, 1 to 104; the first two are clean. Default 8.
    pub weeks: u32,
    /// Random seed. Default 42.
    pub seed: u64,
    /// Start, seconds since the epoch, a midnight (UTC) from 1970 to 9990. Default 2025-01-06, a Monday.
    pub start: i64,
    /// Whether there are anomalies. Default true.
    pub anomalies: bool,
}

impl Default for UsageParameters {
    fn default() -> Self {
        Self { weeks: 8, seed: 42, start: 1_736_121_600, anomalies: true }
    }
}

/// A parameter that is out of range.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadUsageParameters {
    /// Too short or too long.
    #[error("{0} weeks cannot be simulated: give 1 to 104")]
    Weeks(u32),
    /// Not a midnight, or too late.
    #[error("the simulation cannot start at {0} (seconds since 1970): give a midnight (UTC) before the year 9990")]
    Start(i64),
}

/// The series and the truth about their anomalies.
#[derive(Debug, Clone, PartialEq)]
pub struct UsageSimulation {
    series: Vec<UsageSeries>,
    truth: UsageTruth,
}

/// The truth: `truth.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UsageTruth {
    /// Name of the data set.
    pub name: String,
    /// The program that generated it.
    pub source: String,
    /// Licence.
    pub licence: String,
    /// Start, seconds since the epoch.
    pub start: i64,
    /// Start of the evaluation period; the time before it is for learning and has no anomalies.
    pub eval_start: i64,
    /// End (excluded), seconds since the epoch.
    pub end: i64,
    /// Length of a step in seconds.
    pub step: u32,
    /// Holidays, as midnights (UTC), on which usage is that of a weekend. They are not anomalies.
    pub holidays: Vec<i64>,
    /// All series, by their names in findings; `weir evaluate` counts their days.
    pub monitored_hosts: BTreeSet<String>,
    /// Always empty.
    pub benign_hosts: BTreeSet<String>,
    /// The anomalies, by start.
    pub incidents: Vec<UsageIncident>,
}

/// An anomaly in the truth file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UsageIncident {
    /// Its id within the data set.
    pub id: String,
    /// Its kind, by the name of the finding that should report it.
    pub kind: UsageKind,
    /// The metric.
    pub metric: String,
    /// The keys of the series.
    pub series: BTreeMap<String, String>,
    /// The series, by its name in findings, which `weir evaluate` matches.
    pub actors: BTreeSet<String>,
    /// Always empty.
    pub targets: BTreeSet<String>,
    /// Its first second, seconds since the epoch.
    pub start: i64,
    /// The second after its last.
    pub end: i64,
    /// The factor on the normal value; for higher variability, the factor on the noise.
    pub factor: f64,
}

impl UsageSimulation {
    /// Generates the series and the truth.
    ///
    /// # Errors
    /// When a parameter is out of its range.
    pub fn new(parameters: UsageParameters) -> Result<Self, BadUsageParameters> {
        let UsageParameters { weeks, seed, start, anomalies } = parameters;
        if !(1..=104).contains(&weeks) {
            return Err(BadUsageParameters::Weeks(weeks));
        }
        if !(0..253_086_000_000).contains(&start) || start % DAY_SECONDS != 0 {
            return Err(BadUsageParameters::Start(start));
        }
        let steps = weeks as usize * WEEK_STEPS;
        let holidays = holidays(seed, start, weeks);
        let (mut series, mut incidents) = (Vec::new(), Vec::new());
        for service in &SERVICES {
            for (rank, place) in places(service.provider).iter().enumerate() {
                let keys = keys(service, place);
                let name = keys.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" ");
                let planned = if anomalies { Anomaly::plan(seed, &name, steps) } else { vec![] };
                let size = 1.0 / (1.0 + rank as f64);
                let values = values(&parameters, &name, (service, place, size), &holidays, &planned);
                let at = |step: usize| start + step as i64 * i64::from(STEP);
                let series_name = series_name("bytes", keys.iter().map(|(name, value)| (&**name, &**value)));
                incidents.extend(planned.iter().map(|anomaly| UsageIncident {
                    id: String::new(),
                    kind: anomaly.kind,
                    metric: "bytes".to_owned(),
                    series: keys.iter().cloned().collect(),
                    actors: BTreeSet::from([series_name.clone()]),
                    targets: BTreeSet::new(),
                    start: at(anomaly.from),
                    end: at(anomaly.to),
                    factor: anomaly.factor,
                }));
                series.push(UsageSeries { metric: "bytes".to_owned(), keys, start, step: STEP, values });
            }
        }
        incidents.sort_by(|a, b| (a.start, &a.series).cmp(&(b.start, &b.series)));
        for (number, incident) in (1..).zip(&mut incidents) {
            incident.id = format!("anomaly-{number:03}");
        }
        let end = start + steps as i64 * i64::from(STEP);
        let truth = UsageTruth {
            name: format!("weir-simulate-usage-{seed}"),
            source: "weir simulate usage".to_owned(),
            licence: "synthetic".to_owned(),
            start,
            eval_start: (start + CLEAN_STEPS as i64 * i64::from(STEP)).min(end),
            end,
            step: STEP,
            holidays,
            monitored_hosts: series.iter().map(UsageSeries::name).collect(),
            benign_hosts: BTreeSet::new(),
            incidents,
        };
        Ok(Self { series, truth })
    }

    /// The series.
    #[must_use]
    pub fn series(&self) -> &[UsageSeries] {
        &self.series
    }

    /// The truth about them.
    #[must_use]
    pub fn truth(&self) -> &UsageTruth {
        &self.truth
    }

    /// Writes the series as CSV in order of time, one line per value: time, provider, service, region, city, metric, value. A missing
    /// value has no line.
    ///
    /// # Errors
    /// When writing fails.
    pub fn write_csv(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "timestamp,provider,service,region,city,metric,value")?;
        let steps = self.series.first().map_or(0, |series| series.values.len());
        for at in 0..steps {
            let time = self.truth.start + at as i64 * i64::from(STEP);
            for series in &self.series {
                let Some(value) = series.values[at] else { continue };
                write!(out, "{time}")?;
                // Keys are sorted by name: city, provider, region, service.
                for key in [1, 3, 2, 0] {
                    write!(out, ",{}", series.keys[key].1)?;
                }
                writeln!(out, ",{},{value}", series.metric)?;
            }
        }
        Ok(())
    }
}

fn keys(service: &Service, (region, city, _): &Place) -> Vec<(String, String)> {
    let keys = [("city", *city), ("provider", service.provider), ("region", *region), ("service", service.name)];
    keys.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

/// About one working day in three weeks, as midnights (UTC).
fn holidays(seed: u64, start: i64, weeks: u32) -> Vec<i64> {
    let midnight = |day: u32| start + i64::from(day) * DAY_SECONDS;
    let is_holiday =
        |day: &u32| weekday(midnight(*day)) < 5 && Stream::new(seed, "holiday", u64::from(*day)).chance(0.06);
    (0..weeks * 7).filter(is_holiday).map(midnight).collect()
}

fn values(
    parameters: &UsageParameters,
    name: &str,
    (service, (_, _, offset), size): (&Service, &Place, f64),
    holidays: &[i64],
    anomalies: &[Anomaly],
) -> Vec<Option<f64>> {
    let mut chance = Stream::new(parameters.seed, &format!("noise {name}"), 0);
    // The busiest hour of a series differs a little from that of its service.
    let peak = service.peak + chance.normal() * 0.5;
    let mut noise = 0.0;
    let value = |at: usize| {
        let local = parameters.start + at as i64 * i64::from(STEP) + offset * HOUR_SECONDS;
        let midnight = local.div_euclid(DAY_SECONDS) * DAY_SECONDS;
        let hour = local.rem_euclid(DAY_SECONDS) as f64 / HOUR_SECONDS as f64;
        let wave = 0.5 + 0.5 * ((hour - peak) / 24.0 * TAU).cos();
        let day = 1.0 - service.day + service.day * wave;
        let rest = weekday(local) >= 5 || holidays.contains(&midnight);
        let week = if rest { service.weekend } else { 1.0 };
        let growth = (1.0 + service.growth).powf(at as f64 / WEEK_STEPS as f64);
        // Drawn in every step, so that an anomaly changes only its own steps.
        noise = AUTOCORRELATION * noise + (1.0 - AUTOCORRELATION * AUTOCORRELATION).sqrt() * chance.normal();
        let extra = chance.normal();
        let normal = service.level * size * day * week * growth;
        let now = anomalies.iter().find(|anomaly| (anomaly.from..anomaly.to).contains(&at));
        let (factor, deviation) = match now {
            Some(Anomaly { kind: UsageKind::DataGap, .. }) => return None,
            Some(Anomaly { kind: UsageKind::UsageVariability, factor, .. }) => {
                (1.0, service.noise * (noise + factor * extra))
            }
            Some(anomaly) => (anomaly.factor, service.noise * noise),
            None => (1.0, service.noise * noise),
        };
        Some((normal * factor * (1.0 + deviation).max(0.0)).round())
    };
    (0..parameters.weeks as usize * WEEK_STEPS).map(value).collect()
}
