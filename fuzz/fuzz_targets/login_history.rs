#![no_main]

weir_fuzz::fuzz!("login_history");
