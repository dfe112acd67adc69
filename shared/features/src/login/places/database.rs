//! Databases of addresses in the `MaxMind` DB format, version 2.0 (<https://maxmind.github.io/MaxMind-DB/>): `GeoLite2`, `GeoIP2`
//! and compatible ones.

use std::net::IpAddr;
use std::sync::OnceLock;

use maxminddb::{MaxMindDbError, Reader};
use serde::Deserialize;

use super::super::location::Coordinates;
use super::info::{AddressInfo, BadPlaces};

/// A database whose first records were validated.
#[derive(Debug)]
pub(super) struct Database {
    name: String,
    reader: Reader<Vec<u8>>,
    /// The first record that could not be read.
    fault: OnceLock<BadPlaces>,
}

/// The fields that are read of a record of a City, Country or ASN database. Each may be missing.
#[derive(Debug, Default, Deserialize)]
struct Record<'a> {
    autonomous_system_number: Option<u32>,
    #[serde(borrow)]
    autonomous_system_organization: Option<&'a str>,
    #[serde(borrow)]
    country: Option<Named<'a>>,
    /// The country where the block is registered, for blocks without a country.
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
    /// The number of records that are read when a database is opened.
    const VALIDATED_RECORDS: usize = 1_000;

    /// Opens a database whose first records have a country or an autonomous system. O([`Self::VALIDATED_RECORDS`]).
    pub(super) fn open(name: &str, bytes: Vec<u8>) -> Result<Self, BadPlaces> {
        let reader = Reader::from_source(bytes).map_err(bad)?;
        let mut is_useful = false;
        for network in reader.networks(maxminddb::WithinOptions::default()).map_err(bad)?.take(Self::VALIDATED_RECORDS)
        {
            let record: Option<Record<'_>> = network.map_err(bad)?.decode().map_err(bad)?;
            let info = record.unwrap_or_default().info();
            is_useful |= info.asn.is_some() || !info.country.is_empty();
        }
        if !is_useful {
            let kind: String = reader.metadata().database_type.chars().filter(|c| !c.is_control()).take(60).collect();
            return Err(BadPlaces::Database {
                what: format!("{kind:?} has neither the country nor the autonomous system of addresses"),
            });
        }
        Ok(Self { name: name.to_owned(), reader, fault: OnceLock::new() })
    }

    /// The information about an address. Empty where its record cannot be read; [`Self::fault`] then has the error.
    pub(super) fn find(&self, ip: IpAddr) -> AddressInfo<'_> {
        let ip = ip.to_canonical();
        if ip.is_ipv6() && self.reader.metadata().ip_version == 4 {
            return AddressInfo::default();
        }
        match self.reader.lookup(ip).and_then(|found| found.decode::<Record<'_>>()) {
            Ok(record) => record.unwrap_or_default().info(),
            Err(error) => {
                self.fault.get_or_init(|| bad(error));
                AddressInfo::default()
            }
        }
    }

    /// The name of the database and the error of its first record that was looked up and could not be read.
    pub(super) fn fault(&self) -> Option<(&str, &BadPlaces)> {
        self.fault.get().map(|fault| (self.name.as_str(), fault))
    }
}

impl<'a> Record<'a> {
    fn info(&self) -> AddressInfo<'a> {
        let name = |named: Option<&Named<'a>>| named.and_then(|named| named.names.as_ref()?.en).unwrap_or_default();
        let country = [&self.country, &self.registered_country];
        let location = self.location.as_ref();
        let coordinates =
            location.and_then(|location| Coordinates::from_degrees(location.latitude?, location.longitude?));
        AddressInfo {
            asn: self.autonomous_system_number,
            operator: self.autonomous_system_organization.unwrap_or_default(),
            country: country.into_iter().flatten().find_map(|country| country.iso_code).unwrap_or_default(),
            region: name(self.subdivisions.first()),
            city: name(self.city.as_ref()),
            // Without a city, the coordinates are the middle of the country, which adds nothing.
            coordinates: coordinates.filter(|_| self.city.is_some()),
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
        let coordinates = Coordinates::from_degrees(52.52, 13.41);
        assert!(coordinates.is_some());
        let place =
            AddressInfo { country: "DE", region: "Land Berlin", city: "Berlin", coordinates, ..AddressInfo::default() };
        assert_eq!(city.find(ip), place);
        assert_eq!(city.find("::ffff:1.2.3.4".parse().unwrap()), place, "IPv4 in IPv6");
        let operator = "An operator of networks that has a long name";
        assert_eq!(asn.find(ip), AddressInfo { asn: Some(64_500), operator, ..AddressInfo::default() });
        for other in ["2.0.0.1", "0.255.255.255", "2001:db8::1"] {
            assert_eq!(city.find(other.parse().unwrap()), AddressInfo::default(), "{other}");
        }
        assert_eq!(city.fault(), None);
    }

    #[test]
    fn the_registered_country_replaces_a_missing_country() {
        let record = map(&[("registered_country", map(&[("iso_code", text("FR"))]))]);
        assert_eq!(open(database("Country", &record)).unwrap().find("1.0.0.1".parse().unwrap()).country, "FR");
    }

    #[test]
    fn uninformative_coordinates_are_left_out() {
        let of = |pairs: &[(&str, Vec<u8>)]| {
            let record = map(&[&[("country", map(&[("iso_code", text("FR"))]))], pairs].concat());
            open(database("City", &record)).unwrap().find("1.0.0.1".parse().unwrap()).coordinates
        };
        let paris = || ("city", map(&[("names", map(&[("en", text("Paris"))]))]));
        assert_eq!(of(&[paris(), ("location", location(48.86, 2.35))]), Coordinates::from_degrees(48.86, 2.35));
        assert_eq!(of(&[("location", location(48.86, 2.35))]), None, "the middle of a country");
        assert_eq!(of(&[paris(), ("location", location(f64::NAN, 2.35))]), None);
        assert_eq!(of(&[paris(), ("location", location(0.0, 0.0))]), None);
        assert_eq!(of(&[paris(), ("location", map(&[("latitude", double(48.86))]))]), None);
    }

    #[test]
    fn other_and_damaged_files_are_errors() {
        let whole = city();
        for (foreign, expected) in [
            (b"cidr,asn\n1.0.0.0/8,1\n".to_vec(), "metadata"),
            (Vec::new(), "metadata"),
            (database("GeoIP2-Anonymous-IP", &map(&[("is_vpn", vec![1, 7])])), "\"GeoIP2-Anonymous-IP\" has neither"),
            (database("flat", &map(&[("country", text("DE"))])), "decoding error"),
        ] {
            let error = open(foreign).unwrap_err();
            assert!(error.contains(expected) && error.starts_with("no database of places"), "{error}");
        }
        for end in 0..whole.len() {
            assert!(open(whole[..end].to_vec()).is_err(), "cut off at {end}");
        }
        // Any change of a byte gives an error or another database, and no panic.
        for at in 0..whole.len() {
            for value in [0, 0xff, whole[at] ^ 1, whole[at] ^ 0x80] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                if let Ok(database) = open(damaged) {
                    let info = database.find("1.2.3.4".parse().unwrap());
                    assert!(database.fault().is_none() || info == AddressInfo::default());
                    assert_eq!(database.find("2001:db8::1".parse().unwrap()), AddressInfo::default());
                }
            }
        }
    }

    #[test]
    fn an_unreadable_record_is_a_fault() {
        let mut database = open(city()).unwrap();
        // Not validated when it was opened: the country code is not UTF-8.
        let mut bytes = city();
        let at = bytes.windows(2).position(|pair| pair == b"DE").unwrap();
        bytes[at] = 0xff;
        database.reader = Reader::from_source(bytes).unwrap();
        assert_eq!(database.find("1.2.3.4".parse().unwrap()), AddressInfo::default());
        let (name, fault) = database.fault().unwrap();
        assert!(name == "x.mmdb" && fault.to_string().starts_with("no database of places"), "{fault}");
    }
}
