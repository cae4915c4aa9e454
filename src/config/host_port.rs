//! Addresses of brokers, as `bootstrap.servers` spells them.

use std::fmt;
use std::str::FromStr;

use super::findings::printable;
use crate::error::{Error, ErrorKind};

/// A broker's address: `broker1:9092`, `10.0.0.1:9092`, `[::1]:9092`.
///
/// Text may have a listener's name in front (`PLAINTEXT://broker1:9092`) and may leave out the
/// port, which then is 9092.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct HostPort {
    /// A name or an address; an IPv6 address without its brackets.
    pub host: String,
    /// The port, never 0.
    pub port: u16,
}

impl HostPort {
    /// The port of an address that names none.
    pub const DEFAULT_PORT: u16 = 9092;

    /// An address.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
        }
    }

    /// Reads a list as in `bootstrap.servers`: separated by commas, blanks around a piece and
    /// empty pieces ignored, duplicates dropped, the order kept.
    ///
    /// # Errors
    /// Of kind [`ErrorKind::Config`], naming the first bad piece.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, Error> {
        Self::read_list(text).map_err(|message| Error::new(ErrorKind::Config, message))
    }

    pub(crate) fn read_list(text: &str) -> Result<Vec<Self>, String> {
        let mut list = Vec::new();
        for piece in text
            .split(',')
            .map(str::trim)
            .filter(|piece| !piece.is_empty())
        {
            let address = Self::read(piece)?;
            if !list.contains(&address) {
                list.push(address);
            }
        }
        Ok(list)
    }

    fn read(piece: &str) -> Result<Self, String> {
        let address = after_listener(piece)?;
        let shown = printable(piece, 60);
        let (host, port) = match address.strip_prefix('[') {
            Some(rest) => match rest.split_once(']') {
                Some((host, "")) => (host, None),
                Some((host, tail)) => (host, tail.strip_prefix(':').or(Some(""))),
                None => return Err(format!("{shown:?} has no closing bracket")),
            },
            None => match address.split_once(':') {
                Some((_, rest)) if rest.contains(':') => {
                    return Err(format!(
                        "{shown:?} has more than one colon; an IPv6 address stands in brackets"
                    ));
                }
                Some((host, port)) => (host, Some(port)),
                None => (address, None),
            },
        };
        let bare = |c: char| !c.is_whitespace() && !c.is_control() && !"/[]@?#".contains(c);
        if host.is_empty() || !host.chars().all(bare) {
            return Err(format!("{shown:?} has no valid host; write host:port"));
        }
        let port = match port {
            None => Some(Self::DEFAULT_PORT),
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|port| *port != 0)
            }
            Some(_) => None,
        };
        match port {
            Some(port) => Ok(Self::new(host, port)),
            None => Err(format!(
                "{shown:?} has no valid port; it is a number from 1 to 65535"
            )),
        }
    }
}

/// Drops a listener's name. One that promises encryption is refused: connecting in the clear
/// instead would be a leak.
fn after_listener(piece: &str) -> Result<&str, String> {
    match piece.split_once("://") {
        None => Ok(piece),
        Some((listener, address)) if listener.eq_ignore_ascii_case("PLAINTEXT") => Ok(address),
        Some(_) => Err(format!(
            "{:?} asks for a listener that is not built yet; only PLAINTEXT:// is",
            printable(piece, 60)
        )),
    }
}

impl FromStr for HostPort {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::read(text.trim()).map_err(|message| Error::new(ErrorKind::Config, message))
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_address_is_read() {
        let text =
            " a:1, PLAINTEXT://b:2 ,[::1]:9092,,plaintext://[fe80::1%eth0]:65535, c , a:1 ,[::2],";
        let list = HostPort::parse_list(text).unwrap();
        let shown: Vec<String> = list.iter().map(ToString::to_string).collect();
        let expected = [
            "a:1",
            "b:2",
            "[::1]:9092",
            "[fe80::1%eth0]:65535",
            "c:9092",
            "[::2]:9092",
        ];
        assert_eq!(shown, expected);
        assert_eq!(list[2].host, "::1");
        assert_eq!(HostPort::parse_list(" ,").unwrap(), []);
    }

    #[test]
    fn an_error_names_the_bad_piece() {
        for bad in [
            "a:",
            "a:0",
            "a:65536",
            "a:-1",
            "a:+1",
            "a:x",
            "a:1:2",
            "::1",
            "[::1",
            "[]:1",
            ":1",
            "[::1]x:1",
            "SSL://a:1",
            "a b:1",
            "http://a:1",
            "PLAINTEXT://",
            "a:1/topic",
            "a:１",
        ] {
            let error = HostPort::parse_list(&format!("good:1,{bad}")).unwrap_err();
            assert!(
                error.to_string().starts_with(&format!("{bad:?} ")),
                "{error}"
            );
        }
    }
}
