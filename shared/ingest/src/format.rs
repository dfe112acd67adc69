//! Recognises the format of an object from its content and, where that is not enough, its key; never from an extension
//! alone.

use std::fmt;
use std::io::{self, Chain, Cursor, Read};
use std::str::FromStr;

use weir_domain::source::Source;

use crate::compression::Expanded;
use crate::error::{ObjectName, Problem, ReadError};
use crate::flow::vpc_flow_log;

/// A format that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// VPC or Transit Gateway Flow Logs as text.
    FlowLog,
    /// A Parquet file: VPC Flow Logs if it has their columns, a table otherwise.
    Parquet,
    /// Zeek connection logs, TSV or JSON lines.
    Zeek,
    /// Flow records of UNSW-NB15, as its raw CSV files have them.
    UnswNb15,
    /// Flow records of CICIDS2017, as `CICFlowMeter` writes them.
    Cicids2017,
    /// Logins with the columns of the RBA data set.
    RbaLogins,
    /// Logins with the simple columns, CSV or JSON lines.
    SimpleLogins,
    /// CloudTrail events.
    CloudTrail,
    /// OpenSSH authentication logs.
    Sshd,
    /// Usage over time.
    Usage,
    /// Any other table, read with a schema.
    Table,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 11] = [
        Self::FlowLog,
        Self::Parquet,
        Self::Zeek,
        Self::UnswNb15,
        Self::Cicids2017,
        Self::RbaLogins,
        Self::SimpleLogins,
        Self::CloudTrail,
        Self::Sshd,
        Self::Usage,
        Self::Table,
    ];

    /// The source of its records; Parquet is taken for flow logs.
    #[must_use]
    pub fn source(self) -> Source {
        match self {
            Self::FlowLog | Self::Parquet | Self::Zeek | Self::UnswNb15 | Self::Cicids2017 => Source::Flow,
            Self::RbaLogins | Self::SimpleLogins | Self::CloudTrail | Self::Sshd => Source::Login,
            Self::Usage => Source::Usage,
            Self::Table => Source::Activity,
        }
    }

    /// The name of the format in options and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FlowLog => "vpc-flow-log",
            Self::Parquet => "parquet",
            Self::Zeek => "zeek-conn",
            Self::UnswNb15 => "unsw-nb15",
            Self::Cicids2017 => "cicids2017",
            Self::RbaLogins => "rba-logins",
            Self::SimpleLogins => "simple-logins",
            Self::CloudTrail => "cloudtrail",
            Self::Sshd => "sshd",
            Self::Usage => "usage",
            Self::Table => "table",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.into_iter().find(|f| f.name() == text).ok_or(UnknownFormat)
    }
}

/// A name that no format has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such format; known are {}", Format::ALL.map(Format::name).join(", "))]
pub struct UnknownFormat;

/// Bytes of an object from which its format is recognised.
const HEAD: u64 = 64 << 10;

/// The input with what was looked at put back.
pub type Rewound<R> = Chain<Cursor<Vec<u8>>, R>;

/// The names of an object's columns, as far as its beginning shows them: of the header line of a text table, of Zeek's
/// `#fields`; none for JSON, Parquet and logs without columns.
///
/// # Errors
/// When the object cannot be read.
pub fn columns<R: Read>(input: R, object: &ObjectName, format: Format) -> Result<Vec<String>, ReadError> {
    let mut stored = Vec::new();
    let fail = |e| ReadError { object: object.clone(), line: 0, problem: Problem::Io(e) };
    input.take(HEAD).read_to_end(&mut stored).map_err(fail)?;
    let (head, _) = expand(&stored);
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    let mut lines = head.split(|&b| b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let (line, separator) = match format {
        Format::FlowLog => (lines.next(), b' '),
        Format::Zeek => (lines.find_map(|line| line.strip_prefix(b"#fields\t")), b'\t'),
        Format::Parquet | Format::CloudTrail | Format::Sshd => (None, b','),
        _ => (lines.next().filter(|line| !line.starts_with(b"{")), b','),
    };
    let names = line.unwrap_or_default().split(|&b| b == separator).take(1000);
    let clean = |name: &[u8]| {
        let name = String::from_utf8_lossy(name);
        name.trim().trim_matches('"').chars().filter(|c| !c.is_control()).take(80).collect::<String>()
    };
    Ok(names.map(clean).filter(|name| !name.is_empty()).collect())
}

/// Recognises an object's format by its first 64 KiB, and gives the input back whole. `None` for an empty object.
///
/// # Errors
/// When the object is in no known format, or cannot be read.
pub fn recognise<R: Read>(input: R, object: &ObjectName) -> Result<(Option<Format>, Rewound<R>), ReadError> {
    recognise_or(None, input, object)
}

/// As [`recognise`], where text of no other format is taken for the given one: for logs without a header line.
///
/// # Errors
/// As [`recognise`].
pub fn recognise_or<R: Read>(
    otherwise: Option<Format>,
    mut input: R,
    object: &ObjectName,
) -> Result<(Option<Format>, Rewound<R>), ReadError> {
    let fail = |problem| ReadError { object: object.clone(), line: 0, problem };
    let mut stored = Vec::new();
    input.by_ref().take(HEAD).read_to_end(&mut stored).map_err(|e| fail(Problem::Io(e)))?;
    let (head, fault) = expand(&stored);
    let format = match from_head(&head) {
        Some(format) => Some(format),
        None if head.iter().all(u8::is_ascii_whitespace) => match fault {
            // Cut off before the first byte of text, which is not the same as empty.
            Some(problem) if (stored.len() as u64) < HEAD => return Err(fail(problem)),
            _ => None,
        },
        None if otherwise.is_some() && is_lines(&head) => otherwise,
        None if object.names_gzip() && head == stored => return Err(fail(Problem::NotGzip)),
        None => return Err(fail(Problem::UnknownFormat { seen: describe(&head), formats: names() })),
    };
    Ok((format, Cursor::new(stored).chain(input)))
}

/// The first 64 KiB of text that stored bytes expand to, as far as they go: what is cut off or damaged further on is no
/// error here.
#[must_use]
pub fn head(stored: &[u8]) -> Vec<u8> {
    expand(&stored[..stored.len().min(HEAD as usize)]).0
}

/// As much of the expanded text as the stored head gives, and what stopped it: that a head ends early is no fault.
fn expand(stored: &[u8]) -> (Vec<u8>, Option<Problem>) {
    let mut head = Vec::new();
    let mut expanded = match Expanded::open(stored) {
        Ok(expanded) => expanded,
        Err(e) => return (head, Some(Problem::Io(e))),
    };
    let mut buffer = [0; 4096];
    while (head.len() as u64) < HEAD {
        match expanded.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => head.extend_from_slice(&buffer[..n]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return (head, Some(expanded.problem(e))),
        }
    }
    head.truncate(HEAD as usize);
    (head, None)
}

fn names() -> String {
    Format::ALL.map(Format::name).join(", ")
}

fn is_binary(head: &[u8]) -> bool {
    let text = head.iter().filter(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()).count();
    head.contains(&0) || text * 10 < head.len() * 7
}

fn is_json(head: &[u8]) -> bool {
    matches!(head.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// Whether it may be the rows of a log without a header line.
fn is_lines(head: &[u8]) -> bool {
    !is_binary(head) && !is_json(head)
}

/// The kind of the bytes in words that quote none of them.
fn describe(head: &[u8]) -> &'static str {
    if is_binary(head) {
        "binary data"
    } else if is_json(head) {
        "JSON of another shape"
    } else if head.split(|&b| b == b'\n').next().is_some_and(|line| line.contains(&b',')) {
        "comma-separated text without a header"
    } else {
        "text without a header line"
    }
}

/// The format that the beginning of an object's text shows.
fn from_head(head: &[u8]) -> Option<Format> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if head.starts_with(b"PAR1") {
        return Some(Format::Parquet);
    }
    let mut lines = head.split(|&b| b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let first = lines.next()?;
    if first.starts_with(b"#separator") || first.starts_with(b"#fields\tts\tuid") {
        return Some(Format::Zeek);
    }
    if first.starts_with(b"{") || first.starts_with(b"[") {
        return of_json(head);
    }
    if vpc_flow_log::is_header(first) {
        return Some(Format::FlowLog);
    }
    if std::iter::once(first).chain(lines.take(20)).any(|line| contains(line, b"sshd[")) {
        return Some(Format::Sshd);
    }
    of_csv_header(first)
}

fn of_json(head: &[u8]) -> Option<Format> {
    let has = |name: &[u8]| contains(head, name);
    if has(b"\"id.orig_h\"") {
        Some(Format::Zeek)
    } else if has(b"\"eventSource\"") && has(b"\"eventName\"") || has(b"\"Records\"") && has(b"\"eventVersion\"") {
        Some(Format::CloudTrail)
    } else if has(b"\"user_id\"") && has(b"\"ip_address\"") {
        Some(Format::SimpleLogins)
    } else if has(b"\"value\"") && (has(b"\"timestamp\"") || has(b"\"time\"")) {
        Some(Format::Usage)
    } else {
        None
    }
}

fn of_csv_header(line: &[u8]) -> Option<Format> {
    let names: Vec<String> = line
        .split(|&b| b == b',')
        .take(1000)
        .map(|name| String::from_utf8_lossy(name).trim().trim_matches('"').to_ascii_lowercase())
        .collect();
    let has = |name: &str| names.iter().any(|n| n == name);
    if names.len() < 2 {
        return None;
    }
    if has("login timestamp") && has("user id") {
        Some(Format::RbaLogins)
    } else if has("user_id") && has("ip_address") && (has("timestamp") || has("success")) {
        Some(Format::SimpleLogins)
    } else if has("srcip") && has("stime") {
        Some(Format::UnswNb15)
    } else if has("source ip") && has("flow duration") {
        Some(Format::Cicids2017)
    } else if (has("timestamp") || has("time") || has("date")) && (names.len() == 2 || has("value")) {
        Some(Format::Usage)
    } else if names.iter().all(|name| name.starts_with(|c: char| c.is_ascii_alphabetic())) {
        Some(Format::Table)
    } else {
        None
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(bytes, part).is_some()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn format_of(bytes: &[u8], name: &str) -> Result<Option<Format>, ReadError> {
        let (format, rewound) = recognise(bytes, &ObjectName::new(name))?;
        assert_eq!(
            io::read_to_string(rewound).ok().map(String::into_bytes),
            String::from_utf8(bytes.to_vec()).ok().map(String::into_bytes)
        );
        Ok(format)
    }

    #[test]
    fn content_decides_whatever_the_name() {
        let cases: [(&[u8], Format); 13] = [
            (b"version account-id srcaddr dstaddr start end\n", Format::FlowLog),
            (b"\n\r\nend dstaddr start srcaddr\n", Format::FlowLog),
            (b"#separator \\x09\n#fields\tts\tuid\n", Format::Zeek),
            (b"{\"ts\":1.5,\"id.orig_h\":\"10.0.0.1\"}\n", Format::Zeek),
            (
                b"{\"Records\":[{\"eventVersion\":\"1.08\",\"eventSource\":\"s\",\"eventName\":\"n\"}]}",
                Format::CloudTrail,
            ),
            (b"{\"user_id\": \"u\", \"ip_address\": \"10.0.0.1\"}", Format::SimpleLogins),
            (b"index,Login Timestamp,User ID,IP Address\n", Format::RbaLogins),
            (b"\xef\xbb\xbfsrcip,sport,dstip,dsport,Stime\n", Format::UnswNb15),
            (b"Flow ID, Source IP, Source Port, Flow Duration\n", Format::Cicids2017),
            (b"Dec 10 06:55:46 LabSZ sshd[24200]: x\n", Format::Sshd),
            (b"timestamp,value\n2014-01-01 00:00:00,1\n", Format::Usage),
            (b"id,dur,proto,label\n1,2,tcp,0\n", Format::Table),
            (b"PAR1\x15\x04", Format::Parquet),
        ];
        for (bytes, format) in cases {
            for name in ["x", "x.log.gz", "x.csv", "x.parquet"] {
                assert_eq!(format_of(bytes, name).unwrap(), Some(format), "{}", bytes.escape_ascii());
            }
        }
        assert_eq!(format_of(b"\n \n", "x").unwrap(), None);
    }

    #[test]
    fn unknown_content_is_an_error_that_says_what_was_seen_and_which_formats_there_are() {
        for (bytes, seen) in [
            (&b"\x7fELF\x00\x00\x01"[..], "binary data"),
            (b"hello world", "text without a header line"),
            (b"1,2,3\n", "comma-separated text without a header"),
            (b"{\"a\":1}", "JSON of another shape"),
        ] {
            let error = format_of(bytes, "x").unwrap_err().to_string();
            assert!(error.contains(seen) && error.contains("vpc-flow-log") && error.contains("sshd"), "{error}");
        }
        assert!(format_of(b"\x01\x02", "x.gz").unwrap_err().to_string().contains("named .gz"));
    }

    #[test]
    fn lines_without_a_header_are_what_they_are_taken_for_and_nothing_else_is() {
        let or_flow_log =
            |bytes: &[u8]| recognise_or(Some(Format::FlowLog), bytes, &ObjectName::new("x")).map(|(format, _)| format);
        for (bytes, format) in [
            (&b"2 123456789012 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 60 0 60 ACCEPT OK\n"[..], Some(Format::FlowLog)),
            (b"2 123456789012 a,b 10.0.0.1\n", Some(Format::FlowLog)),
            (b"{\"ts\":1.5,\"id.orig_h\":\"10.0.0.1\"}\n", Some(Format::Zeek)),
            (b"PAR1\x15\x04", Some(Format::Parquet)),
            (b" \n", None),
        ] {
            assert_eq!(or_flow_log(bytes).unwrap(), format, "{}", bytes.escape_ascii());
        }
        for bytes in [&b"\x7fELF\x00\x00\x01"[..], b"\n {\"a\":1}"] {
            assert!(or_flow_log(bytes).is_err(), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn what_is_cut_off_before_its_text_is_not_empty() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"version srcaddr dstaddr start end\n").unwrap();
        let packed = packed.finish().unwrap();
        for cut in 2..12 {
            let error = format_of(&packed[..cut], "x").unwrap_err().to_string();
            assert!(error.contains("the gzip stream ends early"), "{cut}: {error}");
        }
        assert_eq!(head(&packed), b"version srcaddr dstaddr start end\n");
        let empty = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()).finish().unwrap();
        assert!(matches!(recognise(&empty[..], &ObjectName::new("x")), Ok((None, _))));
    }

    #[test]
    fn columns_are_those_of_the_header() {
        let columns = |bytes: &[u8], format| columns(bytes, &ObjectName::new("x"), format).unwrap();
        assert_eq!(columns(b"srcaddr dstaddr start\n", Format::FlowLog), ["srcaddr", "dstaddr", "start"]);
        assert_eq!(columns(b"#separator \\x09\n#fields\tts\tuid\n", Format::Zeek), ["ts", "uid"]);
        assert_eq!(columns(b"\xef\xbb\xbfid, \"a b\" ,\x1b[2J\n1,2,3\n", Format::Table), ["id", "a b", "[2J"]);
        assert!(columns(b"{\"a\":1}\n", Format::SimpleLogins).is_empty());
    }

    #[test]
    fn names_read_back() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert_eq!("x".parse::<Format>(), Err(UnknownFormat));
    }
}
