//! What an address was found to be: network, location, coordinates.

use super::super::location::Coordinates;

/// The network and location of an address. Text is empty where it is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AddressInfo<'a> {
    /// The autonomous system number.
    pub asn: Option<u32>,
    /// The operator of the autonomous system.
    pub operator: &'a str,
    /// The ISO code of the country.
    pub country: &'a str,
    /// The region within the country.
    pub region: &'a str,
    /// The city.
    pub city: &'a str,
    /// The coordinates.
    pub coordinates: Option<Coordinates>,
}

/// A table, list or database of addresses that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPlaces {
    /// The table has no header, or none with the column `cidr`.
    #[error(
        "the table of places has no column cidr: its first line must name its columns (cidr,asn,as_name,country,region,city,latitude,longitude)"
    )]
    NoColumn,
    /// A line is invalid.
    #[error("line {line} of the table of places: {what}")]
    Line {
        /// The line number, from 1.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// The table has too many lines.
    #[error("the table of places has more than {} lines", BadPlaces::MAX_BLOCKS)]
    TooMany,
    /// A database is of another kind, too large or damaged.
    #[error("no database of places (a City, Country or ASN database in the MaxMind DB format): {what}")]
    Database {
        /// What is wrong.
        what: String,
    },
}

impl BadPlaces {
    /// The maximum number of blocks of a table or list.
    pub(super) const MAX_BLOCKS: usize = 4_000_000;
}
