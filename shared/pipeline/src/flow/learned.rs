//! The learned detection: a model scores the host windows of an hour, and improbable ones become hits.

use std::sync::Arc;

use weir_detect::flow::anomalous_behaviour::{self, Judgement, Thresholds};
use weir_detect::flow::{ExplainedTraffic, WindowContext, detect_whole_windows};
use weir_domain::aggregate::{HostWindow, HostWindows, HourAggregate, MonitoredAddresses};
use weir_domain::baseline::host_name;
use weir_domain::finding::{Hit, Reference, Subject};
use weir_domain::matrix::{FeatureMatrix, FeatureSchema};
use weir_domain::score::TypicalRange;
use weir_domain::window::{WindowLength, WindowStart};
use weir_features::flow::{host_row, host_schema};
use weir_model::{FlowModel, SchemaMismatch};

/// Judges the windows of an hour for which `judges` holds, which are to be whole. O(hosts · trees) per window.
///
/// # Errors
/// When the model was trained on other features, or on windows of another length.
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
        // Rows of hosts are of the schema, and finite, by construction.
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

/// Whether a feature that never varied in the training data, to which estimators may be blind, is now far above it.
fn unseen_change(schema: &FeatureSchema, usual: &[TypicalRange], row: &[f64], effect: f64) -> bool {
    schema.features.iter().zip(usual).zip(row).any(|((feature, usual), value)| {
        let invert = |x| feature.transform.invert(x);
        usual.high - usual.median < 0.1 && invert(*value) >= effect * invert(usual.high).max(1.0)
    })
}

/// How long after its end a window is taken as whole, seconds: best-effort delivery of flow logs takes some ten minutes.
pub(crate) const WATERMARK_SECONDS: i64 = 900;

/// Whether a window is taken as whole at a time, milliseconds since the epoch.
pub(crate) fn is_whole(window: WindowStart, length: WindowLength, now: i64) -> bool {
    window.end(length).saturating_add(WATERMARK_SECONDS) <= now.div_euclid(1000)
}
