//! Files made by hand that claim what is not so. What is not seen to be false must cost neither memory nor time.

use super::*;

/// A field of a Thrift structure: number, type, bytes.
type Field = (u8, u8, Vec<u8>);

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn int(number: u8, value: i64) -> Field {
    (number, 6, varint((value << 1 ^ value >> 63) as u64))
}

/// A number of 32 bits, as page headers have them.
fn int32(number: u8, value: i64) -> Field {
    (number, 5, int(number, value).2)
}

fn text(number: u8, value: &str) -> Field {
    (number, 8, [varint(value.len() as u64), value.as_bytes().to_vec()].concat())
}

fn nested(number: u8, fields: &[Field]) -> Field {
    (number, 12, structure(fields))
}

fn list(number: u8, elements: &[Vec<u8>]) -> Field {
    (number, 9, [vec![0xfc], varint(elements.len() as u64), elements.concat()].concat())
}

fn structure(fields: &[Field]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, kind, value) in fields {
        // Every number in full.
        bytes.extend([*kind, number * 2]);
        bytes.extend(value);
    }
    bytes.push(0);
    bytes
}

/// A file of required text columns `srcaddr`, `dstaddr` and `start`, each of the same bytes.
#[derive(Clone)]
struct Forged {
    column: Vec<u8>,
    codec: i64,
    rows: i64,
    groups: usize,
    /// Where columns are said to begin, and how long they are said to be.
    place: Option<(i64, i64)>,
    encrypted: bool,
}

impl Forged {
    fn new(column: Vec<u8>, rows: i64) -> Self {
        Self { column, codec: 0, rows, groups: 1, place: None, encrypted: false }
    }

    fn bytes(&self) -> Vec<u8> {
        let names = ["srcaddr", "dstaddr", "start"];
        let leaf = |name: &&str| structure(&[int(1, 6), int(3, 0), text(4, name)]);
        let root = structure(&[text(4, "m"), int(5, names.len() as i64)]);
        let schema: Vec<_> = std::iter::once(root).chain(names.iter().map(leaf)).collect();
        let (at, length) = self.place.unwrap_or((4, self.column.len() as i64));
        let required = [(2, 9, vec![0x05]), (3, 9, vec![0x08])];
        let sizes = [int(4, self.codec), int(5, self.rows), int(6, length), int(7, length), int(9, at)];
        let metadata = [&[int(1, 6)][..], &required, &sizes].concat();
        let mut chunk = vec![int(2, 0), nested(3, &metadata)];
        if self.encrypted {
            chunk.push(nested(8, &[nested(1, &[])]));
        }
        let chunk = structure(&chunk);
        let group = structure(&[list(1, &[chunk.clone(), chunk.clone(), chunk]), int(2, length), int(3, self.rows)]);
        file(&self.column, &footer(&schema, &vec![group; self.groups]))
    }
}

fn footer(schema: &[Vec<u8>], groups: &[Vec<u8>]) -> Vec<u8> {
    structure(&[int(1, 1), list(2, schema), int(3, 0), list(4, groups)])
}

fn file(body: &[u8], footer: &[u8]) -> Vec<u8> {
    [b"PAR1", body, footer, &(footer.len() as u32).to_le_bytes(), b"PAR1"].concat()
}

/// A page of plain values (encoding 0) or of a dictionary's entries (8), with the size it claims to expand to.
fn data_page(values: i64, encoding: i64, size: i64, body: &[u8]) -> Vec<u8> {
    let head = nested(5, &[int32(1, values), int32(2, encoding), int32(3, 3), int32(4, 3)]);
    [structure(&[int32(1, 0), int32(2, size), int32(3, body.len() as i64), head]), body.to_vec()].concat()
}

fn dictionary_page(values: i64, body: &[u8]) -> Vec<u8> {
    let size = body.len() as i64;
    [
        structure(&[int32(1, 2), int32(2, size), int32(3, size), nested(7, &[int32(1, values), int32(2, 0)])]),
        body.to_vec(),
    ]
    .concat()
}

/// A plain value.
fn value(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_le_bytes(), text.as_bytes()].concat()
}

/// A number that is a good address and a good time, so that the columns may be the same: none is. Rows are rejects.
fn plain(rows: i64) -> Vec<u8> {
    let body = value("1700000000").repeat(rows as usize);
    data_page(rows, 0, body.len() as i64, &body)
}

#[test]
fn a_file_made_by_hand_is_read() {
    let forged = Forged { groups: 3, ..Forged::new([plain(2), plain(0), plain(3)].concat(), 5) };
    let (summary, _) = read_all(&forged.bytes()).unwrap();
    assert_eq!((summary.rows(), summary.rejected.get(&R::BadAddress)), (15, Some(&15)));
    let runs = [dictionary_page(1, &value("-")), data_page(9, 8, 3, &[1, 18, 0])].concat();
    assert_eq!(read_all(&Forged::new(runs, 9).bytes()).unwrap().0.no_data, 9);
    let nothing = Forged { place: Some((0, 14)), ..Forged::new(vec![], 0) };
    assert_eq!(read_all(&nothing.bytes()).unwrap().0.rows(), 0, "as pyarrow writes a table without rows");
}

#[test]
fn pages_that_lie_are_refused() {
    let damaged = "x.parquet: the Parquet file is damaged (column srcaddr: ";
    let entry = dictionary_page(1, &value("-"));
    let with = |page: Vec<u8>| [entry.clone(), page].concat();
    let cases = [
        (data_page(1, 8, 3, &[1, 2, 0]), 1, "its dictionary is missing"),
        (with(data_page(1, 8, 3, &[1, 2, 1])), 1, "a value is beyond its dictionary"),
        (with(data_page(1, 8, 3, &[33, 2, 1])), 1, "a page has fewer values"),
        (with(data_page(2, 8, 3, &[1, 2, 0])), 2, "a page has fewer values"),
        (with(entry.clone()), 1, "it has two dictionaries"),
        (dictionary_page(2, &value("-")), 1, "the header of a page is damaged"),
        (dictionary_page(2, &[value("-"), value("-")[..4].to_vec()].concat()), 1, "a page has fewer values"),
        (dictionary_page(2_000_000, &vec![0; 8_000_000]), 1, "it has two dictionaries, or one of more"),
        (plain(1), 2, "its pages have fewer rows"),
        (data_page(2, 0, 5, &value("-")), 2, "a page has fewer values"),
        (data_page(i64::MAX, 0, 5, &value("-")), 2, "the header of a page is damaged"),
        (data_page(i32::MAX.into(), 0, 5, &value("-")), 2, "a page has fewer values"),
        (data_page(1, 0, 8, &[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]), 1, "a page has fewer values"),
        (data_page(-1, 0, 5, &value("-")), 1, "the header of a page is damaged"),
        (data_page(1, 0, -5, &value("-")), 1, "the header of a page is damaged"),
        (data_page(1, 0, 1 << 31, &value("-")), 1, "the header of a page is damaged"),
        (data_page(1, 0, (64 << 20) + 1, &value("-")), 1, "a page expands to 67108865 bytes, and at most 67108864"),
        (data_page(1, 0, 6, &value("-")), 1, "a page does not expand to the size"),
        (structure(&[int32(1, 0), int32(2, 500), int32(3, 500)]), 1, "a page is longer than its column"),
        (structure(&[int32(1, 7)]), 1, "the header of a page is damaged"),
        (structure(&[int32(1, 7), int32(2, 0), int32(3, 0)]), 1, "Parquet error: "),
        (vec![0x15; 100_000], 1, "the header of a page is damaged"),
        (structure(&[text(9, &"x".repeat(1 << 20))]), 1, "the header of a page is damaged"),
        (Vec::new(), 1, "its pages have fewer rows"),
    ];
    for (column, rows, problem) in cases {
        let error = fails(&Forged::new(column, rows).bytes());
        assert!(error.starts_with(&format!("{damaged}{problem}")), "{error} instead of {problem}");
    }
}

#[test]
fn pages_that_expand_to_more_than_they_claim_are_refused() {
    let much = vec![0; 60 << 20];
    let mut gzip = GzEncoder::new(Vec::new(), GzipLevel::fast());
    gzip.write_all(&much).unwrap();
    let zstd = zstd::bulk::compress(&much, 1).unwrap();
    // 60 MiB of zeros after one zero: copies from one before, 64 bytes each.
    let snappy = [varint(60 << 20), vec![0, 0], [63 << 2 | 2, 1, 0].repeat(60 << 14)].concat();
    let gzip = gzip.finish().unwrap();
    for (codec, bytes, problem) in [
        (2, gzip, "a page expands to more than it claims"),
        (6, zstd, "External: Destination buffer is too small"),
        (1, snappy, "External: snappy: output buffer (size = 14) is smaller than required (size = 62914560)"),
    ] {
        let forged = Forged { codec, ..Forged::new(data_page(1, 0, 14, &bytes), 1) };
        let error = fails(&forged.bytes());
        assert!(error.contains(&format!("(column srcaddr: {problem}")), "{error}");
    }
}

#[test]
fn claims_of_rows_and_places_are_limited() {
    let too_large = "x.parquet: expands to more than 67108864 bytes";
    // One repeated entry stands for as many rows as it likes.
    let billion = [dictionary_page(1, &value("-")), data_page(1 << 30, 8, 6, &[1, 0x80, 0x80, 0x80, 0x80, 8])].concat();
    assert!(fails(&Forged::new(billion, 1 << 30).bytes()).starts_with(too_large));
    // Row groups that are all in the same place: the same bytes, read again and again.
    let again = Forged { groups: 10_000, ..Forged::new(plain(1000), 1) };
    assert!(fails(&again.bytes()).starts_with(too_large));
    let empty = Forged { groups: 10_000, ..Forged::new(vec![], 0) };
    assert_eq!(read_all(&empty.bytes()).unwrap().0.rows(), 0);
    let many = Forged { groups: 10_001, ..Forged::new(vec![], 0) };
    assert_eq!(
        fails(&many.bytes()),
        "x.parquet: the Parquet file is damaged (its footer lists more row groups than any flow log has): upload the object again"
    );
    for place in [(-1, 5), (0, 5), (4, -1), (4, 1 << 40), (i64::MAX, i64::MAX)] {
        let error = fails(&Forged { place: Some(place), ..Forged::new(plain(1), 1) }.bytes());
        assert!(error.contains("the column srcaddr is beyond the file"), "{error}");
    }
    let error = fails(&Forged::new(plain(1), -1).bytes());
    assert!(error.contains("a row group has less than no rows"), "{error}");
    let error = fails(&Forged { encrypted: true, ..Forged::new(plain(1), 1) }.bytes());
    assert!(error.starts_with("x.parquet: the column srcaddr is encrypted"), "{error}");
    let error = fails(&Forged { codec: 7, ..Forged::new(plain(1), 1) }.bytes());
    assert!(error.starts_with("x.parquet: the column srcaddr is compressed with LZ4"), "{error}");
}

#[test]
fn pages_that_are_large_in_every_column_are_too_much_at_once() {
    let body = vec![0; 60 << 20];
    let column = [data_page(1, 0, 60 << 20, &body)].concat();
    let limits = ReadLimits { expanded_bytes: 1 << 30, ..ReadLimits::default() };
    let error = read(&Forged::new(column, 1).bytes()[..], &ObjectName::new("x"), limits, |_| {}).unwrap_err();
    assert!(error.to_string().contains("its pages take more than 192 MiB at once"), "{error}");
}

#[test]
fn footers_that_lie_are_refused() {
    let fails_footer = |footer: &[u8]| fails(&file(&[], footer));
    // A root of two billion columns: the parquet crate makes room for them all.
    let root = structure(&[text(4, "m"), int(5, i32::MAX.into())]);
    assert!(fails_footer(&footer(&[root], &[])).contains("its footer is damaged"));
    // Columns in columns, without end: the parquet crate recurses.
    let mut deep = vec![structure(&[int(3, 0), text(4, "m"), int(5, 1)]); 300_000];
    assert!(fails_footer(&footer(&deep, &[])).contains("its footer is damaged"));
    assert!(fails_footer(&footer(&deep[..300], &[])).contains("its footer is damaged"));
    deep.truncate(50);
    deep.push(structure(&[int(1, 1), int(3, 0), text(4, "m")]));
    assert!(fails_footer(&footer(&deep, &[])).contains("the column m holds columns"));
    assert!(fails_footer(&structure(&[])).contains("its footer is damaged"));
    assert!(
        fails_footer(&structure(&[(2, 9, vec![0xfc, 0xff, 0xff, 0xff, 0xff, 7])])).contains("its footer is damaged")
    );
    assert!(fails(&file(&vec![0; 17 << 20], &vec![0; 17 << 20])).contains("its footer is longer than any flow log's"));
    let mut long = file(&[], &[]);
    long[4..8].copy_from_slice(&9u32.to_le_bytes());
    assert!(fails(&long).contains("its footer is longer than the file"));
    long[8..].copy_from_slice(b"PARE");
    assert!(fails(&long).contains("it is encrypted"));
}
