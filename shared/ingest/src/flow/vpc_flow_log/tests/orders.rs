//! Logs without a header line.

use super::*;

fn read_by(order: &FieldOrder, text: &str) -> Result<(ReadSummary, Vec<String>), ReadError> {
    let mut seen = Vec::new();
    let limits = ReadLimits { rejected_share: 1.0, ..ReadLimits::default() };
    let summary = read(text.as_bytes(), &ObjectName::new("x.log"), limits, Some(order), |r| {
        seen.push(format!("{} {} {}", r.source, r.destination, r.bytes));
    })?;
    assert_eq!(summary.rows() + summary.not_rows, text.lines().count() as u64);
    Ok((summary, seen))
}

#[test]
fn a_named_order_reads_a_log_without_a_header() {
    let (summary, seen) = read_by(&FieldOrder::version_2(), &format!("{ROW}\nnonsense\n{ROW}\n")).unwrap();
    assert_eq!((summary.records, summary.not_rows), (2, 0));
    assert_eq!(summary.rejects.iter().map(|r| (r.line, r.reason)).collect::<Vec<_>>(), [(2, R::FieldCount)]);
    assert_eq!(seen[0], "10.0.0.1 10.0.0.2 180");
}

#[test]
fn columns_of_other_names_are_skipped() {
    // An export of CloudWatch Logs puts a time before every row.
    let order = FieldOrder::parse("time ${srcaddr} ${dstaddr} ${bytes} ${start} ${tomorrows-field}").unwrap();
    let (_, seen) = read_by(&order, "2024-01-01T00:00:00.000Z 10.0.0.1 10.0.0.2 7 1700000000 x\n").unwrap();
    assert_eq!(seen, ["10.0.0.1 10.0.0.2 7"]);
}

#[test]
fn a_header_line_takes_over_wherever_it_stands() {
    let other = "bytes dstaddr srcaddr start\n9 10.0.0.4 10.0.0.3 1700000000";
    for text in [format!("{other}\n"), format!("{ROW}\n{other}\n{V2}\n{ROW}\n")] {
        let (summary, seen) = read_by(&FieldOrder::version_2(), &text).unwrap();
        assert_eq!(summary.rejected_rows(), 0);
        assert!(seen.contains(&"10.0.0.3 10.0.0.4 9".to_owned()), "{seen:?}");
    }
    let error = read_by(&FieldOrder::version_2(), &format!("{ROW}\nversion srcaddr dstaddr\n{ROW}\n")).unwrap_err();
    assert_eq!((error.line, error.to_string().contains("the header names no start")), (2, true), "{error}");
}

#[test]
fn without_an_order_the_error_says_how_to_give_one() {
    let error = read_as(ROW.as_bytes(), "x.log").unwrap_err();
    assert_eq!(
        error.to_string(),
        "x.log: the first line is no flow-log header (`version account-id interface-id srcaddr …`): if the log has \
         none, name its fields in their order, as in the flow log's format"
    );
}

#[test]
fn the_wrong_order_is_seen_in_the_rows() {
    let text = format!("{ROW}\n").repeat(50);
    let order = FieldOrder::transit_gateway();
    let error = read(text.as_bytes(), &ObjectName::new("x"), ReadLimits::default(), Some(&order), |_| {}).unwrap_err();
    assert!(matches!(error.problem, Problem::MostlyRejected { rejected: 50, rows: 50, .. }), "{error}");
}
