#![no_main]

weir_fuzz::fuzz!("api_use");
