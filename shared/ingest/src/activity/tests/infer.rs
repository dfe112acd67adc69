use proptest::prelude::*;

use super::*;
use crate::activity::{InferredSchema, infer, parse_schema};

fn inferred(text: &str) -> Result<InferredSchema, String> {
    infer(text.as_bytes(), &ObjectName::new("t.csv"), lenient(), 1000).map_err(|e| e.to_string())
}

/// Roles by their first letter: numeric, categorical, id, time, label, x for ignored.
fn roles(inferred: &InferredSchema) -> String {
    let letter = |column: &ColumnSchema| match column.role {
        ColumnRole::Numeric => 'n',
        ColumnRole::Categorical => 'c',
        ColumnRole::Id => 'i',
        ColumnRole::Time => 't',
        ColumnRole::Label => 'l',
        ColumnRole::Ignore => 'x',
    };
    inferred.schema.columns.iter().map(letter).collect()
}

fn names(inferred: &InferredSchema) -> Vec<&str> {
    inferred.schema.columns.iter().map(|c| c.name.as_str()).collect()
}

/// A table of 100 rows.
fn table(header: &str, row: impl Fn(u32) -> String) -> String {
    (0..100).map(row).fold(format!("{header}\n"), |text, row| text + &row + "\n")
}

#[test]
fn every_role_is_recognised() {
    let text = table("id,user_id,when,createdAt,dur,status,via,note,agent,gone,attack_cat,label", |i| {
        format!(
            "{},{},2023-01-01 00:{:02},{},{}.5,{},{},text {i},{},-,Normal,0",
            i + 7,
            i % 3,
            i % 60,
            1_700_000_000 + i,
            i * i,
            [200, 404, 500][i as usize % 3],
            ["ssh", "http"][i as usize % 2],
            i * 3 / 4
        )
    });
    let found = inferred(&text).unwrap();
    assert_eq!((roles(&found).as_str(), found.schema.header, found.rows), ("ictxnccxnxll", true, 100));
    let why = |name| &found.why[names(&found).iter().position(|n| *n == name).unwrap()];
    assert_eq!(why("id"), "named like an id, and its numbers only grow");
    assert_eq!(why("createdAt"), "seconds or milliseconds since the epoch; \"when\" is the time");
    assert_eq!(why("dur"), "numbers from 0.5 to 9801.5, 100 distinct");
    assert_eq!(why("status"), "named like a code, 3 distinct numbers");
    assert_eq!(why("note"), "text that hardly ever repeats; \"id\" is the id");
    assert_eq!(why("gone"), "no value in the sample");
    assert_eq!(why("label"), "named like a label; 1 distinct values");
}

#[test]
fn texts_that_differ_in_most_rows_are_no_categories() {
    let found = inferred(&table("a,b,c", |i| format!("w{i},w{},w{}", i * 3 / 4, i / 4))).unwrap();
    assert_eq!(roles(&found), "ixc");
}

#[test]
fn a_number_among_a_hundred_may_be_none() {
    let found = inferred(&table("a,b,c", |i| {
        format!("{},{},{i}", if i == 50 { "0x1f" } else { "7" }, if i < 2 { "x" } else { "7" })
    }))
    .unwrap();
    assert_eq!(roles(&found), "ncn");
    assert_eq!(found.why[0], "numbers from 7 to 7, 2 distinct; 1 of 100 values is none, and its row a reject");
}

#[test]
fn a_first_line_is_a_header_or_a_row() {
    for (text, header) in [
        ("a,b\n1,2\n", true),
        ("1,2\n3,4\n", false),
        ("a,2\nb,3\n", false),
        ("a,a\n1,2\n", false),
        ("a,NA\n1,2\n", false),
        ("2023-01-01,a\n2023-01-02,b\n", false),
        (",a\n1,2\n", true),
        (",\n1,2\n", false),
        ("name,city\nann,rome\nbob,oslo\n", true),
        ("ann,rome\nbob,oslo\nann,oslo\n", false),
        ("\u{feff}a;b\r\n1;2\r\n", true),
        ("0,tcp,normal.\n1,udp,normal.\n", false),
    ] {
        let found = inferred(text).unwrap();
        assert_eq!(found.schema.header, header, "{text:?}");
        let (_, rows) = read_as(text.as_bytes(), &found.schema, ReadLimits::default()).unwrap();
        assert_eq!((rows.len() as u64, found.rows), (text.lines().count() as u64 - u64::from(header), found.rows));
    }
    let found = inferred("0,tcp,normal.\n1,udp,normal.\n").unwrap();
    assert_eq!((roles(&found).as_str(), names(&found)), ("ncl", vec!["column_1", "column_2", "column_3"]));
}

#[test]
fn what_is_no_table_is_an_error() {
    for (text, message) in [
        ("", "it is empty"),
        ("a,b\n", "it has no row"),
        ("label,id\n1,1\n2,2\n", "no column is numeric or categorical"),
        ("a\0b\n", "it is no text"),
        ("\"a\n", "its first line cannot be read: bad structure"),
        (&",".repeat(5000), "it has 5001 columns, more than are read"),
    ] {
        let error = inferred(text).unwrap_err();
        let expected = format!("t.csv: no CSV table that a schema can be guessed from: {message}");
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[test]
fn a_schema_file_reads_as_the_schema_that_was_written() {
    let mut found = inferred("na\u{7f}me \"x\",b\\c,label\n1,x,1\n2,x,0\n").unwrap();
    found.schema.columns[0].missing = Some(weir_domain::activity::MissingPolicy::DropRow);
    found.schema.delimiter = '\t';
    found.schema.missing_values.push("\u{1b}\u{85}".into());
    let file = found.to_toml();
    let expected = r#"# The schema of a table, guessed from 2 rows. Edit it where it is wrong.
# role     numeric, categorical: what models learn from. id: names the row (at most one). time: when it happened (at most
#          one). label: the truth, which no model sees. ignore: not read.
# missing  what becomes of a row without the value: drop-row; median (numeric, where nothing is said); most-frequent;
#          own-category (categorical, where nothing is said).
header = true # the first line names the columns
delimiter = "\u0009"
missing_values = ["", "-", "NA", "NaN", "null", "\u001B\u0085"]
columns = [
  { name = "na_me \"x\"", role = "numeric", missing = "drop-row" }, # numbers from 1 to 2, 2 distinct
  { name = "b\\c", role = "categorical" },                          # text, 1 distinct
  { name = "label", role = "label" },                               # named like a label; 2 distinct values
]
"#;
    assert_eq!(file, expected);
    assert_eq!(parse_schema(&file).unwrap(), found.schema);
}

#[test]
fn the_documented_file_is_a_schema() {
    let documentation = include_str!("../../../../domain/src/activity.rs");
    let (_, example) = documentation.split_once("/// ```toml\n").unwrap();
    let (example, _) = example.split_once("/// ```\n").unwrap();
    let schema = parse_schema(&example.replace("/// ", "")).unwrap();
    assert_eq!((schema.columns.len(), schema.features().count()), (6, 2));
    let defaults = ActivitySchema::new(Vec::new());
    assert_eq!(ActivitySchema { columns: Vec::new(), ..schema }, defaults, "everything else has its default");
}

#[test]
fn bad_schema_files_say_why() {
    for (file, message) in [
        ("columns = 1", "the schema file cannot be read: TOML parse error at line 1"),
        ("columns = []", "the schema has faults: no column is numeric"),
        ("columns = [{ name = \"a\", role = \"numeric\", mising = \"median\" }]", "the schema file cannot be read"),
        (
            "columns = [{ name = \"a\", role = \"numeric\", missing = \"own-category\" }]",
            "the schema has faults: column \"a\"",
        ),
    ] {
        let error = parse_schema(file).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
}

proptest! {
    #[test]
    fn what_is_inferred_from_any_bytes_is_written_and_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(found) = infer(&bytes[..], &ObjectName::new("any"), lenient(), 1000) {
            prop_assert_eq!(parse_schema(&found.to_toml()).unwrap(), found.schema);
        }
    }

    #[test]
    fn what_is_inferred_from_a_table_reads_it(text in "([0-9a-c:.-]{0,4},[0-9]{1,3},[a-c\"]{0,2}\n){1,40}") {
        if let Ok(found) = inferred(&text) {
            let (summary, _) = read_as(text.as_bytes(), &found.schema, lenient()).unwrap();
            prop_assert_eq!(summary.rows() + summary.not_rows, text.lines().count() as u64);
            prop_assert_eq!(found, inferred(&text).unwrap());
        }
    }
}
