#![no_main]

weir_fuzz::fuzz!("csv_mapping");
