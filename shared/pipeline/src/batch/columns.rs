//! The columns and the Parquet schema of a batch of windows.

use std::sync::{Arc, LazyLock};

use parquet::basic::{ConvertedType, Repetition, Type as PhysicalType};
use parquet::schema::types::{Type, TypePtr};
use weir_domain::aggregate::{HostTotals, InterfaceTotals};

use super::BatchError;

/// The text columns.
pub(super) const TEXTS: [&str; 6] = ["row", "interface", "host", "role", "side", "peer"];
pub(super) const ROW: usize = 0;
pub(super) const INTERFACE: usize = 1;
pub(super) const HOST: usize = 2;
pub(super) const ROLE: usize = 3;
pub(super) const SIDE: usize = 4;
pub(super) const PEER: usize = 5;

/// The concatenated sketches of a host (peers, services, attempted, answered); empty without sketches.
pub(super) const SKETCHES: &str = "sketches";

/// The integer columns before the sums.
pub(super) const FIXED: [&str; 6] = ["window", "protocol", "port", "first", "last", "hosts_dropped"];
pub(super) const WINDOW: usize = 0;
pub(super) const PROTOCOL: usize = 1;
pub(super) const PORT: usize = 2;
pub(super) const FIRST: usize = 3;
pub(super) const LAST: usize = 4;
/// For an interface: 1 if local hosts were dropped by the cap, 2 if remote ones, 3 if both.
pub(super) const HOSTS_DROPPED: usize = 5;

/// The sum that only pairs have.
const UNPROVEN: &str = "unproven_rows";

/// The names of all integer columns: the fixed ones, then the sums of hosts and pairs, then those of interfaces.
pub(super) static NUMBERS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let sums = HostTotals::NAMES.iter().copied().chain([UNPROVEN]).map(str::to_owned);
    let interface = InterfaceTotals::NAMES.iter().map(|name| format!("interface_{name}"));
    FIXED.iter().map(|&name| name.to_owned()).chain(sums).chain(interface).collect()
});

/// The indices of the sums of a kind of row among the integer columns.
pub(super) fn places(names: &[&str], prefix: &str) -> Vec<usize> {
    names
        .iter()
        .filter_map(|name| {
            let name = format!("{prefix}{name}");
            NUMBERS.iter().position(|column| *column == name)
        })
        .collect()
}

/// The Parquet schema: texts, sketches, integers, all required.
pub(super) fn schema() -> Result<TypePtr, BatchError> {
    let column = |name: &str, physical, converted| {
        Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::REQUIRED)
            .with_converted_type(converted)
            .build()
            .map(Arc::new)
    };
    let mut fields = Vec::new();
    for name in TEXTS {
        fields.push(column(name, PhysicalType::BYTE_ARRAY, ConvertedType::UTF8)?);
    }
    fields.push(column(SKETCHES, PhysicalType::BYTE_ARRAY, ConvertedType::NONE)?);
    for name in NUMBERS.iter() {
        fields.push(column(name, PhysicalType::INT64, ConvertedType::NONE)?);
    }
    Ok(Arc::new(Type::group_type_builder("flow_windows").with_fields(fields).build()?))
}

/// The names of the entries in the footer.
pub(super) mod footer {
    pub(in crate::batch) const VERSION: &str = "weir.format";
    pub(in crate::batch) const WINDOW_SECONDS: &str = "weir.window_seconds";
    pub(in crate::batch) const SCOPE: &str = "weir.scope";
    pub(in crate::batch) const HOUR: &str = "weir.hour";
    /// The usage of cloud providers; optional.
    pub(in crate::batch) const USAGE: &str = "weir.usage";
    pub(in crate::batch) const RAW_HASH: &str = "weir.raw_blake3";
}
