//! Databases of addresses in the `MaxMind` DB format, version 2.0 (<https://maxmind.github.io/MaxMind-DB/>): `GeoLite2`, `GeoIP2`,
//! and what others build to be read like them.

use std::net::IpAddr;
use std::sync::OnceLock;

use maxminddb::{MaxMindDbError, Reader};
use serde::Deserialize;

use super::{BadPlaces, Place, Spot};

/// A database that was looked into before it is believed.
#[derive(Debug)]
pub(super) struct Database {
    name: String,
    reader: Reader<Vec<u8>>,
    /// The first record that could not be read.
    fault: OnceLock<BadPlaces>,
}

/// What is read of a record of a City, Country or ASN database. Everything may be missing.
#[derive(Debug, Default, Deserialize)]
struct Record<'a> {
    autonomous_system_number: Option<u32>,
    #[serde(borrow)]
    autonomous_system_organization: Option<&'a str>,
    #[serde(borrow)]
    country: Option<Named<'a>>,
    /// Where the block is registered, for what has no place of its own.
    #[serde(borrow)]
    registered_country: Option<Named<'a>>,
    #[serde(borrow, default)]
    subdivisions: Vec<Named<'a>>,
    #[serde(borrow)]
    city: Option<Named<'a>>,
    location: Option<Location>,
}

#[derive(Debug, Deserialize)]
struct Location {
    latitude: Option<f64>,
    longitude: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    iso_code: Option<&'a str>,
    #[serde(borrow)]
    names: Option<Names<'a>>,
}

#[derive(Debug, Deserialize)]
struct Names<'a> {
    #[serde(borrow)]
    en: Option<&'a str>,
}

impl Database {
    /// Records that are looked into at first: enough to tell what a database is about.
    const LOOKED_INTO: usize = 1_000;

    /// Believes a database whose first records say where addresses are or whose. O([`Self::LOOKED_INTO`]).
    pub(super) fn open(name: &str, bytes: Vec<u8>) -> Result<Self, BadPlaces> {
        let reader = Reader::from_source(bytes).map_err(bad)?;
        let mut says = false;
        for network in reader.networks(maxminddb::WithinOptions::default()).map_err(bad)?.take(Self::LOOKED_INTO) {
            let record: Option<Record<'_>> = network.map_err(bad)?.decode().map_err(bad)?;
            let place = record.unwrap_or_default().place();
            says |= place.asn.is_some() || !place.country.is_empty();
        }
        if !says {
            let kind: String = reader.metadata().database_type.chars().filter(|c| !c.is_control()).take(60).collect();
            return Err(BadPlaces::Database {
                what: format!("{kind:?} says neither the country nor the autonomous system of addresses"),
            });
        }
        Ok(Self { name: name.to_owned(), reader, fault: OnceLock::new() })
    }

    /// What the database says of an address; nothing where its record cannot be read, which [`Self::fault`] then tells.
    pub(super) fn of(&self, ip: IpAddr) -> Place<'_> {
        let ip = ip.to_canonical();
        if ip.is_ipv6() && self.reader.metadata().ip_version == 4 {
            return Place::default();
        }
        match self.reader.lookup(ip).and_then(|found| found.decode::<Record<'_>>()) {
            Ok(record) => record.unwrap_or_default().place(),
            Err(error) => {
                self.fault.get_or_init(|| bad(error));
                Place::default()
            }
        }
    }

    /// The name of the database, and the first record of it that was asked for and could not be read.
    pub(super) fn fault(&self) -> Option<(&str, &BadPlaces)> {
        self.fault.get().map(|fault| (self.name.as_str(), fault))
    }
}

impl<'a> Record<'a> {
    fn place(&self) -> Place<'a> {
        let name = |named: Option<&Named<'a>>| named.and_then(|named| named.names.as_ref()?.en).unwrap_or_default();
        let country = [&self.country, &self.registered_country];
        let location = self.location.as_ref();
        let spot = location.and_then(|location| Spot::of(location.latitude?, location.longitude?));
        Place {
            asn: self.autonomous_system_number,
            operator: self.autonomous_system_organization.unwrap_or_default(),
            country: country.into_iter().flatten().find_map(|country| country.iso_code).unwrap_or_default(),
            region: name(self.subdivisions.first()),
            city: name(self.city.as_ref()),
            // Without a city, coordinates are the middle of the country, which is known already.
            spot: spot.filter(|_| self.city.is_some()),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn bad(error: MaxMindDbError) -> BadPlaces {
    BadPlaces::Database { what: error.to_string() }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A text, which is shorter than 285 bytes.
    fn text(text: &str) -> Vec<u8> {
        let length = u8::try_from(text.len()).unwrap();
        let control = if length < 29 { vec![0x40 | length] } else { vec![0x40 | 0x1d, length - 29] };
        [control, text.as_bytes().to_vec()].concat()
    }

    /// A map of fewer than 29 pairs.
    fn map(pairs: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let body = pairs.iter().flat_map(|(key, value)| [text(key), value.clone()].concat());
        std::iter::once(7 << 5 | u8::try_from(pairs.len()).unwrap()).chain(body).collect()
    }

    /// An array (an extended type: 7 + 4 = 11) of fewer than 29 values.
    fn array(values: &[Vec<u8>]) -> Vec<u8> {
        [vec![u8::try_from(values.len()).unwrap(), 4], values.concat()].concat()
    }

    /// A number with a fraction, of 64 bits.
    fn double(number: f64) -> Vec<u8> {
        [&[3 << 5 | 8][..], &number.to_be_bytes()].concat()
    }

    fn number(kind: u8, number: u32) -> Vec<u8> {
        [&[kind << 5 | 4][..], &number.to_be_bytes()].concat()
    }

    /// A database of IPv4 that has one record, for 1.0.0.0/8, by the specification: a search tree of one node per bit with
    /// two records of 24 bits each, 16 zero bytes, the data, a marker, and the metadata.
    pub(in super::super) fn database(kind: &str, record: &[u8]) -> Vec<u8> {
        const NODES: u32 = 8;
        let short = |value: u16| [&[5 << 5 | 2][..], &value.to_be_bytes()].concat();
        let mut file = Vec::new();
        for bit in 0..NODES {
            // To the next node along the bits of the block, to its record after the last, and to nowhere on the other side.
            let (on, nowhere) = (if bit == NODES - 1 { NODES + 16 } else { bit + 1 }, NODES);
            let sides = if 1_u8 >> (NODES - 1 - bit) & 1 == 0 { [on, nowhere] } else { [nowhere, on] };
            file.extend(sides.iter().flat_map(|side| side.to_be_bytes()[1..].to_vec()));
        }
        file.extend([0; 16]);
        file.extend(record);
        file.extend(b"\xab\xcd\xefMaxMind.com");
        file.extend(map(&[
            ("binary_format_major_version", short(2)),
            ("binary_format_minor_version", short(0)),
            // An unsigned number of 64 bits is an extended type: 7 + 2 = 9.
            ("build_epoch", vec![4, 2, 0x67, 0, 0, 0]),
            ("database_type", text(kind)),
            ("description", map(&[("en", text("a test"))])),
            ("ip_version", short(4)),
            ("languages", array(&[text("en")])),
            ("node_count", number(6, NODES)),
            ("record_size", short(24)),
        ]));
        file
    }

    pub(in super::super) fn city() -> Vec<u8> {
        let named = |name| ("names", map(&[("de", text("anders")), ("en", text(name))]));
        let record = map(&[
            ("city", map(&[named("Berlin")])),
            ("continent", map(&[("code", text("EU"))])),
            ("country", map(&[("iso_code", text("DE")), named("Germany")])),
            ("location", location(52.52, 13.41)),
            ("subdivisions", array(&[map(&[("iso_code", text("BE")), named("Land Berlin")])])),
        ]);
        database("GeoLite2-City", &record)
    }

    fn location(latitude: f64, longitude: f64) -> Vec<u8> {
        map(&[("accuracy_radius", number(6, 20)), ("latitude", double(latitude)), ("longitude", double(longitude))])
    }

    pub(in super::super) fn asn() -> Vec<u8> {
        let record = map(&[
            ("autonomous_system_number", number(6, 64_500)),
            ("autonomous_system_organization", text("An operator of networks that has a long name")),
        ]);
        database("GeoLite2-ASN", &record)
    }

    fn open(bytes: Vec<u8>) -> Result<Database, String> {
        Database::open("x.mmdb", bytes).map_err(|error| error.to_string())
    }

    #[test]
    fn records_are_read() {
        let (city, asn) = (open(city()).unwrap(), open(asn()).unwrap());
        let ip = "1.2.3.4".parse().unwrap();
        let spot = Spot::of(52.52, 13.41);
        assert!(spot.is_some());
        let place = Place { country: "DE", region: "Land Berlin", city: "Berlin", spot, ..Place::default() };
        assert_eq!(city.of(ip), place);
        assert_eq!(city.of("::ffff:1.2.3.4".parse().unwrap()), place, "IPv4 in IPv6");
        let operator = "An operator of networks that has a long name";
        assert_eq!(asn.of(ip), Place { asn: Some(64_500), operator, ..Place::default() });
        for other in ["2.0.0.1", "0.255.255.255", "2001:db8::1"] {
            assert_eq!(city.of(other.parse().unwrap()), Place::default(), "{other}");
        }
        assert_eq!(city.fault(), None);
    }

    #[test]
    fn where_a_block_is_registered_stands_in_for_its_country() {
        let record = map(&[("registered_country", map(&[("iso_code", text("FR"))]))]);
        assert_eq!(open(database("Country", &record)).unwrap().of("1.0.0.1".parse().unwrap()).country, "FR");
    }

    #[test]
    fn coordinates_that_say_nothing_are_none() {
        let of = |pairs: &[(&str, Vec<u8>)]| {
            let record = map(&[&[("country", map(&[("iso_code", text("FR"))]))], pairs].concat());
            open(database("City", &record)).unwrap().of("1.0.0.1".parse().unwrap()).spot
        };
        let paris = || ("city", map(&[("names", map(&[("en", text("Paris"))]))]));
        assert_eq!(of(&[paris(), ("location", location(48.86, 2.35))]), Spot::of(48.86, 2.35));
        assert_eq!(of(&[("location", location(48.86, 2.35))]), None, "the middle of a country");
        assert_eq!(of(&[paris(), ("location", location(f64::NAN, 2.35))]), None);
        assert_eq!(of(&[paris(), ("location", location(0.0, 0.0))]), None);
        assert_eq!(of(&[paris(), ("location", map(&[("latitude", double(48.86))]))]), None);
    }

    #[test]
    fn files_that_are_none() {
        let whole = city();
        for (foreign, expected) in [
            (b"cidr,asn\n1.0.0.0/8,1\n".to_vec(), "metadata"),
            (Vec::new(), "metadata"),
            (database("GeoIP2-Anonymous-IP", &map(&[("is_vpn", vec![1, 7])])), "\"GeoIP2-Anonymous-IP\" says neither"),
            (database("flat", &map(&[("country", text("DE"))])), "decoding error"),
        ] {
            let error = open(foreign).unwrap_err();
            assert!(error.contains(expected) && error.starts_with("no database of places"), "{error}");
        }
        for end in 0..whole.len() {
            assert!(open(whole[..end].to_vec()).is_err(), "cut off at {end}");
        }
        // Whatever a byte becomes: an error, or another database, and no panic.
        for at in 0..whole.len() {
            for value in [0, 0xff, whole[at] ^ 1, whole[at] ^ 0x80] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                if let Ok(database) = open(damaged) {
                    database.of("1.2.3.4".parse().unwrap());
                    database.of("2001:db8::1".parse().unwrap());
                }
            }
        }
    }

    #[test]
    fn a_record_that_cannot_be_read_is_told() {
        let mut database = open(city()).unwrap();
        // Not looked into when it was opened: the text that is the country's code is no UTF-8.
        let mut bytes = city();
        let at = bytes.windows(2).position(|pair| pair == b"DE").unwrap();
        bytes[at] = 0xff;
        database.reader = Reader::from_source(bytes).unwrap();
        assert_eq!(database.of("1.2.3.4".parse().unwrap()), Place::default());
        let (name, fault) = database.fault().unwrap();
        assert!(name == "x.mmdb" && fault.to_string().starts_with("no database of places"), "{fault}");
    }
}
