//! The stored form, and the checks that make one safe to score with.

use std::sync::Arc;

use weir_domain::matrix::FeatureSchema;

use super::Ecod;
use super::tails::Tails;

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredEcod {
    schema: FeatureSchema,
    features: Vec<Tails>,
}

impl From<Ecod> for StoredEcod {
    fn from(fitted: Ecod) -> Self {
        Self { schema: FeatureSchema::clone(&fitted.schema), features: fitted.features }
    }
}

impl TryFrom<StoredEcod> for Ecod {
    type Error = &'static str;

    fn try_from(StoredEcod { schema, features }: StoredEcod) -> Result<Self, &'static str> {
        if schema.features.is_empty() || features.len() != schema.features.len() {
            return Err("empirical tails are needed for every feature of the schema, at least one");
        }
        if let Some(fault) = features.iter().find_map(Tails::fault) {
            return Err(fault);
        }
        if features.iter().any(|tails| tails.n() != features[0].n()) {
            return Err("every feature must have been fitted on as many rows as the others");
        }
        Ok(Self { schema: Arc::new(schema), features })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::EcodParams;
    use crate::synthetic::bell;

    fn fitted(rows: usize) -> Ecod {
        EcodParams::default().check().unwrap().fit(&bell(rows, 2, 1)).unwrap()
    }

    #[test]
    fn read_back_it_scores_the_same() {
        let rows = bell(50, 2, 2);
        for count in [30, 5000] {
            let ecod = fitted(count);
            let back: Ecod = serde_json::from_str(&serde_json::to_string(&ecod).unwrap()).unwrap();
            assert_eq!(back.score(&rows), ecod.score(&rows));
            assert_eq!(back.explain(&rows, 7), ecod.explain(&rows, 7));
            let bytes = postcard::to_allocvec(&ecod).unwrap();
            assert_eq!(postcard::from_bytes::<Ecod>(&bytes).as_ref(), Ok(&ecod));
            assert!(postcard::from_bytes::<Ecod>(&bytes[..bytes.len() / 2]).is_err());
        }
    }

    #[track_caller]
    fn refuses(pointer: &str, value: Value, reason: &str) {
        let mut stored = serde_json::to_value(fitted(5)).unwrap();
        *stored.pointer_mut(pointer).unwrap() = value;
        let err = serde_json::from_value::<Ecod>(stored).unwrap_err().to_string();
        assert!(err.contains(reason), "{pointer}: {err}");
    }

    #[test]
    fn one_that_could_not_be_scored_with_is_refused() {
        refuses("/schema/features", json!([]), "every feature of the schema");
        refuses("/features", json!([]), "every feature of the schema");
        refuses("/features/0/kept", json!([]), "from 1 to 4000");
        refuses("/features/0/kept", json!(vec![1.0; 4001]), "from 1 to 4000");
        refuses("/features/0/n", json!(4), "from 1 to 4000");
        refuses("/features/0/n", json!(u64::MAX), "from 1 to 4000");
        refuses("/features/0/n", json!(6), "as many rows");
        refuses("/features/1/kept", json!([2.0, 1.0, 3.0, 4.0, 5.0]), "ascending");
        refuses("/features/1/skewness", json!(2), "-1, 0 or 1");
        refuses("/features/1/kept/0", Value::Null, "expected f64");
    }
}
