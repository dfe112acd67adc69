//! `weir train --source activity`: trains a model on tables.

use std::process::ExitCode;

use weir_model::TableModel;
use weir_pipeline::table::{drift, learn};

use super::drift::print_drift;
use crate::arguments::Train;
use crate::output::count;
use crate::run::model_files::{earlier_model, train_options, write_model};
use crate::run::table_files::{TableFiles, print_rejected, print_trained, schema_by_name};

pub(super) fn run(arguments: &Train) -> anyhow::Result<ExitCode> {
    let earlier = earlier_model(arguments, TableModel::decode)?;
    let schema = schema_by_name(arguments.schema.as_deref())?;
    let files = TableFiles::open(&arguments.logs.paths, arguments.logs.input_format, schema)?;
    let learned = learn(files.schema(), &files, &train_options(&arguments.estimators))?;
    print_rejected(&learned.read);
    print_drift(&drift(&learned, earlier.as_ref())?);
    let bytes = learned.model.encode()?;
    write_model(&arguments.output, &bytes)?;
    print_trained(&learned.model);
    anstream::eprintln!("{} bytes in {}", count(bytes.len() as u64), arguments.output.display());
    Ok(ExitCode::SUCCESS)
}
