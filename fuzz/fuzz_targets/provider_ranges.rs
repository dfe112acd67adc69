#![no_main]

weir_fuzz::fuzz!("provider_ranges");
