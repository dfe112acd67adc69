//! Reads the cells of one JSON line.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use weir_domain::reject::RejectReason;

use super::field::{CONN_LOG_ONLY, Cells, Field};

/// Reads one line. Fields that are not read may hold anything.
pub(super) fn cells(line: &[u8]) -> Result<Cells<'_>, RejectReason> {
    let Object(cells) = serde_json::from_slice(line).map_err(|_| RejectReason::BadJson)?;
    if CONN_LOG_ONLY.iter().all(|&field| cells.get(field).is_absent()) {
        return Err(RejectReason::MissingValue);
    }
    Ok(cells)
}

struct Object<'a>(Cells<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut cells = Cells::default();
        let mut seen = [false; super::field::FIELDS];
        while let Some(Key(field)) = map.next_key()? {
            let Some(field) = field else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if std::mem::replace(&mut seen[field as usize], true) {
                return Err(A::Error::duplicate_field(field.name()));
            }
            cells.set(field, map.next_value()?);
        }
        Ok(Object(cells))
    }
}

/// The field a key names, if it is one that is read.
struct Key(Option<Field>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Key, E> {
                Ok(Key(Field::from_name(name.as_bytes())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}
