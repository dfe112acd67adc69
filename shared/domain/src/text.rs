//! Formats numbers and untrusted text for people, in findings and on the command line.

/// Replaces control characters, and the Unicode characters that hide or reorder text, by escape sequences.
///
/// Text of a log then cannot move the cursor, colour the terminal, or make one address look like another.
///
/// ```
/// assert_eq!(weir_domain::text::escape("ada\u{1b}[31m"), "ada\\u{1b}[31m");
/// ```
#[must_use]
pub fn escape(text: &str) -> String {
    let is_invisible =
        |c| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    text.chars()
        .flat_map(|c| if c.is_control() || is_invisible(c) { c.escape_default().collect() } else { vec![c] })
        .collect()
}

/// Formats a number with commas between thousands: `14,260`.
///
/// ```
/// assert_eq!(weir_domain::text::count(1_234_567), "1,234,567");
/// ```
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn control_and_invisible_characters_are_escaped() {
        assert_eq!(escape("Köln, 日本"), "Köln, 日本");
        assert_eq!(escape("a\nb\u{1b}[2J"), "a\\nb\\u{1b}[2J");
        assert_eq!(escape("10.0.0.1\u{202e}\u{200b}\u{feff}"), "10.0.0.1\\u{202e}\\u{200b}\\u{feff}");
    }
}
