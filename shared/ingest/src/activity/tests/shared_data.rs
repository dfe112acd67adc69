//! The tables of the shared data, read whole.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;

use super::*;
use crate::activity::{SAMPLE_ROWS, infer, parse_schema, read};

fn shared(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/tables")).join(path);
    if !path.exists() {
        eprintln!("SKIPPED: {} is not there", path.display());
        return None;
    }
    Some(path)
}

/// Rows by first label.
fn count(path: &PathBuf, schema: &ActivitySchema) -> (ReadSummary, BTreeMap<String, u64>) {
    let mut labels = BTreeMap::new();
    let name = ObjectName::new(&path.to_string_lossy());
    let summary = read(File::open(path).unwrap(), &name, ReadLimits::default(), schema, |row| {
        assert_eq!(row.values.len(), schema.features().count());
        *labels.entry(row.labels.first().copied().unwrap_or_default().to_owned()).or_default() += 1;
    })
    .unwrap();
    (summary, labels)
}

fn inferred_schema(path: &PathBuf) -> ActivitySchema {
    let name = ObjectName::new(&path.to_string_lossy());
    let inferred = infer(File::open(path).unwrap(), &name, ReadLimits::default(), SAMPLE_ROWS).unwrap();
    assert_eq!(parse_schema(&inferred.to_toml()).unwrap(), inferred.schema);
    inferred.schema
}

fn with_role(schema: &ActivitySchema, role: ColumnRole) -> Vec<&str> {
    schema.columns.iter().filter(|c| c.role == role).map(|c| c.name.as_str()).collect()
}

#[test]
fn unsw_nb15_is_read_whole_by_its_inferred_schema() {
    let Some(path) = shared("unsw_nb15.csv.gz") else { return };
    let schema = inferred_schema(&path);
    assert_eq!((schema.columns.len(), schema.header), (45, true));
    assert_eq!(with_role(&schema, ColumnRole::Id), ["id"]);
    assert_eq!(with_role(&schema, ColumnRole::Label), ["attack_cat", "label"]);
    assert_eq!(with_role(&schema, ColumnRole::Categorical), ["proto", "service", "state"]);
    assert_eq!(schema.features().count(), 42);
    let (summary, labels) = count(&path, &schema);
    assert_eq!((summary.records, summary.rejected_rows(), summary.not_rows), (57_636, 0, 1));
    assert_eq!((labels.len(), labels.values().sum()), (10, 57_636_u64));
}

#[test]
fn raw_unsw_nb15_is_read_by_its_inferred_schema() {
    let Some(path) = shared("unsw_nb15_raw_first3500.csv") else { return };
    let schema = inferred_schema(&path);
    assert_eq!((schema.columns.len(), schema.header), (49, true));
    assert_eq!(with_role(&schema, ColumnRole::Time), ["Stime"]);
    assert_eq!(with_role(&schema, ColumnRole::Ignore), ["Ltime"]);
    let (summary, _) = count(&path, &schema);
    // Two rows have destination ports in hexadecimal.
    assert_eq!((summary.records, summary.rejected_rows(), summary.not_rows), (3_498, 2, 1));
}

#[test]
fn kdd99_is_read_whole_without_a_header() {
    let (Some(path), Some(names)) = (shared("kdd99_10_percent.csv.gz"), shared("nsl_kdd_field_names.csv")) else {
        return;
    };
    let names = fs::read_to_string(names).unwrap();
    let columns = names.lines().map(|line| match line.split_once(',').unwrap() {
        (name, "symbolic") => ColumnSchema::new(name, ColumnRole::Categorical),
        (name, _) => ColumnSchema::new(name, ColumnRole::Numeric),
    });
    let columns = columns.chain([ColumnSchema::new("class", ColumnRole::Label)]).collect();
    let schema = ActivitySchema { header: false, ..ActivitySchema::new(columns) };
    let (summary, labels) = count(&path, &schema);
    assert_eq!((summary.records, summary.rejected_rows(), summary.not_rows), (494_021, 0, 0));
    assert_eq!((labels["normal."], labels.len()), (97_278, 23));

    let inferred = inferred_schema(&path);
    let roles = |schema: &ActivitySchema| schema.columns.iter().map(|c| c.role).collect::<Vec<_>>();
    assert_eq!((inferred.header, roles(&inferred)), (false, roles(&schema)), "names are all that cannot be guessed");
}
