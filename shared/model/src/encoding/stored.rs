//! The stored form of an encoder, checked when read.

use super::{CategoryEncoding, Encoded, TableEncoder};

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredEncoder {
    encoding: CategoryEncoding,
    columns: Vec<(String, Encoded)>,
}

impl From<TableEncoder> for StoredEncoder {
    fn from(encoder: TableEncoder) -> Self {
        Self { encoding: encoder.encoding, columns: encoder.columns }
    }
}

impl TryFrom<StoredEncoder> for TableEncoder {
    type Error = &'static str;

    fn try_from(StoredEncoder { encoding, columns }: StoredEncoder) -> Result<Self, &'static str> {
        let sound = |encoded: &Encoded| match encoded {
            Encoded::Number { fill, .. } => fill.is_finite(),
            Encoded::Words(categories) => categories.is_sound(),
        };
        if columns.is_empty() || !columns.iter().all(|(_, encoded)| sound(encoded)) {
            return Err("an encoder needs columns with finite fills, and categories whose ranks and counts agree");
        }
        Ok(Self::new(encoding, columns))
    }
}
