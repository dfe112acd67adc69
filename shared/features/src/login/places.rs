//! What is known of addresses from outside the log: network, place, reputation. All of it is optional.

use std::net::IpAddr;

use rustc_hash::{FxHashMap, FxHashSet};

/// What a table says of a block of addresses. Text is empty where it does not say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// Autonomous system.
    pub asn: Option<u32>,
    /// Who runs it.
    pub operator: String,
    /// ISO code of the country.
    pub country: String,
    /// Region within the country.
    pub region: String,
    /// City.
    pub city: String,
}

/// Blocks of addresses and what is known of them; the longest block that has an address speaks for it.
#[derive(Debug, Clone, Default)]
pub struct Places {
    rows: Vec<Place>,
    by_block: FxHashMap<(u8, u128), u32>,
    /// Block lengths there are, longest first, counted in IPv6 bits.
    lengths: Vec<u8>,
    listed: FxHashSet<(u8, u128)>,
    listed_lengths: Vec<u8>,
}

/// What is wrong with a table of places.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPlaces {
    /// No header, or one without the column.
    #[error(
        "the table of places has no column cidr: its first line must name its columns (cidr,asn,as_name,country,region,city)"
    )]
    NoColumn,
    /// A line that is none.
    #[error("line {line} of the table of places: {what}")]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// More than is believed.
    #[error("the table of places has more than {} lines", Places::MOST)]
    TooMany,
}

impl Places {
    /// Blocks kept at most.
    pub const MOST: usize = 4_000_000;

    /// Nothing known.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads a table: CSV with the columns `cidr`, and any of `asn`, `country`, `region`, `city`, `as_name`. `-` is empty.
    ///
    /// # Errors
    /// When a line is no row of such a table, or there are too many.
    pub fn read_table(&mut self, text: &str) -> Result<(), BadPlaces> {
        let mut lines = text.lines().enumerate();
        let header: Vec<String> =
            split(lines.next().map_or("", |(_, line)| line)).map(str::to_ascii_lowercase).collect();
        let column = |name: &str| header.iter().position(|h| h == name);
        let cidr = column("cidr").ok_or(BadPlaces::NoColumn)?;
        let columns = ["asn", "as_name", "country", "region", "city"].map(column);
        for (at, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            if self.rows.len() >= Self::MOST {
                return Err(BadPlaces::TooMany);
            }
            let cells: Vec<&str> = split(line).collect();
            let cell = |at: Option<usize>| {
                let text = at.and_then(|at| cells.get(at)).copied().unwrap_or_default();
                if text == "-" { "" } else { text }
            };
            let bad = |what| BadPlaces::Line { line: at + 1, what };
            let block = block(cell(Some(cidr))).ok_or_else(|| bad("the cidr is no block of addresses"))?;
            let asn = match cell(columns[0]).trim_start_matches("AS") {
                "" => None,
                number => Some(number.parse().map_err(|_| bad("the asn is no number"))?),
            };
            let text = |at: usize| cell(columns[at]).chars().take(200).collect::<String>();
            let place = Place { asn, operator: text(1), country: text(2), region: text(3), city: text(4) };
            self.by_block.insert(block, self.rows.len() as u32);
            self.rows.push(place);
            remember(&mut self.lengths, block.0);
        }
        Ok(())
    }

    /// Reads a list of addresses of bad reputation (VPN, Tor exits, hosting): one block or address a line; `#` begins a comment.
    ///
    /// # Errors
    /// When a line is no block, or there are too many.
    pub fn read_list(&mut self, text: &str) -> Result<(), BadPlaces> {
        for (at, line) in text.lines().enumerate() {
            let line = line.split(['#', ',', ' ', '\t']).next().unwrap_or_default();
            if line.is_empty() {
                continue;
            }
            if self.listed.len() >= Self::MOST {
                return Err(BadPlaces::TooMany);
            }
            let what = "no block of addresses (203.0.113.0/24)";
            let block = block(line).ok_or(BadPlaces::Line { line: at + 1, what })?;
            self.listed.insert(block);
            remember(&mut self.listed_lengths, block.0);
        }
        Ok(())
    }

    /// What is known of an address. O(distinct block lengths).
    #[must_use]
    pub fn of(&self, ip: IpAddr) -> Option<&Place> {
        let bits = bits(ip);
        let found = self.lengths.iter().find_map(|&length| self.by_block.get(&(length, masked(bits, length))));
        found.and_then(|&at| self.rows.get(at as usize))
    }

    /// Whether an address is on a list of bad reputation.
    #[must_use]
    pub fn is_listed(&self, ip: IpAddr) -> bool {
        let bits = bits(ip);
        self.listed_lengths.iter().any(|&length| self.listed.contains(&(length, masked(bits, length))))
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.listed.is_empty()
    }
}

fn split(line: &str) -> impl Iterator<Item = &str> {
    line.split(',').map(|cell| cell.trim().trim_matches('"'))
}

fn remember(lengths: &mut Vec<u8>, length: u8) {
    if let Err(at) = lengths.binary_search_by(|known| length.cmp(known)) {
        lengths.insert(at, length);
    }
}

/// An address as 128 bits, IPv4 mapped into IPv6.
fn bits(ip: IpAddr) -> u128 {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

/// The first so many bits.
fn masked(bits: u128, length: u8) -> u128 {
    bits & u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0)
}

fn block(text: &str) -> Option<(u8, u128)> {
    let (ip, length) = text.split_once('/').map_or((text, None), |(ip, length)| (ip, Some(length)));
    let ip: IpAddr = ip.parse().ok()?;
    let (most, before) = if ip.to_canonical().is_ipv4() { (32, 96) } else { (128, 0) };
    let length: u8 = length.map_or(Some(most), |length| length.parse().ok()).filter(|length| *length <= most)?;
    Some((length + before, masked(bits(ip), length + before)))
}

/// The network part of an address: /24 of IPv4, /48 of IPv6.
#[must_use]
pub fn subnet(ip: IpAddr) -> u128 {
    let bits = bits(ip);
    masked(bits, if ip.to_canonical().is_ipv4() { 120 } else { 48 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_longest_block_speaks() {
        let mut places = Places::none();
        places
            .read_table("cidr,asn,as_name,country,region,city\n10.0.0.0/8,1,One,FR,-,-\n10.1.0.0/16,AS2,Two,DE,x,Berlin\n2001:db8::/32,3,T,JP,,\n")
            .unwrap();
        let asn = |text| places.of(ip(text)).and_then(|place| place.asn);
        assert_eq!(
            [asn("10.2.3.4"), asn("10.1.3.4"), asn("11.0.0.1"), asn("2001:db8::1")],
            [Some(1), Some(2), None, Some(3)]
        );
        assert_eq!(places.of(ip("::ffff:10.1.0.1")).unwrap().city, "Berlin");
        assert_eq!(places.of(ip("10.2.0.1")).unwrap().city, "");
    }

    #[test]
    fn lists() {
        let mut places = Places::none();
        places.read_list("# exits\n203.0.113.7\n198.51.100.0/24 # hosting\n\n").unwrap();
        assert!(places.is_listed(ip("203.0.113.7")) && places.is_listed(ip("198.51.100.9")));
        assert!(!places.is_listed(ip("203.0.113.8")));
    }

    #[test]
    fn tables_that_are_none() {
        let read = |text: &str| Places::none().read_table(text).unwrap_err().to_string();
        assert!(read("").contains("no column cidr"));
        assert_eq!(read("cidr\n10.0.0.0/33"), "line 2 of the table of places: the cidr is no block of addresses");
        assert_eq!(read("cidr,asn\n10.0.0.0/8,x"), "line 2 of the table of places: the asn is no number");
        assert!(Places::none().read_list("10.0.0.0/8\nx").is_err());
    }

    #[test]
    fn networks_of_addresses() {
        assert_eq!(subnet(ip("10.1.2.3")), subnet(ip("10.1.2.200")));
        assert_ne!(subnet(ip("10.1.2.3")), subnet(ip("10.1.3.3")));
        assert_eq!(subnet(ip("2001:db8:1:2::1")), subnet(ip("2001:db8:1:ffff::1")));
    }
}
