//! What every reader promises for any bytes, one function per format: of logs, and of what is kept in a store.
//!
//! Each takes bytes as a log might have them and panics when a promise is broken: every line is a record, a reject or
//! no row; every value is in its documented range; reading again, in other pieces, reads the same; what is written is
//! read back. libFuzzer calls them with what it makes up (`make fuzz`), the test in `tests/corpus.rs` with what is kept
//! in `fuzz/corpus`.
//!
//! To add one: a function here and a line in [`TARGETS`], `fuzz/fuzz_targets/NAME.rs` and its `[[bin]]` in
//! `fuzz/Cargo.toml`, and a folder `fuzz/corpus/NAME` with at least one file. The test says what was forgotten.

#![allow(clippy::panic, clippy::expect_used, reason = "this crate is tests: a broken promise must fail whoever called")]

mod activity;
mod flow;
mod login;
mod places;
mod reading;
mod recognise;
mod stored;
mod usage;

/// A function that is called with any bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name: of the fuzz target, of its corpus and of its dictionary.
    pub name: &'static str,
    /// Panics when a promise is broken.
    pub check: fn(&[u8]),
    /// The most memory that it may hold at any time, in bytes; measured where the fuzz targets run.
    pub memory: usize,
}

impl Target {
    /// A target with the memory that a reader of text takes: buffers, and what is kept to compare.
    const fn text(name: &'static str, check: fn(&[u8])) -> Self {
        Self { name, check, memory: 32 << 20 }
    }

    /// The target of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TARGETS.into_iter().find(|target| target.name == name)
    }
}

/// All targets.
pub const TARGETS: [Target; 24] = [
    Target::text("vpc_flow_log", flow::vpc_flow_log),
    // 192 MiB of pages, as its documentation says, and the footer.
    Target { name: "vpc_parquet", check: flow::vpc_parquet, memory: 320 << 20 },
    Target::text("zeek", flow::zeek),
    Target::text("csv_mapping", flow::csv_mapping),
    Target::text("csv_mapping_file", flow::csv_mapping_file),
    Target::text("login_rba", login::rba),
    Target::text("login_simple", login::simple),
    Target::text("cloudtrail", login::cloudtrail),
    Target::text("sshd", login::sshd),
    Target::text("activity_csv", activity::csv),
    Target::text("activity_schema_file", activity::schema_file),
    // 1 GiB of open pages, as its documentation says, and the rows at hand.
    Target { name: "activity_parquet", check: activity::parquet, memory: 1280 << 20 },
    Target::text("usage", usage::any),
    Target::text("usage_series", usage::series),
    Target::text("recognise", recognise::any),
    // Of batches pages of 192 MiB, as of logs in Parquet, and the rows, written again and compared.
    Target { name: "flow_batch", check: stored::flow_batch, memory: 512 << 20 },
    Target { name: "login_batch", check: stored::login_batch, memory: 512 << 20 },
    Target { name: "usage_batch", check: stored::usage_batch, memory: 512 << 20 },
    Target { name: "login_history", check: stored::login_history, memory: 128 << 20 },
    Target::text("api_use", stored::api_use),
    Target { name: "activity_model", check: stored::activity_model, memory: 128 << 20 },
    Target::text("login_places", places::text),
    Target::text("places_database", places::database),
    Target::text("provider_ranges", places::ranges),
];
