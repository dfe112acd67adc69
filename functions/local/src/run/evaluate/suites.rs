//! `weir evaluate --suite`: runs a benchmark and prints its figures.

use std::path::Path;
use std::process::ExitCode;

use weir_evaluate::{AdbenchOptions, FigureTable, Reference};

use super::output::print;
use crate::arguments::{Evaluate, Suite};
use crate::output::{Rows, escape};
use crate::progress;

/// The project's file of scikit-learn's figures.
const REFERENCE: &str = "tests/parity/adbench.json";

pub(super) fn run(suite: Suite, path: &Path, arguments: &Evaluate) -> anyhow::Result<ExitCode> {
    let suite = match suite {
        Suite::Adbench => weir_evaluate::Suite::Adbench,
        Suite::Nab => weir_evaluate::Suite::Nab,
        Suite::Cloudmon => weir_evaluate::Suite::Cloudmon,
    };
    let reference = if suite == weir_evaluate::Suite::Adbench { reference(arguments)? } else { Reference::default() };
    let options = AdbenchOptions { seeds: arguments.seeds, reference };
    let mut bar = None;
    let mut advance = |done: usize, steps: usize| {
        bar.get_or_insert_with(|| progress::bar(steps, "scoring")).set_position(done as u64);
    };
    let evaluation = weir_evaluate::run(suite, path, &options, &mut advance);
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let evaluation = evaluation?;
    let tables: Vec<Rows> = evaluation.tables.into_iter().map(rows).collect();
    print(arguments.format, &tables, &evaluation.notes, &evaluation.json)?;
    for problem in &evaluation.problems {
        anstream::eprintln!("weir: {}", escape(problem));
    }
    Ok(ExitCode::from(if evaluation.problems.is_empty() { 0 } else { 2 }))
}

/// The reference file that was asked for, or the project's one if it exists.
fn reference(arguments: &Evaluate) -> anyhow::Result<Reference> {
    match &arguments.reference {
        Some(file) => Reference::read(file),
        None if Path::new(REFERENCE).exists() => Reference::read(Path::new(REFERENCE)),
        None => Ok(Reference::default()),
    }
}

fn rows(table: FigureTable) -> Rows {
    let mut rows = Rows::new(table.name_columns, &table.header);
    table.rows.into_iter().for_each(|cells| rows.push(cells));
    rows
}
