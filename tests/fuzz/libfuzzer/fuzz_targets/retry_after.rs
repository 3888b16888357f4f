#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| holdoff_fuzz::run("retry_after", bytes));
