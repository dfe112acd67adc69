//! Drift of features since an earlier model, as `weir train` prints it.

use weir_model::drift::Stability;
use weir_pipeline::training::{Against, Drift};

use crate::output::{count, escape};

/// The most features that are listed.
const MAX_LISTED: usize = 10;

/// Prints on standard error which features have drifted, by population stability index.
pub(super) fn print_drift(drift: &Drift) {
    let drifted: Vec<_> =
        drift.features.iter().filter(|f| Stability::from_index(f.index) != Stability::Stable).collect();
    anstream::eprintln!(
        "drift {}: {} of {} features have drifted (population stability index from 0.1: shifting, above 0.25: shifted)",
        match drift.against {
            Against::Earlier => "since the earlier model",
            Against::FirstHalf => "of the second half of the rows against the first (there is no earlier model)",
        },
        count(drifted.len() as u64),
        count(drift.features.len() as u64)
    );
    for feature in drifted.iter().take(MAX_LISTED) {
        let (name, stability) = (escape(&feature.feature), Stability::from_index(feature.index).as_str());
        anstream::eprintln!("  {name:<24} {:>7.3}  {stability}", feature.index);
    }
    if drifted.len() > MAX_LISTED {
        anstream::eprintln!("  and {} more", count((drifted.len() - MAX_LISTED) as u64));
    }
}
