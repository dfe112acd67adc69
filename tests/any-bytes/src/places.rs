//! Reads tables and databases of address locations and networks.

use std::net::IpAddr;

use weir_features::login::Places;
use weir_ingest::ranges::ProviderRanges;

/// Some addresses, and those that the bytes begin with.
fn addresses(bytes: &[u8]) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> =
        vec![[1, 2, 3, 4].into(), [10, 0, 0, 1].into(), [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into()];
    addresses.extend(bytes.first_chunk::<4>().map(|four| IpAddr::from(*four)));
    addresses.extend(bytes.first_chunk::<16>().map(|all| IpAddr::from(*all)));
    addresses
}

fn ask(places: &Places, bytes: &[u8]) {
    for address in addresses(bytes) {
        let place = places.find(address);
        let mapped = match address {
            IpAddr::V4(four) => IpAddr::V6(four.to_ipv6_mapped()),
            six @ IpAddr::V6(_) => six,
        };
        assert_eq!(places.find(mapped), place, "IPv4 in IPv6");
        assert_eq!(places.is_listed(mapped), places.is_listed(address), "IPv4 in IPv6");
    }
}

/// Tables of places and lists of networks.
pub(crate) fn text(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let (mut table, mut list) = (Places::none(), Places::none());
    if table.read_table(text).is_ok() {
        ask(&table, bytes);
    }
    if list.read_list(text).is_ok() {
        ask(&list, bytes);
        assert_eq!(list.read_list(text), Ok(()), "a list is read twice");
        ask(&list, bytes);
    }
}

/// Databases in `MaxMind`'s format.
pub(crate) fn database(bytes: &[u8]) {
    let mut places = Places::none();
    if places.read_database("any.mmdb", bytes.to_vec()).is_ok() {
        ask(&places, bytes);
        assert!(places.fault().is_none_or(|(name, _)| name == "any.mmdb"));
    }
}

/// Ranges of addresses of providers.
pub(crate) fn ranges(bytes: &[u8]) {
    let mut ranges = ProviderRanges::new();
    if let Ok(count) = ranges.read(bytes) {
        assert!(count <= ProviderRanges::MAX);
        for address in addresses(bytes) {
            let found = ranges.find(address).cloned();
            if let Some(place) = &found {
                assert!(count > 0, "nothing holds {place:?}");
            }
            let mut again = ranges.clone();
            assert_eq!(again.read(bytes), Ok(count), "a file is read twice");
            assert_eq!(again.find(address), found.as_ref());
        }
    }
}
