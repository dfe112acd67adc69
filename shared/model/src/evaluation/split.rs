//! Which rows are held out to evaluate on.

use std::collections::BTreeMap;

use super::EvaluationError;
use crate::seeds::generator;
use rand::RngExt;

/// Holds out a share of the rows of every class, so that rows of one group (duplicates, rows of one user) are all held out or
/// all kept: a model that has seen a row's twin has seen the row. Returns true for rows that are held out.
///
/// A group counts with the class of its first row. Of every class, groups are taken in random order as long as no more rows
/// than the share are held out, so that a group larger than that is kept. The same rows and seed give the same split.
/// O(rows · log rows).
///
/// # Errors
/// When there are no rows, or not one group per row.
pub fn stratified_by_group(
    classes: &[u32],
    groups: &[u64],
    share: f64,
    seed: u64,
) -> Result<Vec<bool>, EvaluationError> {
    if classes.is_empty() {
        return Err(EvaluationError::Empty);
    }
    if classes.len() != groups.len() {
        return Err(EvaluationError::Lengths { labels: classes.len(), predictions: groups.len() });
    }
    let mut members: BTreeMap<u64, (u32, u64)> = BTreeMap::new();
    for (class, group) in classes.iter().zip(groups) {
        members.entry(*group).or_insert((*class, 0)).1 += 1;
    }
    let mut strata: BTreeMap<u32, Vec<(u64, u64)>> = BTreeMap::new();
    for (group, (class, rows)) in members {
        strata.entry(class).or_default().push((group, rows));
    }
    let mut out = std::collections::BTreeSet::new();
    for (class, mut groups) in strata {
        let mut chance = generator(seed, u64::from(class));
        for last in (1..groups.len()).rev() {
            groups.swap(last, chance.random_range(0..=last));
        }
        let all: u64 = groups.iter().map(|(_, rows)| rows).sum();
        let (most, mut taken) = ((share.clamp(0.0, 1.0) * all as f64).round() as u64, 0);
        for (group, rows) in groups {
            if taken + rows <= most {
                taken += rows;
                out.insert(group);
            }
        }
    }
    Ok(groups.iter().map(|group| out.contains(group)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_gives_its_share_and_no_group_is_divided() {
        // A tenth is of class 1; every row is there three times.
        let classes: Vec<u32> = (0..3000_u32).map(|i| u32::from(i % 1000 < 100)).collect();
        let groups: Vec<u64> = (0..3000_u64).map(|i| i % 1000).collect();
        let out = stratified_by_group(&classes, &groups, 1.0 / 3.0, 7).unwrap();
        let held = |class| out.iter().zip(&classes).filter(|(out, of)| **out && **of == class).count();
        assert_eq!((held(0), held(1)), (900, 99));
        assert!((0..1000).all(|i| out[i] == out[i + 1000] && out[i] == out[i + 2000]));
        assert_eq!(out, stratified_by_group(&classes, &groups, 1.0 / 3.0, 7).unwrap());
        assert_ne!(out, stratified_by_group(&classes, &groups, 1.0 / 3.0, 8).unwrap());
    }

    #[test]
    fn a_group_too_large_is_kept() {
        let groups: Vec<u64> = (0..100).map(|i| if i < 60 { 0 } else { i }).collect();
        let out = stratified_by_group(&[0; 100], &groups, 1.0 / 3.0, 1).unwrap();
        assert_eq!((out[0], out.iter().filter(|out| **out).count()), (false, 33));
        assert!(stratified_by_group(&[], &[], 0.5, 1).is_err());
        assert!(stratified_by_group(&[0], &[], 0.5, 1).is_err());
    }
}
