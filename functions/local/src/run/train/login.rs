//! `weir train --source login`: trains a model of logins, with the history of their users.

use std::process::ExitCode;

use weir_model::LoginModel;
use weir_pipeline::login::{LoginOptions, train_logins};

use super::drift::print_drift;
use crate::arguments::Train;
use crate::output::count;
use crate::run::login_logs::{ReadLogs, check_places, read_login_logs, read_places, reject_flags};
use crate::run::model_files::{earlier_model, train_options, write_model};

pub(super) fn run(arguments: &Train) -> anyhow::Result<ExitCode> {
    reject_flags(&[], arguments.schema.as_deref(), &arguments.logs, &arguments.estimators)?;
    let earlier = earlier_model(arguments, LoginModel::decode)?;
    let options = LoginOptions { places: read_places(&arguments.places)?, ..LoginOptions::default() };
    let ReadLogs { logs, unreadable } = read_login_logs(&arguments.logs)?;
    let training = train_options(&arguments.estimators);
    let trained = train_logins(logs.logins, logs.calls, &options, &training, earlier.as_ref())?;
    check_places(&options.places)?;
    print_drift(&trained.drift);
    let bytes = trained.model.encode()?;
    write_model(&arguments.output, &bytes)?;
    let summary = &trained.model.summary;
    let labels = match trained.model.labelled_attacks {
        Some(attacks) => format!(", {} of them labelled as attacks", count(attacks)),
        None => String::new(),
    };
    anstream::eprintln!(
        "trained on {} logins of {} users{labels} (estimators fitted on {}): {} bytes in {}",
        count(summary.rows),
        count(summary.entities),
        count(summary.fitted_on),
        count(bytes.len() as u64),
        arguments.output.display()
    );
    Ok(if unreadable { ExitCode::from(2) } else { ExitCode::SUCCESS })
}
