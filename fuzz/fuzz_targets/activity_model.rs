#![no_main]

weir_fuzz::fuzz!("activity_model");
