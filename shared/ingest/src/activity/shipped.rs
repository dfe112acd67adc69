//! Schemas of public tables that come with Weir. A table is recognised by its columns.

use std::sync::LazyLock;

use weir_domain::activity::{ActivitySchema, ColumnRole};

use super::schema_file::parse_schema;

const FILES: [(&str, &str); 3] = [
    ("kdd99", include_str!("../../schemas/kdd99.toml")),
    ("nsl-kdd", include_str!("../../schemas/nsl-kdd.toml")),
    ("unsw-nb15", include_str!("../../schemas/unsw-nb15.toml")),
];

static SCHEMAS: LazyLock<Vec<(&str, ActivitySchema)>> =
    LazyLock::new(|| FILES.iter().filter_map(|(name, file)| Some((*name, parse_schema(file).ok()?))).collect());

/// The shipped schemas, by name: `kdd99` (KDD Cup 1999), `nsl-kdd`, `unsw-nb15` (its training and testing sets).
#[must_use]
pub fn shipped_schemas() -> &'static [(&'static str, ActivitySchema)] {
    &SCHEMAS
}

/// The shipped schema that a guessed one matches. With a header, the names are equal and in the same order. Without one,
/// there are as many columns, words where the shipped schema has categories, and numbers where it has numbers.
pub(super) fn matching(guessed: &ActivitySchema) -> Option<&'static (&'static str, ActivitySchema)> {
    let names = |schema: &ActivitySchema| -> Vec<String> {
        schema.columns.iter().map(|column| column.name.to_lowercase()).collect()
    };
    shipped_schemas().iter().find(|(_, shipped)| {
        if guessed.header != shipped.header || guessed.columns.len() != shipped.columns.len() {
            return false;
        }
        if guessed.header {
            return names(guessed) == names(shipped);
        }
        guessed.columns.iter().zip(&shipped.columns).all(|(guess, column)| {
            let words = matches!(guess.role, ColumnRole::Categorical | ColumnRole::Label);
            match column.role {
                ColumnRole::Categorical | ColumnRole::Label => words,
                ColumnRole::Numeric => guess.role == ColumnRole::Numeric,
                ColumnRole::Id | ColumnRole::Time | ColumnRole::Ignore => true,
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::infer;
    use crate::{ObjectName, ReadLimits};

    fn inferred(table: &str) -> ActivitySchema {
        infer(table.as_bytes(), &ObjectName::new("table.csv"), ReadLimits::default(), 100).unwrap().schema
    }

    /// Two rows as the schema has them.
    fn rows(schema: &ActivitySchema) -> String {
        let row = |n: usize| {
            let cell = |role| match role {
                ColumnRole::Categorical => format!("word{}", n % 2),
                ColumnRole::Label => if n == 0 { "normal" } else { "neptune" }.to_owned(),
                _ => n.to_string(),
            };
            schema.columns.iter().map(|column| cell(column.role)).collect::<Vec<_>>().join(",") + "\n"
        };
        (0..40).map(row).collect()
    }

    #[test]
    fn every_shipped_file_is_read() {
        assert_eq!(shipped_schemas().len(), FILES.len());
        for ((_, schema), columns) in shipped_schemas().iter().zip([42, 43, 45]) {
            assert_eq!(schema.columns.len(), columns);
        }
    }

    #[test]
    fn tables_are_recognised_by_their_columns() {
        for (name, schema) in shipped_schemas() {
            let names = schema.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(",") + "\n";
            let table = if schema.header { names } else { String::new() } + &rows(schema);
            assert_eq!(inferred(&table).columns, schema.columns, "{name}");
        }
    }

    #[test]
    fn others_are_guessed() {
        let (_, kdd) = &shipped_schemas()[0];
        let others = [rows(kdd).replace("word", ""), rows(kdd).replace('\n', ",1,2\n")];
        for table in others {
            assert_eq!(inferred(&table).columns[0].name, "column_1");
        }
        assert_eq!(inferred("id,dur,proto\n1,2,tcp\n2,3,udp\n").columns.len(), 3);
    }
}
