//! What is known of addresses from outside the log: network, place, reputation. All of it is optional.

mod database;

use std::net::IpAddr;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use database::Database;

use super::journey::Spot;

/// What is known of an address. Text is empty where nothing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place<'a> {
    /// Autonomous system.
    pub asn: Option<u32>,
    /// Who runs it.
    pub operator: &'a str,
    /// ISO code of the country.
    pub country: &'a str,
    /// Region within the country.
    pub region: &'a str,
    /// City.
    pub city: &'a str,
    /// Where on the globe.
    pub spot: Option<Spot>,
}

/// What a row of the table says of a block of addresses.
#[derive(Debug, Clone)]
struct Row {
    asn: Option<u32>,
    operator: String,
    country: String,
    region: String,
    city: String,
    spot: Option<Spot>,
}

/// Blocks of addresses and what is known of them: by a table, in which the longest block that has an address speaks for it,
/// and by databases, which are asked for what the table does not say.
#[derive(Debug, Clone, Default)]
pub struct Places {
    rows: Vec<Row>,
    by_block: FxHashMap<(u8, u128), u32>,
    /// Block lengths there are, longest first, counted in IPv6 bits.
    lengths: Vec<u8>,
    has_spots: bool,
    listed: FxHashSet<(u8, u128)>,
    listed_lengths: Vec<u8>,
    /// In the order they are asked.
    databases: Vec<Arc<Database>>,
}

/// What is wrong with a table or a database of places.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPlaces {
    /// No header, or one without the column.
    #[error(
        "the table of places has no column cidr: its first line must name its columns (cidr,asn,as_name,country,region,city,latitude,longitude)"
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
    #[error("the table of places has more than {} lines", Places::MAX)]
    TooMany,
    /// A file that is no such database, or a damaged one.
    #[error("no database of places (a City, Country or ASN database in the MaxMind DB format): {what}")]
    Database {
        /// What is wrong.
        what: String,
    },
}

impl Places {
    /// Blocks kept at most.
    pub const MAX: usize = 4_000_000;
    /// Bytes of a database at most; the largest on the market have less than half of it.
    pub const MAX_BYTES: usize = 1 << 30;

    /// Nothing known.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads a table: CSV with the columns `cidr`, and any of `asn`, `country`, `region`, `city`, `as_name`, and `latitude` with
    /// `longitude` (degrees). `-` is empty.
    ///
    /// # Errors
    /// When a line is no row of such a table, or there are too many.
    pub fn read_table(&mut self, text: &str) -> Result<(), BadPlaces> {
        let mut lines = text.lines().enumerate();
        let header: Vec<String> =
            split(lines.next().map_or("", |(_, line)| line)).map(str::to_ascii_lowercase).collect();
        let column = |name: &str| header.iter().position(|h| h == name);
        let cidr = column("cidr").ok_or(BadPlaces::NoColumn)?;
        let columns = ["asn", "as_name", "country", "region", "city", "latitude", "longitude"].map(column);
        for (at, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            if self.rows.len() >= Self::MAX {
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
            let spot = spot(cell(columns[5]), cell(columns[6])).map_err(bad)?;
            let row = Row { asn, operator: text(1), country: text(2), region: text(3), city: text(4), spot };
            self.by_block.insert(block, self.rows.len() as u32);
            self.has_spots |= row.spot.is_some();
            self.rows.push(row);
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
            if self.listed.len() >= Self::MAX {
                return Err(BadPlaces::TooMany);
            }
            let what = "no block of addresses (203.0.113.0/24)";
            let block = block(line).ok_or(BadPlaces::Line { line: at + 1, what })?;
            self.listed.insert(block);
            remember(&mut self.listed_lengths, block.0);
        }
        Ok(())
    }

    /// Adds a database in the `MaxMind` DB format (`.mmdb`) that says whose addresses are or where. `name` is what a fault in it
    /// is later told by.
    ///
    /// # Errors
    /// When it is too large, damaged, or about something else.
    pub fn read_database(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), BadPlaces> {
        if bytes.len() > Self::MAX_BYTES {
            let what = format!("it has more than {} bytes", Self::MAX_BYTES);
            return Err(BadPlaces::Database { what });
        }
        self.databases.push(Arc::new(Database::open(name, bytes)?));
        self.has_spots = true;
        Ok(())
    }

    /// What is known of an address. What the table says wins: databases are asked for the network only where it has none, and
    /// for the place only where it has no country, or no coordinates of it. O(distinct block lengths + 128 a database).
    #[must_use]
    pub fn of(&self, ip: IpAddr) -> Place<'_> {
        let mut place = self.row_of(ip).map(Row::place).unwrap_or_default();
        for database in &self.databases {
            if place.asn.is_some() && !place.country.is_empty() && place.spot.is_some() {
                break;
            }
            let found = database.of(ip);
            if place.asn.is_none() {
                (place.asn, place.operator) = (found.asn, found.operator);
            }
            if place.country.is_empty() {
                (place.country, place.region, place.city) = (found.country, found.region, found.city);
                place.spot = place.spot.or(found.spot);
            } else if place.spot.is_none() && place.country.eq_ignore_ascii_case(found.country) {
                place.spot = found.spot;
            }
        }
        place
    }

    fn row_of(&self, ip: IpAddr) -> Option<&Row> {
        let bits = bits(ip);
        let found = self.lengths.iter().find_map(|&length| self.by_block.get(&(length, masked(bits, length))));
        found.and_then(|&at| self.rows.get(at as usize))
    }

    /// The name of a database with a record that was asked for and could not be read, and what is wrong; what was made of
    /// such places is to be thrown away.
    #[must_use]
    pub fn fault(&self) -> Option<(&str, &BadPlaces)> {
        self.databases.iter().find_map(|database| database.fault())
    }

    /// Whether an address is on a list of bad reputation.
    #[must_use]
    pub fn is_listed(&self, ip: IpAddr) -> bool {
        let bits = bits(ip);
        self.listed_lengths.iter().any(|&length| self.listed.contains(&(length, masked(bits, length))))
    }

    /// Whether coordinates may be known of some addresses.
    #[must_use]
    pub fn has_spots(&self) -> bool {
        self.has_spots
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.listed.is_empty() && self.databases.is_empty()
    }
}

impl Row {
    fn place(&self) -> Place<'_> {
        let Self { asn, operator, country, region, city, spot } = self;
        Place { asn: *asn, operator, country, region, city, spot: *spot }
    }
}

fn split(line: &str) -> impl Iterator<Item = &str> {
    line.split(',').map(|cell| cell.trim().trim_matches('"'))
}

/// Coordinates in degrees; nothing where none are told.
fn spot(latitude: &str, longitude: &str) -> Result<Option<Spot>, &'static str> {
    if latitude.is_empty() || longitude.is_empty() {
        return Ok(None);
    }
    let degrees = |text: &str, most: f64| text.parse().ok().filter(|degrees: &f64| degrees.abs() <= most);
    match (degrees(latitude, 90.0), degrees(longitude, 180.0)) {
        (Some(latitude), Some(longitude)) => Ok(Spot::of(latitude, longitude)),
        _ => Err("latitude and longitude are no degrees on the globe"),
    }
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
    use weir_domain::login::{LoginEvent, LoginKind, Outcome};

    use super::super::sighting::{Sighting, country_name};
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
        let asn = |text| places.of(ip(text)).asn;
        assert_eq!(
            [asn("10.2.3.4"), asn("10.1.3.4"), asn("11.0.0.1"), asn("2001:db8::1")],
            [Some(1), Some(2), None, Some(3)]
        );
        assert_eq!(places.of(ip("::ffff:10.1.0.1")).city, "Berlin");
        assert_eq!(places.of(ip("10.2.0.1")).city, "");
        let table = "longitude,cidr,latitude\n13.41,10.0.0.0/9,52.52\n-,10.1.0.0/16,1\n";
        let mut places = Places::none();
        places.read_table(table).unwrap();
        assert_eq!(places.of(ip("10.2.0.1")).spot, Spot::of(52.52, 13.41));
        assert_eq!(places.of(ip("10.1.0.1")).spot, None, "one of two is none");
    }

    #[test]
    fn the_table_wins_over_databases() {
        let mut places = Places::none();
        assert!(places.is_empty());
        places.read_database("city", database::tests::city()).unwrap();
        places.read_database("asn", database::tests::asn()).unwrap();
        assert!(!places.is_empty());
        let table = "cidr,asn,as_name,country\n1.1.0.0/16,7,Seven,-\n1.2.0.0/16,,,FR\n1.3.0.0/16,8,Eight,JP\n";
        places.read_table(table).unwrap();
        let of = |text| {
            let place = places.of(ip(text));
            (place.asn, place.country, place.city)
        };
        assert_eq!(of("1.0.0.1"), (Some(64_500), "DE", "Berlin"), "one from each database");
        assert_eq!(of("1.1.0.1"), (Some(7), "DE", "Berlin"));
        assert_eq!(of("1.2.0.1"), (Some(64_500), "FR", ""), "no city of another country");
        assert_eq!(of("1.3.0.1"), (Some(8), "JP", ""));
        assert_eq!(places.of(ip("1.1.0.1")).operator, "Seven");
        let berlin = Spot::of(52.52, 13.41);
        let spots = ["1.0.0.1", "1.1.0.1", "1.2.0.1", "1.3.0.1"].map(|text| places.of(ip(text)).spot);
        assert_eq!(spots, [berlin, berlin, None, None], "no coordinates of another country");
        assert_eq!(places.of(ip("2.0.0.1")), Place::default());
        assert_eq!(places.fault(), None);

        let login = LoginEvent {
            source_ip: Some(ip("1.3.0.1")),
            ..LoginEvent::new(0, "ada", LoginKind::Unknown, Outcome::Success)
        };
        let seen = |login: &LoginEvent<'_>, places: &Places| {
            let sighting = Sighting::of(login, places);
            (sighting.network, country_name(sighting.country))
        };
        assert_eq!(seen(&login, &places), seen(&LoginEvent { country: "JP", asn: Some(8), ..login }, &Places::none()));
        let login = LoginEvent { source_ip: Some(ip("1.0.0.1")), country: "US", ..login };
        let told = seen(&LoginEvent { asn: Some(64_500), ..login }, &Places::none());
        assert_eq!(seen(&login, &places), told, "what the log says stays, what it does not comes from the database");
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
        let no_spot = "line 2 of the table of places: latitude and longitude are no degrees on the globe";
        for cells in ["91,7", "7,181", "nan,7", "7,inf", "x,7"] {
            assert_eq!(read(&format!("cidr,latitude,longitude\n10.0.0.0/8,{cells}")), no_spot);
        }
        assert!(Places::none().read_list("10.0.0.0/8\nx").is_err());
    }

    #[test]
    fn networks_of_addresses() {
        assert_eq!(subnet(ip("10.1.2.3")), subnet(ip("10.1.2.200")));
        assert_ne!(subnet(ip("10.1.2.3")), subnet(ip("10.1.3.3")));
        assert_eq!(subnet(ip("2001:db8:1:2::1")), subnet(ip("2001:db8:1:ffff::1")));
    }
}
