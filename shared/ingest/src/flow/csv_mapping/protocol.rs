//! Parses protocols, by number or name.

use std::collections::BTreeMap;

use weir_domain::flow::{ICMP, ICMP_V6, TCP, UDP};
use weir_domain::reject::RejectReason;

use crate::flow::value;

/// The names of IANA's protocol numbers that flow logs have in practice.
const COMMON: [(&str, u8); 19] = [
    ("tcp", TCP),
    ("udp", UDP),
    ("icmp", ICMP),
    ("ipv6-icmp", ICMP_V6),
    ("icmp6", ICMP_V6),
    ("icmpv6", ICMP_V6),
    ("hopopt", 0),
    ("igmp", 2),
    ("ipv4", 4),
    ("ipv6", 41),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("ospf", 89),
    ("pim", 103),
    ("vrrp", 112),
    ("l2tp", 115),
    ("sctp", 132),
    ("udplite", 136),
];

/// The number of a protocol: written as such, by one of the mapping's names, or by a common one.
pub(super) fn number(text: &[u8], names: &BTreeMap<String, u8>) -> Result<u8, RejectReason> {
    if text.first().is_some_and(u8::is_ascii_digit)
        && let Ok(number) = value::count(text)
    {
        return u8::try_from(number).map_err(|_| RejectReason::BadProtocol);
    }
    if let Some((_, number)) = COMMON.iter().find(|(name, _)| text.eq_ignore_ascii_case(name.as_bytes())) {
        return Ok(*number);
    }
    let own = str::from_utf8(text).ok().and_then(|t| names.get(&t.to_ascii_lowercase()));
    own.copied().ok_or(RejectReason::BadProtocol)
}
