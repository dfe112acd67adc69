//! `weir schema`: a schema file for a table, to look at and to edit.

use std::fs::{self, File};
use std::process::ExitCode;

use anyhow::Context;
use weir_domain::text::count;
use weir_ingest::{Format, ObjectName, ReadLimits, activity, recognise};

use crate::arguments::Schema;
use crate::output::escape;

pub(super) fn run(arguments: &Schema) -> anyhow::Result<ExitCode> {
    let path = &arguments.file;
    let name = ObjectName::new(&path.to_string_lossy());
    let open = || File::open(path).with_context(|| format!("{}", path.display()));
    let limits = ReadLimits { rejected_share: 1.0, ..ReadLimits::default() };
    // A table without a header is in no format that shows; it is read as one because it was asked for.
    let parquet = matches!(recognise(open()?, &name), Ok((Some(Format::Parquet), _)));
    let inferred = if parquet {
        activity::infer_parquet(open()?, &name, limits, activity::SAMPLE_ROWS)?
    } else {
        activity::infer(open()?, &name, limits, activity::SAMPLE_ROWS)?
    };
    let toml = inferred.to_toml();
    if let Some(output) = &arguments.output {
        fs::write(output, toml).with_context(|| format!("writing {}", output.display()))?;
    } else {
        for line in toml.lines() {
            anstream::println!("{}", escape(line));
        }
    }
    anstream::eprintln!(
        "{} columns, guessed from {} rows: check the roles before you rely on them",
        count(inferred.schema.columns.len() as u64),
        count(inferred.rows)
    );
    Ok(ExitCode::SUCCESS)
}
