use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Encoding, GzipLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::*;

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// A file of nothing but a footer.
fn footer(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap().to_le_bytes();
    [b"PAR1", bytes, &length, b"PAR1"].concat()
}

/// A footer that lists nodes with so many children.
fn schema_footer(children: &[u32]) -> Vec<u8> {
    let varint = |mut number: u32| {
        let mut bytes = Vec::new();
        while number >= 0x80 {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    };
    // {2: [{4: "x", 5: children}, …]}
    let mut bytes = [&[0x29, 0xfc][..], &varint(u32::try_from(children.len()).unwrap())].concat();
    for children in children {
        bytes.extend([0x48, 1, b'x', 0x15]);
        bytes.extend(varint(children * 2));
        bytes.push(0);
    }
    bytes.push(0);
    footer(&bytes)
}

#[test]
fn footers_that_claim_too_much_are_refused() {
    let check = |bytes: &[u8]| check_footer(&mut file(bytes)).map(drop).map_err(|e| e.to_string());
    assert_eq!(check(&schema_footer(&[2, 0, 1, 0])), Ok(()));
    let damaged = Err("its footer is damaged".to_owned());
    assert_eq!(check(&schema_footer(&vec![1; 100_000])), damaged, "a hundred thousand groups in one another");
    assert_eq!(check(&schema_footer(&[1_000_000_000, 0])), damaged, "more children than nodes");
    assert_eq!(check(&schema_footer(&vec![0; 100_001])), damaged, "more nodes than any table has");
    let twice = [0x29, 0x1c, 0x48, 1, b'x', 0, 0x09, 4, 0x1c, 0x48, 1, b'x', 0, 0];
    assert_eq!(check(&footer(&twice)), damaged, "two schemas");
    assert_eq!(check(&footer(&[0x15])), damaged);
    assert_eq!(check(b"PAR1\xff\xff\xff\xffPAR1"), Err("its footer is damaged or too long".to_owned()));
}

fn table<D: DataType>(kind: &str, values: &[D::T], properties: WriterPropertiesBuilder) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(&format!("message t {{ required {kind} c; }}")).unwrap());
    let properties = properties
        .set_data_page_size_limit(64 << 20)
        .set_data_page_row_count_limit(usize::MAX)
        .set_dictionary_page_size_limit(64 << 20);
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build())).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<D>().write_batch(values, None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.into_inner().unwrap()
}

/// What is said of the only column of a file.
fn check(bytes: &[u8], columns: usize) -> Result<(), String> {
    let file = file(bytes);
    let reader = SerializedFileReader::new(file.try_clone().unwrap()).unwrap();
    check_pages(&mut &file, reader.metadata().row_group(0).column(0), columns).map(drop).map_err(|e| e.to_string())
}

#[test]
fn pages_may_be_as_large_as_the_number_of_columns_lets_them() {
    let properties = WriterProperties::builder().set_dictionary_enabled(false);
    let bytes = table::<Int64Type>("int64", &vec![7; 600_000], properties);
    assert_eq!(check(&bytes, 100), Ok(()));
    let error = check(&bytes, 1000).unwrap_err();
    assert_eq!(
        error,
        "a page expands to 4800000 bytes, and at most 4194304 are read: write the table with smaller pages"
    );
}

#[test]
fn gzip_pages_expand_to_what_they_say() {
    let gzip = Compression::GZIP(GzipLevel::default());
    let properties = WriterProperties::builder().set_dictionary_enabled(false).set_compression(gzip);
    let mut bytes = table::<Int64Type>("int64", &[7; 100], properties);
    assert_eq!(check(&bytes, 1), Ok(()));
    // The first page begins behind the magic: {1: data page, 2: 800 bytes, …
    assert_eq!(bytes[4..9], [0x15, 0, 0x15, 0xc0, 0x0c]);
    bytes[7] -= 2;
    assert_eq!(check(&bytes, 1), Err("a page expands to more than it claims".to_owned()));
}

#[test]
fn page_headers_that_claim_too_much_are_refused() {
    let dictionary = table::<Int64Type>("int64", &[7; 100], WriterProperties::builder());
    // {1: dictionary page, 2: 8 bytes, 3: 8 bytes, 7: {1: 1 value, …
    assert_eq!(dictionary[4..13], [0x15, 4, 0x15, 16, 0x15, 16, 0x4c, 0x15, 2]);
    let damaged = Err("the header of a page is damaged".to_owned());
    let longer = Err("a page is longer than its column".to_owned());
    let cases: [(&[(usize, u8)], _); 7] = [
        (&[], Ok(())),
        // A dictionary of three values, of a negative number of values.
        (&[(12, 6)], damaged.clone()),
        (&[(12, 1)], damaged.clone()),
        // Negative sizes.
        (&[(7, 15)], damaged.clone()),
        (&[(9, 15)], damaged.clone()),
        // The second field twice, the third never.
        (&[(8, 0x05), (9, 4)], damaged),
        (&[(9, 126)], longer),
    ];
    for (changes, expected) in cases {
        let mut bytes = dictionary.clone();
        for (at, byte) in changes {
            bytes[*at] = *byte;
        }
        assert_eq!(check_bytes(&bytes, &dictionary), expected, "{changes:?}");
    }
}

/// Checks the pages of one file by the footer of another.
fn check_bytes(bytes: &[u8], like: &[u8]) -> Result<(), String> {
    let reader = SerializedFileReader::new(file(like)).unwrap();
    check_pages(&mut file(bytes), reader.metadata().row_group(0).column(0), 1).map(drop).map_err(|e| e.to_string())
}

#[test]
fn texts_by_differences_are_not_read() {
    for encoding in [Encoding::DELTA_BYTE_ARRAY, Encoding::DELTA_LENGTH_BYTE_ARRAY] {
        let properties = WriterProperties::builder().set_dictionary_enabled(false).set_encoding(encoding);
        let bytes = table::<ByteArrayType>("binary", &[ByteArray::from("a")], properties);
        assert_eq!(
            check(&bytes, 1),
            Err("a page has an encoding that is not read: write the table with plain or dictionary encoding".to_owned())
        );
    }
    let properties = WriterProperties::builder().set_dictionary_enabled(false).set_encoding(Encoding::PLAIN);
    assert_eq!(check(&table::<ByteArrayType>("binary", &[ByteArray::from("a")], properties), 1), Ok(()));
}

/// The Parquet crate takes the fields of a page header for what they should be, whatever type they say they have: where one
/// is a text, it reads the text as further fields.
#[test]
fn fields_of_page_headers_have_the_types_they_should_have() {
    let claims = |header: &[u8]| {
        let mut claims = Claims::default();
        walk(&mut &*header, &mut |path, event| claims.note(path, event)).unwrap();
        claims.check().is_ok()
    };
    // {1: 0, 2: 10, 3: 10, 5: {1: 2, 2: 0, 3: 3, 4: 3, 5: {1: "a", 7: true}}}
    let good =
        [0x15, 0, 0x15, 20, 0x15, 20, 0x2c, 0x15, 4, 0x15, 0, 0x15, 6, 0x15, 6, 0x1c, 0x18, 1, b'a', 0x61, 0, 0, 0];
    assert!(claims(&good));
    for (at, other) in [(0, 0x16), (0, 0x18), (6, 0x28), (7, 0x18), (15, 0x18), (16, 0x15)] {
        let mut bad = good;
        bad[at] = other;
        let mut claims = Claims::default();
        let walked = walk(&mut &bad[..], &mut |path, event| claims.note(path, event));
        assert!(walked.is_err() || claims.check().is_err(), "byte {at} is {other:#x}");
    }
    assert!(!claims(&[&good[..good.len() - 1], &[0x49, 0x15, 2, 0]].concat()), "a list");
}

#[test]
fn a_step_touches_the_pages_of_so_many_rows() {
    let held = |pages: &[(u64, u64)]| {
        let mut step = Step::default();
        pages.iter().map(|(values, bytes)| step.add(*values, *bytes)).max()
    };
    assert_eq!(held(&[(1, 7)].repeat(5000)), Some(1024 * 7), "a page for every row");
    assert_eq!(held(&[(0, 7)].repeat(5000)), Some(0), "pages without rows");
    assert_eq!(
        held(&[(1022, 1), (1022, 2), (1022, 4), (1022, 8)]),
        Some(14),
        "all of a page and an end of each beside it"
    );
    assert_eq!(held(&[(1023, 1), (1023, 2), (1023, 4), (1023, 8)]), Some(12), "two pages");
    assert_eq!(held(&[(20_000, 5)]), Some(5));
}
