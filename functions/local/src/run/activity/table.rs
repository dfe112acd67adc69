//! Tables as files.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context;
use weir_domain::activity::{ActivityRow, ActivitySchema};
use weir_domain::reject::ReadSummary;
use weir_ingest::activity::{self, shipped_schemas};
use weir_ingest::{Format, ObjectName, Problem, ReadError, ReadLimits, recognise};
use weir_pipeline::table::Table;

use crate::inputs;

/// The largest schema file that is read, in bytes.
const MAX_SCHEMA_BYTES: u64 = 4 << 20;

/// Tables of one schema, read one after the other.
pub(crate) struct Files {
    paths: Vec<(PathBuf, bool)>,
    schema: ActivitySchema,
}

impl Files {
    /// Finds the files; without a schema, it is guessed from the first.
    pub(crate) fn open(
        paths: &[PathBuf],
        input_format: Option<Format>,
        schema: Option<ActivitySchema>,
    ) -> anyhow::Result<Self> {
        let parquet = |path: PathBuf| {
            let parquet = match input_format {
                Some(format) => format == Format::Parquet,
                // A table without a header is in no format that shows; it is read as one because it was asked for.
                None => matches!(recognise(open(&path)?, &name(&path)), Ok((Some(Format::Parquet), _))),
            };
            anyhow::Ok((path, parquet))
        };
        let paths = inputs::find(paths)?.into_iter().map(parquet).collect::<Result<Vec<_>, _>>()?;
        let schema = match (schema, paths.first()) {
            (Some(schema), _) => schema,
            (None, Some((path, parquet))) => guess(path, *parquet)?,
            (None, None) => anyhow::bail!("no tables"),
        };
        Ok(Self { paths, schema })
    }

    /// What the columns are.
    pub(crate) fn schema(&self) -> &ActivitySchema {
        &self.schema
    }

    /// The same files by another schema.
    pub(crate) fn with_schema(self, schema: ActivitySchema) -> Self {
        Self { schema, ..self }
    }
}

impl Table for Files {
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

/// The schema that was asked for: a file, or a shipped one by its name.
pub(super) fn schema(named: Option<&str>) -> anyhow::Result<Option<ActivitySchema>> {
    let Some(named) = named else { return Ok(None) };
    if let Some((_, schema)) = shipped_schemas().iter().find(|(name, _)| *name == named) {
        return Ok(Some(schema.clone()));
    }
    let path = Path::new(named);
    let names = || shipped_schemas().iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let size = path.metadata().with_context(|| format!("{named}: neither a schema file nor one of {}", names()))?.len();
    anyhow::ensure!(size <= MAX_SCHEMA_BYTES, "{named}: no schema file is longer than {} MiB", MAX_SCHEMA_BYTES >> 20);
    let text = std::fs::read_to_string(path).with_context(|| named.to_owned())?;
    activity::parse_schema(&text).map(Some).with_context(|| named.to_owned())
}

fn guess(path: &Path, parquet: bool) -> anyhow::Result<ActivitySchema> {
    let limits = ReadLimits { rejected_share: 1.0, ..ReadLimits::default() };
    let inferred = if parquet {
        activity::infer_parquet(open(path)?, &name(path), limits, activity::SAMPLE_ROWS)?
    } else {
        activity::infer(open(path)?, &name(path), limits, activity::SAMPLE_ROWS)?
    };
    anstream::eprintln!("what the columns are is guessed: `weir schema` shows how, --schema takes what you make of it");
    Ok(inferred.schema)
}

fn open(path: &Path) -> anyhow::Result<File> {
    File::open(path).with_context(|| format!("{}", path.display()))
}

fn name(path: &Path) -> ObjectName {
    ObjectName::new(&path.to_string_lossy())
}
