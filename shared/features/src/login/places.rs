//! Network, location and reputation of addresses, from files beside the log. All of them are optional.

mod database;
mod info;

use std::net::IpAddr;
use std::sync::Arc;

use weir_domain::prefix_table::PrefixTable;

use database::Database;

use super::location::Coordinates;

pub use info::{AddressInfo, BadPlaces};

/// A row of the table.
#[derive(Debug, Clone)]
struct Row {
    asn: Option<u32>,
    operator: String,
    country: String,
    region: String,
    city: String,
    coordinates: Option<Coordinates>,
}

/// CIDR blocks with the network, location and reputation of their addresses.
///
/// A table is looked up first: the longest block that holds an address decides. Databases fill in what the table lacks.
#[derive(Debug, Clone, Default)]
pub struct Places {
    rows: Vec<Row>,
    /// The index of a row by block.
    blocks: PrefixTable<u32>,
    has_coordinates: bool,
    /// Blocks of bad reputation.
    listed: PrefixTable<()>,
    listed_blocks: usize,
    /// In the order in which they are looked up.
    databases: Vec<Arc<Database>>,
}

impl Places {
    /// The maximum number of blocks of a table or list.
    pub const MAX: usize = BadPlaces::MAX_BLOCKS;
    /// The maximum number of bytes of a database. The largest commercial ones have less than half of it.
    pub const MAX_BYTES: usize = 1 << 30;

    /// No information about any address.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads a table: CSV with the column `cidr`, and any of `asn`, `country`, `region`, `city`, `as_name`, and `latitude` with
    /// `longitude` (degrees). `-` is empty.
    ///
    /// # Errors
    /// When a line is invalid, or there are more than [`Self::MAX`].
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
            let block = block(cell(Some(cidr))).ok_or_else(|| bad("the cidr is not a CIDR block"))?;
            let asn = match cell(columns[0]).trim_start_matches("AS") {
                "" => None,
                number => Some(number.parse().map_err(|_| bad("the asn is not a number"))?),
            };
            let text = |at: usize| cell(columns[at]).chars().take(200).collect::<String>();
            let coordinates = coordinates(cell(columns[5]), cell(columns[6])).map_err(bad)?;
            let row = Row { asn, operator: text(1), country: text(2), region: text(3), city: text(4), coordinates };
            self.blocks.insert(block.0, block.1, self.rows.len() as u32);
            self.has_coordinates |= row.coordinates.is_some();
            self.rows.push(row);
        }
        Ok(())
    }

    /// Reads a list of addresses of bad reputation (VPN, Tor exits, hosting): one block or address per line; `#` starts a
    /// comment.
    ///
    /// # Errors
    /// When a line is no block, or there are more than [`Self::MAX`].
    pub fn read_list(&mut self, text: &str) -> Result<(), BadPlaces> {
        for (at, line) in text.lines().enumerate() {
            let line = line.split(['#', ',', ' ', '\t']).next().unwrap_or_default();
            if line.is_empty() {
                continue;
            }
            if self.listed_blocks >= Self::MAX {
                return Err(BadPlaces::TooMany);
            }
            let what = "not a CIDR block (203.0.113.0/24)";
            let block = block(line).ok_or(BadPlaces::Line { line: at + 1, what })?;
            if self.listed.get(block.0, block.1).is_none() {
                self.listed.insert(block.0, block.1, ());
                self.listed_blocks += 1;
            }
        }
        Ok(())
    }

    /// Adds a database in the `MaxMind` DB format (`.mmdb`) with the networks or locations of addresses. `name` is what
    /// [`fault`](Self::fault) calls it.
    ///
    /// # Errors
    /// When it is too large, damaged, or has neither networks nor locations.
    pub fn read_database(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), BadPlaces> {
        if bytes.len() > Self::MAX_BYTES {
            let what = format!("it has more than {} bytes", Self::MAX_BYTES);
            return Err(BadPlaces::Database { what });
        }
        self.databases.push(Arc::new(Database::open(name, bytes)?));
        self.has_coordinates = true;
        Ok(())
    }

    /// The network and location of an address. The table has precedence: databases supply the network only where the table has
    /// none, and the location only where it has no country, or no coordinates. O(128 per database).
    #[must_use]
    pub fn find(&self, ip: IpAddr) -> AddressInfo<'_> {
        let mut place = self.row(ip).map(Row::info).unwrap_or_default();
        for database in &self.databases {
            if place.asn.is_some() && !place.country.is_empty() && place.coordinates.is_some() {
                break;
            }
            let found = database.find(ip);
            if place.asn.is_none() {
                (place.asn, place.operator) = (found.asn, found.operator);
            }
            if place.country.is_empty() {
                (place.country, place.region, place.city) = (found.country, found.region, found.city);
                place.coordinates = place.coordinates.or(found.coordinates);
            } else if place.coordinates.is_none() && place.country.eq_ignore_ascii_case(found.country) {
                place.coordinates = found.coordinates;
            }
        }
        place
    }

    fn row(&self, ip: IpAddr) -> Option<&Row> {
        longest_match(&self.blocks, ip).and_then(|&at| self.rows.get(at as usize))
    }

    /// The name of a database with a record that was looked up and could not be read, and the error. Results computed from it
    /// must be discarded.
    #[must_use]
    pub fn fault(&self) -> Option<(&str, &BadPlaces)> {
        self.databases.iter().find_map(|database| database.fault())
    }

    /// Whether an address is on a list of bad reputation.
    #[must_use]
    pub fn is_listed(&self, ip: IpAddr) -> bool {
        longest_match(&self.listed, ip).is_some()
    }

    /// Whether some addresses may have coordinates.
    #[must_use]
    pub fn has_coordinates(&self) -> bool {
        self.has_coordinates
    }

    /// Whether there is no information about any address.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.listed.is_empty() && self.databases.is_empty()
    }
}

impl Row {
    fn info(&self) -> AddressInfo<'_> {
        let Self { asn, operator, country, region, city, coordinates } = self;
        AddressInfo { asn: *asn, operator, country, region, city, coordinates: *coordinates }
    }
}

fn split(line: &str) -> impl Iterator<Item = &str> {
    line.split(',').map(|cell| cell.trim().trim_matches('"'))
}

/// Parses coordinates in degrees; `None` where one of them is empty.
fn coordinates(latitude: &str, longitude: &str) -> Result<Option<Coordinates>, &'static str> {
    if latitude.is_empty() || longitude.is_empty() {
        return Ok(None);
    }
    let degrees = |text: &str, max: f64| text.parse().ok().filter(|degrees: &f64| degrees.abs() <= max);
    match (degrees(latitude, 90.0), degrees(longitude, 180.0)) {
        (Some(latitude), Some(longitude)) => Ok(Coordinates::from_degrees(latitude, longitude)),
        _ => Err("latitude and longitude are not degrees on the globe"),
    }
}

/// The value of the longest block that holds an address. An IPv4 address is also in the IPv6 blocks that hold its mapped
/// address, such as `::/0`.
fn longest_match<V>(table: &PrefixTable<V>, ip: IpAddr) -> Option<&V> {
    table.longest_match(ip).or_else(|| match ip.to_canonical() {
        IpAddr::V4(ip) => table.longest_match_v6(ip.to_ipv6_mapped()),
        IpAddr::V6(_) => None,
    })
}

/// An address as 128 bits, with IPv4 mapped into IPv6.
pub(super) fn address_bits(ip: IpAddr) -> u128 {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

/// Parses a CIDR block or a single address. An IPv4-mapped IPv6 address is an IPv4 address.
fn block(text: &str) -> Option<(IpAddr, u8)> {
    let (ip, length) = text.split_once('/').map_or((text, None), |(ip, length)| (ip, Some(length)));
    let ip = ip.parse::<IpAddr>().ok()?.to_canonical();
    let max = if ip.is_ipv4() { 32 } else { 128 };
    let length: u8 = length.map_or(Some(max), |length| length.parse().ok()).filter(|length| *length <= max)?;
    Some((ip, length))
}

/// The network part of an address: /24 of IPv4, /48 of IPv6.
#[must_use]
pub fn subnet(ip: IpAddr) -> u128 {
    let prefix_len = if ip.to_canonical().is_ipv4() { 120 } else { 48 };
    address_bits(ip) & u128::MAX << (128 - prefix_len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn asn_of(places: &Places, text: &str) -> Option<u32> {
        places.find(ip(text)).asn
    }

    #[test]
    fn the_longest_block_decides() {
        let mut places = Places::none();
        places
            .read_table("cidr,asn,as_name,country,region,city\n10.0.0.0/8,1,One,FR,-,-\n10.1.0.0/16,AS2,Two,DE,x,Berlin\n2001:db8::/32,3,T,JP,,\n")
            .unwrap();
        let asn = |text| asn_of(&places, text);
        assert_eq!(
            [asn("10.2.3.4"), asn("10.1.3.4"), asn("11.0.0.1"), asn("2001:db8::1")],
            [Some(1), Some(2), None, Some(3)]
        );
        assert_eq!(places.find(ip("::ffff:10.1.0.1")).city, "Berlin");
        assert_eq!(places.find(ip("10.2.0.1")).city, "");
        places.read_table("cidr,asn\n::/0,9\n").unwrap();
        assert_eq!([asn_of(&places, "11.0.0.1"), asn_of(&places, "10.1.0.1")], [Some(9), Some(2)]);
        let table = "longitude,cidr,latitude\n13.41,10.0.0.0/9,52.52\n-,10.1.0.0/16,1\n";
        let mut places = Places::none();
        places.read_table(table).unwrap();
        assert_eq!(places.find(ip("10.2.0.1")).coordinates, Coordinates::from_degrees(52.52, 13.41));
        assert_eq!(places.find(ip("10.1.0.1")).coordinates, None, "one of two is none");
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
        let find = |text| {
            let place = places.find(ip(text));
            (place.asn, place.country, place.city)
        };
        assert_eq!(find("1.0.0.1"), (Some(64_500), "DE", "Berlin"), "one from each database");
        assert_eq!(find("1.1.0.1"), (Some(7), "DE", "Berlin"));
        assert_eq!(find("1.2.0.1"), (Some(64_500), "FR", ""), "no city of another country");
        assert_eq!(find("1.3.0.1"), (Some(8), "JP", ""));
        assert_eq!(places.find(ip("1.1.0.1")).operator, "Seven");
        let berlin = Coordinates::from_degrees(52.52, 13.41);
        let spots = ["1.0.0.1", "1.1.0.1", "1.2.0.1", "1.3.0.1"].map(|text| places.find(ip(text)).coordinates);
        assert_eq!(spots, [berlin, berlin, None, None], "no coordinates of another country");
        assert_eq!(places.find(ip("2.0.0.1")), AddressInfo::default());
        assert_eq!(places.fault(), None);
    }

    #[test]
    fn lists_of_bad_reputation() {
        let mut places = Places::none();
        places.read_list("# exits\n203.0.113.7\n198.51.100.0/24 # hosting\n\n").unwrap();
        assert!(places.is_listed(ip("203.0.113.7")) && places.is_listed(ip("198.51.100.9")));
        assert!(!places.is_listed(ip("203.0.113.8")));
    }

    #[test]
    fn invalid_tables_are_errors() {
        let read = |text: &str| Places::none().read_table(text).unwrap_err().to_string();
        assert!(read("").contains("no column cidr"));
        assert_eq!(read("cidr\n10.0.0.0/33"), "line 2 of the table of places: the cidr is not a CIDR block");
        assert_eq!(read("cidr,asn\n10.0.0.0/8,x"), "line 2 of the table of places: the asn is not a number");
        let no_spot = "line 2 of the table of places: latitude and longitude are not degrees on the globe";
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
