//! `weir train --source login`: logins from files to a model of them.

use std::process::ExitCode;

use anyhow::Context;
use weir_domain::text::count;
use weir_model::LoginModel;
use weir_pipeline::login::{LoginOptions, train_logins};

use super::super::{drift, read_model, train_options};
use super::{places, read_all, refuse, tell_places};
use crate::arguments::Train;

pub(in super::super) fn train(arguments: &Train) -> anyhow::Result<ExitCode> {
    refuse(&[], arguments.schema.as_deref(), &arguments.logs, &arguments.estimators)?;
    let earlier = drift::earlier(arguments, |path| read_model(path, LoginModel::decode))?;
    let options = LoginOptions { places: places(&arguments.places)?, ..LoginOptions::default() };
    let (table, calls, unreadable) = read_all(&arguments.logs)?;
    let training = train_options(&arguments.estimators);
    let trained = train_logins(table, calls, &options, &training, earlier.as_ref())?;
    tell_places(&options.places)?;
    drift::tell(&trained.drift);
    let bytes = trained.model.encode()?;
    std::fs::write(&arguments.output, &bytes).with_context(|| format!("writing {}", arguments.output.display()))?;
    let summary = &trained.model.summary;
    let labels = match trained.model.labelled_attacks {
        Some(attacks) => format!(", {} of them attacks by their labels", count(attacks)),
        None => String::new(),
    };
    anstream::eprintln!(
        "learned from {} logins of {} users{labels} ({} fitted on): {} bytes in {}",
        count(summary.rows),
        count(summary.entities),
        count(summary.fitted_on),
        count(bytes.len() as u64),
        arguments.output.display()
    );
    Ok(if unreadable { ExitCode::from(2) } else { ExitCode::SUCCESS })
}
