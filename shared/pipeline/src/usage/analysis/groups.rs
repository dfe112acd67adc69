//! Clusters of days and of series, with descriptive names.
//!
//! Days are compared by their profile: each hour's deviation from the mean of the day, in standard deviations of the day. Series are
//! compared by level, variability, season, trend, growth and anomalies. K-means with the number of clusters of the highest silhouette
//! forms the clusters; DBSCAN finds days and series that are unlike all others.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::Serialize;
use weir_domain::matrix::{Feature, FeatureMatrix, FeatureSchema, Transform};
use weir_domain::stats::quantile;
use weir_domain::usage::UsageSeries;
use weir_features::usage::local_times;
use weir_model::{DbscanParams, KMeansParams, RobustScaler};

use super::names::SeriesName;
use super::options::{UsageError, UsageOptions};
use super::season::ratio;
use super::series::SeriesAnalysis;

/// Hours of a day.
const HOURS: usize = 24;

/// Minimum number of days, and of series, for clusters.
const MIN_DAYS: usize = 8;
const MIN_SERIES: usize = 6;

/// Maximum number of days that are compared, spread evenly over all days.
const MAX_DAYS: usize = 10_000;

/// Maximum number of clusters.
const MAX_CLUSTERS: u32 = 8;

/// Factor over the median variability from which a cluster is highly variable.
const HIGH_VARIABILITY_FACTOR: f64 = 1.5;

/// The numbers of clusters that were tried, and their silhouettes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choice {
    /// The chosen number: that of the highest silhouette.
    pub clusters: u32,
    /// The mean simplified silhouette of that number, 0 to 1; below 0.5 the groups are not clear.
    pub silhouette: f64,
    /// The silhouette of every number tried.
    pub tried: Vec<(u32, f64)>,
}

/// Clusters of days.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DayProfiles {
    /// The choice of the number of clusters.
    pub choice: Choice,
    /// The clusters, the largest first.
    pub clusters: Vec<DayCluster>,
    /// Days that are unlike all others (noise of DBSCAN), at most 100, ordered by time.
    pub unlike: Vec<Day>,
    /// Number of such days in all.
    pub unlike_count: u64,
}

/// Days with similar profiles.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DayCluster {
    /// Descriptive name: `peak at 14:00, low at 04:00`.
    pub name: String,
    /// Number of days.
    pub days: u64,
    /// Share of the days that are on weekends.
    pub weekend_share: f64,
    /// Mean profile: for each hour the deviation from the mean of the day, in standard deviations of the day.
    pub profile: Vec<f64>,
    /// Median coefficient of variation of the days; `None` where no mean is positive.
    pub variability: Option<f64>,
    /// Whether that is at least 1.5 times the median of all days.
    pub is_highly_variable: bool,
    /// Number of days of each series, the most first, at most 20 series.
    pub series: Vec<(SeriesName, u64)>,
}

/// A day of a series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Day {
    /// Name of the series.
    #[serde(flatten)]
    pub series: SeriesName,
    /// Days since 1970-01-01.
    pub day: i64,
}

/// Clusters of series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesGroups {
    /// The choice of the number of clusters.
    pub choice: Choice,
    /// The clusters, the largest first.
    pub clusters: Vec<SeriesCluster>,
    /// Series that are unlike all others (noise of DBSCAN).
    pub unlike: Vec<SeriesName>,
}

/// Similar series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesCluster {
    /// Descriptive name.
    pub name: String,
    /// Median coefficient of variation.
    pub variability: f64,
    /// Whether that is at least 1.5 times the median of all series.
    pub is_highly_variable: bool,
    /// Names of the series.
    pub series: Vec<SeriesName>,
}

/// A day with a value in every hour.
struct WholeDay {
    /// Index of its series.
    series: usize,
    day: i64,
    weekend: bool,
    profile: [f64; HOURS],
    variability: Option<f64>,
}

/// Clusters the days of all series by their profiles; `None` with fewer than eight whole days.
pub(super) fn day_profiles(series: &[UsageSeries], options: &UsageOptions) -> Result<Option<DayProfiles>, UsageError> {
    let mut days: Vec<WholeDay> =
        series.iter().enumerate().flat_map(|(index, series)| whole_days(index, series, &options.zone)).collect();
    if days.len() > MAX_DAYS {
        let every = days.len().div_ceil(MAX_DAYS);
        days = days.into_iter().step_by(every).collect();
    }
    if days.len() < MIN_DAYS {
        return Ok(None);
    }
    let mut matrix = FeatureMatrix::new(schema((0..HOURS).map(|hour| format!("hour_{hour:02}")).collect()));
    for day in &days {
        matrix.push(&day.profile)?;
    }
    let (choice, assignments) = choose(&matrix, options.seed)?;
    let noise = noise(&matrix, 5)?;
    let unlike: Vec<&WholeDay> = days.iter().zip(&noise).filter(|(_, noise)| **noise).map(|(day, _)| day).collect();
    let unlike_count = unlike.len() as u64;
    let name = |index: usize| SeriesName::from_series(&series[index]);
    let overall = median_of(days.iter().filter_map(|day| day.variability));
    let cluster = |number: u32| {
        let members: Vec<&WholeDay> =
            days.iter().zip(&assignments).filter(|(_, cluster)| **cluster == number).map(|(day, _)| day).collect();
        day_cluster(&members, overall, &name)
    };
    let mut clusters: Vec<DayCluster> = (0..choice.clusters).map(cluster).collect();
    clusters.sort_by_key(|cluster| std::cmp::Reverse(cluster.days));
    let unlike = unlike.into_iter().take(100).map(|day| Day { series: name(day.series), day: day.day }).collect();
    Ok(Some(DayProfiles { choice, clusters, unlike, unlike_count }))
}

fn day_cluster(members: &[&WholeDay], overall: Option<f64>, name: &impl Fn(usize) -> SeriesName) -> DayCluster {
    let count = members.len().max(1) as f64;
    let mean = |hour: usize| members.iter().map(|day| day.profile[hour]).sum::<f64>() / count;
    let profile: Vec<f64> = (0..HOURS).map(mean).collect();
    let variability = median_of(members.iter().filter_map(|day| day.variability));
    let is_highly_variable =
        variability.zip(overall).is_some_and(|(cluster, overall)| cluster >= HIGH_VARIABILITY_FACTOR * overall);
    let weekend_share = members.iter().filter(|day| day.weekend).count() as f64 / count;
    let mut by_series: BTreeMap<usize, u64> = BTreeMap::new();
    for day in members {
        *by_series.entry(day.series).or_default() += 1;
    }
    let mut by_series: Vec<(usize, u64)> = by_series.into_iter().collect();
    by_series.sort_by_key(|(index, days)| (std::cmp::Reverse(*days), *index));
    DayCluster {
        name: profile_name(&profile, weekend_share, is_highly_variable),
        days: members.len() as u64,
        weekend_share,
        profile,
        variability,
        is_highly_variable,
        series: by_series.into_iter().take(20).map(|(index, days)| (name(index), days)).collect(),
    }
}

/// A descriptive name of a profile.
fn profile_name(profile: &[f64], weekend_share: f64, is_highly_variable: bool) -> String {
    let by = |a: &(usize, &f64), b: &(usize, &f64)| a.1.total_cmp(b.1);
    let peak = profile.iter().enumerate().max_by(by).map_or((0, 0.0), |(hour, value)| (hour, *value));
    let low = profile.iter().enumerate().min_by(by).map_or((0, 0.0), |(hour, value)| (hour, *value));
    let mut name = match peak.1 - low.1 {
        // The mean of days that have no peak in common is flat.
        range if range < 1.0 => "no hour stands out".to_owned(),
        _ => format!("peak at {:02}:00, low at {:02}:00", peak.0, low.0),
    };
    if weekend_share >= 0.8 {
        name.push_str(", weekends");
    } else if weekend_share <= 0.05 {
        name.push_str(", working days");
    }
    if is_highly_variable { format!("high variability: {name}") } else { name }
}

/// The days of a series with a value in every step and every local hour. (A day on which the clock skips an hour is left out.)
fn whole_days(index: usize, series: &UsageSeries, zone: &TimeZone) -> Vec<WholeDay> {
    let mut days: BTreeMap<i64, ([(f64, u32); HOURS], bool)> = BTreeMap::new();
    let mut broken: std::collections::BTreeSet<i64> = std::collections::BTreeSet::new();
    if series.step > 3600 {
        return vec![];
    }
    for (clock, value) in local_times(series, zone).into_iter().zip(&series.values) {
        let Some(value) = value else {
            broken.insert(clock.day);
            continue;
        };
        let (hours, _) = days.entry(clock.day).or_insert(([(0.0, 0); HOURS], clock.is_weekend()));
        let hour = &mut hours[usize::from(clock.hour())];
        *hour = (hour.0 + value, hour.1 + 1);
    }
    let profile_day = |(day, (hours, weekend)): (i64, ([(f64, u32); HOURS], bool))| {
        if broken.contains(&day) || hours.iter().any(|(_, count)| *count == 0) {
            return None;
        }
        let means = hours.map(|(sum, count)| sum / f64::from(count));
        let mean = means.iter().sum::<f64>() / HOURS as f64;
        let deviation = (means.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / HOURS as f64).sqrt();
        // A constant day has a flat profile.
        let unit = if deviation > mean.abs() * 1e-9 { deviation } else { f64::INFINITY };
        let profile = means.map(|value| (value - mean) / unit);
        Some(WholeDay { series: index, day, weekend, profile, variability: ratio(deviation, mean.abs()) })
    };
    days.into_iter().filter_map(profile_day).collect()
}

/// Clusters series; `None` with fewer than six.
pub(super) fn series_groups(series: &[SeriesAnalysis], seed: u64) -> Result<Option<SeriesGroups>, UsageError> {
    if series.len() < MIN_SERIES {
        return Ok(None);
    }
    let names = ["level", "variability", "seasonal_strength", "trend_strength", "growth", "anomalies"];
    let mut matrix = FeatureMatrix::new(schema(names.map(str::to_owned).to_vec()));
    for one in series {
        let s = &one.summary;
        let steps = (s.steps - s.gaps).max(1) as f64;
        matrix.push(&[
            s.median.abs().ln_1p(),
            s.variability.unwrap_or(0.0).min(1e6).ln_1p(),
            s.seasonal_strength,
            s.trend_strength,
            s.growth_per_week.unwrap_or(0.0).clamp(-10.0, 10.0),
            one.anomalies.len() as f64 / steps,
        ])?;
    }
    let matrix = RobustScaler::fit(&matrix)?.transform(&matrix)?;
    let (choice, assignments) = choose(&matrix, seed)?;
    let noise = noise(&matrix, 3)?;
    let overall = median_of(series.iter().filter_map(|one| one.summary.variability));
    let cluster = |number: u32| {
        let members: Vec<&SeriesAnalysis> =
            series.iter().zip(&assignments).filter(|(_, cluster)| **cluster == number).map(|(one, _)| one).collect();
        let typical =
            |value: fn(&SeriesAnalysis) -> f64| median_of(members.iter().map(|one| value(one))).unwrap_or(0.0);
        let variability = typical(|one| one.summary.variability.unwrap_or(0.0));
        let is_highly_variable = overall.is_some_and(|overall| variability >= HIGH_VARIABILITY_FACTOR * overall);
        let season = typical(|one| one.summary.seasonal_strength);
        let growth = typical(|one| one.summary.growth_per_week.unwrap_or(0.0));
        let mut words = vec![if season >= 0.64 { "strong season" } else { "weak season" }];
        if growth.abs() >= 0.01 {
            words.push(if growth > 0.0 { "growing" } else { "shrinking" });
        }
        if is_highly_variable {
            words.insert(0, "high variability");
        }
        let series = members.iter().map(|one| one.name.clone()).collect();
        SeriesCluster { name: words.join(", "), variability, is_highly_variable, series }
    };
    let mut clusters: Vec<SeriesCluster> = (0..choice.clusters).map(cluster).collect();
    clusters.sort_by_key(|cluster| std::cmp::Reverse(cluster.series.len()));
    let unlike = series.iter().zip(noise).filter(|(_, noise)| *noise).map(|(one, _)| one.name.clone()).collect();
    Ok(Some(SeriesGroups { choice, clusters, unlike }))
}

/// The clusters of the highest silhouette, and the cluster of each row.
fn choose(matrix: &FeatureMatrix, seed: u64) -> Result<(Choice, Vec<u32>), UsageError> {
    let most = (matrix.len() as u32 / 2).clamp(2, MAX_CLUSTERS);
    let chosen = KMeansParams::default().check_choices(2..=most)?.fit(matrix, seed)?;
    let tried: Vec<(u32, f64)> = chosen.compared.iter().map(|one| (one.clusters, one.silhouette)).collect();
    let clusters = chosen.model.clusters();
    let silhouette = tried.iter().find(|(number, _)| *number == clusters).map_or(0.0, |(_, silhouette)| *silhouette);
    Ok((Choice { clusters, silhouette, tried }, chosen.model.assignments().to_vec()))
}

/// Whether each row is unlike all others; false for all where all rows are equal.
fn noise(matrix: &FeatureMatrix, samples: u32) -> Result<Vec<bool>, UsageError> {
    let params = DbscanParams::default().min_samples(samples);
    let Some(eps) = params.check()?.suggest_eps(matrix)? else { return Ok(vec![false; matrix.len()]) };
    let found = params.eps(eps).check()?.fit(matrix)?;
    Ok(found.labels().iter().map(Option::is_none).collect())
}

fn schema(names: Vec<String>) -> Arc<FeatureSchema> {
    let feature =
        |name: String| Feature { label: name.clone(), name, unit: String::new(), transform: Transform::Identity };
    let features = names.into_iter().map(feature).collect();
    Arc::new(FeatureSchema { source: "usage".into(), window_seconds: 0, features })
}

/// The median; `None` without values.
fn median_of(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    quantile(&mut values, 0.5)
}
