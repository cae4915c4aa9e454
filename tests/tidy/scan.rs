//! One Rust file, split into what is code, what is prose and what is test.
//!
//! There is no parser here: comments and the contents of literals are blanked, so that braces can
//! be counted and words searched for. Lines keep their numbers, which is all a message needs.

use std::ops::Range;

/// A file, as the rules see it.
pub(crate) struct Source {
    /// Where it is, from the workspace's root, with `/`.
    pub(crate) path: String,
    /// Its modules' names from the crate's root; empty for the root itself.
    pub(crate) module: Vec<String>,
    /// Whether the whole file is compiled for tests only.
    pub(crate) is_test: bool,
    pub(crate) raw: String,
    /// The same text with comments and the contents of literals blanked.
    pub(crate) code: String,
    /// As `code`, with test items blanked too; all of it for a test file.
    pub(crate) shipped: String,
}

impl Source {
    pub(crate) fn new(path: &str, module: &[&str], raw: &str) -> Self {
        let code = blank(raw);
        let shipped = without_tests(&code);
        Self {
            path: path.to_owned(),
            module: module.iter().map(|&name| name.to_owned()).collect(),
            is_test: false,
            raw: raw.to_owned(),
            code,
            shipped,
        }
    }

    /// The same file, compiled for tests only.
    pub(crate) fn test(mut self) -> Self {
        self.is_test = true;
        self.shipped = self.code.clone();
        self
    }

    pub(crate) fn is_under(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }

    pub(crate) fn is_generated(&self) -> bool {
        self.is_under("src/protocol/generated/")
    }

    /// How many lines there are, items for tests left out.
    pub(crate) fn len(&self) -> usize {
        let all = self.raw.lines().count();
        all - tests(&self.code)
            .iter()
            .filter(|_| !self.is_test)
            .map(|range| line_of(&self.code, range.end) - line_of(&self.code, range.start) + 1)
            .sum::<usize>()
    }
}

/// The number of the line at a byte, from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|&byte| byte == b'\n').count() + 1
}

/// Where a word stands in blanked code, with no letter, digit or `_` on either side of it.
pub(crate) fn find_word(code: &str, word: &str) -> Vec<usize> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let begins = word.starts_with(is_name);
    let ends = word.ends_with(is_name);
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(|&at| {
            let before = code[..at].chars().next_back();
            let after = code[at + word.len()..].chars().next();
            !(begins && before.is_some_and(is_name) || ends && after.is_some_and(is_name))
        })
        .collect()
}

/// The functions with a body: name, the line of `fn`, lines to the closing brace.
pub(crate) fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let name = |rest: &str| -> String {
        let rest = rest.trim_start();
        rest.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    find_word(code, "fn")
        .into_iter()
        .filter_map(|at| {
            let name = name(&code[at + 2..]);
            let end = item_end(code, at)?;
            let has_body = code.as_bytes()[end] == b'}' && !name.is_empty();
            let first = line_of(code, at);
            has_body.then(|| (name, first, line_of(code, end) - first + 1))
        })
        .collect()
}

/// Where the item that begins here ends: at its `;`, or at the brace that closes its body.
pub(crate) fn item_end(code: &str, from: usize) -> Option<usize> {
    let (mut brackets, mut braces) = (0, 0);
    for (at, byte) in code.bytes().enumerate().skip(from) {
        match byte {
            b'(' | b'[' => brackets += 1,
            b')' | b']' => brackets -= 1,
            b'{' => braces += 1,
            b'}' => {
                braces -= 1;
                if braces == 0 && brackets == 0 {
                    return Some(at);
                }
            }
            b';' if brackets == 0 && braces == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

fn tests(code: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for attribute in ["#[cfg(test)]", "#[cfg(all(test"] {
        for (at, _) in code.match_indices(attribute) {
            let end = item_end(code, at).unwrap_or(code.len().saturating_sub(1));
            found.push(at..end);
        }
    }
    found
}

fn without_tests(code: &str) -> String {
    let mut bytes = code.as_bytes().to_vec();
    for range in tests(code) {
        for byte in &mut bytes[range] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// Blanks comments and the contents of literals, byte for byte.
pub(crate) fn blank(raw: &str) -> String {
    let bytes = raw.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let (keep, end) = token(bytes, at);
        for (i, &byte) in bytes.iter().enumerate().take(end).skip(at) {
            let stays = byte == b'\n' || keep && byte.is_ascii();
            // The quotes of a literal stay, so that it is still an expression.
            let quote = !keep && bytes[at] != b'/' && (i == at || i + 1 == end);
            out.push(if stays || quote { byte } else { b' ' });
        }
        at = end;
    }
    String::from_utf8(out).unwrap_or_default()
}

/// What begins here: whether it is code, and where it ends.
fn token(bytes: &[u8], at: usize) -> (bool, usize) {
    let next = |offset: usize| bytes.get(at + offset).copied();
    let after_name = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    match bytes[at] {
        b'/' if next(1) == Some(b'/') => (false, find(bytes, at, b"\n")),
        b'/' if next(1) == Some(b'*') => (false, comment_end(bytes, at)),
        b'"' => (false, string_end(bytes, at + 1, b'"')),
        b'b' | b'c' if !after_name && next(1) == Some(b'"') => {
            (false, string_end(bytes, at + 2, b'"'))
        }
        b'r' | b'b' | b'c' if !after_name => {
            raw_string(bytes, at).map_or((true, at + 1), |end| (false, end))
        }
        b'\'' if next(1) == Some(b'\\') => (false, string_end(bytes, at + 1, b'\'')),
        b'\'' => match char_end(bytes, at) {
            Some(end) => (false, end),
            None => (true, at + 1), // a lifetime
        },
        _ => (true, at + 1),
    }
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> usize {
    let rest = &bytes[from..];
    let found = rest.windows(what.len()).position(|window| window == what);
    found.map_or(bytes.len(), |found| from + found)
}

fn comment_end(bytes: &[u8], from: usize) -> usize {
    let (mut depth, mut at) = (0, from);
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => depth += 1,
            Some(b"*/") => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            break;
        }
    }
    at
}

fn string_end(bytes: &[u8], from: usize, quote: u8) -> usize {
    let mut at = from;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

fn raw_string(bytes: &[u8], from: usize) -> Option<usize> {
    let prefix = bytes[from..]
        .iter()
        .take_while(|b| b"rbc".contains(b))
        .count();
    let hashes = bytes[from + prefix..]
        .iter()
        .take_while(|&&b| b == b'#')
        .count();
    let open = from + prefix + hashes;
    if bytes[from + prefix - 1] != b'r' || bytes.get(open) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(hashes + 1, b'#');
    Some((find(bytes, open + 1, &close) + close.len()).min(bytes.len()))
}

/// The end of a character such as `'x'`; none for a lifetime.
fn char_end(bytes: &[u8], at: usize) -> Option<usize> {
    let text = std::str::from_utf8(bytes.get(at + 1..(at + 6).min(bytes.len()))?);
    let len = match text {
        Ok(text) => text.chars().next()?.len_utf8(),
        Err(error) if error.valid_up_to() > 0 => {
            let valid = &bytes[at + 1..at + 1 + error.valid_up_to()];
            std::str::from_utf8(valid).ok()?.chars().next()?.len_utf8()
        }
        Err(_) => return None,
    };
    (bytes.get(at + 1 + len) == Some(&b'\'')).then_some(at + len + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_lines_stay() {
        let raw =
            "a(\"}\"); // {\nb('{', '\\'', b\"{\", r#\"\"{\"#); /* { /* } */\n} */ fn c<'a>() {}\n";
        let code = blank(raw);
        assert_eq!(code.len(), raw.len());
        assert_eq!(code.matches('\n').count(), 3);
        assert_eq!(code.matches('{').count(), 1);
        assert_eq!(code.matches('}').count(), 1);
        assert!(code.contains("fn c<'a>() {}"), "{code}");
    }

    #[test]
    fn test_items_are_not_shipped() {
        let raw = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { c[0]; }\n}\nfn d() {}\n";
        let source = Source::new("src/x.rs", &["x"], raw);
        assert!(source.shipped.contains("fn a") && source.shipped.contains("fn d"));
        assert!(!source.shipped.contains("fn b"));
        assert_eq!(source.len(), 2);
    }

    #[test]
    fn functions_are_measured_to_their_brace() {
        let code = "trait T {\n    fn a();\n    fn b(x: [u8; 2]) {\n        {}\n    }\n}\n";
        assert_eq!(functions(code), [("b".to_owned(), 3, 3)]);
    }

    #[test]
    fn a_word_is_not_part_of_another() {
        assert_eq!(find_word("unsafe_code; unsafe {}", "unsafe"), [13]);
        assert_eq!(find_word("x.expect(1); y.expect_err(2)", ".expect("), [1]);
    }
}
