mod resample;
mod shared_data;

use std::num::NonZeroU32;

use proptest::prelude::*;
use weir_domain::reject::RejectReason as R;

use super::*;
use crate::text::assert_all_lines_counted;

/// A measurement as `time metric{key=value} value label`.
fn read_as(text: &[u8], options: &UsageOptions, limits: ReadLimits) -> Result<(ReadSummary, Vec<String>), ReadError> {
    let mut points = Vec::new();
    let summary = read(text, &ObjectName::new("u.csv"), limits, options, |p| {
        let keys: Vec<_> = p.keys.iter().map(|(name, value)| format!("{name}={value}")).collect();
        points.push(
            format!("{} {}{{{}}} {} {}", p.time, p.metric, keys.join(","), p.value, p.label).trim_end().to_owned(),
        );
    })?;
    Ok((summary, points))
}

fn lenient() -> ReadLimits {
    ReadLimits { expanded_bytes: 1 << 20, rejected_share: 1.0 }
}

fn read_text(text: &str, options: &UsageOptions) -> (ReadSummary, Vec<String>) {
    read_as(text.as_bytes(), options, lenient()).unwrap()
}

fn recognised(text: &str) -> Vec<String> {
    read_text(text, &UsageOptions::default()).1
}

fn every(seconds: u32, statistic: Statistic) -> ResampleParams {
    ResampleParams { step_seconds: NonZeroU32::new(seconds).unwrap(), statistic, ..ResampleParams::default() }
}

#[test]
fn the_long_form_has_one_measurement_a_line() {
    assert_eq!(recognised("timestamp,value\n2014-04-02 14:29:00,0.066\n"), ["1396448940 value{} 0.066"]);
    assert_eq!(
        recognised("\u{feff}\"TimeStamp\",\"Value\",\"Label\"\r\n\"2014-04-02T14:29:00Z\",3,1\r\n"),
        ["1396448940 Value{} 3 1"]
    );
    let text = "region;Metric Name;zone;usage;start time\n eu ;bytes;a;1e3;1396448940123\nus;cost;;-2;2014-04-02\n";
    assert_eq!(recognised(text), ["1396448940 bytes{region=eu,zone=a} 1000", "1396396800 cost{region=us,zone=} -2"]);
}

#[test]
fn the_wide_form_has_one_series_a_column() {
    let text = "time,web,database,label\n1396448940,1,2,\n1396449000,,3,x\n1396449060,-,NA,\n";
    let (summary, points) = read_text(text, &UsageOptions::default());
    assert_eq!(points, ["1396448940 web{} 1", "1396448940 database{} 2", "1396449000 database{} 3 x"]);
    assert_eq!((summary.records, summary.no_data, summary.not_rows), (2, 1, 1));
}

#[test]
fn json_lines_say_what_their_fields_are() {
    let text = r#"{"value": 7, "time": "2014-04-02T14:29:00Z", "region": "eu", "tier": 2, "spot": true, "note": null}
{"timestamp": 1396448940, "metric": "cpu", "Value": "0.5", "is_anomaly": true}
{"ts": 1396448940.5, "web": 1, "database": 2.5, "region": "eu", "idle": null}
{"ts": 1396448940, "value": null}
"#;
    let (summary, points) = read_text(text, &UsageOptions::default());
    assert_eq!(
        points,
        [
            "1396448940 value{region=eu,spot=true,tier=2} 7",
            "1396448940 cpu{} 0.5 true",
            "1396448940 database{region=eu} 2.5",
            "1396448940 web{region=eu} 1",
        ]
    );
    assert_eq!((summary.records, summary.no_data, summary.not_rows), (3, 1, 0));
}

#[test]
fn options_say_which_column_is_what() {
    let named = |name: &str| Some(name.to_owned());
    let text = "a,b,c,d,e,f\n1396448940,x,7,2014-04-02,m,t\n";
    let options = UsageOptions {
        time: named("d"),
        value: named("c"),
        metric: named("e"),
        label: named("f"),
        keys: Some(vec!["b".into()]),
        shape: None,
    };
    assert_eq!(read_text(text, &options).1, ["1396396800 m{b=x} 7 t"]);
    let json = r#"{"a": 1396448940, "b": "x", "c": 7, "d": "2014-04-02", "e": "m", "f": "t", "g": "unused"}"#;
    assert_eq!(read_text(json, &options).1, ["1396396800 m{b=x} 7 t"]);
    let wide = UsageOptions {
        time: named("a"),
        keys: Some(vec!["b".into(), "d".into(), "b".into()]),
        ..UsageOptions::default()
    };
    let text = "a,b,c,d,value\n1396448940,x,7,y,8\n";
    let wide = UsageOptions { shape: Some(Shape::Wide), ..wide };
    assert_eq!(read_text(text, &wide).1, ["1396448940 c{b=x,d=y} 7", "1396448940 value{b=x,d=y} 8"]);
    let json = r#"{"a": 1396448940, "b": 1, "c": 7, "d": "y", "e": "unused"}"#;
    assert_eq!(read_text(json, &UsageOptions { shape: Some(Shape::JsonLines), ..wide }).1, ["1396448940 c{b=1,d=y} 7"]);
}

#[test]
fn bad_rows_are_rejects_with_line_and_reason() {
    let long = "x".repeat(3000);
    let too_long = vec![b'x'; 70_000];
    let csv = "time,value,key,metric,label\n";
    let good = "1396448940,1,k,m,\n";
    let cases: [(&[u8], R); 18] = [
        (b"1396448940,one,k,m,", R::BadNumber),
        (b"1396448940,inf,k,m,", R::BadNumber),
        (b"1396448940,nan,k,m,", R::BadNumber),
        (b"1396448940,1e101,k,m,", R::BadNumber),
        (b"157766399,1,k,m,", R::BadTime),
        (b"1974-12-31 23:59:59,1,k,m,", R::BadTime),
        (b"2100-01-01,1,k,m,", R::BadTime),
        (b"14:29,1,k,m,", R::BadTime),
        (b",1,k,m,", R::MissingValue),
        (b"1396448940,1,k,,", R::MissingValue),
        (b"1396448940,1,\xff,m,", R::BadIdentifier),
        (b"1396448940,1,k,m\x1b[2J,", R::BadIdentifier),
        (&[b"1396448940,1,", long.as_bytes(), b",m,"].concat(), R::BadIdentifier),
        (b"1396448940,1,k,m,\xff", R::BadWord),
        (b"1396448940,1,k,m", R::FieldCount),
        (b"1396448940,1,k,m,,", R::FieldCount),
        (b"1396448940,1,\"k,m,", R::BadStructure),
        (&too_long, R::LineTooLong),
    ];
    let many: Vec<_> = (0..65).map(|i| format!(r#""k{i}": "x""#)).collect();
    let many = format!(r#"{{"time": 1396448940, "value": 1, {}}}"#, many.join(", "));
    let deep = format!(r#"{{"time": 1396448940, "value": {}1{}}}"#, "[".repeat(5000), "]".repeat(5000));
    let json_good = "{\"time\": 1396448940, \"value\": 1}\n";
    let json: [(&[u8], R); 15] = [
        (b"{\"time\": 1396448940", R::BadJson),
        (b"[1396448940, 1]", R::BadJson),
        (b"{\"time\": 1396448940, \"value\": NaN}", R::BadJson),
        (b"{\"time\": 1396448940, \"value\": 1, \"k\": [1]}", R::BadJson),
        (b"{\"time\": 1396448940, \"value\": 1, \"metric\": 1}", R::BadJson),
        (deep.as_bytes(), R::BadJson),
        (many.as_bytes(), R::BadStructure),
        (b"{\"time\": 1396448940, \"value\": true}", R::BadNumber),
        (b"{\"time\": 1396448940, \"value\": -1e200}", R::BadNumber),
        (b"{\"time\": 1396448940, \"value\": \"inf\"}", R::BadNumber),
        (b"{\"time\": 12, \"value\": 1}", R::BadTime),
        (b"{\"value\": 1}", R::MissingValue),
        (b"{\"time\": null, \"value\": 1}", R::MissingValue),
        (b"{\"time\": 1396448940, \"k\": \"x\"}", R::MissingValue),
        (b"{\"time\": 1396448940, \"value\": 1, \"k\": \"\\u0007\"}", R::BadIdentifier),
    ];
    for (header, good, cases) in [(csv, good, &cases[..]), ("", json_good, &json)] {
        for (row, reason) in cases {
            let text = [header.as_bytes(), good.as_bytes(), row, b"\n", good.as_bytes()].concat();
            let (summary, points) = read_as(&text, &UsageOptions::default(), lenient()).unwrap();
            assert_eq!((summary.records, points.len()), (2, 2), "{reason}");
            let line = 2 + u64::from(!header.is_empty());
            assert_eq!(summary.rejects.iter().map(|r| (r.line, r.reason)).collect::<Vec<_>>(), [(line, *reason)]);
        }
    }
}

#[test]
fn a_header_in_the_middle_is_no_row() {
    let (summary, points) =
        read_text("time,value\n1396448940,1\n\ntime,value\n1396448941,2\n", &UsageOptions::default());
    assert_eq!((summary.records, summary.not_rows, points.len()), (2, 3, 2));
}

#[test]
fn bad_objects_are_errors_that_say_what_and_where() {
    let named = |name: &str| Some(name.to_owned());
    let none = UsageOptions::default();
    let keys: Vec<_> = (0..65).map(|i| format!("k{i}")).collect();
    let many_keys = format!("time,value,{}\n", keys.join(","));
    let cases: [(&str, UsageOptions, &str); 9] = [
        ("a,b\n", none.clone(), "no usage over time: the first line names no time (one of timestamp, time, "),
        ("1396448940,1\n", none.clone(), "no usage over time: the first line names no time"),
        ("time\n", none.clone(), "no usage over time: the first line names no value"),
        ("time,\"a\n", none.clone(), "no usage over time: the header cannot be read: bad structure"),
        (&many_keys, none.clone(), "no usage over time: 65 columns tell series apart, and at most 64 may: say which"),
        (
            "time,a\n",
            UsageOptions { value: named("b"), ..none.clone() },
            "no usage over time: no column is called \"b\", which was to be the value",
        ),
        (
            "time,a\n",
            UsageOptions { keys: Some(vec!["b".into()]), ..none.clone() },
            "no usage over time: no column is called \"b\", which was to be a key",
        ),
        (
            "time,a\n",
            UsageOptions { shape: Some(Shape::Long), ..none.clone() },
            "no usage over time: no column is called value: say which column it is",
        ),
        (
            &format!("time,value\n{}", "x,1\n".repeat(20)),
            none,
            "20 of 20 rows cannot be read (mostly: bad start or end)",
        ),
    ];
    for (text, options, message) in cases {
        let error = read_as(text.as_bytes(), &options, ReadLimits::default()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("u.csv: {message}")), "{error}");
    }
    for text in ["", "\n", "time,value\n"] {
        assert_eq!(read_text(text, &UsageOptions::default()).0.rows(), 0);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_rows_rejects_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300), head in 0..3) {
        let head: &[u8] = [&b""[..], b"time,value,k\n", b"{}\n"][head as usize];
        let bytes = [head, &bytes].concat();
        if let Ok((summary, points)) = read_as(&bytes, &UsageOptions::default(), lenient()) {
            assert_all_lines_counted(&bytes, &summary);
            prop_assert!(summary.records <= points.len() as u64);
        }
    }

    #[test]
    fn every_line_is_accounted_for(text in "([0-9a,\"\r. -]{0,20}\n|1396448940,[0-9],[a-b]\n){0,20}") {
        let (summary, points) = read_text(&format!("time,value,k\n{text}"), &UsageOptions::default());
        prop_assert_eq!(summary.rows() + summary.not_rows, text.split_terminator('\n').count() as u64 + 1);
        prop_assert_eq!(summary.records, points.len() as u64);
    }
}
