//! What training says of features that have moved.

use weir_domain::text::count;
use weir_model::drift::Stability;
use weir_pipeline::training::{Against, Drift};

use crate::arguments::Train;
use crate::output::escape;

/// Features whose drift is told, at most.
const MAX_DRIFTS: usize = 10;

/// The model to compare with: the one that was named, else the one that is about to be overwritten, if it can be read.
///
/// # Errors
/// When one was named and cannot be read: it must be a model. A file that is only in the way is overwritten as ever.
pub(super) fn earlier<M>(
    arguments: &Train,
    read: impl Fn(&std::path::Path) -> anyhow::Result<M>,
) -> anyhow::Result<Option<M>> {
    match &arguments.earlier {
        Some(path) => read(path).map(Some),
        None => Ok(arguments.output.exists().then(|| read(&arguments.output).ok()).flatten()),
    }
}

/// Says on standard error which features have moved.
pub(super) fn tell(drift: &Drift) {
    let moved: Vec<_> = drift.features.iter().filter(|f| Stability::of(f.index) != Stability::Stable).collect();
    anstream::eprintln!(
        "drift {}: {} of {} features have moved (population stability index from 0.1: shifting, above 0.25: shifted)",
        match drift.against {
            Against::Earlier => "since the earlier model",
            Against::FirstHalf => "of the second half of the rows from the first (there is no earlier model)",
        },
        count(moved.len() as u64),
        count(drift.features.len() as u64)
    );
    for feature in moved.iter().take(MAX_DRIFTS) {
        let (name, stability) = (escape(&feature.feature), Stability::of(feature.index).as_str());
        anstream::eprintln!("  {name:<24} {:>7.3}  {stability}", feature.index);
    }
    if moved.len() > MAX_DRIFTS {
        anstream::eprintln!("  and {} more", count((moved.len() - MAX_DRIFTS) as u64));
    }
}
