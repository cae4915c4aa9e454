//! A configuration file may be anything: it is read or refused with words.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tidewire::config::{ClientConfig, ConsumerConfig, ProducerConfig, Properties};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(properties) = Properties::parse(text) else {
        return;
    };
    let refused = |error: tidewire::Error| assert!(!error.to_string().is_empty());
    let client = match ClientConfig::from_properties(&properties) {
        Ok((client, _)) => client,
        Err(error) => {
            refused(error);
            ClientConfig::default()
        }
    };
    let _ = ProducerConfig::from_properties(&properties, &client).map_err(refused);
    let _ = ConsumerConfig::from_properties(&properties, &client).map_err(refused);
});
