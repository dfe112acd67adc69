//! Parses the cells of login logs. An empty cell is an absent value.

use std::net::IpAddr;

use weir_domain::login::Outcome;
use weir_domain::reject::RejectReason;

/// The most bytes of a text that are kept in a record.
const MAX_TEXT_LEN: usize = 1024;

/// A text, cut to the longest that is kept.
pub(super) fn text(cell: &str) -> &str {
    &cell[..cell.floor_char_boundary(MAX_TEXT_LEN)]
}

/// A text that must be there.
pub(super) fn required(cell: &str) -> Result<&str, RejectReason> {
    if cell.is_empty() { Err(RejectReason::MissingValue) } else { Ok(text(cell)) }
}

/// The name of a place; `-` is how the RBA data set writes an unknown one.
pub(super) fn place(cell: &str) -> &str {
    if cell == "-" { "" } else { text(cell) }
}

/// An IPv4 or IPv6 address; an IPv4 address mapped into IPv6 is that IPv4 address.
pub(super) fn address(cell: &str) -> Option<IpAddr> {
    cell.parse().ok().map(|address: IpAddr| address.to_canonical())
}

/// An address, where there is one.
pub(super) fn optional_address(cell: &str) -> Result<Option<IpAddr>, RejectReason> {
    optional(cell, address, RejectReason::BadAddress)
}

/// A count; `12.0`, as spreadsheets and data frames write it, is 12.
pub(super) fn optional_count(cell: &str) -> Result<Option<u64>, RejectReason> {
    optional(cell, |cell| whole(cell).parse().ok(), RejectReason::BadNumber)
}

/// An autonomous system number, with or without `AS` before it.
pub(super) fn optional_asn(cell: &str) -> Result<Option<u32>, RejectReason> {
    let digits = |cell: &str| whole(cell.strip_prefix("AS").unwrap_or(cell)).parse().ok();
    optional(cell, digits, RejectReason::BadNumber)
}

/// A finite number that is not negative.
pub(super) fn optional_duration(cell: &str) -> Result<Option<f64>, RejectReason> {
    let number = |cell: &str| cell.parse().ok().filter(|n: &f64| n.is_finite() && *n >= 0.0);
    optional(cell, number, RejectReason::BadNumber)
}

/// Yes or no, where there is one.
pub(super) fn optional_boolean(cell: &str) -> Result<Option<bool>, RejectReason> {
    optional(cell, boolean, RejectReason::BadWord)
}

/// Whether the row is an attack: yes or no, or one of the words that data sets use.
pub(super) fn optional_label(cell: &str) -> Result<Option<bool>, RejectReason> {
    let label = |cell: &str| {
        let is = |words: &[&str]| words.iter().any(|word| cell.eq_ignore_ascii_case(word));
        match boolean(cell) {
            None if is(&["normal", "benign"]) => Some(false),
            None if is(&["attack", "anomaly", "malicious"]) => Some(true),
            other => other,
        }
    };
    optional(cell, label, RejectReason::BadWord)
}

/// Whether a login was let in: yes or no, or success or failure.
pub(super) fn outcome(cell: &str) -> Result<Outcome, RejectReason> {
    let is = |words: &[&str]| words.iter().any(|word| cell.eq_ignore_ascii_case(word));
    match boolean(cell) {
        Some(true) => Ok(Outcome::Success),
        Some(false) => Ok(Outcome::Failure),
        None if is(&["success"]) => Ok(Outcome::Success),
        None if is(&["failure", "failed"]) => Ok(Outcome::Failure),
        None if cell.is_empty() => Err(RejectReason::MissingValue),
        None => Err(RejectReason::BadWord),
    }
}

/// `true`, `yes`, `1` or `false`, `no`, `0`, in any case.
pub(super) fn boolean(cell: &str) -> Option<bool> {
    let is = |words: [&str; 4]| words.iter().any(|word| cell.eq_ignore_ascii_case(word));
    if is(["true", "1", "yes", "1.0"]) {
        Some(true)
    } else if is(["false", "0", "no", "0.0"]) {
        Some(false)
    } else {
        None
    }
}

/// The digits of a whole number: those before a `.0`. What is no number is given back as it is, but for a sign, which
/// parsing would let pass.
fn whole(cell: &str) -> &str {
    let digits = cell.strip_suffix(".0").unwrap_or(cell);
    if digits.starts_with('+') { "" } else { digits }
}

fn optional<T>(
    cell: &str,
    read: impl FnOnce(&str) -> Option<T>,
    reason: RejectReason,
) -> Result<Option<T>, RejectReason> {
    if cell.is_empty() { Ok(None) } else { read(cell).map(Some).ok_or(reason) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use RejectReason as R;

    #[test]
    fn numbers() {
        assert_eq!(optional_count(""), Ok(None));
        assert_eq!(optional_count("12.0"), Ok(Some(12)));
        assert_eq!(optional_asn("AS7922"), Ok(Some(7922)));
        assert_eq!(optional_duration("49.5"), Ok(Some(49.5)));
        for bad in ["-1", "+1", "1.5", "18446744073709551616", "many", ".0"] {
            assert_eq!(optional_count(bad), Err(R::BadNumber), "{bad}");
        }
        for bad in ["NaN", "inf", "-1", "1e999", "fast"] {
            assert_eq!(optional_duration(bad), Err(R::BadNumber), "{bad}");
        }
        assert_eq!(optional_asn("4294967296"), Err(R::BadNumber));
    }

    #[test]
    fn words() {
        assert_eq!((optional_boolean("TRUE"), optional_boolean("no")), (Ok(Some(true)), Ok(Some(false))));
        assert_eq!((optional_boolean(""), optional_boolean("maybe")), (Ok(None), Err(R::BadWord)));
        assert_eq!((optional_label("0"), optional_label("Attack")), (Ok(Some(false)), Ok(Some(true))));
        assert_eq!((optional_label("benign"), optional_label("2")), (Ok(Some(false)), Err(R::BadWord)));
        assert_eq!((outcome("True"), outcome("failed")), (Ok(Outcome::Success), Ok(Outcome::Failure)));
        assert_eq!((outcome(""), outcome("perhaps")), (Err(R::MissingValue), Err(R::BadWord)));
    }

    #[test]
    fn addresses() {
        assert_eq!(optional_address("::ffff:10.0.0.1"), Ok(Some([10, 0, 0, 1].into())));
        assert_eq!((optional_address(""), optional_address("10.0.0.256")), (Ok(None), Err(R::BadAddress)));
    }

    #[test]
    fn text_is_cut_between_characters() {
        let long = "é".repeat(MAX_TEXT_LEN);
        assert_eq!(text(&long).len(), MAX_TEXT_LEN);
        assert_eq!(text(&format!("x{long}")).len(), MAX_TEXT_LEN - 1);
        assert_eq!((required(""), place("-"), place("Oslo")), (Err(R::MissingValue), "", "Oslo"));
    }
}
