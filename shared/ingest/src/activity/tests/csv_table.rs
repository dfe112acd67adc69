use proptest::prelude::*;
use weir_domain::activity::MissingPolicy;
use weir_domain::reject::RejectReason as R;

use super::*;
use crate::error::Problem;
use crate::text::assert_all_lines_counted;

const HEADER: &str = "who,when,bytes,via,attack,comment";

fn all_roles() -> ActivitySchema {
    schema(&[
        ("bytes", ColumnRole::Numeric),
        ("via", ColumnRole::Categorical),
        ("who", ColumnRole::Id),
        ("when", ColumnRole::Time),
        ("attack", ColumnRole::Label),
        ("comment", ColumnRole::Ignore),
    ])
}

fn read_text(text: &str, schema: &ActivitySchema) -> (ReadSummary, Vec<Seen>) {
    read_as(text.as_bytes(), schema, lenient()).unwrap()
}

#[test]
fn columns_are_found_by_name_in_any_order() {
    let text = format!("{HEADER}\nann,2023-01-01T00:00:00Z,1e3,ssh,no,hi\n bob ,, -2.5 ,\"a,b\",,\n");
    let (summary, rows) = read_text(&text, &all_roles());
    let first = (vec!["1000".into(), "ssh".into()], Some(1_672_531_200), "ann".into(), vec!["no".into()]);
    let second = (vec!["-2.5".into(), "a,b".into()], None, "bob".into(), vec![String::new()]);
    assert_eq!(rows, [first, second]);
    assert_eq!((summary.records, summary.not_rows, summary.rows()), (2, 1, 2));

    let other = "via;more;bytes;who;when\nssh;x;7;cy;1672531200\n";
    let (_, rows) = read_text(other, &ActivitySchema { delimiter: ';', ..all_roles() });
    assert_eq!(rows[0], (vec!["7".into(), "ssh".into()], Some(1_672_531_200), "cy".into(), vec![String::new()]));
}

#[test]
fn without_a_header_columns_stand_in_the_order_of_the_schema() {
    let bare = ActivitySchema { header: false, ..all_roles() };
    let (summary, rows) = read_text("7,ssh,ann,1672531200,no,-\n8,ssh,ann,1672531200,no\n", &bare);
    assert_eq!(values(&rows), ["7 ssh"]);
    assert_eq!((summary.records, summary.rejects[0].reason, summary.not_rows), (1, R::FieldCount, 0));
    let one = ActivitySchema { header: false, ..schema(&[("n", ColumnRole::Numeric)]) };
    assert_eq!(read_text("\u{feff}1\n2\n\u{feff}3\n", &one).0.records, 3, "concatenated files have marks further down");
}

#[test]
fn missing_values_are_passed_on_unless_their_rows_are_to_be_dropped() {
    let mut schema = schema(&[("a", ColumnRole::Numeric), ("b", ColumnRole::Categorical)]);
    let text = "a,b\n,x\n-,x\nNA,x\nNaN,x\nnull,x\n1,\n1, - \n1,NaN\n";
    let (summary, rows) = read_text(text, &schema);
    assert_eq!(values(&rows), ["? x", "? x", "? x", "? x", "? x", "1 ?", "1 ?", "1 ?"]);
    assert_eq!(summary.rejected_rows(), 0);

    schema.missing_values = vec!["NULL".into()];
    let (summary, rows) = read_text("a,b\nNULL,x\n,x\n-,x\n1,-\n1,null\n", &schema);
    assert_eq!(values(&rows), ["? x", "? x", "1 -", "1 null"]);
    assert_eq!(summary.rejected.get(&R::BadNumber), Some(&1), "a dash is no number");

    schema.columns[1].missing = Some(MissingPolicy::DropRow);
    let (summary, rows) = read_text("a,b\nNULL,x\n1,\n", &schema);
    assert_eq!((values(&rows), summary.rejects[0].reason), (vec!["? x".to_owned()], R::MissingValue));
}

#[test]
fn bad_rows_are_rejects_with_line_and_reason() {
    let good = "ann,1672531200,1,ssh,no,-";
    let mut schema = all_roles();
    for column in &mut schema.columns[..5] {
        column.missing = Some(MissingPolicy::DropRow);
    }
    let cases: [(&[u8], R); 20] = [
        (b"ann,1672531200,one,ssh,no,-", R::BadNumber),
        (b"ann,1672531200,inf,ssh,no,-", R::BadNumber),
        (b"ann,1672531200,-infinity,ssh,no,-", R::BadNumber),
        (b"ann,1672531200,nan,ssh,no,-", R::BadNumber),
        (b"ann,1672531200,1e999,ssh,no,-", R::BadNumber),
        (b"ann,1672531200,0x10,ssh,no,-", R::BadNumber),
        (b"ann,1672531200,1\xff,ssh,no,-", R::BadNumber),
        (b"ann,yesterday,1,ssh,no,-", R::BadTime),
        (b"ann,12,1,ssh,no,-", R::BadTime),
        (b"ann,1672531200,1,s\xffh,no,-", R::BadWord),
        (b"ann,1672531200,1,ssh,n\xff,-", R::BadWord),
        (b"a\x1bnn,1672531200,1,ssh,no,-", R::BadIdentifier),
        (b"a\xffnn,1672531200,1,ssh,no,-", R::BadIdentifier),
        (b",1672531200,1,ssh,no,-", R::MissingValue),
        (b"ann,-,1,ssh,no,-", R::MissingValue),
        (b"ann,1672531200,NaN,ssh,no,-", R::MissingValue),
        (b"ann,1672531200,1,ssh,null,-", R::MissingValue),
        (b"ann,1672531200,1,ssh,no", R::FieldCount),
        (b"ann,1672531200,1,ssh,no,-,", R::FieldCount),
        (b"ann,1672531200,1,\"ssh,no,-", R::BadStructure),
    ];
    let long = vec![b'x'; 70_000];
    for (row, reason) in cases.into_iter().chain([(&long[..], R::LineTooLong)]) {
        let text = [HEADER.as_bytes(), b"\n", good.as_bytes(), b"\r\n", row, b"\n\n", good.as_bytes()].concat();
        let (summary, rows) = read_as(&text, &schema, lenient()).unwrap();
        assert_eq!((summary.records, rows.len(), summary.not_rows), (2, 2, 2), "{reason}");
        assert_eq!(summary.rejects.iter().map(|r| (r.line, r.reason)).collect::<Vec<_>>(), [(3, reason)]);
    }
}

#[test]
fn a_quoted_line_break_is_a_reject_and_what_follows_is_read() {
    let text = "a,b\n1,\"x\ny\"\n2,z\n";
    let (summary, rows) = read_text(text, &schema(&[("a", ColumnRole::Numeric), ("b", ColumnRole::Categorical)]));
    assert_eq!(values(&rows), ["2 z"]);
    let rejects: Vec<_> = summary.rejects.iter().map(|r| (r.line, r.reason)).collect();
    assert_eq!(rejects, [(2, R::BadStructure), (3, R::FieldCount)]);
}

#[test]
fn headers_have_marks_repetitions_and_gaps() {
    let schema = schema(&[("column_1", ColumnRole::Numeric), ("a_2", ColumnRole::Numeric)]);
    let (summary, rows) = read_text("\u{feff},a,a\n1,2,3\n\u{feff},a,a\n,a,a\n4,5,6\n", &schema);
    assert_eq!(values(&rows), ["1 3", "4 6"]);
    assert_eq!((summary.not_rows, summary.rejected_rows()), (3, 0));
}

#[test]
fn a_header_that_would_do_as_a_row_is_none() {
    let schema = schema(&[("a", ColumnRole::Categorical), ("b", ColumnRole::Label)]);
    let (summary, rows) = read_text("a,b\nx,y\na,b\n\u{feff}a,b\nz,\n", &schema);
    assert_eq!((values(&rows), summary.not_rows), (vec!["x".to_owned(), "z".to_owned()], 3));
}

#[test]
fn bad_objects_are_errors_that_say_what_and_where() {
    let whole = schema(&[("a", ColumnRole::Numeric), ("b", ColumnRole::Id), ("l", ColumnRole::Label)]);
    let none = schema(&[("a", ColumnRole::Id), ("a", ColumnRole::Id)]);
    let many = format!("a,b\n{}", "x,1\n".repeat(20));
    let cases: [(&str, &ActivitySchema, &str); 5] = [
        (
            "1,2\n",
            &whole,
            "test.csv: no CSV table of this schema: the header names no column \"a\", \"b\": read the table by",
        ),
        ("a\n1\n", &whole, "test.csv: no CSV table of this schema: the header names no column \"b\""),
        ("a,\"b\n", &whole, "test.csv: no CSV table of this schema: the header cannot be read: bad structure"),
        (&many, &whole, "test.csv: 20 of 20 rows cannot be read (mostly: bad number)"),
        (
            "a\n",
            &none,
            "test.csv: no usable schema: no column is numeric or categorical: there is nothing to learn from; two",
        ),
    ];
    for (text, schema, message) in cases {
        let error = read_as(text.as_bytes(), schema, ReadLimits::default()).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
    let small = ReadLimits { expanded_bytes: 3, ..lenient() };
    let error = read_as(b"a,b\n1,x\n", &whole, small).unwrap_err();
    assert!(matches!(error.problem, Problem::TooLarge { limit: 3 }), "{error}");
    for text in ["", "\n\n", "a,b\n"] {
        assert_eq!(read_text(text, &whole).0.rows(), 0, "{text:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_rows_rejects_or_an_error(
        bytes in prop::collection::vec(any::<u8>(), 0..400), head in any::<bool>(), header in any::<bool>(),
    ) {
        let bytes = if head { [HEADER.as_bytes(), b"\n", &bytes].concat() } else { bytes };
        if let Ok((summary, rows)) = read_as(&bytes, &ActivitySchema { header, ..all_roles() }, lenient()) {
            assert_all_lines_counted(&bytes, &summary);
            prop_assert_eq!(summary.records, rows.len() as u64);
        }
    }

    #[test]
    fn every_line_is_accounted_for(text in "([0-9a,\"\r. -]{0,20}\n){0,20}") {
        let schema = schema(&[("a", ColumnRole::Numeric), ("b", ColumnRole::Categorical)]);
        let (summary, rows) = read_text(&format!("a,b\n{text}"), &schema);
        prop_assert_eq!(summary.rows() + summary.not_rows, text.split_terminator('\n').count() as u64 + 1);
        prop_assert_eq!(summary.records, rows.len() as u64);
    }
}
