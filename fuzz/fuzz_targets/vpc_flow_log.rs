#![no_main]

weir_fuzz::fuzz!("vpc_flow_log");
