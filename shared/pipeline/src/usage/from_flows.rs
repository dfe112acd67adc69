//! Derives usage from flow logs: the traffic with each cloud provider, service and region.
//!
//! Preprocess counts each object's rows ([`FlowUsage`], `UsageByScope`) and writes the counts into the footers of the hours'
//! batches ([`HourUsage`]). Counts are additive, and batches of one hour merge as windows do, so late and repeated objects
//! count correctly. Half an hour after the end of an hour, the sweep writes its sums as one batch of usage
//! (`processed/source=usage/…/flow-logs.parquet`). That batch is scored like any other, and written again if the hour
//! changes. It is not scored earlier, because the sums of an incomplete hour look like a drop.

pub mod address_ranges;
mod attribution;
mod by_scope;
mod counter;
mod hour;
mod write;

pub(crate) use by_scope::UsageByScope;
pub use counter::FlowUsage;
pub use hour::HourUsage;
pub(crate) use hour::{is_from_flow_logs, is_row_count};
pub(crate) use write::write_usage_batch;
