//! The escapes of `-f` and `-K`: `\n`, `\r`, `\t`, `\\` and `\xNN`, as kcat has them.

/// Reads what follows a backslash: the byte it stands for, and the rest of the text.
pub(crate) fn escape(after: &str) -> Result<(u8, &str), String> {
    let mut chars = after.chars();
    let byte = match chars.next() {
        Some('n') => b'\n',
        Some('r') => b'\r',
        Some('t') => b'\t',
        Some('\\') => b'\\',
        Some('x') => {
            let rest = chars.as_str();
            let digits = rest.get(..2).unwrap_or(rest);
            let hex = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_hexdigit());
            let byte = u8::from_str_radix(digits, 16).ok().filter(|_| hex);
            let Some(byte) = byte else {
                return Err("\\x takes two hexadecimal digits, as in \\x1f".to_owned());
            };
            return Ok((byte, rest.get(2..).unwrap_or("")));
        }
        Some(other) => {
            return Err(format!(
                "unknown escape \\{other} (known: \\n \\r \\t \\\\ \\xNN)"
            ));
        }
        None => return Err("a backslash at the end; write \\\\ for one".to_owned()),
    };
    Ok((byte, chars.as_str()))
}

/// Replaces every escape of a text.
pub(crate) fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('\\') {
        bytes.extend_from_slice(plain.as_bytes());
        let (byte, after) = escape(after)?;
        bytes.push(byte);
        rest = after;
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_escape_becomes_its_byte() {
        assert_eq!(
            unescape(r"a\t\n\r\\\x00\xfFé").unwrap(),
            b"a\t\n\r\\\x00\xff\xc3\xa9"
        );
    }

    #[test]
    fn a_broken_escape_is_refused() {
        for text in [r"\q", r"a\", r"\x1", r"\xzz", r"\x+1", r"\xé"] {
            assert!(unescape(text).is_err(), "{text}");
        }
    }
}
