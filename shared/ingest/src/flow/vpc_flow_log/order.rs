//! The field order of a log without a header line.

use std::str::FromStr;

use super::header::{Header, MAX_COLUMNS, is_name};
use crate::error::Problem;

/// The fields of a log without a header line, in their order.
///
/// Logs delivered to S3 begin with a header line. Those that go through CloudWatch Logs or Kinesis, and some exports, have
/// none: then only the flow log's configuration knows the order. It is given here and never guessed, since neither the
/// `version` in a row nor the number of its fields determines the order.
///
/// ```
/// use weir_ingest::flow::vpc_flow_log::FieldOrder;
///
/// let order = FieldOrder::parse("${version} ${account-id} ${srcaddr} ${dstaddr} ${start} ${end}")?;
/// assert_eq!(order, FieldOrder::parse("version account-id srcaddr dstaddr start end")?);
/// # Ok::<(), weir_ingest::Problem>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldOrder(Header);

/// The default format of VPC Flow Logs.
const VERSION_2: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes \
                         start end action log-status";

/// The default format of Transit Gateway Flow Logs.
const TRANSIT_GATEWAY: &str = "version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id \
                               tgw-dst-vpc-account-id tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id \
                               tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id tgw-dst-az-id \
                               tgw-pair-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes start \
                               end log-status type packets-lost-no-route packets-lost-blackhole \
                               packets-lost-mtu-exceeded packets-lost-ttl-expired tcp-flags region flow-direction \
                               pkt-src-aws-service pkt-dst-aws-service";

impl FieldOrder {
    /// The fields by name, as in a header line (`version account-id …`) or as the flow log's format is configured
    /// (`${version} ${account-id} …`). Names that are none of AWS's stand for columns to be skipped, such as the time
    /// that exports of CloudWatch Logs put first.
    ///
    /// # Errors
    /// When a word is no name, when a field is named twice, and without `srcaddr`, `dstaddr` or `start`.
    pub fn parse(names: &str) -> Result<Self, Problem> {
        let bad = |problem| Problem::BadFieldOrder { problem };
        let mut header = Header::default();
        for (column, word) in names.split_whitespace().enumerate() {
            let name = word.strip_prefix("${").and_then(|name| name.strip_suffix('}')).unwrap_or(word);
            if !is_name(name.as_bytes()) {
                return Err(bad(format!("its word {} is no name", column + 1)));
            }
            if column == MAX_COLUMNS {
                return Err(bad(format!("it has more than {MAX_COLUMNS} fields")));
            }
            header.add(name.as_bytes()).map_err(|field| bad(format!("it names {} twice", field.name())))?;
        }
        match header.check() {
            Err(Problem::MissingField { missing }) => Err(bad(format!("it names no {missing}"))),
            _ => Ok(Self(header)),
        }
    }

    /// The default format of VPC Flow Logs: the 14 fields of version 2.
    #[must_use]
    pub fn version_2() -> Self {
        Self::from_names(VERSION_2)
    }

    /// The default format of Transit Gateway Flow Logs: 36 fields.
    #[must_use]
    pub fn transit_gateway() -> Self {
        Self::from_names(TRANSIT_GATEWAY)
    }

    /// A format whose names are valid.
    fn from_names(names: &str) -> Self {
        let mut header = Header::default();
        for name in names.split(' ') {
            let added = header.add(name.as_bytes());
            debug_assert!(added.is_ok(), "{name} is named twice");
        }
        Self(header)
    }

    pub(super) fn header(&self) -> &Header {
        &self.0
    }
}

/// What is typed on the command line and set in the environment: `v2` and `tgw` for the default formats of VPC and Transit
/// Gateway Flow Logs, else the fields by name, as [`FieldOrder::parse`] reads them.
impl FromStr for FieldOrder {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        match text.trim() {
            "v2" => Ok(Self::version_2()),
            "tgw" => Ok(Self::transit_gateway()),
            names => Self::parse(names),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_formats_are_what_their_names_say() {
        for (names, order, columns) in
            [(VERSION_2, FieldOrder::version_2(), 14), (TRANSIT_GATEWAY, FieldOrder::transit_gateway(), 36)]
        {
            assert_eq!(names.split(' ').count(), columns);
            assert_eq!(FieldOrder::parse(names).unwrap(), order);
            let configured: Vec<_> = names.split(' ').map(|name| format!("${{{name}}}")).collect();
            assert_eq!(FieldOrder::parse(&configured.join("  ")).unwrap(), order);
        }
    }

    #[test]
    fn the_default_formats_have_short_names() {
        for (text, order) in [
            ("v2", FieldOrder::version_2()),
            (" tgw ", FieldOrder::transit_gateway()),
            (VERSION_2, FieldOrder::version_2()),
        ] {
            assert_eq!(text.parse::<FieldOrder>().unwrap(), order);
        }
        assert!("v3".parse::<FieldOrder>().unwrap_err().to_string().contains("it names no srcaddr"));
    }

    #[test]
    fn what_is_no_order_is_refused() {
        let many = format!("srcaddr dstaddr start{}", " x".repeat(MAX_COLUMNS));
        for (names, problem) in [
            ("", "it names no srcaddr, dstaddr, start"),
            ("version srcaddr dstaddr", "it names no start"),
            ("srcaddr dstaddr start SrcAddr", "it names srcaddr twice"),
            ("srcaddr dstaddr start ${end", "its word 4 is no name"),
            ("srcaddr,dstaddr,start", "its word 1 is no name"),
            (&many, "it has more than 256 fields"),
        ] {
            let error = FieldOrder::parse(names).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
    }
}
