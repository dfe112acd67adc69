//! The stored form, and the checks that make one safe to score with.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_domain::matrix::FeatureSchema;

use super::Iqr;
use super::quartiles::Quartiles;

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredIqr {
    schema: FeatureSchema,
    all: Vec<Quartiles>,
    groups: BTreeMap<i64, Vec<Quartiles>>,
}

impl From<Iqr> for StoredIqr {
    fn from(fitted: Iqr) -> Self {
        Self { schema: FeatureSchema::clone(&fitted.schema), all: fitted.all, groups: fitted.groups }
    }
}

impl TryFrom<StoredIqr> for Iqr {
    type Error = &'static str;

    fn try_from(StoredIqr { schema, all, groups }: StoredIqr) -> Result<Self, &'static str> {
        let width = schema.features.len();
        if width == 0 || all.len() != width || groups.values().any(|group| group.len() != width) {
            return Err("quartiles are needed for every feature of the schema, at least one, in every group");
        }
        if !groups.values().flatten().chain(&all).all(|quartiles| quartiles.are_sound()) {
            return Err("quartiles must be finite and ascending, their unit at least 1e-9");
        }
        Ok(Self { schema: Arc::new(schema), all, groups })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::IqrParams;
    use crate::synthetic::bell;

    fn fitted() -> Iqr {
        let groups: Vec<i64> = (0..100).map(|row| row % 3 - 1).collect();
        IqrParams::default().check().unwrap().fit_grouped(&bell(100, 2, 1), &groups).unwrap()
    }

    #[test]
    fn read_back_it_scores_the_same() {
        let (iqr, rows) = (fitted(), bell(4, 2, 2));
        let groups = [-1, 0, 1, 2];
        let back: Iqr = serde_json::from_str(&serde_json::to_string(&iqr).unwrap()).unwrap();
        assert_eq!(back.score_grouped(&rows, &groups), iqr.score_grouped(&rows, &groups));
        assert_eq!(back.explain(&rows, 3), iqr.explain(&rows, 3));
        let bytes = postcard::to_allocvec(&iqr).unwrap();
        assert_eq!(postcard::from_bytes::<Iqr>(&bytes).as_ref(), Ok(&iqr));
        assert!(postcard::from_bytes::<Iqr>(&bytes[..bytes.len() / 2]).is_err());
    }

    #[track_caller]
    fn refuses(pointer: &str, value: Value, reason: &str) {
        let mut stored = serde_json::to_value(fitted()).unwrap();
        *stored.pointer_mut(pointer).unwrap() = value;
        let err = serde_json::from_value::<Iqr>(stored).unwrap_err().to_string();
        assert!(err.contains(reason), "{pointer}: {err}");
    }

    #[test]
    fn one_that_could_not_be_scored_with_is_refused() {
        refuses("/schema/features", json!([]), "every feature of the schema");
        refuses("/all", json!([]), "every feature of the schema");
        refuses("/groups/-1", json!([]), "every feature of the schema");
        refuses("/all/0/first", json!(1e9), "finite and ascending");
        refuses("/all/0/unit", json!(0.0), "at least 1e-9");
        refuses("/groups/1/1/unit", json!(-1.0), "at least 1e-9");
        refuses("/groups/1/1/unit", Value::Null, "expected f64");
        let mut stored = StoredIqr::from(fitted());
        stored.all = serde_json::from_value(json!([{"first": 0.0, "third": 1.0, "unit": 1.0}])).unwrap();
        assert!(Iqr::try_from(stored).is_err());
    }
}
