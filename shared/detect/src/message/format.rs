//! Formats of the parts of sentences: services, amounts and shares.

use weir_domain::finding::Entity;
use weir_domain::text::count;

/// `22/tcp`, `ICMP`, `GRE (47)`: the protocol by its IANA name and number where it has no ports.
#[must_use]
pub fn service(protocol: u8, port: u16) -> String {
    match protocol {
        1 => "ICMP".to_owned(),
        58 => "ICMPv6".to_owned(),
        6 => format!("{port}/tcp"),
        17 => format!("{port}/udp"),
        41 => "IPv6 in IPv4 (41)".to_owned(),
        47 => "GRE (47)".to_owned(),
        50 => "ESP (50)".to_owned(),
        51 => "AH (51)".to_owned(),
        4 => "IP in IP (4)".to_owned(),
        132 => "SCTP (132)".to_owned(),
        _ => format!("protocol {protocol}"),
    }
}

/// `1.4 MB`, decimal units.
#[must_use]
pub fn bytes(n: f64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let mut unit = 0;
    let mut value = n.max(0.0);
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 || value >= 100.0 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

pub(super) fn whose(entity: &Entity, inside: bool) -> String {
    if inside { format!("{entity}, one of your hosts,") } else { entity.to_string() }
}

pub(super) fn quantity(value: f64, unit: &str) -> String {
    match unit {
        "B" => bytes(value),
        "" if value >= 10.0 || value.fract() < 0.05 => count(value.round().max(0.0) as u64),
        "" => format!("{value:.1}"),
        unit => format!("{value:.0} {unit}"),
    }
}

/// How rare such behaviour is in the baseline. A p-value that is not small belongs to a change that the estimator cannot see.
pub(super) fn rarity(p_value: f64) -> String {
    if p_value > 0.05 {
        return "This is not in its baseline.".to_owned();
    }
    format!("Fewer than {} of normal windows are as unusual.", percent(p_value))
}

/// `0.3 %`, never `0 %`.
pub(super) fn percent(p: f64) -> String {
    let percent = p * 100.0;
    if percent >= 1.0 {
        format!("{percent:.0} %")
    } else {
        // Two significant digits.
        let digits = (1.0 - percent.max(1e-9).log10()).ceil() as usize;
        format!("{percent:.digits$} %")
    }
}
