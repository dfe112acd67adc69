//! What is expected of the steps to come, without an interval.

use std::collections::BTreeMap;

use super::neighbours::follow;
use super::params::{ForecastMethod, ForecastParams};
use crate::DecompositionParams;
use crate::decomposition::median;

/// The seasonal strength from which on the season is taken off before neighbours are looked for.
const STRONG: f64 = 0.64;

/// What is expected of the steps that have a slot and no value; `None` where there is nothing to go by.
pub(super) fn ahead(params: &ForecastParams, values: &[Option<f64>], slots: &[u32]) -> Vec<Option<f64>> {
    match params.method {
        ForecastMethod::SeasonalNaive => naive(values, slots),
        ForecastMethod::NearestNeighbours => neighbours(params, values, slots),
    }
}

fn naive(values: &[Option<f64>], slots: &[u32]) -> Vec<Option<f64>> {
    let (past, coming) = slots.split_at(values.len());
    let mut last = BTreeMap::new();
    for (slot, value) in past.iter().zip(values) {
        if let Some(value) = value {
            last.insert(*slot, *value);
        }
    }
    coming.iter().map(|slot| last.get(slot).copied()).collect()
}

fn neighbours(params: &ForecastParams, values: &[Option<f64>], slots: &[u32]) -> Vec<Option<f64>> {
    let (past, coming) = slots.split_at(values.len());
    let (window, wanted) = (params.window as usize, params.neighbours as usize);
    let Some(seasons) = strong_season(values, past) else { return follow(values, window, wanted, coming.len()) };
    let season = |slot: &u32| seasons.get(slot).copied();
    let without: Vec<_> = values.iter().zip(past).map(|(v, slot)| Some(((*v)?) - season(slot)?)).collect();
    let rest = follow(&without, window, wanted, coming.len());
    rest.into_iter().zip(coming).map(|(rest, slot)| Some(rest? + season(slot)?)).collect()
}

/// The median of every slot, where the season is strong.
fn strong_season(values: &[Option<f64>], slots: &[u32]) -> Option<BTreeMap<u32, f64>> {
    let mut members: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    // A slot that recurs tells a season; the steps of one season alone would be explained by it whatever they are.
    let recurs = slots.first().and_then(|first| slots[1..].iter().position(|slot| slot == first))? + 1;
    if values.len() < 2 * recurs {
        return None;
    }
    let trend = u32::try_from(recurs | 1).ok()?;
    let parts = DecompositionParams::default().trend_steps(trend.min(99_999)).check().ok()?.fit(values, slots).ok()?;
    if parts.seasonal_strength() < STRONG {
        return None;
    }
    for (parts, slot) in parts.steps().iter().zip(slots) {
        members.entry(*slot).or_default().extend(parts.map(|parts| parts.seasonal));
    }
    Some(members.into_iter().filter(|(_, s)| !s.is_empty()).map(|(slot, s)| (slot, median(s))).collect())
}
