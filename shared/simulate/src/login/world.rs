//! Cities, and the operators that provide addresses in them.

use std::net::Ipv4Addr;

use crate::random::Stream;

/// A city, its time zone and its location.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct City {
    pub(crate) country: &'static str,
    pub(crate) region: &'static str,
    pub(crate) name: &'static str,
    /// Offset from UTC in hours.
    pub(crate) offset: f64,
    /// Latitude and longitude in degrees.
    pub(crate) location: (f64, f64),
    /// Population relative to the other cities.
    pub(crate) weight: u32,
}

const fn city(
    country: &'static str,
    region: &'static str,
    name: &'static str,
    offset: f64,
    location: (f64, f64),
    weight: u32,
) -> City {
    City { country, region, name, offset, location, weight }
}

pub(crate) const CITIES: [City; 26] = [
    city("NO", "Oslo", "Oslo", 1.0, (59.9, 10.7), 20),
    city("NO", "Vestland", "Bergen", 1.0, (60.4, 5.3), 9),
    city("NO", "Trondelag", "Trondheim", 1.0, (63.4, 10.4), 7),
    city("DE", "Berlin", "Berlin", 1.0, (52.5, 13.4), 12),
    city("DE", "Bavaria", "Munich", 1.0, (48.1, 11.6), 8),
    city("DE", "Hamburg", "Hamburg", 1.0, (53.6, 10.0), 6),
    city("GB", "England", "London", 0.0, (51.5, -0.1), 14),
    city("GB", "Scotland", "Edinburgh", 0.0, (56.0, -3.2), 4),
    city("FR", "Ile-de-France", "Paris", 1.0, (48.9, 2.4), 9),
    city("FR", "Occitanie", "Toulouse", 1.0, (43.6, 1.4), 3),
    city("US", "New York", "New York", -5.0, (40.7, -74.0), 12),
    city("US", "California", "San Francisco", -8.0, (37.8, -122.4), 9),
    city("US", "Texas", "Austin", -6.0, (30.3, -97.7), 6),
    city("US", "Virginia", "Ashburn", -5.0, (39.0, -77.5), 1),
    city("IN", "Karnataka", "Bengaluru", 5.5, (13.0, 77.6), 10),
    city("IN", "Maharashtra", "Mumbai", 5.5, (19.1, 72.9), 6),
    city("BR", "Sao Paulo", "Sao Paulo", -3.0, (-23.6, -46.6), 5),
    city("JP", "Tokyo", "Tokyo", 9.0, (35.7, 139.7), 5),
    city("AU", "New South Wales", "Sydney", 10.0, (-33.9, 151.2), 4),
    city("NL", "North Holland", "Amsterdam", 1.0, (52.4, 4.9), 4),
    city("PL", "Masovia", "Warsaw", 1.0, (52.2, 21.0), 3),
    city("ES", "Madrid", "Madrid", 1.0, (40.4, -3.7), 3),
    // Cities of few users and many attackers.
    city("RO", "Bucharest", "Bucharest", 2.0, (44.4, 26.1), 1),
    city("VN", "Hanoi", "Hanoi", 7.0, (21.0, 105.8), 1),
    city("NG", "Lagos", "Lagos", 1.0, (6.5, 3.4), 1),
    city("RU", "Moscow", "Moscow", 3.0, (55.8, 37.6), 1),
];

/// The distance between two cities in kilometres (haversine formula).
pub(crate) fn kilometres(a: usize, b: usize) -> f64 {
    let location =
        |city: usize| CITIES.get(city).map_or((0.0, 0.0), |c| (c.location.0.to_radians(), c.location.1.to_radians()));
    let ((lat_a, lon_a), (lat_b, lon_b)) = (location(a), location(b));
    let half = |x: f64| (x / 2.0).sin().powi(2);
    let h = half(lat_b - lat_a) + lat_a.cos() * lat_b.cos() * half(lon_b - lon_a);
    2.0 * 6371.0 * h.sqrt().min(1.0).asin()
}

/// The use of an address block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AddressUse {
    /// Homes: an address is kept for weeks.
    Broadband,
    /// Phones: many users share few addresses, which change with every login.
    Mobile,
    /// Offices: one address for all employees.
    Business,
    /// Rented servers.
    Hosting,
    /// Commercial virtual private networks.
    Vpn,
    /// Exit nodes of the Tor network.
    Tor,
}

/// An address block of one operator in one city.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix {
    /// First address.
    pub first: Ipv4Addr,
    /// Prefix length in bits.
    pub length: u8,
    /// Autonomous system number of the operator.
    pub asn: u32,
    /// Name of the operator.
    pub operator: String,
    /// The city, as an index into [`CITIES`].
    pub(crate) city: usize,
    /// Its use.
    pub(crate) used_for: AddressUse,
}

impl Prefix {
    /// Two-letter country code.
    #[must_use]
    pub fn country(&self) -> &'static str {
        CITIES.get(self.city).map_or("", |city| city.country)
    }

    /// Region of the country.
    #[must_use]
    pub fn region(&self) -> &'static str {
        CITIES.get(self.city).map_or("", |city| city.region)
    }

    /// City.
    #[must_use]
    pub fn city(&self) -> &'static str {
        CITIES.get(self.city).map_or("", |city| city.name)
    }

    /// A random address of the block, except the first and the last.
    pub(crate) fn address(&self, stream: &mut Stream) -> Ipv4Addr {
        let size = 1_i64 << (32 - self.length);
        Ipv4Addr::from(u32::from(self.first).wrapping_add(stream.between(1, size - 2) as u32))
    }
}

/// All address blocks.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) prefixes: Vec<Prefix>,
}

/// Hosting companies, their AS numbers and the cities of their servers.
const HOSTING: [(&str, u32, &[usize]); 4] = [
    ("Nimbus Servers", 64_600, &[3, 19, 13]),
    ("Stackhaus Hosting", 64_601, &[3, 20]),
    ("Cheapbox VPS", 64_602, &[22, 25, 19]),
    ("Pacific Metal", 64_603, &[11, 17]),
];

impl World {
    /// Assigns blocks to every operator, from 100.64.0.0/10 (carrier-grade NAT) and 198.18.0.0/15 (benchmarking), which are not
    /// routed on the internet.
    pub(crate) fn new() -> Self {
        // 100.64.0.0/10 for users and 198.18.0.0/15 for servers: room for 1,024 blocks of 4,096 and 512 blocks of 256 addresses.
        let (mut people, mut machines) =
            (u32::from(Ipv4Addr::new(100, 64, 0, 0)), u32::from(Ipv4Addr::new(198, 18, 0, 0)));
        let mut prefixes = Vec::new();
        let mut asns = std::collections::BTreeMap::new();
        let mut next_asn = 64_512;
        for (at, city) in CITIES.iter().enumerate() {
            let operators = [
                ("Telecom", AddressUse::Broadband),
                ("Cable", AddressUse::Broadband),
                ("Mobile", AddressUse::Mobile),
                ("Business Net", AddressUse::Business),
            ];
            for (name, used_for) in operators {
                let operator = format!("{} {name}", city.country);
                let asn = *asns.entry(operator.clone()).or_insert_with(|| {
                    next_asn += 1;
                    next_asn
                });
                let length = if used_for == AddressUse::Mobile { 23 } else { 20 };
                prefixes.push(Prefix { first: people.into(), length, asn, operator, city: at, used_for });
                people += 4096;
            }
        }
        let mut machine = |operator: &str, asn, city, used_for| {
            prefixes.push(Prefix {
                first: machines.into(),
                length: 24,
                asn,
                operator: operator.to_owned(),
                city,
                used_for,
            });
            machines += 256;
        };
        for (operator, asn, cities) in HOSTING {
            for city in cities {
                machine(operator, asn, *city, AddressUse::Hosting);
            }
        }
        for city in [0, 6, 10, 19] {
            machine("Burrow VPN", 64_620, city, AddressUse::Vpn);
        }
        for city in [3, 19, 22, 13] {
            machine("Relay Exits", 64_640, city, AddressUse::Tor);
        }
        Self { prefixes }
    }

    /// The indices of the blocks with a use, in a city if one is given.
    pub(crate) fn blocks_for(&self, used_for: AddressUse, city: Option<usize>) -> Vec<usize> {
        let wanted = |prefix: &Prefix| prefix.used_for == used_for && city.is_none_or(|city| prefix.city == city);
        self.prefixes.iter().enumerate().filter(|(_, prefix)| wanted(prefix)).map(|(at, _)| at).collect()
    }

    /// A random block with a use, in a city if one is given.
    pub(crate) fn pick(&self, stream: &mut Stream, used_for: AddressUse, city: Option<usize>) -> usize {
        stream.pick(&self.blocks_for(used_for, city)).copied().unwrap_or(0)
    }
}

/// A random city, weighted by population.
pub(crate) fn random_city(stream: &mut Stream) -> usize {
    let all: u32 = CITIES.iter().map(|city| city.weight).sum();
    let mut at = stream.below(u64::from(all)) as u32;
    CITIES
        .iter()
        .position(|city| {
            if at < city.weight {
                true
            } else {
                at -= city.weight;
                false
            }
        })
        .unwrap_or(0)
}
