use proptest::prelude::*;

use super::*;

fn place(ranges: &ProviderRanges, address: &str) -> Option<[String; 3]> {
    let found = ranges.find(address.parse().unwrap())?;
    Some([found.provider.clone(), found.service.clone(), found.region.clone()])
}

fn is(provider: &str, service: &str, region: &str) -> [String; 3] {
    [provider, service, region].map(str::to_owned)
}

#[test]
fn the_shipped_copy_knows_the_large_ones() {
    let ranges = ProviderRanges::shipped().unwrap();
    assert_eq!(place(&ranges, "3.85.1.2"), Some(is("aws", "ec2", "us-east-1")));
    assert_eq!(place(&ranges, "52.216.9.9"), Some(is("aws", "s3", "us-east-1")));
    assert_eq!(place(&ranges, "17.1.2.3"), Some(is("apple", "-", "-")));
    for (address, provider) in [("8.8.8.8", "google"), ("2a00:1450::1", "google"), ("40.90.1.1", "microsoft")] {
        assert_eq!(place(&ranges, address).unwrap()[0], provider, "{address}");
    }
    for address in ["10.0.0.1", "192.0.2.1", "::1", "203.0.113.9"] {
        assert_eq!(place(&ranges, address), None, "{address}");
    }
    assert_eq!(place(&ranges, "::ffff:17.1.2.3"), Some(is("apple", "-", "-")), "an IPv4 address in IPv6's clothes");
}

#[test]
fn published_lists_are_read_and_the_longest_prefix_decides() {
    let mut ranges = ProviderRanges::new();
    let aws = br#"{"syncToken":"1","createDate":"2025-01-01-00-00-00","prefixes":[
        {"ip_prefix":"52.94.76.0/22","region":"us-west-2","service":"AMAZON","network_border_group":"us-west-2"},
        {"ip_prefix":"52.0.0.0/8","region":"GLOBAL","service":"EC2","network_border_group":"x"},
        {"ip_prefix":"52.94.76.0/22","region":"us-west-2","service":"S3","network_border_group":"us-west-2"},
        {"ip_prefix":"52.94.76.0/22","region":"us-west-2","service":"AMAZON","network_border_group":"us-west-2"}],
        "ipv6_prefixes":[{"ipv6_prefix":"2600:1f14::/35","region":"us-west-2","service":"EC2"}]}"#;
    assert_eq!(ranges.read(aws), Ok(5));
    assert_eq!(place(&ranges, "52.94.77.1"), Some(is("aws", "s3", "us-west-2")));
    assert_eq!(place(&ranges, "52.1.1.1"), Some(is("aws", "ec2", "global")));
    assert_eq!(place(&ranges, "2600:1f14::9"), Some(is("aws", "ec2", "us-west-2")));
    let google = br#"{"prefixes":[{"ipv4Prefix":"34.1.208.0/20","service":"Google Cloud","scope":"africa-south1"},
        {"ipv6Prefix":"2600:1900:8000::/44"}]}"#;
    assert_eq!(ranges.read(google), Ok(2));
    assert_eq!(place(&ranges, "34.1.210.1"), Some(is("google", "google cloud", "africa-south1")));
    assert_eq!(place(&ranges, "2600:1900:8000::1"), Some(is("google", "-", "-")));
    assert_eq!(ranges.read(b"# ours\nmine - here 52.94.77.0/24 # an office\n\n"), Ok(1));
    assert_eq!(place(&ranges, "52.94.77.1"), Some(is("mine", "-", "here")));
    assert_eq!(place(&ranges, "52.94.76.1"), Some(is("aws", "s3", "us-west-2")));
}

#[test]
fn microsofts_tags_and_plain_prefixes_are_read() {
    let mut ranges = ProviderRanges::new();
    let tags = br#"{"changeNumber":1,"cloud":"Public","values":[
        {"name":"AzureCloud.westeurope","id":"AzureCloud.westeurope","properties":{"region":"westeurope","platform":"Azure",
          "systemService":"","addressPrefixes":["13.69.0.0/17","2603:1020:200::/46"]}},
        {"name":"Storage.WestEurope","properties":{"region":"westeurope","systemService":"AzureStorage",
          "addressPrefixes":["13.69.40.0/24"]}}]}"#;
    assert_eq!(ranges.read(tags), Ok(3));
    assert_eq!(place(&ranges, "13.69.40.9"), Some(is("microsoft", "azurestorage", "westeurope")));
    assert_eq!(place(&ranges, "13.69.41.0"), Some(is("microsoft", "-", "westeurope")));
    assert_eq!(place(&ranges, "2603:1020:200::1"), Some(is("microsoft", "-", "westeurope")));
    assert_eq!(ranges.read_for_provider(b"\xef\xbb\xbf17.0.0.0/8 # all of it\n2620:149::/32\n", Some("apple")), Ok(2));
    assert_eq!(place(&ranges, "17.9.9.9"), Some(is("apple", "-", "-")));
    assert_eq!(ranges.read_for_provider(b"mine s3 here 192.0.2.0/25\n", Some("apple")), Ok(1));
    assert_eq!(place(&ranges, "192.0.2.127"), Some(is("mine", "s3", "here")));
    assert!(ranges.read(b"17.0.0.0/8\n").is_err(), "no provider is given");
    assert!(ranges.read(br#"{"values":[{"properties":{}}]}"#).is_err());
}

#[test]
fn what_is_no_list_is_refused() {
    let read = |bytes: &[u8]| ProviderRanges::new().read(bytes);
    let long = format!("{} - - 10.0.0.0/8", "x".repeat(101));
    for bytes in [
        &b"{"[..],
        b"{}",
        b"{\"prefixes\":[{}]}",
        b"{\"prefixes\":[{\"ip_prefix\":\"52.0.0.0/33\"}]}",
        b"{\"prefixes\":[{\"ip_prefix\":7}]}",
        b"aws ec2 us-east-1",
        b"aws ec2 us-east-1 10.0.0.0",
        b"aws ec2 us-east-1 10.0.0.0/8 more",
        b"\xff\xfe",
        long.as_bytes(),
    ] {
        assert!(read(bytes).is_err(), "{}", bytes.escape_ascii());
    }
    assert_eq!(read(&vec![b' '; ProviderRanges::MAX_FILE_BYTES + 1]), Err(RangesError::TooLarge));
    let deep = format!("{{\"prefixes\":{}", "[".repeat(100_000));
    assert!(read(deep.as_bytes()).is_err());
    let many = "a b c 10.0.0.0/8\n".repeat(ProviderRanges::MAX + 1);
    assert_eq!(read(many.as_bytes()), Err(RangesError::TooMany));
}

/// The longest prefix that holds an address, by looking at all of them.
fn by_all(networks: &[(u32, u8)], address: u32) -> Option<usize> {
    let mask = |length: u8| u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
    let holds = |(start, length): &(u32, u8)| start & mask(*length) == address & mask(*length);
    let found = networks.iter().enumerate().filter(|(_, network)| holds(network));
    found.max_by_key(|(at, (_, length))| (*length, *at)).map(|(at, _)| at)
}

proptest! {
    #[test]
    fn the_longest_prefix_decides_wherever_an_address_lies(
        networks in prop::collection::vec((any::<u32>().prop_map(|n| n & 0xff00_00ff | (n & 0x0300_0000)), 0u8..=32), 0..40),
        others in prop::collection::vec(any::<u32>(), 0..20),
    ) {
        let mut ranges = ProviderRanges::new();
        for (at, (start, length)) in networks.iter().enumerate() {
            let line = format!("p{at} s r {}/{length}", std::net::Ipv4Addr::from(*start));
            ranges.read(line.as_bytes()).unwrap();
        }
        let edges = networks.iter().flat_map(|(start, _)| [*start, start.wrapping_add(1), start.wrapping_sub(1)]);
        for address in edges.chain(others) {
            let found = ranges.find(IpAddr::from(std::net::Ipv4Addr::from(address))).map(|place| place.provider.clone());
            prop_assert_eq!(found, by_all(&networks, address).map(|at| format!("p{at}")));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), line in "[a-z0-9./: {}\\[\\]\",-]{0,80}") {
        for bytes in [&bytes[..], line.as_bytes()] {
            let mut ranges = ProviderRanges::new();
            if ranges.read(bytes).is_ok() {
                let _ = ranges.find("10.0.0.1".parse().unwrap());
            }
        }
    }
}
