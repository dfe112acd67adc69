#![no_main]

weir_fuzz::fuzz!("usage_batch");
