#![no_main]

weir_fuzz::fuzz!("places_database");
