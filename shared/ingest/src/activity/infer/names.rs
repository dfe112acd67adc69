//! Guesses the role of a column from its name.

/// A name in lower case, its words joined by underscores: `Is Attack IP` is `is_attack_ip`, `userId` is `user_id`.
fn plain(name: &str) -> String {
    let mut plain = String::new();
    let mut before = ' ';
    for c in name.chars() {
        let new_word = c.is_uppercase() && before.is_lowercase();
        if (new_word || !c.is_alphanumeric()) && !plain.ends_with('_') && !plain.is_empty() {
            plain.push('_');
        }
        if c.is_alphanumeric() {
            plain.extend(c.to_lowercase());
        }
        before = c;
    }
    plain.trim_end_matches('_').to_owned()
}

/// Whether a name is one of a label. A model that saw labels would learn nothing else.
pub(super) fn label_like(name: &str) -> bool {
    const WHOLE: &[&str] = &[
        "label",
        "labels",
        "class",
        "target",
        "y",
        "truth",
        "ground_truth",
        "attack",
        "attack_cat",
        "attack_category",
        "attack_type",
        "anomaly",
        "anomalous",
        "outlier",
        "malicious",
        "fraud",
        "intrusion",
    ];
    const BEGINNING: &[&str] =
        &["is_attack", "is_anomal", "is_malicious", "is_fraud", "is_outlier", "is_intrusion", "is_account_takeover"];
    let name = plain(name);
    WHOLE.contains(&&*name) || BEGINNING.iter().any(|b| name.starts_with(b)) || name.ends_with("_label")
}

/// Whether a name is one of a time, whose numbers may be seconds since the epoch.
pub(super) fn time_like(name: &str) -> bool {
    const ENDS: &[&str] = &["time", "timestamp", "date", "datetime", "ts", "_at", "epoch", "_ms"];
    let name = plain(name);
    ENDS.iter().any(|end| name.ends_with(end))
}

/// Whether a name is one of an identifier.
pub(super) fn id_like(name: &str) -> bool {
    let name = plain(name);
    ["id", "uid", "uuid", "guid", "index", "record", "row"].iter().any(|word| last_word(&name) == *word)
}

/// Whether a name is one of a code: numbers that name a kind, not an amount.
pub(super) fn code_like(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "code", "proto", "protocol", "port", "status", "type", "kind", "category", "method", "zip", "asn", "vlan", "id",
    ];
    WORDS.contains(&last_word(&plain(name)))
}

fn last_word(plain: &str) -> &str {
    plain.rsplit('_').next().unwrap_or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_columns_are() {
        let says = |name| [label_like(name), time_like(name), id_like(name), code_like(name)].map(u8::from);
        for (name, expected) in [
            ("Label", [1, 0, 0, 0]),
            ("attack_cat", [1, 0, 0, 0]),
            ("Is Attack IP", [1, 0, 0, 0]),
            ("isAnomaly", [1, 0, 0, 0]),
            ("is_ftp_login", [0, 0, 0, 0]),
            ("Stime", [0, 1, 0, 0]),
            ("createdAt", [0, 1, 0, 0]),
            ("Login Timestamp", [0, 1, 0, 0]),
            ("id", [0, 0, 1, 1]),
            ("user_ID", [0, 0, 1, 1]),
            ("bid", [0, 0, 0, 0]),
            ("HTTP status", [0, 0, 0, 1]),
            ("", [0, 0, 0, 0]),
            ("__", [0, 0, 0, 0]),
        ] {
            assert_eq!(says(name), expected, "{name}");
        }
    }
}
