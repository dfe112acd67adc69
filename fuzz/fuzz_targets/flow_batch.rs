#![no_main]

weir_fuzz::fuzz!("flow_batch");
