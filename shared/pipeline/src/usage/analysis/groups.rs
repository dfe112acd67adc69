//! Which days are alike, and which series: clusters with names that say what they are.
//!
//! Days are compared by their shape: what each hour by the clock is above or below the day's mean, in standard deviations
//! of the day. Series are compared by their habits: level, variability, season, growth. How many clusters there are decides
//! k-means with the clearest silhouette; DBSCAN beside it tells days and series that are like no other.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::Serialize;
use weir_domain::matrix::{Feature, FeatureMatrix, FeatureSchema, Transform};
use weir_domain::usage::UsageSeries;
use weir_features::usage::local_times;
use weir_model::{DbscanParams, KMeansParams, RobustScaler};

use super::season::{median, relative};
use super::{SeriesAnalysis, SeriesName, UsageError, UsageOptions};

/// Hours of a day.
const HOURS: usize = 24;

/// The fewest days, and series, in which groups are looked for.
const MIN_DAYS: usize = 8;
const MIN_SERIES: usize = 6;

/// The most days that are compared, evenly spread over all there are.
const MAX_DAYS: usize = 10_000;

/// The most clusters.
const MAX_CLUSTERS: u32 = 8;

/// How much more than usual a cluster must vary to be called highly variable.
const VARIABLE: f64 = 1.5;

/// How many clusters were tried, and how clear each number of them was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choice {
    /// How many were chosen: the number of the highest silhouette.
    pub clusters: u32,
    /// The mean simplified silhouette of that number, 0 to 1; below 0.5 the groups are not clear.
    pub silhouette: f64,
    /// The silhouette of every number tried.
    pub tried: Vec<(u32, f64)>,
}

/// Which days are alike.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DayProfiles {
    /// How many clusters there are, and why.
    pub choice: Choice,
    /// The clusters, the largest first.
    pub clusters: Vec<DayCluster>,
    /// Days that are like no others (noise of DBSCAN), at most 100, by time.
    pub unlike: Vec<Day>,
    /// How many of these there are.
    pub unlike_count: u64,
}

/// Days of a like shape.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DayCluster {
    /// What they are: `peak at 14:00`.
    pub name: String,
    /// How many.
    pub days: u64,
    /// Of these, the share on weekends.
    pub weekend_share: f64,
    /// The mean of each hour, in standard deviations of the day above its mean.
    pub profile: Vec<f64>,
    /// The median standard deviation of its days as a share of their means; none where no mean is positive.
    pub variability: Option<f64>,
    /// Whether that is half as much again as in all days together, or more.
    pub is_highly_variable: bool,
    /// How many days of each series, the most first, at most 20.
    pub series: Vec<(SeriesName, u64)>,
}

/// A day of a series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Day {
    /// Of which series.
    #[serde(flatten)]
    pub series: SeriesName,
    /// Days since 1970-01-01.
    pub day: i64,
}

/// Which series are alike.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesGroups {
    /// How many clusters there are, and why.
    pub choice: Choice,
    /// The clusters, the largest first.
    pub clusters: Vec<SeriesCluster>,
    /// Series that are like no others (noise of DBSCAN).
    pub unlike: Vec<SeriesName>,
}

/// Series of like habits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesCluster {
    /// What they are.
    pub name: String,
    /// Their median variability.
    pub variability: f64,
    /// Whether that is half as much again as in all series together, or more.
    pub is_highly_variable: bool,
    /// Which.
    pub series: Vec<SeriesName>,
}

/// A whole day.
struct Whole {
    of: usize,
    day: i64,
    weekend: bool,
    profile: [f64; HOURS],
    variability: Option<f64>,
}

pub(super) fn day_profiles(series: &[UsageSeries], options: &UsageOptions) -> Result<Option<DayProfiles>, UsageError> {
    let mut days: Vec<Whole> =
        series.iter().enumerate().flat_map(|(of, series)| whole_days(of, series, &options.zone)).collect();
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
    let unlike: Vec<&Whole> = days.iter().zip(&noise).filter(|(_, noise)| **noise).map(|(day, _)| day).collect();
    let unlike_count = unlike.len() as u64;
    let name = |of: usize| SeriesName::of(&series[of]);
    let usual = middle(days.iter().filter_map(|day| day.variability));
    let cluster = |number: u32| {
        let members: Vec<&Whole> =
            days.iter().zip(&assignments).filter(|(_, cluster)| **cluster == number).map(|(day, _)| day).collect();
        day_cluster(&members, usual, &name)
    };
    let mut clusters: Vec<DayCluster> = (0..choice.clusters).map(cluster).collect();
    clusters.sort_by_key(|cluster| std::cmp::Reverse(cluster.days));
    let unlike = unlike.into_iter().take(100).map(|day| Day { series: name(day.of), day: day.day }).collect();
    Ok(Some(DayProfiles { choice, clusters, unlike, unlike_count }))
}

fn day_cluster(members: &[&Whole], usual: Option<f64>, name: &impl Fn(usize) -> SeriesName) -> DayCluster {
    let count = members.len().max(1) as f64;
    let mean = |hour: usize| members.iter().map(|day| day.profile[hour]).sum::<f64>() / count;
    let profile: Vec<f64> = (0..HOURS).map(mean).collect();
    let variability = middle(members.iter().filter_map(|day| day.variability));
    let is_highly_variable = variability.zip(usual).is_some_and(|(mine, usual)| mine >= VARIABLE * usual);
    let weekend_share = members.iter().filter(|day| day.weekend).count() as f64 / count;
    let mut by_series: BTreeMap<usize, u64> = BTreeMap::new();
    for day in members {
        *by_series.entry(day.of).or_default() += 1;
    }
    let mut by_series: Vec<(usize, u64)> = by_series.into_iter().collect();
    by_series.sort_by_key(|(of, days)| (std::cmp::Reverse(*days), *of));
    DayCluster {
        name: shape(&profile, weekend_share, is_highly_variable),
        days: members.len() as u64,
        weekend_share,
        profile,
        variability,
        is_highly_variable,
        series: by_series.into_iter().take(20).map(|(of, days)| (name(of), days)).collect(),
    }
}

/// What a profile looks like, in words.
fn shape(profile: &[f64], weekend_share: f64, is_highly_variable: bool) -> String {
    let by = |a: &(usize, &f64), b: &(usize, &f64)| a.1.total_cmp(b.1);
    let peak = profile.iter().enumerate().max_by(by).map_or((0, 0.0), |(hour, value)| (hour, *value));
    let low = profile.iter().enumerate().min_by(by).map_or((0, 0.0), |(hour, value)| (hour, *value));
    let mut name = match peak.1 - low.1 {
        // Days that agree on no hour are flat in the mean.
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

/// The days of a series of which every hour by the clock was measured. (A day on which the clock skips an hour is none.)
fn whole_days(of: usize, series: &UsageSeries, zone: &TimeZone) -> Vec<Whole> {
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
    let whole = |(day, (hours, weekend)): (i64, ([(f64, u32); HOURS], bool))| {
        if broken.contains(&day) || hours.iter().any(|(_, count)| *count == 0) {
            return None;
        }
        let means = hours.map(|(sum, count)| sum / f64::from(count));
        let mean = means.iter().sum::<f64>() / HOURS as f64;
        let deviation = (means.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / HOURS as f64).sqrt();
        // A day that does not vary has no shape.
        let unit = if deviation > mean.abs() * 1e-9 { deviation } else { f64::INFINITY };
        let profile = means.map(|value| (value - mean) / unit);
        Some(Whole { of, day, weekend, profile, variability: relative(deviation, mean.abs()) })
    };
    days.into_iter().filter_map(whole).collect()
}

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
    let usual = middle(series.iter().filter_map(|one| one.summary.variability));
    let cluster = |number: u32| {
        let members: Vec<&SeriesAnalysis> =
            series.iter().zip(&assignments).filter(|(_, cluster)| **cluster == number).map(|(one, _)| one).collect();
        let of = |value: fn(&SeriesAnalysis) -> f64| middle(members.iter().map(|one| value(one))).unwrap_or(0.0);
        let variability = of(|one| one.summary.variability.unwrap_or(0.0));
        let is_highly_variable = usual.is_some_and(|usual| variability >= VARIABLE * usual);
        let season = of(|one| one.summary.seasonal_strength);
        let growth = of(|one| one.summary.growth_per_week.unwrap_or(0.0));
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

/// The clusters that are clearest, and which each row is in.
fn choose(matrix: &FeatureMatrix, seed: u64) -> Result<(Choice, Vec<u32>), UsageError> {
    let most = (matrix.len() as u32 / 2).clamp(2, MAX_CLUSTERS);
    let chosen = KMeansParams::default().check_choices(2..=most)?.fit(matrix, seed)?;
    let tried: Vec<(u32, f64)> = chosen.compared.iter().map(|one| (one.clusters, one.silhouette)).collect();
    let clusters = chosen.model.clusters();
    let silhouette = tried.iter().find(|(number, _)| *number == clusters).map_or(0.0, |(_, silhouette)| *silhouette);
    Ok((Choice { clusters, silhouette, tried }, chosen.model.assignments().to_vec()))
}

/// Which rows are like no others; none where all are equal.
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

/// The median; none of nothing.
fn middle(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| median(&mut values))
}
