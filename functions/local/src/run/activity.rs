//! Tables of activity: what `weir detect`, `weir train` and `weir evaluate --labels` do with them.

mod rows;
mod table;

use std::process::ExitCode;

use anyhow::Context;
use weir_domain::activity::{ActivitySchema, ColumnRole};
use weir_domain::reject::ReadSummary;
use weir_domain::text::count;
use weir_model::evaluation::{ClassificationReport, ConfusionMatrix};
use weir_model::{AlertBudget, EstimatorKind, TableModel};
use weir_pipeline::table::{Findings, Judged, Threshold, drift, is_usual, judge, label_column, learn};

use super::listing;
use super::report::exit_code;
use crate::arguments::{Detect, OutputFormat, Train};
use crate::output::escape;

pub(super) use table::Files;

/// Detects on tables: with a model, or with one that is learned from the tables themselves.
pub(super) fn detect(arguments: &Detect) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        arguments.baseline.is_none(),
        "--baseline is for flow logs: learn from a table known to be clean with weir train, and detect with --model"
    );
    let paths = &arguments.logs.paths;
    let input_format = arguments.logs.input_format;
    let (files, model) = if let Some(path) = &arguments.model {
        let model = super::read_model(path, TableModel::decode)?;
        let files = Files::open(paths, input_format, Some(model.schema().clone()))?;
        anstream::eprintln!("what is usual as learned from {} rows", count(model.summary().rows));
        (files, model)
    } else {
        let files = Files::open(paths, input_format, table::schema(arguments.schema.as_deref())?)?;
        let learned = learn(files.schema(), &files, &super::train_options(&arguments.estimators))?;
        tell_learned(&learned.model);
        (files, learned.model)
    };
    let threshold = match (arguments.contamination, arguments.alerts_per_day) {
        (Some(share), _) => Threshold::PValue(share),
        (None, Some(alerts_per_day)) => Threshold::AlertsPerDay(AlertBudget { alerts_per_day }),
        (None, None) => Threshold::default(),
    };
    let schema = model.schema();
    let label = label_column(schema, None).ok();
    let mut truth = Truth::default();
    let suppressions = arguments.suppressions.as_deref().map(super::read_suppressions).transpose()?.unwrap_or_default();
    let wants_findings = arguments.format == OutputFormat::Ocsf || arguments.fail_on.is_some();
    anyhow::ensure!(
        !wants_findings || schema.columns.iter().any(|column| column.role == ColumnRole::Id),
        "findings are about somebody: give the column that names the user the role id, or use --format csv"
    );
    let (mut findings, now) = (Findings::default(), super::now());
    let mut writer = match arguments.format {
        OutputFormat::Ocsf => None,
        format => Some(rows::Writer::new(format, arguments.output.as_deref(), arguments.all, schema)?),
    };
    let mut written = Ok(());
    let judged = judge(&model, &files, threshold, |row| {
        if let Some(label) = label {
            truth.anomalous.push(!is_usual(row.row.labels.get(label).copied().unwrap_or_default(), None));
            truth.predicted.push(row.anomalous);
        }
        if wants_findings {
            findings.take(row, now);
        }
        if let (Ok(()), Some(writer)) = (&written, &mut writer) {
            written = writer.push(row);
        }
    })?;
    written?;
    let findings: Vec<_> = findings.finish(now).into_iter().map(|f| suppressions.apply(f, now)).collect();
    let code = exit_code(&findings, arguments, false);
    if let Some(writer) = writer {
        writer.finish()?;
    } else {
        let shown = listing::choose(findings, arguments.all);
        listing::write(&shown, arguments.format, arguments.output.as_deref(), arguments.all)?;
    }
    tell_judged(&judged);
    // What programs read is not mixed with what people do.
    let stdout = arguments.format == OutputFormat::Table || arguments.output.is_some();
    let name = label.and_then(|label| schema.labels().nth(label)).map(|column| column.name.clone());
    if let Some(text) = truth.report(name.as_deref()) {
        if stdout {
            anstream::println!("{text}");
        } else {
            anstream::eprintln!("{text}");
        }
    }
    Ok(code)
}

/// Learns from tables, and says how far their features have moved.
pub(super) fn train(arguments: &Train) -> anyhow::Result<ExitCode> {
    let earlier = super::drift::earlier(arguments, |path| super::read_model(path, TableModel::decode))?;
    let schema = table::schema(arguments.schema.as_deref())?;
    let files = Files::open(&arguments.logs.paths, arguments.logs.input_format, schema)?;
    let learned = learn(files.schema(), &files, &super::train_options(&arguments.estimators))?;
    tell_read(&learned.read);
    super::drift::tell(&drift(&learned, earlier.as_ref())?);
    let bytes = learned.model.encode()?;
    std::fs::write(&arguments.output, &bytes).with_context(|| format!("writing {}", arguments.output.display()))?;
    tell_learned(&learned.model);
    anstream::eprintln!("{} bytes in {}", count(bytes.len() as u64), arguments.output.display());
    Ok(ExitCode::SUCCESS)
}

/// The schema of a table that is to be evaluated.
pub(super) fn schema(named: Option<&str>) -> anyhow::Result<Option<ActivitySchema>> {
    table::schema(named)
}

/// What is true of the rows, and what was said of them.
#[derive(Default)]
struct Truth {
    anomalous: Vec<bool>,
    predicted: Vec<bool>,
}

impl Truth {
    /// The report, where there is a truth to compare with.
    fn report(&self, label: Option<&str>) -> Option<String> {
        let label = label.filter(|_| self.anomalous.contains(&true))?;
        let matrix = ConfusionMatrix::binary(&self.anomalous, &self.predicted).ok()?;
        let report = ClassificationReport::of(&matrix);
        Some(format!(
            "by column {}, which was not learned from:\n\n{report}\n{}",
            escape(label),
            confusion("", &matrix)
        ))
    }
}

/// A confusion matrix of usual and anomalous rows, to look at.
pub(super) fn confusion(title: &str, matrix: &ConfusionMatrix) -> crate::output::Rows {
    let mut rows = crate::output::Rows::new(1, &[title, "taken for usual", "taken for anomalous"]);
    for (at, name) in matrix.classes().iter().enumerate() {
        rows.push(vec![name.clone(), count(matrix.count(at, 0)), count(matrix.count(at, 1))]);
    }
    rows
}

/// Says on standard error what could not be read.
pub(super) fn tell_read(read: &ReadSummary) {
    let rejected = read.rejected_rows();
    if rejected > 0 {
        let first = read.rejects.first();
        let first = first.map(|r| format!(", the first at line {}: {}", r.line, r.reason)).unwrap_or_default();
        anstream::eprintln!("{} rows cannot be read{first}", count(rejected));
    }
}

fn tell_learned(model: &TableModel) {
    let names: Vec<_> = model.behaviour().kinds().map(EstimatorKind::name).collect();
    let summary = model.summary();
    anstream::eprintln!(
        "what is usual learned by {} from {} rows of {} columns ({} fitted on)",
        names.join(", "),
        count(summary.rows),
        count(model.encoder().schema().features.len() as u64),
        count(summary.fitted_on)
    );
}

fn tell_judged(judged: &Judged) {
    tell_read(&judged.read);
    anstream::eprintln!(
        "{} of {} rows are anomalous: usual ones score so high with a probability of {:.2e} or less",
        count(judged.anomalous),
        count(judged.rows),
        judged.p_value
    );
}
