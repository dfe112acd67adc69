//! Writes findings as a table, OCSF or CSV, and formats tables, numbers and times. Text from logs is escaped.

use std::fmt;
use std::io::{self, Write};

use comfy_table::{
    Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width, presets,
};
use weir_detect::ocsf::DetectionFinding;
use weir_domain::finding::Entity;
pub(crate) use weir_domain::text::{count, escape};
use weir_domain::window::{utc_clock, utc_day};

use crate::arguments::OutputFormat;

/// Writes findings in a format. With `all`, CSV has additional columns: status, and why a finding is not an alert.
pub(crate) fn write(
    out: &mut impl Write,
    format: OutputFormat,
    findings: &[DetectionFinding],
    all: bool,
) -> io::Result<()> {
    match format {
        OutputFormat::Table if findings.is_empty() => Ok(()),
        OutputFormat::Table => writeln!(out, "{}", table(findings)),
        OutputFormat::Ocsf => findings.iter().try_for_each(|finding| {
            serde_json::to_writer(&mut *out, finding)?;
            writeln!(out)
        }),
        OutputFormat::Csv => write_csv(out, findings, all),
    }
}

/// A time in seconds since the epoch, to the minute: `2025-03-04 14:30 UTC`.
pub(crate) fn utc_minute(seconds: i64) -> String {
    format!("{} {} UTC", utc_day(seconds), utc_clock(seconds))
}

/// [`escape`], line by line.
pub(crate) fn escape_lines(text: &str) -> String {
    text.lines().map(|line| escape(line) + "\n").collect()
}

/// The minimum terminal width that a table is fitted to, in columns. On narrower terminals lines wrap.
const MIN_WIDTH: u16 = 72;

/// Width of a table that is not written to a terminal, in columns.
const DEFAULT_WIDTH: u16 = 132;

/// Lines around the table and below its header, none between rows.
const FIGURES: TableStyle = {
    let line = LineStyle::none().fill('─').junction('─');
    TableStyle::new().top_border(line).header_separator(line).bottom_border(line)
};

/// A table with one line per row at any terminal width: the first columns are names, aligned left, the others numbers, aligned
/// right. The caller escapes cells with text from logs.
pub(crate) struct Rows {
    table: Table,
}

impl Rows {
    /// An empty table whose first `names` columns are names.
    pub(crate) fn new(names: usize, header: &[&str]) -> Self {
        let mut table = Table::new();
        table.load_style(FIGURES).set_content_arrangement(ContentArrangement::Disabled).set_header(header);
        table.column_iter_mut().skip(names).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
        Self { table }
    }

    /// Adds a row with as many cells as the header.
    pub(crate) fn push(&mut self, cells: Vec<String>) {
        self.table.add_row(cells);
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table.fmt(f)
    }
}

fn table(findings: &[DetectionFinding]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    // A pseudo-terminal may report a width of 0, a pipe reports none.
    table.set_width(table.width().filter(|width| *width >= MIN_WIDTH).unwrap_or(DEFAULT_WIDTH));
    table.set_header(["severity", "kind", "who", "since (UTC)", "what"]);
    for finding in findings {
        let colour = match finding.severity_id {
            5 | 4 => Color::Red,
            3 => Color::Yellow,
            _ => Color::Reset,
        };
        let seen = finding.finding_info.first_seen_time.div_euclid(1000);
        table.add_row([
            Cell::new(&finding.severity).fg(colour),
            Cell::new(escape(finding.kind()).replace('-', "-\n")),
            Cell::new(who(finding)),
            Cell::new(format!("{}\n{}", utc_day(seen), utc_clock(seen))),
            Cell::new(escape(&what(finding))),
        ]);
    }
    let fixed = [ColumnConstraint::ContentWidth; 4];
    table.set_constraints(fixed.into_iter().chain([ColumnConstraint::LowerBoundary(Width::Percentage(40))]));
    table
}

/// The message, after the reason if the finding is not an alert.
fn what(finding: &DetectionFinding) -> String {
    match (&finding.status_detail, &finding.comment) {
        (Some(by), Some(why)) => format!("({by}: {why}) {}", finding.message),
        _ => finding.message.clone(),
    }
}

/// The source address of the evidence, or else the user, series or host of the finding.
fn who(finding: &DetectionFinding) -> String {
    match finding.entity() {
        Some(entity @ (Entity::User(_) | Entity::Series(_))) => escape(&entity.to_string()),
        address => {
            let source = finding.evidences.first().and_then(|e| e.src_endpoint.as_ref()).map(|source| source.ip);
            source.map(Entity::from).or(address).map(|who| who.to_string()).unwrap_or_default()
        }
    }
}

/// A CSV cell that no spreadsheet interprets as a formula.
pub(crate) fn csv_cell(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

const COLUMNS: [&str; 13] = [
    "time",
    "severity",
    "kind",
    "source",
    "destinations",
    "first_seen",
    "last_seen",
    "confidence",
    "risk",
    "account",
    "region",
    "message",
    "uid",
];

/// Additional columns where all findings are written.
const DECISION: [&str; 3] = ["status", "status_detail", "comment"];

fn write_csv(out: &mut impl Write, findings: &[DetectionFinding], all: bool) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS.iter().chain(DECISION.iter().filter(|_| all)))?;
    let time = |ms: i64| {
        let seconds = ms.div_euclid(1000);
        jiff::Timestamp::from_second(seconds).map(|t| t.to_string()).unwrap_or_default()
    };
    for finding in findings {
        let info = &finding.finding_info;
        let destinations: Vec<_> =
            finding.evidences.iter().filter_map(|e| Some(e.dst_endpoint.as_ref()?.ip.to_string())).collect();
        let escaped = |text: &Option<String>| escape(text.as_deref().unwrap_or_default());
        let decision = [finding.status.clone(), escaped(&finding.status_detail), escaped(&finding.comment)];
        let columns = [
            time(finding.time),
            finding.severity.clone(),
            finding.kind().to_owned(),
            csv_cell(who(finding)),
            destinations.join(" "),
            time(info.first_seen_time),
            time(info.last_seen_time),
            finding.confidence_score.to_string(),
            finding.risk_score.to_string(),
            finding.cloud.account.uid.clone(),
            finding.cloud.region.clone(),
            csv_cell(escape(&finding.message)),
            info.uid.clone(),
        ];
        csv.write_record(columns.into_iter().chain(decision.into_iter().filter(|_| all)))?;
    }
    csv.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_bidirectional_and_invisible_characters_are_escaped() {
        assert_eq!(escape("a\u{1b}[2J\u{202e}b\u{200b}é"), "a\\u{1b}[2J\\u{202e}b\\u{200b}é");
    }
}
