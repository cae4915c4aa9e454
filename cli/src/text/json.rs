//! The JSON forms. Their field names are part of the command line: they change only by addition.

use serde_json::{Map, Value, json};

use super::format::View;

/// A record of `consume --json`. Bytes that are not UTF-8 come as `key_base64` or `value_base64`,
/// in a header as `name_base64` or `value_base64`; the plain field is then left out.
pub(crate) fn record(view: &View<'_>) -> Value {
    let mut object = Map::new();
    object.insert("topic".to_owned(), view.topic.into());
    object.insert("partition".to_owned(), view.partition.into());
    object.insert("offset".to_owned(), view.offset.into());
    object.insert("timestamp".to_owned(), view.timestamp.into());
    bytes(&mut object, "key", view.key);
    bytes(&mut object, "value", view.value);
    let headers = view.headers.iter().map(|(name, value)| {
        let mut header = Map::new();
        bytes(&mut header, "name", Some(name));
        bytes(&mut header, "value", *value);
        Value::Object(header)
    });
    object.insert("headers".to_owned(), headers.collect());
    Value::Object(object)
}

/// What `produce --json` prints at its end.
pub(crate) fn produced(topic: &str, written: u64, not_written: u64, maybe_written: u64) -> Value {
    json!({
        "topic": topic,
        "records": written,
        "errors": not_written + maybe_written,
        "not_written": not_written,
        "maybe_written": maybe_written,
    })
}

fn bytes(object: &mut Map<String, Value>, name: &str, bytes: Option<&[u8]>) {
    let text = bytes.map(std::str::from_utf8);
    match (bytes, text) {
        (Some(raw), Some(Err(_))) => {
            object.insert(format!("{name}_base64"), base64(raw).into());
        }
        (_, Some(Ok(text))) => {
            object.insert(name.to_owned(), text.into());
        }
        _ => {
            object.insert(name.to_owned(), Value::Null);
        }
    }
}

/// Standard base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for index in 0..4_usize {
            let shift = 18 - 6 * index;
            let six = usize::try_from(bits >> shift & 0x3f).unwrap_or(0);
            let letter = ALPHABET.get(six).copied().unwrap_or(b'A');
            text.push(if index <= group.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_matches_the_examples_of_rfc_4648() {
        let cases = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, coded) in cases {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfd]), "//79");
    }

    #[test]
    fn a_record_tells_null_empty_text_and_bytes_apart() {
        let view = View {
            topic: "t",
            partition: 0,
            offset: 1,
            timestamp: 2,
            key: None,
            value: Some(b"\xff"),
            headers: vec![(b"h", Some(b"x")), (b"n", None)],
        };
        let expected = json!({
            "topic": "t", "partition": 0, "offset": 1, "timestamp": 2,
            "key": null, "value_base64": "/w==",
            "headers": [{"name": "h", "value": "x"}, {"name": "n", "value": null}],
        });
        assert_eq!(record(&view), expected);
    }

    #[test]
    fn a_count_of_failures_is_the_sum_of_both_kinds() {
        assert_eq!(produced("t", 5, 1, 2)["errors"], json!(3));
    }
}
