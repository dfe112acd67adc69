//! The command line: which verbs, flags and values there are, and their help texts. One file per verb.

mod detect;
mod evaluate;
mod findings;
mod inspect;
mod logs;
mod models;
mod pipeline;
mod simulate;
mod train;
mod usage;
mod values;

use clap::{Parser, Subcommand};

pub(crate) use detect::Detect;
#[cfg(feature = "suites")]
pub(crate) use evaluate::Suite;
pub(crate) use evaluate::{Evaluate, EvaluationFormat};
pub(crate) use findings::{Feedback, Findings};
pub(crate) use inspect::{Inspect, Schema};
pub(crate) use logs::{Estimators, Logs, OutputFormat, PlaceArguments, Source};
pub(crate) use models::{Models, ModelsVerb};
pub(crate) use pipeline::{Preprocess, Publish, Score};
pub(crate) use simulate::{Simulate, SimulateActivity, SimulateFlows, SimulateLogins, SimulateSource, SimulateUsage};
pub(crate) use train::Train;
pub(crate) use usage::{Usage, UsageFormat};

/// Anomaly detection for cloud logs: finds anomalies, explains each one, and states its confidence.
///
/// To analyse log files, run `weir detect PATH`: it reads them, runs all detections and prints the findings. The verbs
/// preprocess, score and publish run the same work as the three steps of the AWS pipeline, on a store folder that stands for the
/// state bucket.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Read log files, run all detections on them and print the findings
    Detect(Detect),
    /// Describe a file: format, columns, rows, rejected rows, time range, distinct hosts or users
    Inspect(Inspect),
    /// Infer the schema of a table (CSV or Parquet) from its first rows, and write it as a file to edit
    Schema(Schema),
    /// Measure findings against labelled truth, or estimators on a benchmark or a labelled table
    Evaluate(Evaluate),
    /// Pipeline step 1: aggregate log files into batches in a store folder (as the preprocess function)
    Preprocess(Preprocess),
    /// Pipeline step 2: run detection on the stored batches and store the findings (as the score function)
    ///
    /// `weir score` is named after the Lambda function whose work it does: it runs detection on batches that `weir preprocess`
    /// stored before. To analyse files directly, use `weir detect`, which does everything at once and keeps nothing.
    Score(Score),
    /// Train a model on log files, for `weir detect --model` and `weir models promote`
    Train(Train),
    /// List, promote or roll back the models that `weir score` uses in a store folder
    Models(Models),
    /// Analyse usage over time: baselines, anomalies, forecasts, and comparisons of providers and regions
    Usage(Usage),
    /// Write synthetic, labelled logs of a fictional account, to try detections on and to measure them
    Simulate(Simulate),
    /// Pipeline step 3: print each new finding of a store folder once (as the publish function)
    Publish(Publish),
    /// List the findings of a store folder
    Findings(Findings),
    /// Mark a finding as benign, which writes a rule that suppresses findings like it, or remove that rule
    Feedback(Feedback),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
