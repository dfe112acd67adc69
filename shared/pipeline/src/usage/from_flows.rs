//! Usage derived from flow logs: how much traffic goes to and comes from which cloud provider, service and region.
//!
//! Preprocess counts each object's rows ([`FlowUsage`], `UsageByScope`) and writes the counts into the footers of the
//! hours' batches ([`HourUsage`]). Counts add up, and batches of one hour merge as windows do, so that late and repeated objects
//! count right. Half an hour after its end the sweep writes an hour's sums as one batch of usage
//! (`processed/source=usage/…/flow-logs.parquet`), which is judged like any other, and writes it again if the hour changes. It is
//! never judged earlier: the sums of an hour that is still filling would look like a drop.

pub mod address_ranges;
mod attribution;
mod by_scope;
mod counter;
mod hour;
mod write;

pub(crate) use by_scope::UsageByScope;
pub use counter::FlowUsage;
pub use hour::HourUsage;
pub(crate) use hour::{is_of_flow_logs, is_of_the_log};
pub(crate) use write::write_usage_batch;
