//! The series, the file of them, and the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::TAU;
use std::io::{self, Write};

use serde::Serialize;
use thiserror::Error;
use weir_domain::usage::{UsageSeries, series_name};

use super::anomaly::{Anomaly, CLEAN, DAY, UsageKind};
use super::services::{Place, SERVICES, Service, places};
use crate::random::Stream;

/// Length of a step in seconds.
const STEP: u32 = 1800;

/// Steps of a week.
const WEEK: usize = 7 * DAY;

/// How much of its noise a step takes over from the step before.
const LASTING: f64 = 0.5;

/// What is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageParameters {
    /// Length in weeks, 1 to 104; the first two are clean. Default 8.
    pub weeks: u32,
    /// Everything random follows from it. Default 42.
    pub seed: u64,
    /// When it begins, seconds since the epoch, a midnight (UTC) from 1970 to 9990. Default 2025-01-06, a Monday.
    pub start: i64,
    /// Whether anything is out of the ordinary. Default true.
    pub anomalies: bool,
}

impl Default for UsageParameters {
    fn default() -> Self {
        Self { weeks: 8, seed: 42, start: 1_736_121_600, anomalies: true }
    }
}

/// What cannot be simulated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadUsageParameters {
    /// Too short or too long.
    #[error("{0} weeks cannot be simulated: ask for 1 to 104")]
    Weeks(u32),
    /// No midnight, or too far away.
    #[error("the simulation cannot begin at {0} (seconds since 1970): ask for a midnight (UTC) before the year 9990")]
    Start(i64),
}

/// Series and the truth about them.
#[derive(Debug, Clone, PartialEq)]
pub struct UsageSimulation {
    series: Vec<UsageSeries>,
    truth: UsageTruth,
}

/// The truth: `truth.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UsageTruth {
    /// What the set is called.
    pub name: String,
    /// What made it.
    pub source: String,
    /// Under which licence it may be used.
    pub licence: String,
    /// First second.
    pub start: i64,
    /// From when on something may be out of the ordinary: what is before is for learning.
    pub eval_start: i64,
    /// The second after the last.
    pub end: i64,
    /// Length of a step in seconds.
    pub step: u32,
    /// Days on which everybody's usage is that of a weekend: their midnights (UTC). They are not out of the ordinary.
    pub holidays: Vec<i64>,
    /// All series, by the names that findings give them: what `weir evaluate` counts days of.
    pub monitored_hosts: BTreeSet<String>,
    /// What is known to do no harm: nothing is.
    pub benign_hosts: BTreeSet<String>,
    /// What is out of the ordinary, by start.
    pub incidents: Vec<UsageIncident>,
}

/// Something out of the ordinary.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UsageIncident {
    /// Its name within the set.
    pub id: String,
    /// What it is, by the name of the finding that should tell it.
    pub kind: UsageKind,
    /// Which quantity.
    pub metric: String,
    /// Of what.
    pub series: BTreeMap<String, String>,
    /// The series by the name that findings give it: whom `weir evaluate` looks for.
    pub actors: BTreeSet<String>,
    /// Nobody is acted upon.
    pub targets: BTreeSet<String>,
    /// Its first second, seconds since the epoch.
    pub start: i64,
    /// The second after its last.
    pub end: i64,
    /// What the usual is multiplied by; for more variability, what its noise is.
    pub factor: f64,
}

impl UsageSimulation {
    /// Makes the series and the truth.
    ///
    /// # Errors
    /// When a parameter is out of its range.
    pub fn new(parameters: UsageParameters) -> Result<Self, BadUsageParameters> {
        let UsageParameters { weeks, seed, start, anomalies } = parameters;
        if !(1..=104).contains(&weeks) {
            return Err(BadUsageParameters::Weeks(weeks));
        }
        if !(0..253_086_000_000).contains(&start) || start % 86_400 != 0 {
            return Err(BadUsageParameters::Start(start));
        }
        let steps = weeks as usize * WEEK;
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
                let called = series_name("bytes", keys.iter().map(|(name, value)| (&**name, &**value)));
                incidents.extend(planned.iter().map(|anomaly| UsageIncident {
                    id: String::new(),
                    kind: anomaly.kind,
                    metric: "bytes".to_owned(),
                    series: keys.iter().cloned().collect(),
                    actors: BTreeSet::from([called.clone()]),
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
            eval_start: (start + CLEAN as i64 * i64::from(STEP)).min(end),
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

    /// Writes the series as CSV, step by step, a line for every value: time, provider, service, region, city, bytes. What
    /// was not measured has no line.
    ///
    /// # Errors
    /// When it cannot be written.
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
    let midnight = |day: u32| start + i64::from(day) * 86_400;
    let is_holiday =
        |day: &u32| weekday(midnight(*day)) < 5 && Stream::new(seed, "holiday", u64::from(*day)).chance(0.06);
    (0..weeks * 7).filter(is_holiday).map(midnight).collect()
}

/// Monday is 0. (The epoch was a Thursday.)
fn weekday(time: i64) -> i64 {
    (time.div_euclid(86_400) + 3).rem_euclid(7)
}

fn values(
    parameters: &UsageParameters,
    name: &str,
    (service, (_, _, ahead), size): (&Service, &Place, f64),
    holidays: &[i64],
    anomalies: &[Anomaly],
) -> Vec<Option<f64>> {
    let mut chance = Stream::new(parameters.seed, &format!("noise {name}"), 0);
    // Those who use it keep no hours to the minute.
    let peak = service.peak + chance.normal() * 0.5;
    let mut noise = 0.0;
    let value = |at: usize| {
        let local = parameters.start + at as i64 * i64::from(STEP) + ahead * 3600;
        let midnight = local.div_euclid(86_400) * 86_400;
        let hour = local.rem_euclid(86_400) as f64 / 3600.0;
        let wave = 0.5 + 0.5 * ((hour - peak) / 24.0 * TAU).cos();
        let day = 1.0 - service.day + service.day * wave;
        let rest = weekday(local) >= 5 || holidays.contains(&midnight);
        let week = if rest { service.weekend } else { 1.0 };
        let growth = (1.0 + service.growth).powf(at as f64 / WEEK as f64);
        // Drawn whatever happens, so that an anomaly changes nothing but itself.
        noise = LASTING * noise + (1.0 - LASTING * LASTING).sqrt() * chance.normal();
        let wild = chance.normal();
        let usual = service.level * size * day * week * growth;
        let now = anomalies.iter().find(|anomaly| (anomaly.from..anomaly.to).contains(&at));
        let (factor, deviation) = match now {
            Some(Anomaly { kind: UsageKind::DataGap, .. }) => return None,
            Some(Anomaly { kind: UsageKind::UsageVariability, factor, .. }) => {
                (1.0, service.noise * (noise + factor * wild))
            }
            Some(anomaly) => (anomaly.factor, service.noise * noise),
            None => (1.0, service.noise * noise),
        };
        Some((usual * factor * (1.0 + deviation).max(0.0)).round())
    };
    (0..parameters.weeks as usize * WEEK).map(value).collect()
}
