#![no_main]

weir_fuzz::fuzz!("vpc_parquet");
