//! `weir inspect` and `weir schema` on files of every source.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper must fail the test")]

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;
use weir_tests::flow_logs::gzip;
use weir_tests::program::weir;

/// Standard output and standard error of a run with an expected exit code.
fn run(code: i32, arguments: &[&str]) -> (String, String) {
    let output = assert_cmd::Command::new(weir()).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {out}{err}");
    (out, err)
}

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// The value of a line of the output of `weir inspect`.
fn value<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines().find_map(|line| line.strip_prefix(name)).map_or("", str::trim)
}

/// Name, content, and expected format, rows, records and rejected rows.
type Case<'a> = (&'a str, &'a [u8], &'a str, &'a str, &'a str, &'a str);

#[test]
fn files_of_every_source_are_recognised_and_counted() {
    let files = Files::new();
    let flow = "version interface-id srcaddr dstaddr start end log-status\n2 eni-1 10.0.0.1 10.0.0.2 1700000000 1700000060 OK\n\
                2 eni-1 - - 1700000000 1700000060 NODATA\n2 eni-1 10.0.0.999 10.0.0.2 1700000000 1700000060 OK\n";
    let sshd = "Dec 10 06:55:48 LabSZ sshd[24200]: Failed password for invalid user webmaster from 173.234.31.186 port 38926 ssh2\n";
    let cases: [Case; 6] = [
        ("flow.log.gz", &gzip(flow), "vpc-flow-log", "3", "1", "1: 1 × bad address"),
        ("auth.log", sshd.as_bytes(), "sshd", "1", "1", "0"),
        (
            "logins.jsonl",
            b"{\"user_id\":\"u\",\"timestamp\":\"2023-09-25T00:01:45Z\",\"ip_address\":\"55.153.44.111\",\"success\":true}\n",
            "simple-logins",
            "1",
            "1",
            "0",
        ),
        ("usage.csv", b"timestamp,value\n2014-02-14 14:30:00,0.1\n2014-02-14 14:35:00,oops\n", "usage", "2", "1", "1: 1 × bad number"),
        ("table.csv", b"id,proto,label\n1,tcp,0\n2,udp,1\n", "table", "2", "2", "0"),
        (
            "conn.log",
            b"{\"ts\":1700000000.5,\"id.orig_h\":\"10.0.0.1\",\"id.orig_p\":50000,\"id.resp_h\":\"10.0.0.2\",\"id.resp_p\":22,\"proto\":\"tcp\",\"conn_state\":\"S0\",\"orig_pkts\":1,\"orig_ip_bytes\":60}\n",
            "zeek-conn",
            "1",
            "1",
            "0",
        ),
    ];
    for (name, bytes, format, rows, records, rejected) in cases {
        let (out, _) = run(0, &["inspect", &files.file(name, bytes)]);
        assert_eq!(value(&out, "format"), format, "{out}");
        assert_eq!((value(&out, "rows"), value(&out, "records")), (rows, records), "{name}: {out}");
        assert_eq!(value(&out, "rejected"), rejected, "{name}: {out}");
    }
    let (out, _) = run(0, &["inspect", &files.file("empty.log", b"")]);
    assert_eq!(out, "empty: no rows\n");
}

#[test]
fn unknown_files_are_errors_that_list_the_formats() {
    let files = Files::new();
    let (_, err) = run(2, &["inspect", &files.file("x", b"\x7fELF\x00\x01")]);
    assert!(err.contains("binary data") && err.contains("vpc-flow-log"), "{err}");
    let (_, err) = run(2, &["inspect", "--input-format", "nonsense", "x"]);
    assert!(err.contains("known are") && err.contains("sshd"), "{err}");
}

#[test]
fn output_is_escaped() {
    let files = Files::new();
    let (out, _) = run(0, &["inspect", &files.file("x.csv", b"id,a\x1b[2J,label\n1,2,0\n")]);
    assert!(!out.contains('\u{1b}'), "{out:?}");
}

#[test]
fn a_schema_is_inferred_for_a_table_with_reasons() {
    let files = Files::new();
    let mut rows = vec!["id,proto,label".to_owned()];
    rows.extend((0..50).map(|i| format!("{i},{},{}", ["tcp", "udp"][i % 2], i % 2)));
    let table = files.file("table.csv", rows.join("\n").as_bytes());
    let (out, err) = run(0, &["schema", &table]);
    for (name, role) in [("id", "id"), ("proto", "categorical"), ("label", "label")] {
        assert!(out.contains(&format!("name = \"{name}\", role = \"{role}\"")), "{out}");
    }
    assert!(err.contains("3 columns"), "{err}");
    let written = PathBuf::from(files.0.path()).join("schema.toml");
    run(0, &["schema", &table, "--output", written.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(written).unwrap(), out);
}

#[test]
fn other_logs_are_not_mistaken_for_flow_logs() {
    let files = Files::new();
    let usage = files.file("usage.csv", b"timestamp,value\n2014-02-14 14:30:00,0.1\n");
    let (_, err) = run(2, &["detect", &usage]);
    assert!(err.contains("it is usage, which is no flow log"), "{err}");
}
