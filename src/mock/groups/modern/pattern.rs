//! Topic patterns that brokers match, as far as the mock understands them.
//!
//! Brokers take RE2 and match the whole name. The mock knows literals, `.`, classes like `[a-z_]`
//! and `[^0-9]`, `\d`, `\w` and escaped characters, each with `*`, `+` or `?`, alternatives at the
//! top or in groups, `^` and `$`. What it does not know it refuses, as brokers refuse what is no
//! pattern.

/// Nesting of groups, and the length of a pattern.
const DEPTH_MAX: usize = 16;
const LENGTH_MAX: usize = 1_000;

/// A pattern of topic names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Pattern {
    text: String,
    root: Vec<Vec<Piece>>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Piece {
    atom: Atom,
    min: usize,
    max: usize,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Atom {
    Any,
    One(char),
    /// Ranges, and whether they are what it must not be.
    Class(Vec<(char, char)>, bool),
    Group(Vec<Vec<Piece>>),
    /// The beginning or the end of the name.
    Start,
    End,
}

impl Pattern {
    /// Reads a pattern; `None` for one the mock does not understand.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let chars: Vec<char> = text.chars().collect();
        if chars.len() > LENGTH_MAX {
            return None;
        }
        let mut parser = Parser { chars, at: 0 };
        let root = parser.alternatives(0)?;
        let all = parser.at == parser.chars.len();
        all.then(|| Self {
            text: text.to_owned(),
            root,
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole name matches.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let chars: Vec<char> = name.chars().collect();
        let ends = ends_of_any(&self.root, &chars, vec![0]);
        ends.contains(&chars.len())
    }
}

/// Where a match that begins at one of `from` may end.
fn ends_of_any(all: &[Vec<Piece>], chars: &[char], from: Vec<usize>) -> Vec<usize> {
    let mut ends = Vec::new();
    for pieces in all {
        let mut at = from.clone();
        for piece in pieces {
            at = ends_of(piece, chars, at);
        }
        ends.extend(at);
    }
    sorted(ends)
}

fn ends_of(piece: &Piece, chars: &[char], from: Vec<usize>) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut at = from;
    for count in 0..=piece.max.min(chars.len() + piece.min) {
        if count >= piece.min {
            let before = ends.len();
            ends.extend(at.iter().copied());
            ends = sorted(ends);
            if count > piece.min && ends.len() == before {
                break;
            }
        }
        at = once(&piece.atom, chars, at);
        if at.is_empty() {
            break;
        }
    }
    ends
}

fn once(atom: &Atom, chars: &[char], from: Vec<usize>) -> Vec<usize> {
    match atom {
        Atom::Group(all) => return ends_of_any(all, chars, from),
        Atom::Start => return from.into_iter().filter(|at| *at == 0).collect(),
        Atom::End => return from.into_iter().filter(|at| *at == chars.len()).collect(),
        _ => {}
    }
    let fits = |c: char| match atom {
        Atom::Any => c != '\n',
        Atom::One(one) => c == *one,
        Atom::Class(ranges, not) => {
            ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *not
        }
        Atom::Group(_) | Atom::Start | Atom::End => false,
    };
    let next = from
        .into_iter()
        .filter(|at| chars.get(*at).copied().is_some_and(fits));
    next.map(|at| at + 1).collect()
}

fn sorted(mut all: Vec<usize>) -> Vec<usize> {
    all.sort_unstable();
    all.dedup();
    all
}

struct Parser {
    chars: Vec<char>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn alternatives(&mut self, depth: usize) -> Option<Vec<Vec<Piece>>> {
        if depth > DEPTH_MAX {
            return None;
        }
        let mut all = vec![Vec::new()];
        while let Some(c) = self.peek() {
            match c {
                ')' => break,
                '|' => {
                    self.at += 1;
                    all.push(Vec::new());
                }
                _ => {
                    let piece = self.piece(depth)?;
                    all.last_mut()?.push(piece);
                }
            }
        }
        Some(all)
    }

    fn piece(&mut self, depth: usize) -> Option<Piece> {
        let atom = match self.next()? {
            '.' => Atom::Any,
            '[' => self.class()?,
            '(' => {
                if self.take('?') && !self.take(':') {
                    return None;
                }
                let inner = self.alternatives(depth + 1)?;
                if !self.take(')') {
                    return None;
                }
                Atom::Group(inner)
            }
            '\\' => self.escaped()?,
            '^' => Atom::Start,
            '$' => Atom::End,
            '*' | '+' | '?' | '{' | '}' | ']' => return None,
            c => Atom::One(c),
        };
        let (min, max) = match self.peek() {
            Some('*') => (0, usize::MAX),
            Some('+') => (1, usize::MAX),
            Some('?') => (0, 1),
            Some('{') => return None,
            _ => {
                return Some(Piece {
                    atom,
                    min: 1,
                    max: 1,
                });
            }
        };
        self.at += 1;
        match self.peek() {
            // RE2 refuses a repeated repetition; lazy ones match the same names.
            Some('*' | '+') => None,
            Some('?') => {
                self.at += 1;
                Some(Piece { atom, min, max })
            }
            _ => Some(Piece { atom, min, max }),
        }
    }

    fn escaped(&mut self) -> Option<Atom> {
        let digit = ('0', '9');
        let word = vec![('a', 'z'), ('A', 'Z'), digit, ('_', '_')];
        match self.next()? {
            'd' => Some(Atom::Class(vec![digit], false)),
            'D' => Some(Atom::Class(vec![digit], true)),
            'w' => Some(Atom::Class(word, false)),
            'W' => Some(Atom::Class(word, true)),
            c if c.is_ascii_alphanumeric() => None,
            c => Some(Atom::One(c)),
        }
    }

    fn class(&mut self) -> Option<Atom> {
        let not = self.take('^');
        let mut ranges = Vec::new();
        loop {
            let low = match self.next()? {
                ']' if !ranges.is_empty() => return Some(Atom::Class(ranges, not)),
                '[' => return None,
                '\\' => match self.escaped()? {
                    Atom::One(c) => c,
                    Atom::Class(inner, false) => {
                        ranges.extend(inner);
                        continue;
                    }
                    _ => return None,
                },
                c => c,
            };
            let last = self.chars.get(self.at + 1) == Some(&']');
            let high = match self.peek() {
                Some('-') if !last => {
                    self.at += 1;
                    self.next()?
                }
                _ => low,
            };
            if low > high {
                return None;
            }
            ranges.push((low, high));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_names_match() {
        for (pattern, yes, no) in [
            ("orders", "orders", "orders2"),
            ("orders.*", "orders-eu", "my-orders"),
            ("^a|b$", "b", "ab"),
            (".*(?:^a|b$).*", "xb", "xa"),
            (".*(?:^orders-).*", "orders-1", "my-orders-1"),
            ("(eu|us)-[a-c_]+\\d?", "eu-ab_7", "eu-d"),
            ("(ab)*", "abab", "aba"),
            ("[^0-9]*", "abc", "a1"),
            ("a\\.b", "a.b", "axb"),
            ("(a*)*b", "aaab", "aaa"),
            ("[a-]x", "-x", "bx"),
        ] {
            let parsed = Pattern::parse(pattern).unwrap();
            assert!(parsed.matches(yes), "{pattern} {yes}");
            assert!(!parsed.matches(no), "{pattern} {no}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        let deep = "(".repeat(100) + &")".repeat(100);
        for pattern in [
            "[", "(", ")", "*a", "a**", "(?=a)", "a{2}", "\\p", "[z-a]", &deep,
        ] {
            assert_eq!(Pattern::parse(pattern), None, "{pattern}");
        }
    }
}
