//! Scores one hour of flow logs: runs the detections on its windows and stores their findings.

use weir_detect::flow::anomalous_behaviour::Thresholds;
use weir_detect::flow::detect_partial_windows;
use weir_detect::flow::long_window::{self, Day};
use weir_domain::aggregate::HourAggregate;
use weir_model::{FlowModel, SchemaMismatch};

use super::learned::{is_whole, judge_hour};
use crate::hours::load_hour;
use crate::incidents::HitsBySubject;
use crate::keys::HourOfScope;
use crate::score::{ScoreError, Scored};
use crate::store::Store;

/// Scores an hour, with a model if there is one. `now` is milliseconds since the epoch.
pub(crate) async fn score_hour(
    state: &impl Store,
    model: Option<&FlowModel>,
    hour: &HourOfScope,
    now: i64,
) -> Result<Scored, ScoreError> {
    let loaded = load_hour(state, hour).await?;
    let Some(windows) = loaded.windows else { return Ok(Scored::default()) };
    let hits = detect_hour(model, &windows, None, now)?;
    Ok(Scored::new(loaded.batches, hits.store(state, now).await?))
}

/// The hits of an hour: those of partial windows, with a model those of whole windows, and with `day`, the rollups of the
/// last 24 hours, those over long windows. `now` is milliseconds since the epoch.
pub(super) fn detect_hour(
    model: Option<&FlowModel>,
    windows: &HourAggregate,
    day: Option<&Day<'_>>,
    now: i64,
) -> Result<HitsBySubject, SchemaMismatch> {
    let whole = |window| is_whole(window, windows.window_length, now);
    let mut hits: HitsBySubject = detect_partial_windows(windows).into_iter().collect();
    if let Some(model) = model {
        hits.extend(judge_hour(model, windows, &Thresholds::default(), whole)?);
    }
    if let Some(day) = day {
        hits.extend_new(long_window::detect(day, whole));
    }
    Ok(hits)
}
