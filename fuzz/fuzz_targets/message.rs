//! `Message::parse` agrees with serde_json about any text: accepted or refused, by which rule and where,
//! and what the message says about itself.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/it/message_oracle.rs"]
mod message_oracle;

fuzz_target!(|text: &[u8]| message_oracle::compare(text));
