#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dhan_fuzz::capture::run(data));
