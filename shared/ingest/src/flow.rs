//! Flow logs: who talked to whom, how much, and whether it was let through. One module per format.

pub mod csv_mapping;
pub mod vpc_flow_log;
pub mod zeek;
