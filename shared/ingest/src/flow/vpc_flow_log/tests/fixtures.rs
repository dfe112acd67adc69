//! Logs that other tools test with, and AWS documents: see `SOURCE.txt` beside them.

use super::*;

/// Records, rows without data, rows with data lost, rejects.
type Counts = (u64, u64, u64, u64);

/// Every field up to version 5, as AWS lists them.
const V5: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end \
                  action log-status vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id \
                  sublocation-type sublocation-id pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path";

/// What versions 7 and 8 add.
const V8: &str = "ecs-cluster-arn ecs-cluster-name ecs-container-instance-arn ecs-container-instance-id \
                  ecs-container-id ecs-second-container-id ecs-service-name ecs-task-definition-arn ecs-task-arn \
                  ecs-task-id reject-reason";

/// What versions 9 to 11 add.
const V11: &str = "resource-id encryption-status instance-tag instance-tag-2 interface-tag interface-tag-2 asg-tag \
                   asg-tag-2 interface-type next-hop-interface-id next-hop-subnet-id next-hop-az-id next-hop-vpc-id \
                   next-hop-interface-type";

/// Reads a fixture; every record as its debug form. `None`, and said so, if it is not there.
fn read_fixture(name: &str, order: Option<&FieldOrder>) -> Option<(Counts, Vec<String>)> {
    let path = format!("{}/../../../shared/data/vpc_formats/{name}", env!("CARGO_MANIFEST_DIR"));
    let Ok(bytes) = std::fs::read(&path) else {
        eprintln!("SKIPPED: {path} is not there");
        return None;
    };
    let (mut seen, limits) = (Vec::new(), ReadLimits::default());
    let s = read(&bytes[..], &ObjectName::new(name), limits, order, |r| seen.push(format!("{r:?}"))).unwrap();
    Some(((s.records, s.no_data, s.skip_data, s.rejected_rows()), seen))
}

#[test]
fn every_fixture_with_its_counts() {
    let (v2, gateway) = (FieldOrder::version_2(), FieldOrder::transit_gateway());
    let (v5, v8) = (FieldOrder::parse(V5).unwrap(), FieldOrder::parse(&format!("{V5} {V8}")).unwrap());
    let cases: [(&str, Option<&FieldOrder>, Counts, &[&str]); 6] = [
        ("vpcflowlog.log.gz", None, (3, 0, 0, 0), &["source: 10.26.1.153, destination: 3.239.232.29"]),
        (
            "test-tcp-flag-sequence.log",
            None,
            (1, 1, 1, 0),
            &["tcp_flags: Some(2)", "packet_source: Some(52.213.180.42)"],
        ),
        ("test-extra-samples.log", Some(&v2), (5, 1, 1, 0), &["source: 2001:db8:1234:a100:8d6e:3477:df66:f105"]),
        (
            "test-v5-all-fields.log",
            Some(&v5),
            (1, 0, 0, 0),
            &[
                "action: Reject, tcp_flags: Some(1), direction: Some(Ingress)",
                "packet_source: Some(89.160.20.156), packet_destination: Some(10.200.0.80)",
                "source_service: \"AMAZON\", destination_service: \"CLOUDFRONT\"",
                "region: \"us-east-1\"",
            ],
        ),
        ("test-v8-samples.log", Some(&v8), (0, 1, 0, 0), &[]),
        (
            "test-tgw-samples.log",
            Some(&gateway),
            (1, 1, 1, 0),
            &["interface: \"tgw-attach-0123abcd\"", "action: Accept", "direction: Some(Egress)", "tcp_flags: None"],
        ),
    ];
    for (name, order, counts, parts) in cases {
        let Some((seen_counts, seen)) = read_fixture(name, order) else { continue };
        assert_eq!(seen_counts, counts, "{name}");
        for part in parts {
            assert!(seen[0].contains(part), "{name}: {part} in {}", seen[0]);
        }
    }
}

#[test]
fn all_fields_of_all_versions_are_read_or_skipped() {
    let row = "11 123456789012 eni-1 10.0.0.1 10.0.0.2 50000 443 6 3 180 1700000000 1700000059 ACCEPT OK vpc-1 subnet-1 \
               i-1 3 IPv4 10.0.0.1 192.0.2.7 eu-west-1 euw1-az1 outpost op-1 S3 EC2 egress 8 arn:a web arn:c ci-1 c-1 \
               c-2 shop arn:t/orders:12 arn:t t-1 BPA vpc-1 1 a b c d e f natGateway eni-2 subnet-2 euw1-az2 \
               vpc-2 natGateway";
    let text = format!("{V5} {V8} {V11}\n{row}\n");
    let mut seen = 0;
    let summary = read(text.as_bytes(), &ObjectName::new("x"), ReadLimits::default(), None, |r| {
        seen += 1;
        assert_eq!((r.source_service, r.destination_service), ("S3", "EC2"));
        // Kept although it says no more than srcaddr.
        assert_eq!(r.packet_source, Some(r.source));
        assert_eq!(r.packet_destination, Some("192.0.2.7".parse().unwrap()));
        assert_eq!((r.tcp_flags, r.direction), (Some(3), Some(Direction::Egress)));
    })
    .unwrap();
    assert_eq!((seen, summary.rejected_rows()), (1, 0));
}
