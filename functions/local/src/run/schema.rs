//! `weir schema`: infers the schema of a table and writes it as a file to edit.

use std::fs::{self, File};
use std::process::ExitCode;

use anyhow::Context;
use weir_ingest::{Format, ObjectName, ReadLimits, activity, recognise};

use crate::arguments::Schema;
use crate::output::{count, escape};

pub(super) fn run(arguments: &Schema) -> anyhow::Result<ExitCode> {
    let path = &arguments.file;
    let name = ObjectName::new(&path.to_string_lossy());
    let open = || File::open(path).with_context(|| format!("{}", path.display()));
    let limits = ReadLimits { rejected_share: 1.0, ..ReadLimits::default() };
    // A CSV table without a header is not recognised as any format; the user asked to read it as a table.
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
        "{} columns, inferred from {} rows: check the roles before you use the schema",
        count(inferred.schema.columns.len() as u64),
        count(inferred.rows)
    );
    Ok(ExitCode::SUCCESS)
}
