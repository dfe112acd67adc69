//! Reads a JSON text, number or Boolean as text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// The value as text; empty for `null`. Lists and objects are refused.
#[derive(Debug, Default)]
pub(super) struct Scalar<'a>(pub(super) Cow<'a, str>);

impl<'a> Scalar<'a> {
    /// The text without blanks around it.
    pub(super) fn trimmed(self) -> Cow<'a, str> {
        match self.0 {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_ascii()),
            Cow::Owned(text) => Cow::Owned(text.trim_ascii().to_owned()),
        }
    }
}

impl std::ops::Deref for Scalar<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number or a truth value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar(Cow::Borrowed(if value { "true" } else { "false" })))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar(Cow::Owned(value.to_string())))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Scalar(Cow::Owned(value.to_string())))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Scalar(Cow::Owned(value.to_string())))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Scalar::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_text_and_the_rest_is_refused() {
        let cases = [
            (r#""plain""#, "plain"),
            (r#""a\nb""#, "a\nb"),
            ("-4246013906984168877", "-4246013906984168877"),
            ("18446744073709551615", "18446744073709551615"),
            ("1695600105.82", "1695600105.82"),
            ("true", "true"),
            ("null", ""),
        ];
        for (json, text) in cases {
            assert_eq!(&*serde_json::from_str::<Scalar>(json).unwrap(), text);
        }
        assert!(serde_json::from_str::<Scalar>("[]").is_err() && serde_json::from_str::<Scalar>("{}").is_err());
    }
}
