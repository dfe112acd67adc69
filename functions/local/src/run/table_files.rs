//! Tables of user activity: files with one schema, and what is printed about reading and training.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context;
use weir_domain::activity::{ActivityRow, ActivitySchema};
use weir_domain::reject::ReadSummary;
use weir_ingest::activity::{self, shipped_schemas};
use weir_ingest::{Format, ObjectName, Problem, ReadError, ReadLimits, recognise};
use weir_model::{EstimatorKind, TableModel};
use weir_pipeline::table::Table;

use crate::log_files;
use crate::output::count;

/// The largest schema file, in bytes.
const MAX_SCHEMA_BYTES: u64 = 4 << 20;

/// Table files of one schema, read one after the other.
pub(super) struct TableFiles {
    /// Each file, and whether it is Parquet.
    paths: Vec<(PathBuf, bool)>,
    schema: ActivitySchema,
}

impl TableFiles {
    /// Finds the files. Without a schema, it is inferred from the first file.
    pub(super) fn open(
        paths: &[PathBuf],
        input_format: Option<Format>,
        schema: Option<ActivitySchema>,
    ) -> anyhow::Result<Self> {
        let parquet = |path: PathBuf| {
            let parquet = match input_format {
                Some(format) => format == Format::Parquet,
                // A CSV table without a header is not recognised as any format; the user asked to read it as a table.
                None => matches!(recognise(open(&path)?, &name(&path)), Ok((Some(Format::Parquet), _))),
            };
            anyhow::Ok((path, parquet))
        };
        let paths = log_files::find(paths)?.into_iter().map(parquet).collect::<Result<Vec<_>, _>>()?;
        let schema = match (schema, paths.first()) {
            (Some(schema), _) => schema,
            (None, Some((path, parquet))) => infer(path, *parquet)?,
            (None, None) => anyhow::bail!("no tables"),
        };
        Ok(Self { paths, schema })
    }

    /// The columns of the files.
    pub(super) fn schema(&self) -> &ActivitySchema {
        &self.schema
    }

    /// The same files, read with another schema.
    pub(super) fn with_schema(self, schema: ActivitySchema) -> Self {
        Self { schema, ..self }
    }
}

impl Table for TableFiles {
    fn read(&self, each: &mut dyn FnMut(&ActivityRow<'_>)) -> Result<ReadSummary, ReadError> {
        let mut summary = ReadSummary::default();
        for (path, parquet) in &self.paths {
            let name = name(path);
            let failed = |error| ReadError { object: name.clone(), line: 0, problem: Problem::Io(error) };
            let file = File::open(path).map_err(failed)?;
            let read = if *parquet {
                activity::read_parquet(file, &name, ReadLimits::default(), &self.schema, &mut *each)?
            } else {
                activity::read(file, &name, ReadLimits::default(), &self.schema, &mut *each)?
            };
            summary.records += read.records;
            summary.not_rows += read.not_rows;
            for (reason, rows) in read.rejected {
                *summary.rejected.entry(reason).or_default() += rows;
            }
            summary.rejects.extend(read.rejects);
            summary.rejects.truncate(ReadSummary::MAX_KEPT_REJECTS);
        }
        Ok(summary)
    }
}

/// The schema of `--schema`: a file, or a built-in schema by its name.
pub(super) fn schema_by_name(named: Option<&str>) -> anyhow::Result<Option<ActivitySchema>> {
    let Some(named) = named else { return Ok(None) };
    if let Some((_, schema)) = shipped_schemas().iter().find(|(name, _)| *name == named) {
        return Ok(Some(schema.clone()));
    }
    let path = Path::new(named);
    let names = || shipped_schemas().iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let size = path
        .metadata()
        .with_context(|| format!("{named}: neither a schema file nor a built-in schema ({})", names()))?
        .len();
    anyhow::ensure!(
        size <= MAX_SCHEMA_BYTES,
        "{named}: larger than {} MiB, the limit for schema files",
        MAX_SCHEMA_BYTES >> 20
    );
    let text = std::fs::read_to_string(path).with_context(|| named.to_owned())?;
    activity::parse_schema(&text).map(Some).with_context(|| named.to_owned())
}

fn infer(path: &Path, parquet: bool) -> anyhow::Result<ActivitySchema> {
    let limits = ReadLimits { rejected_share: 1.0, ..ReadLimits::default() };
    let inferred = if parquet {
        activity::infer_parquet(open(path)?, &name(path), limits, activity::SAMPLE_ROWS)?
    } else {
        activity::infer(open(path)?, &name(path), limits, activity::SAMPLE_ROWS)?
    };
    anstream::eprintln!(
        "the schema is inferred: `weir schema` writes it to a file that you can edit and give to --schema"
    );
    Ok(inferred.schema)
}

fn open(path: &Path) -> anyhow::Result<File> {
    File::open(path).with_context(|| format!("{}", path.display()))
}

fn name(path: &Path) -> ObjectName {
    ObjectName::new(&path.to_string_lossy())
}

/// Prints on standard error how many rows were rejected.
pub(super) fn print_rejected(read: &ReadSummary) {
    let rejected = read.rejected_rows();
    if rejected > 0 {
        let first = read.rejects.first();
        let first = first.map(|r| format!(", the first at line {}: {}", r.line, r.reason)).unwrap_or_default();
        anstream::eprintln!("{} rows rejected{first}", count(rejected));
    }
}

/// Prints on standard error what a model was trained on.
pub(super) fn print_trained(model: &TableModel) {
    let names: Vec<_> = model.behaviour().kinds().map(EstimatorKind::name).collect();
    let summary = model.summary();
    anstream::eprintln!(
        "trained {} on {} rows of {} columns (estimators fitted on {})",
        names.join(", "),
        count(summary.rows),
        count(model.encoder().schema().features.len() as u64),
        count(summary.fitted_on)
    );
}
