//! Splits one line of CSV into cells.
//!
//! Apart from [`crate::delimited`] for two reasons. Cells are parts of the line: records borrow their identifiers from it,
//! and the many columns that no field asks for are stepped over, not copied. And what stands behind a closing quote is a
//! reject here, where the `csv` crate makes it part of the value.

use memchr::memchr;
use weir_domain::reject::RejectReason;

/// Calls back for every cell, without its quotes and the blanks around it, and returns their number. A doubled quote
/// stays doubled: no value that is read has one.
#[inline]
pub(super) fn cells<'a>(
    line: &'a [u8],
    delimiter: u8,
    mut each: impl FnMut(usize, &'a [u8]),
) -> Result<usize, RejectReason> {
    let mut rest = line;
    let mut n = 0;
    loop {
        let (cell, after) = match rest.strip_prefix(b"\"") {
            Some(quoted) => {
                let end = closing(quoted).ok_or(RejectReason::BadStructure)?;
                (&quoted[..end], &quoted[end + 1..])
            }
            None => rest.split_at(memchr(delimiter, rest).unwrap_or(rest.len())),
        };
        each(n, cell.trim_ascii());
        n += 1;
        match after.split_first() {
            None => return Ok(n),
            Some((&byte, next)) if byte == delimiter => rest = next,
            Some(_) => return Err(RejectReason::BadStructure),
        }
    }
}

/// Where the quote stands that ends a quoted cell: the first that is not doubled.
fn closing(quoted: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr(b'"', &quoted[from..])?;
        if quoted.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        from = at + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(line: &str) -> Option<Vec<String>> {
        let mut out = Vec::new();
        let n = cells(line.as_bytes(), b',', |_, cell| out.push(String::from_utf8_lossy(cell).into_owned())).ok()?;
        assert_eq!(n, out.len());
        Some(out)
    }

    #[test]
    fn quotes() {
        let cells = |parts: &[&str]| Some(parts.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(split(r#" a ,"b,c","",d"e"#), cells(&["a", "b,c", "", "d\"e"]));
        assert_eq!(split(""), cells(&[""]));
        assert_eq!(split(","), cells(&["", ""]));
        assert_eq!(split(r#""say ""hi""""#), cells(&[r#"say ""hi"""#]));
        for bad in [r#"""#, r#"a,"b"#, r#""a"b"#, r#""a""#.trim_end_matches('"'), r#"""""""#] {
            assert_eq!(split(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_split_is_what_the_csv_crate_splits(line in "([ab ,]|\"[ab, ]{0,3}(\"\")?\",?){0,12}") {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
            let expected = reader.byte_records().next();
            if let (Some(cells), Some(Ok(expected))) = (split(&line), expected) {
                // But for quotes: doubled ones stay doubled here.
                let plain = |text: &str| text.replace('"', "").trim().to_owned();
                let expected: Vec<_> = expected.iter().map(|c| plain(&String::from_utf8_lossy(c))).collect();
                prop_assert_eq!(cells.iter().map(|c| plain(c)).collect::<Vec<_>>(), expected);
            }
        }

        #[test]
        fn any_line_is_cells_or_none(line in prop::collection::vec(any::<u8>(), 0..60), delimiter in any::<u8>()) {
            let _ = cells(&line, delimiter, |_, _| {});
        }
    }
}
