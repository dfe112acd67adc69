//! `weir evaluate --labels`: trains one estimator on a part of a labelled table and measures it on the rest.

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use weir_pipeline::table::{EvaluateOptions, Evaluated, HeldOut, Split, evaluate, label_column, with_label};

use super::output::show;
use crate::arguments::Evaluate;
use crate::output::{Rows, count, escape};
use crate::run::confusion::confusion_table;
use crate::run::table_files::{TableFiles, print_rejected, schema_by_name};

/// The most labels that are listed.
const MAX_LABELS: usize = 8;

pub(super) fn run(path: &Path, arguments: &Evaluate) -> anyhow::Result<ExitCode> {
    let label = arguments.labels.as_deref().unwrap_or_default();
    let files = TableFiles::open(&[path.to_owned()], None, schema_by_name(arguments.schema.as_deref())?)?;
    let schema = with_label(files.schema().clone(), label)?;
    let options = EvaluateOptions {
        label: label_column(&schema, Some(label))?,
        normal: arguments.normal.clone(),
        judge: arguments.estimator,
        seed: arguments.seed,
    };
    let files = files.with_schema(schema.clone());
    let evaluated = evaluate(&schema, &files, &options)?;
    print_rejected(&evaluated.read);
    let mut lines = balance(&evaluated, label);
    let mut figures = Rows::new(
        1,
        &[
            "held out",
            "trained on",
            "rows",
            "anomalous",
            "accuracy",
            "precision",
            "recall",
            "F1",
            "avg precision",
            "ROC AUC",
        ],
    );
    let mut splits = serde_json::Map::new();
    let mut tables = Vec::new();
    for (split, result) in &evaluated.splits {
        let (name, title) = match split {
            Split::Stratified => ("stratified", "a third of each label"),
            Split::Tail => ("tail", "the last third"),
        };
        match result {
            Ok(held_out) => {
                figures.push(row(title, held_out));
                tables.push(confusion_table(title, &held_out.confusion));
                if held_out.left_out > 0 {
                    lines.push(format!(
                        "{title}: {} rows excluded, because the training part has rows with the same values",
                        count(held_out.left_out)
                    ));
                }
                splits.insert(name.to_owned(), as_json(held_out));
            }
            Err(error) => {
                lines.push(format!("{title} cannot be evaluated: {error}"));
                splits.insert(name.to_owned(), json!({ "error": error.to_string() }));
            }
        }
    }
    tables.insert(0, figures);
    let json = json!({
        "estimator": arguments.estimator.to_string(),
        "label": label,
        "rows": evaluated.rows,
        "anomalous": evaluated.anomalous,
        "duplicates": evaluated.duplicates,
        "splits": splits,
    });
    show(arguments.format, &tables, &lines, &json)?;
    Ok(ExitCode::SUCCESS)
}

fn balance(evaluated: &Evaluated, label: &str) -> Vec<String> {
    let share = |n: u64| 100.0 * n as f64 / evaluated.rows.max(1) as f64;
    let sampled = if evaluated.rows < evaluated.seen {
        format!(" (an even sample of {})", count(evaluated.seen))
    } else {
        String::new()
    };
    let labels = evaluated.labels.iter().take(MAX_LABELS);
    let labels: Vec<_> = labels
        .map(|(name, rows)| {
            format!("{} {:.1} %", if name.is_empty() { "(none)".to_owned() } else { escape(name) }, share(*rows))
        })
        .collect();
    let more = evaluated.labels.len().saturating_sub(MAX_LABELS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    vec![
        format!(
            "{} rows{sampled}, of which {} are anomalous ({:.1} %) by the labels in {}: {}{more}",
            count(evaluated.rows),
            count(evaluated.anomalous),
            share(evaluated.anomalous),
            escape(label),
            labels.join(", ")
        ),
        format!(
            "{} rows ({:.1} %) are duplicates of earlier rows; duplicates are kept on one side of the split",
            count(evaluated.duplicates),
            share(evaluated.duplicates)
        ),
    ]
}

fn row(title: &str, held_out: &HeldOut) -> Vec<String> {
    let anomalous = held_out.confusion.class(1);
    let figures = [
        held_out.confusion.accuracy(),
        anomalous.precision,
        anomalous.recall,
        anomalous.f1,
        held_out.average_precision,
        held_out.roc_auc,
    ];
    [title.to_owned(), count(held_out.training), count(held_out.confusion.total()), count(anomalous.support)]
        .into_iter()
        .chain(figures.map(|figure| format!("{figure:.4}")))
        .collect()
}

fn as_json(held_out: &HeldOut) -> serde_json::Value {
    let (matrix, anomalous) = (&held_out.confusion, held_out.confusion.class(1));
    json!({
        "training": held_out.training,
        "training_anomalous": held_out.training_anomalous,
        "left_out": held_out.left_out,
        "rows": matrix.total(),
        "anomalous": anomalous.support,
        "accuracy": matrix.accuracy(),
        "precision": anomalous.precision,
        "recall": anomalous.recall,
        "f1": anomalous.f1,
        "average_precision": held_out.average_precision,
        "roc_auc": held_out.roc_auc,
        "confusion": [[matrix.count(0, 0), matrix.count(0, 1)], [matrix.count(1, 0), matrix.count(1, 1)]],
    })
}
