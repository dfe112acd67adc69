//! `weir detect --source activity`: scores the rows of tables and reports anomalous rows or findings about users.

use std::process::ExitCode;

use weir_domain::activity::ColumnRole;
use weir_model::evaluation::{ClassificationReport, ConfusionMatrix};
use weir_model::{AlertBudget, TableModel};
use weir_pipeline::table::{Findings, Judged, Threshold, is_normal_label, judge, label_column, learn};

use super::report::exit_code;
use super::table_rows::RowWriter;
use crate::arguments::{Detect, OutputFormat};
use crate::output::{count, escape};
use crate::run::clock::now;
use crate::run::confusion::confusion_table;
use crate::run::findings_output;
use crate::run::model_files::{read_model, train_options};
use crate::run::suppressions;
use crate::run::table_files::{TableFiles, print_rejected, print_trained, schema_by_name};

pub(super) fn run(arguments: &Detect) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        arguments.baseline.is_none(),
        "--baseline cannot be used with --source activity: train on a clean table with weir train, then use --model"
    );
    let paths = &arguments.logs.paths;
    let input_format = arguments.logs.input_format;
    let (files, model) = if let Some(path) = &arguments.model {
        let model = read_model(path, TableModel::decode)?;
        let files = TableFiles::open(paths, input_format, Some(model.schema().clone()))?;
        anstream::eprintln!("baseline: a model trained on {} rows", count(model.summary().rows));
        (files, model)
    } else {
        let files = TableFiles::open(paths, input_format, schema_by_name(arguments.schema.as_deref())?)?;
        let learned = learn(files.schema(), &files, &train_options(&arguments.estimators))?;
        print_trained(&learned.model);
        (files, learned.model)
    };
    let threshold = match (arguments.contamination, arguments.alerts_per_day) {
        (Some(share), _) => Threshold::PValue(share),
        (None, Some(alerts_per_day)) => Threshold::AlertsPerDay(AlertBudget { alerts_per_day }),
        (None, None) => Threshold::default(),
    };
    let schema = model.schema();
    let label = label_column(schema, None).ok();
    let mut predictions = Predictions::default();
    let suppressions = suppressions::read_optional(arguments.suppressions.as_deref())?;
    let wants_findings = arguments.format == OutputFormat::Ocsf || arguments.fail_on.is_some();
    anyhow::ensure!(
        !wants_findings || schema.columns.iter().any(|column| column.role == ColumnRole::Id),
        "findings need a user: give the column with the user name the role id in the schema, or use --format csv"
    );
    let (mut findings, now) = (Findings::default(), now());
    let mut writer = match arguments.format {
        OutputFormat::Ocsf => None,
        format => Some(RowWriter::new(format, arguments.output.as_deref(), arguments.all, schema)?),
    };
    let mut written = Ok(());
    let judged = judge(&model, &files, threshold, |row| {
        if let Some(label) = label {
            predictions.truth.push(!is_normal_label(row.row.labels.get(label).copied().unwrap_or_default(), None));
            predictions.predicted.push(row.anomalous);
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
        let shown = findings_output::select(findings, arguments.all);
        findings_output::write(&shown, arguments.format, arguments.output.as_deref(), arguments.all)?;
    }
    print_judged(&judged);
    let name = label.and_then(|label| schema.labels().nth(label)).map(|column| column.name.clone());
    if let Some(text) = predictions.report(name.as_deref()) {
        // The report is for people: it does not go between rows that programs read.
        if arguments.format == OutputFormat::Table || arguments.output.is_some() {
            anstream::println!("{text}");
        } else {
            anstream::eprintln!("{text}");
        }
    }
    Ok(code)
}

/// Per row: whether its label says anomalous, and whether it was predicted anomalous.
#[derive(Default)]
struct Predictions {
    truth: Vec<bool>,
    predicted: Vec<bool>,
}

impl Predictions {
    /// The classification report, if some labels say anomalous.
    fn report(&self, label: Option<&str>) -> Option<String> {
        let label = label.filter(|_| self.truth.contains(&true))?;
        let matrix = ConfusionMatrix::binary(&self.truth, &self.predicted).ok()?;
        let report = ClassificationReport::from_matrix(&matrix);
        Some(format!(
            "compared with the labels in column {}, which were not used for training:\n\n{report}\n{}",
            escape(label),
            confusion_table("", &matrix)
        ))
    }
}

fn print_judged(judged: &Judged) {
    print_rejected(&judged.read);
    anstream::eprintln!(
        "{} of {} rows are anomalous: the probability that a normal row scores as high is {:.2e} or less",
        count(judged.anomalous),
        count(judged.rows),
        judged.p_value
    );
}
