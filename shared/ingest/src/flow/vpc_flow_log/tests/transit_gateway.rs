//! Rows of transit gateways: 36 fields, no action, directions seen from the gateway.

use weir_domain::flow::Sender;

use super::*;

/// A row of the default format with these fields set; all others are absent.
fn row(fields: &[(&str, &str)]) -> String {
    let names = "version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id \
                 tgw-dst-vpc-account-id tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni \
                 tgw-dst-eni tgw-src-az-id tgw-dst-az-id tgw-pair-attachment-id srcaddr dstaddr srcport dstport \
                 protocol packets bytes start end log-status type packets-lost-no-route packets-lost-blackhole \
                 packets-lost-mtu-exceeded packets-lost-ttl-expired tcp-flags region flow-direction \
                 pkt-src-aws-service pkt-dst-aws-service";
    let value = |name: &str| fields.iter().rev().find(|(n, _)| *n == name).map_or("-", |(_, value)| value);
    names.split(' ').map(value).collect::<Vec<_>>().join(" ")
}

const OPENING: &[(&str, &str)] = &[
    ("version", "6"),
    ("resource-type", "TransitGateway"),
    ("account-id", "123456789012"),
    ("tgw-id", "tgw-1"),
    ("tgw-attachment-id", "tgw-attach-1"),
    ("srcaddr", "10.1.0.1"),
    ("dstaddr", "10.2.0.2"),
    ("srcport", "40000"),
    ("dstport", "5432"),
    ("protocol", "6"),
    ("packets", "1"),
    ("bytes", "60"),
    ("start", "1700000000"),
    ("end", "1700000059"),
    ("log-status", "OK"),
    ("type", "IPv4"),
    ("packets-lost-no-route", "0"),
    ("tcp-flags", "2"),
    ("region", "eu-west-1"),
    ("flow-direction", "ingress"),
    ("pkt-dst-aws-service", "S3"),
];

/// Reads one row by the default format and shows the record to `check`.
fn with(changes: &[(&str, &str)], check: impl Fn(&FlowRecord<'_>)) {
    let text = row(&[OPENING, changes].concat());
    let (order, name) = (FieldOrder::transit_gateway(), ObjectName::new("tgw.log"));
    let summary = read(text.as_bytes(), &name, ReadLimits::default(), Some(&order), check).unwrap();
    assert_eq!(summary.records, 1, "{summary:?}");
}

#[test]
fn the_attachment_is_the_interface_and_rows_without_action_are_accepted() {
    with(&[], |r| {
        assert_eq!((r.account, r.region, r.interface), ("123456789012", "eu-west-1", "tgw-attach-1"));
        assert_eq!((r.source_port, r.destination_port, r.protocol, r.packets), (40000, 5432, 6, 1));
        assert_eq!((r.action, r.source_service, r.destination_service), (Action::Accept, "", "S3"));
        assert_eq!((r.packet_source, r.packet_destination), (None, None));
    });
}

#[test]
fn what_enters_the_gateway_has_left_the_attachments_network() {
    with(&[], |r| assert_eq!(r.direction, Some(Direction::Egress)));
    with(&[("flow-direction", "egress")], |r| assert_eq!(r.direction, Some(Direction::Ingress)));
    with(&[("flow-direction", "-")], |r| assert_eq!(r.direction, None));
}

#[test]
fn flags_with_every_ack_say_less() {
    for (flags, packets, expected) in [
        ("2", "1", Some(2)),
        ("2", "6", Some(2)),
        ("18", "1", Some(18)),
        ("18", "2", None),
        ("27", "9", None),
        ("24", "9", Some(0)),
        ("25", "4", Some(1)),
        ("20", "1", Some(4)),
        ("63", "99", None),
        ("-", "9", None),
    ] {
        with(&[("tcp-flags", flags), ("packets", packets)], |r| assert_eq!(r.tcp_flags, expected, "{flags} {packets}"));
    }
    // A client whose opening was answered stays the one who began, by its ports.
    with(&[("tcp-flags", "27"), ("packets", "9"), ("bytes", "900")], |r| {
        assert_eq!((r.sender(), r.half_open()), (Sender::Initiator, false));
    });
    with(&[], |r| assert!(r.half_open(), "a SYN that nobody answered"));
}

#[test]
fn ipv6_and_absent_everywhere() {
    with(&[("srcaddr", "2001:db8::1"), ("dstaddr", "2001:db8::2"), ("type", "IPv6")], |r| {
        assert_eq!(r.source, "2001:db8::1".parse::<IpAddr>().unwrap());
    });
    let least = ["srcaddr", "dstaddr", "protocol", "packets", "bytes", "start", "log-status"];
    let kept: Vec<_> = OPENING.iter().copied().filter(|(name, _)| least.contains(name)).collect();
    let order = FieldOrder::transit_gateway();
    let name = ObjectName::new("tgw.log");
    let read = |text: &str, each: &mut dyn FnMut(&FlowRecord<'_>)| {
        read(text.as_bytes(), &name, ReadLimits::default(), Some(&order), each).unwrap()
    };
    let summary = read(&row(&kept), &mut |r| {
        assert_eq!((r.account, r.region, r.interface), ("", "", ""));
        assert_eq!((r.source_port, r.destination_port, r.end), (0, 0, r.start));
        assert_eq!((r.tcp_flags, r.direction), (None, None));
    });
    assert_eq!(summary.records, 1);
    let status = |status| row(&[("log-status", status)]);
    let text = [status("NODATA"), status("SKIPDATA"), status("-"), row(&[]), status("OK")].join("\n");
    let summary = read(&text, &mut |_| {});
    assert_eq!((summary.no_data, summary.skip_data, summary.rejected_rows()), (1, 1, 3));
}

#[test]
fn a_format_of_ones_own_is_told_by_any_of_the_gateways_columns() {
    let text = "tgw-id srcaddr dstaddr start tcp-flags packets flow-direction\n\
                tgw-1 10.0.0.1 10.1.0.1 1700000000 27 9 ingress\n";
    let mut seen = 0;
    read(text.as_bytes(), &ObjectName::new("x"), ReadLimits::default(), None, |r| {
        assert_eq!((r.interface, r.tcp_flags, r.direction), ("", None, Some(Direction::Egress)));
        seen += 1;
    })
    .unwrap();
    assert_eq!(seen, 1);
}
