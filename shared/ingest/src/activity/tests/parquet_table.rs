use std::sync::Arc;

use parquet::basic::{Compression, Encoding, GzipLevel, ZstdLevel};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, FloatType,
    Int32Type, Int64Type, Int96, Int96Type,
};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;
use weir_domain::activity::MissingPolicy;
use weir_domain::reject::RejectReason as R;

use super::*;
use crate::activity::{infer_parquet, read_parquet};
use crate::error::Problem;
use crate::parquet_guard::{MAX_STEP_ROWS, check_pages};

type Group<'g> = SerializedRowGroupWriter<'g, Vec<u8>>;

fn write(message: &str, properties: WriterPropertiesBuilder, groups: &[&dyn Fn(&mut Group<'_>)]) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(message).unwrap());
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build())).unwrap();
    for fill in groups {
        let mut group = file.next_row_group().unwrap();
        fill(&mut group);
        group.close().unwrap();
    }
    file.into_inner().unwrap()
}

/// Writes the next column; `None` is a null.
fn put<D: DataType>(group: &mut Group<'_>, cells: &[Option<D::T>]) {
    let mut column = group.next_column().unwrap().unwrap();
    let levels: Vec<i16> = cells.iter().map(|c| i16::from(c.is_some())).collect();
    let values: Vec<_> = cells.iter().flatten().cloned().collect();
    column.typed::<D>().write_batch(&values, Some(&levels), Some(&vec![0; levels.len()])).unwrap();
    column.close().unwrap();
}

fn text(text: &str) -> ByteArray {
    ByteArray::from(text)
}

/// A column of every type that is read, two rows; the second is null where it may be.
fn every_type() -> Vec<u8> {
    let message = "message t {
        required boolean yes; optional int32 small; optional int64 big; required int32 u32 (INTEGER(32,false));
        required int64 u64 (INTEGER(64,false)); required int64 money (DECIMAL(10,2)); optional float f; optional double d;
        optional binary word (STRING); required int32 day (DATE); required int64 ms (TIMESTAMP(MILLIS,true));
        required int64 us (TIMESTAMP_MICROS); optional int96 old; required binary bare;
    }";
    write(
        message,
        WriterProperties::builder(),
        &[&|group| {
            put::<BoolType>(group, &[Some(true), Some(false)]);
            put::<Int32Type>(group, &[Some(-3), None]);
            put::<Int64Type>(group, &[Some(1_700_000_000), None]);
            put::<Int32Type>(group, &[Some(-1), Some(1)]);
            put::<Int64Type>(group, &[Some(-1), Some(1)]);
            put::<Int64Type>(group, &[Some(1250), Some(-5)]);
            put::<FloatType>(group, &[Some(0.5), None]);
            put::<DoubleType>(group, &[Some(0.1), Some(f64::NAN)]);
            put::<ByteArrayType>(group, &[Some(text(" ssh ")), None]);
            put::<Int32Type>(group, &[Some(19_675), Some(0)]);
            put::<Int64Type>(group, &[Some(1_700_000_000_999), Some(0)]);
            put::<Int64Type>(group, &[Some(1_700_000_000_000_999), Some(0)]);
            // Julian day 2,460,263 and no nanoseconds.
            put::<Int96Type>(group, &[Some(Int96::from(vec![0, 0, 2_460_263])), None]);
            put::<ByteArrayType>(group, &[Some(text("12")), Some(text("-"))]);
        }],
    )
}

const NAMES: [&str; 14] =
    ["yes", "small", "big", "u32", "u64", "money", "f", "d", "word", "day", "ms", "us", "old", "bare"];

fn read(bytes: &[u8], schema: &ActivitySchema, limits: ReadLimits) -> Result<(ReadSummary, Vec<Seen>), ReadError> {
    let mut rows = Vec::new();
    let name = ObjectName::new("t.parquet");
    let summary = read_parquet(bytes, &name, limits, schema, |row| rows.push(seen(row)))?;
    Ok((summary, rows))
}

#[test]
fn every_type_is_a_number_or_text_as_the_schema_wants() {
    let file = every_type();
    let of_role = |role| schema(&NAMES.map(|name| (name, role)));
    let (summary, rows) = read(&file, &of_role(ColumnRole::Categorical), lenient()).unwrap();
    assert_eq!(
        values(&rows),
        [
            "true -3 1700000000 4294967295 18446744073709551615 12.5 0.5 0.1 ssh 1699920000 1700000000 1700000000 1699920000 12",
            "false ? ? 1 1 -0.05 ? ? ? 0 0 0 ? ?",
        ]
    );
    assert_eq!((summary.records, summary.rows(), summary.not_rows), (2, 2, 0));

    let numbers: Vec<_> = NAMES.into_iter().filter(|n| *n != "word").map(|n| (n, ColumnRole::Numeric)).collect();
    let (_, rows) = read(&file, &schema(&numbers), lenient()).unwrap();
    assert_eq!(
        values(&rows),
        [
            "1 -3 1700000000 4294967295 18446744073709552000 12.5 0.5 0.1 1699920000 1700000000 1700000000 1699920000 12",
            "0 ? ? 1 1 -0.05 ? ? 0 0 0 ? ?",
        ]
    );
    for (name, time) in [("big", 1_700_000_000), ("day", 1_699_920_000), ("ms", 1_700_000_000), ("old", 1_699_920_000)]
    {
        let schema = schema(&[
            ("word", ColumnRole::Categorical),
            ("small", ColumnRole::Id),
            (name, ColumnRole::Time),
            ("yes", ColumnRole::Label),
        ]);
        let (summary, rows) = read(&file, &schema, lenient()).unwrap();
        assert_eq!(rows[0], (vec!["ssh".into()], Some(time), "-3".into(), vec!["true".into()]));
        // A date of 1970 is a reject, a null is no time.
        let expected = if ["big", "old"].contains(&name) { None } else { Some((2, R::BadTime, ",,0,false")) };
        assert_eq!(summary.rejects.first().map(|r| (r.line, r.reason, r.excerpt.as_str())), expected);
    }
}

#[test]
fn bad_cells_are_rejects_with_their_row() {
    let message = "message t { optional binary a (STRING); optional double n; }";
    let long = "x".repeat(70_000);
    let file = write(
        message,
        WriterProperties::builder(),
        &[&|group| {
            let invalid = ByteArray::from(b"\xff".to_vec());
            put::<ByteArrayType>(group, &[Some(text("a")), Some(text("b")), Some(invalid), Some(text(&long)), None]);
            put::<DoubleType>(group, &[Some(1.0), Some(f64::INFINITY), Some(1.0), Some(1.0), Some(1.0)]);
        }],
    );
    let mut schema = schema(&[("a", ColumnRole::Categorical), ("n", ColumnRole::Numeric), ("l", ColumnRole::Label)]);
    schema.columns[0].missing = Some(MissingPolicy::DropRow);
    let (summary, rows) = read(&file, &schema, lenient()).unwrap();
    let rejects: Vec<_> = summary.rejects.iter().map(|r| (r.line, r.reason)).collect();
    assert_eq!(rejects, [(2, R::BadNumber), (3, R::BadWord), (4, R::LineTooLong), (5, R::MissingValue)]);
    assert_eq!((values(&rows), summary.rows()), (vec!["a 1".to_owned()], 5));

    schema.missing_values.clear();
    schema.columns = vec![ColumnSchema::new("n", ColumnRole::Numeric)];
    let nan = write(
        "message t { required double n; }",
        WriterProperties::builder(),
        &[&|group| {
            put::<DoubleType>(group, &[Some(f64::NAN)]);
        }],
    );
    assert_eq!(read(&nan, &schema, lenient()).unwrap().0.rejects[0].reason, R::BadNumber, "unless NaN is listed");
}

/// 5,000 rows in two row groups: a number, a word of a small dictionary, sometimes neither.
fn long_table(properties: WriterPropertiesBuilder) -> Vec<u8> {
    let message = "message t { optional int64 n; optional binary w (STRING); }";
    let group = |first: i64| {
        move |group: &mut Group<'_>| {
            let rows = first..first + 2500;
            put::<Int64Type>(group, &rows.clone().map(|n| (n % 7 > 0).then_some(n)).collect::<Vec<_>>());
            put::<ByteArrayType>(
                group,
                &rows.map(|n| (n % 5 > 0).then(|| text(&format!("w{}", n % 5)))).collect::<Vec<_>>(),
            );
        }
    };
    write(message, properties, &[&group(0), &group(2500)])
}

#[test]
fn all_compressions_encodings_and_versions_read_alike() {
    let schema = schema(&[("w", ColumnRole::Categorical), ("n", ColumnRole::Numeric)]);
    let expected: Vec<_> = (0..5000)
        .map(|n| match (n % 5, n % 7) {
            (0, 0) => "? ?".to_owned(),
            (0, _) => format!("? {n}"),
            (w, 0) => format!("w{w} ?"),
            (w, _) => format!("w{w} {n}"),
        })
        .collect();
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let gzip = Compression::GZIP(GzipLevel::default());
    for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY, gzip, zstd] {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            for dictionary in [true, false] {
                let properties = WriterProperties::builder()
                    .set_compression(compression)
                    .set_writer_version(version)
                    .set_data_page_row_count_limit(700)
                    .set_write_batch_size(100)
                    .set_dictionary_enabled(dictionary)
                    .set_column_encoding("w".into(), Encoding::PLAIN);
                let (summary, rows) = read(&long_table(properties), &schema, lenient()).unwrap();
                assert_eq!((summary.records, summary.rejected_rows()), (5000, 0));
                assert!(values(&rows) == expected, "{compression} {version:?} {dictionary}");
            }
        }
    }
}

#[test]
fn columns_that_are_not_flat_are_named() {
    let message = "message t {
        required int32 n; repeated int32 many; required group inner { required int32 n; }
        required fixed_len_byte_array(4) fixed;
    }";
    let file = write(
        message,
        WriterProperties::builder(),
        &[&|group| {
            put::<Int32Type>(group, &[Some(7)]);
            put::<Int32Type>(group, &[Some(1)]);
            put::<Int32Type>(group, &[Some(8)]);
            put::<FixedLenByteArrayType>(group, &[Some(FixedLenByteArray::from(b"abcd".to_vec()))]);
        }],
    );
    for (name, why) in [
        ("many", "nested: it holds several values a row"),
        ("inner", "nested: it holds columns of its own"),
        ("fixed", "of a type that is not read"),
    ] {
        let error = read(&file, &schema(&[(name, ColumnRole::Categorical)]), lenient()).unwrap_err().to_string();
        let expected =
            format!("t.parquet: no Parquet table that can be read: column {name:?} is {why}: make its role ignore");
        assert_eq!(error, expected);
        let ignored = schema(&[(name, ColumnRole::Ignore), ("n", ColumnRole::Numeric)]);
        assert_eq!(values(&read(&file, &ignored, lenient()).unwrap().1), ["7"]);
    }
    let inferred = infer_parquet(&file[..], &ObjectName::new("t"), lenient(), 10).unwrap();
    let roles: Vec<_> = inferred.schema.columns.iter().map(|c| c.role).collect();
    assert_eq!(roles, [ColumnRole::Numeric, ColumnRole::Ignore, ColumnRole::Ignore, ColumnRole::Ignore]);
}

#[test]
fn the_schema_of_a_file_is_inferred_from_types_and_values() {
    let inferred = infer_parquet(&every_type()[..], &ObjectName::new("t"), lenient(), 10).unwrap();
    let of_role =
        |role| inferred.schema.columns.iter().filter(|c| c.role == role).map(|c| c.name.as_str()).collect::<Vec<_>>();
    assert_eq!(of_role(ColumnRole::Time), ["day"]);
    assert_eq!(of_role(ColumnRole::Ignore), ["ms", "us", "old"]);
    assert_eq!(of_role(ColumnRole::Categorical), ["word"]);
    assert_eq!((inferred.schema.features().count(), inferred.rows), (10, 2));
    let (summary, _) = read(&every_type(), &inferred.schema, lenient()).unwrap();
    assert_eq!((summary.records, summary.rejected.get(&R::BadTime)), (1, Some(&1)));
}

#[test]
fn bad_objects_are_errors_that_say_what_and_where() {
    let file = long_table(WriterProperties::builder());
    let wanted = schema(&[("n", ColumnRole::Numeric)]);
    let other = schema(&[("m", ColumnRole::Numeric)]);
    let word = schema(&[("w", ColumnRole::Numeric)]);
    let cases: [(&[u8], &ActivitySchema, &str); 7] = [
        (b"", &wanted, "no Parquet table that can be read: it is too short to be one"),
        (b"a,b\n1,2\n3,4\n5,6", &wanted, "no Parquet table that can be read: it does not end like one"),
        (&file[..file.len() / 2], &wanted, "no Parquet table that can be read: it does not end like one"),
        (&file[file.len() / 2..], &wanted, "no Parquet table that can be read: "),
        (&file, &other, "no Parquet table that can be read: it has no column \"m\""),
        (&file, &word, "4000 of 5000 rows cannot be read (mostly: bad number)"),
        (&file, &schema(&[]), "no usable schema: no column is numeric"),
    ];
    for (bytes, schema, message) in cases {
        let error = read(bytes, schema, ReadLimits::default()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("t.parquet: {message}")), "{error}");
    }
    // Larger than the limit as a file, and only when read: equal values are stored once.
    let equal = write(
        "message t { required int64 n; }",
        WriterProperties::builder(),
        &[&|group| {
            put::<Int64Type>(group, &vec![Some(7); 100_000]);
        }],
    );
    for (file, limit) in [(&file, 1000), (&equal, 100_000)] {
        let limits = ReadLimits { expanded_bytes: limit, ..lenient() };
        let error = read(file, &wanted, limits).unwrap_err();
        assert!(matches!(error.problem, Problem::TooLarge { .. }), "{error}");
    }
    assert!(equal.len() < 10_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_files_are_rows_rejects_or_an_error(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        version in any::<bool>(), packed in any::<bool>(),
    ) {
        let version = if version { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 };
        let compression = if packed { Compression::GZIP(GzipLevel::default()) } else { Compression::UNCOMPRESSED };
        let properties = WriterProperties::builder().set_writer_version(version).set_compression(compression);
        let message = "message t { optional int64 n; optional binary w (STRING); required boolean b; required double d; }";
        let mut file = write(message, properties, &[&|group| {
            put::<Int64Type>(group, &[Some(1), None, Some(3)]);
            put::<ByteArrayType>(group, &[Some(text("a")), Some(text("b")), None]);
            put::<BoolType>(group, &[Some(true), Some(true), Some(false)]);
            put::<DoubleType>(group, &[Some(0.5), Some(1.5), Some(2.5)]);
        }]);
        for (at, byte) in damage {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let schema = schema(&[("n", ColumnRole::Numeric), ("w", ColumnRole::Categorical), ("b", ColumnRole::Label), ("d", ColumnRole::Numeric)]);
        if let Ok((summary, rows)) = read(&file, &schema, lenient()) {
            prop_assert_eq!((summary.records, summary.not_rows), (rows.len() as u64, 0));
        }
        if let Ok(inferred) = infer_parquet(&file[..], &ObjectName::new("t"), lenient(), 10) {
            prop_assert!(inferred.schema.check().is_ok() && inferred.rows <= 10);
            prop_assert_eq!(inferred.why.len(), inferred.schema.columns.len());
        }
    }
}

/// The texts of a batch keep their pages in memory: here one page of 30 MiB for every row, which takes a few KB of zstd.
#[test]
fn rows_of_large_pages_are_read_one_by_one() {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_data_page_row_count_limit(1)
        .set_write_batch_size(1);
    let large = ByteArray::from(vec![b'a'; 30 << 20]);
    let file = write(
        "message t { optional binary w (STRING); optional int64 n; }",
        properties,
        &[&|group| {
            put::<ByteArrayType>(group, &vec![Some(large.clone()); 20]);
            put::<Int64Type>(group, &vec![Some(1); 20]);
        }],
    );
    let reader = SerializedFileReader::new(bytes_file(&file)).unwrap();
    let column = |at: usize| reader.metadata().row_group(0).column(at).clone();
    let step_rows = |at| check_pages(&mut bytes_file(&file), &column(at), 2).unwrap().step_rows;
    assert_eq!((step_rows(0), step_rows(1)), (1, MAX_STEP_ROWS));
    let schema = schema(&[("w", ColumnRole::Categorical), ("n", ColumnRole::Numeric)]);
    let (summary, _) = read(&file, &schema, lenient()).unwrap();
    assert_eq!(summary.rejected.get(&R::LineTooLong), Some(&20));
}

fn bytes_file(bytes: &[u8]) -> std::fs::File {
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, bytes).unwrap();
    file
}
