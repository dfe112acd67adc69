//! The learned detection: a flow model scores the host windows of an hour, and improbable ones become hits.

use std::sync::Arc;

use weir_detect::flow::anomalous_behaviour::{self, Judgement, Thresholds};
use weir_detect::flow::{ExplainedTraffic, WindowContext, detect_whole_windows};
use weir_domain::aggregate::{HostWindow, HostWindows, HourAggregate, MonitoredAddresses};
use weir_domain::baseline::host_name;
use weir_domain::finding::{Hit, Reference, Subject};
use weir_domain::matrix::{FeatureMatrix, FeatureSchema};
use weir_domain::score::TypicalRange;
use weir_domain::time::SECOND_MILLIS;
use weir_domain::window::{WindowLength, WindowStart};
use weir_features::flow::{host_row, host_schema};
use weir_model::{FlowModel, SchemaMismatch};

/// Runs the detections of whole windows, rules and model, on the windows of an hour that pass `judges`. O(hosts · trees) per
/// window.
///
/// # Errors
/// When the model was trained on other features or another window length.
pub(crate) fn judge_hour(
    model: &FlowModel,
    hour: &HourAggregate,
    thresholds: &Thresholds,
    judges: impl Fn(WindowStart) -> bool,
) -> Result<Vec<(Subject, Hit)>, SchemaMismatch> {
    let (monitored, schema, rows) = (MonitoredAddresses::from_hour(hour), host_schema(hour.window_length), hour.rows());
    let mut hits = Vec::new();
    for (start, window) in hour.windows.iter().filter(|(start, _)| judges(**start)) {
        let context = WindowContext { scope: &hour.scope, start: *start, length: hour.window_length, rows };
        let hosts = HostWindows::from_window(window, &monitored);
        let rows_of: Vec<&HostWindow<'_>> = hosts.iter().filter(|host| host.monitored).collect();
        let typed = detect_whole_windows(&hosts, &context, &model.baseline);
        let explained = ExplainedTraffic::new(&hosts, &context, &typed);
        hits.extend(typed);
        let learned = judge_window(model, &schema, &context, &rows_of, thresholds)?;
        hits.extend(explained.rest(learned, &context, &model.baseline));
    }
    Ok(hits)
}

fn judge_window(
    model: &FlowModel,
    schema: &Arc<FeatureSchema>,
    context: &WindowContext<'_>,
    hosts: &[&HostWindow<'_>],
    thresholds: &Thresholds,
) -> Result<Vec<(Subject, Hit)>, SchemaMismatch> {
    let behaviour = &model.behaviour;
    let mut matrix = FeatureMatrix::new(Arc::clone(schema));
    for host in hosts {
        // Host rows always fit the schema and are finite.
        let _ = matrix.push(&host_row(host));
    }
    let scaled = behaviour.scale(&matrix)?;
    let mut hits = Vec::new();
    for (at, verdict) in behaviour.judge(&scaled)?.into_iter().enumerate() {
        let (host, row) = (hosts[at], matrix.row(at));
        let unseen_change = unseen_change(schema, behaviour.usual(), row, thresholds.effect);
        if verdict.p_value.get() > thresholds.p_value && !unseen_change {
            continue;
        }
        let Ok(explanation) = behaviour.explain(&scaled, at) else { continue };
        let (typical, reference) = match behaviour.typical_of(&host_name(context.scope, host.host)) {
            Some(of_host) => (of_host, Reference::Itself),
            None => (behaviour.usual(), Reference::AllHosts),
        };
        let judgement = Judgement {
            schema,
            row,
            score: verdict.most_significant().score,
            p_value: verdict.p_value,
            unseen_change,
            explanation: &explanation,
            usual: typical,
            reference,
        };
        hits.extend(anomalous_behaviour::detect(host, context, &judgement, thresholds));
    }
    Ok(hits)
}

/// Whether a feature that was constant in training, which estimators may ignore, is now far above its baseline.
fn unseen_change(schema: &FeatureSchema, typical: &[TypicalRange], row: &[f64], effect: f64) -> bool {
    schema.features.iter().zip(typical).zip(row).any(|((feature, range), value)| {
        let invert = |x| feature.transform.invert(x);
        range.high - range.median < 0.1 && invert(*value) >= effect * invert(range.high).max(1.0)
    })
}

/// The delay after which a window counts as whole, seconds: AWS delivers flow logs at best effort, within about ten minutes.
pub(crate) const WATERMARK_SECONDS: i64 = 900;

/// Whether a window counts as whole at a time, milliseconds since the epoch.
pub(crate) fn is_whole(window: WindowStart, length: WindowLength, now: i64) -> bool {
    window.end(length).saturating_add(WATERMARK_SECONDS) <= now.div_euclid(SECOND_MILLIS)
}
