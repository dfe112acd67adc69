//! Which format bytes are in.

use std::io::Read;

use weir_ingest::flow::{self, FlowOptions};
use weir_ingest::{Format, ObjectName, columns, recognise};

use crate::reading::{Drip, LIMITS, check_error, name, twice};

/// The maximum number of columns returned, and of characters of each name.
const MAX_COLUMNS: usize = 1000;
const MAX_NAME_LEN: usize = 80;

/// Any bytes: the format is that of the content alone, the input is given back whole, and a flow log is read the same
/// whether its format was recognised or named.
pub(crate) fn any(bytes: &[u8]) {
    let recognised = recognise(bytes, &name()).map(|(format, mut rewound)| {
        let mut whole = Vec::new();
        assert!(rewound.read_to_end(&mut whole).is_ok() && whole == bytes, "the input is given back whole");
        format
    });
    let dripped = recognise(Drip::new(bytes), &name()).map(|(format, _)| format);
    let named = recognise(bytes, &ObjectName::new("any.parquet.gz")).map(|(format, _)| format);
    match (&recognised, &dripped, &named) {
        (Ok(format), Ok(dripped), Ok(named)) => assert_eq!([format; 2], [dripped, named]),
        (Err(error), Err(dripped), Err(_)) => {
            assert_eq!(error.to_string(), dripped.to_string());
            check_error(error);
        }
        _ => panic!("{recognised:?}, in pieces {dripped:?}, by another name {named:?}"),
    }
    for format in Format::ALL {
        check_columns(bytes, format);
    }
    let Ok(Some(format)) = recognised else { return };
    assert_eq!(format.name().parse(), Ok(format), "every detected format can be given by name");
    let read = |format| {
        let options = FlowOptions { format, fields: None };
        twice(bytes, |input, called| flow::read(input, &name(), LIMITS, &options, |record| called.with(record)))
    };
    match (read(None), read(Some(format))) {
        (Ok(recognised), Ok(named)) => assert_eq!(recognised, named),
        (Err(recognised), Err(named)) => assert_eq!(recognised.to_string(), named.to_string()),
        (recognised, named) => panic!("recognised {recognised:?}, named {named:?}"),
    }
}

fn check_columns(bytes: &[u8], format: Format) {
    let Ok(names) = columns(bytes, &name(), format) else { panic!("bytes in memory can be read") };
    assert!(names.len() <= MAX_COLUMNS);
    for name in names {
        assert!(!name.is_empty() && name.chars().count() <= MAX_NAME_LEN, "{name:?}");
        assert!(!name.chars().any(char::is_control), "{name:?}");
    }
}
