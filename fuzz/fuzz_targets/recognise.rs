#![no_main]

weir_fuzz::fuzz!("recognise");
