#![no_main]

weir_fuzz::fuzz!("zeek");
