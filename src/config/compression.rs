//! How a producer compresses its batches: codec and level, with Kafka's names and ranges (KIP-390).
//!
//! A level is a type of its own, made by a check, so that a wrong one is refused where it was
//! configured and never met on the hot path.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};

/// A codec as batch headers name it (bits 0 to 2 of the attributes).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Codec {
    /// Not compressed.
    #[default]
    None,
    /// RFC 1952 gzip.
    Gzip,
    /// Snappy, in the framing of Java's `snappy-java` ("xerial").
    Snappy,
    /// The LZ4 frame format.
    Lz4,
    /// RFC 8878 zstd (KIP-110); needs brokers of 2.1 or later.
    Zstd,
}

impl Codec {
    /// Every codec, in the order of the wire ids.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// The id in a batch's attributes, 0 to 4.
    #[must_use]
    pub fn wire_id(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Gzip => 1,
            Self::Snappy => 2,
            Self::Lz4 => 3,
            Self::Zstd => 4,
        }
    }

    /// The codec with this id; `None` for an id that Kafka has not given away.
    #[must_use]
    pub fn from_wire_id(id: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.wire_id() == id)
    }

    /// Kafka's name for it, as in `compression.type`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// Whether this build has the codec: all but zstd are always there.
    #[must_use]
    pub fn is_built_in(self) -> bool {
        cfg!(feature = "zstd") || self != Self::Zstd
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `compression.gzip.level`: -1 (zlib's own choice, the default) or 1 (fast) to 9 (small).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct GzipLevel(i32);

impl GzipLevel {
    /// Kafka's default.
    pub const DEFAULT: Self = Self(-1);

    /// Checks a level.
    ///
    /// # Errors
    ///
    /// `Config` if it is neither -1 nor within 1 to 9.
    pub fn new(level: i32) -> Result<Self> {
        if level == -1 || (1..=9).contains(&level) {
            return Ok(Self(level));
        }
        Err(refused("compression.gzip.level", level, "-1 or 1 to 9"))
    }

    /// The level as a number.
    #[must_use]
    pub fn get(self) -> i32 {
        self.0
    }
}

impl Default for GzipLevel {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// `compression.zstd.level`: -131072 (fast) to 22 (small); 3 by default.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct ZstdLevel(i32);

impl ZstdLevel {
    /// Kafka's default.
    pub const DEFAULT: Self = Self(3);

    /// Checks a level.
    ///
    /// # Errors
    ///
    /// `Config` if it is not within -131072 to 22.
    pub fn new(level: i32) -> Result<Self> {
        if (-131_072..=22).contains(&level) {
            return Ok(Self(level));
        }
        Err(refused("compression.zstd.level", level, "-131072 to 22"))
    }

    /// The level as a number.
    #[must_use]
    pub fn get(self) -> i32 {
        self.0
    }
}

impl Default for ZstdLevel {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How a producer compresses its batches (`compression.type` and the codec's level).
///
/// A batch that compression does not shrink goes out uncompressed, whatever is set here.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all, the default.
    #[default]
    None,
    /// gzip at a level (`compression.gzip.level`).
    Gzip(GzipLevel),
    /// Snappy; it has no levels.
    Snappy,
    /// LZ4 by the fast algorithm, the only one there is in Rust: see [`Compression::with_level`].
    Lz4,
    /// zstd at a level (`compression.zstd.level`); needs the cargo feature `zstd`.
    Zstd(ZstdLevel),
}

impl Compression {
    /// This codec at its default level.
    #[must_use]
    pub fn from_codec(codec: Codec) -> Self {
        match codec {
            Codec::None => Self::None,
            Codec::Gzip => Self::Gzip(GzipLevel::DEFAULT),
            Codec::Snappy => Self::Snappy,
            Codec::Lz4 => Self::Lz4,
            Codec::Zstd => Self::Zstd(ZstdLevel::DEFAULT),
        }
    }

    /// The codec without its level.
    #[must_use]
    pub fn codec(self) -> Codec {
        match self {
            Self::None => Codec::None,
            Self::Gzip(_) => Codec::Gzip,
            Self::Snappy => Codec::Snappy,
            Self::Lz4 => Codec::Lz4,
            Self::Zstd(_) => Codec::Zstd,
        }
    }

    /// The same codec at another level.
    ///
    /// For LZ4 only the fast algorithm exists: Java's default level 9 stands for it, as do 0 and
    /// -1 in librdkafka. Every other level is refused rather than taken for the fast one.
    ///
    /// # Errors
    ///
    /// `Config` if the codec has no levels, or not this one.
    pub fn with_level(self, level: i32) -> Result<Self> {
        match self {
            Self::Gzip(_) => GzipLevel::new(level).map(Self::Gzip),
            Self::Zstd(_) => ZstdLevel::new(level).map(Self::Zstd),
            Self::Lz4 if [-1, 0, 9].contains(&level) => Ok(self),
            Self::Lz4 => Err(Error::new(
                ErrorKind::Config,
                format!(
                    "compression.lz4.level={level} asks for LZ4's high-compression algorithm, \
                     which this client does not have: leave it at 9 (the fast one), or use zstd"
                ),
            )),
            Self::None | Self::Snappy => Err(Error::new(
                ErrorKind::Config,
                format!("compression.type={self} has no levels, so {level} cannot be set"),
            )),
        }
    }

    /// Checks that this build can compress so; to be called where a producer is built.
    ///
    /// # Errors
    ///
    /// `Config` for zstd in a build without the cargo feature `zstd`.
    pub fn check(self) -> Result<()> {
        if self.codec().is_built_in() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Config,
            format!("compression.type={self} needs tidewire's cargo feature `{self}`"),
        ))
    }
}

impl FromStr for Compression {
    type Err = Error;

    /// Reads a `compression.type`: none, gzip, snappy, lz4 or zstd, at its default level.
    fn from_str(name: &str) -> Result<Self> {
        let known = Codec::ALL.into_iter().find(|codec| codec.name() == name);
        let codec = known.ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                format!("compression.type={name}: use none, gzip, snappy, lz4 or zstd"),
            )
        })?;
        let compression = Self::from_codec(codec);
        compression.check()?;
        Ok(compression)
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.codec().name())
    }
}

fn refused(key: &str, level: i32, range: &str) -> Error {
    Error::new(
        ErrorKind::Config,
        format!("{key}={level} is out of range: use {range}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kafka_names_and_wire_ids_map_both_ways() {
        for (id, codec) in (0..).zip(Codec::ALL) {
            assert_eq!(codec.wire_id(), id);
            assert_eq!(Codec::from_wire_id(id), Some(codec));
            if codec.is_built_in() {
                let parsed: Compression = codec.name().parse().unwrap();
                assert_eq!(parsed.codec(), codec);
                assert_eq!(parsed.to_string(), codec.name());
            }
        }
        assert_eq!(Codec::from_wire_id(5), None);
        assert!("LZ4".parse::<Compression>().is_err());
    }

    #[test]
    fn levels_are_accepted_up_to_both_ends_of_kafkas_ranges_and_no_further() {
        for level in [-1, 1, 9] {
            assert_eq!(GzipLevel::new(level).unwrap().get(), level);
        }
        for level in [-2, 0, 10] {
            assert!(GzipLevel::new(level).is_err());
        }
        for level in [-131_072, 3, 22] {
            assert_eq!(ZstdLevel::new(level).unwrap().get(), level);
        }
        for level in [-131_073, 23] {
            assert!(ZstdLevel::new(level).is_err());
        }
        assert!(Compression::Snappy.with_level(1).is_err());
    }

    #[test]
    fn an_lz4_level_other_than_the_fast_one_is_refused_with_the_reason() {
        assert_eq!(Compression::Lz4.with_level(9).unwrap(), Compression::Lz4);
        let error = Compression::Lz4.with_level(12).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains("high-compression"), "{error}");
    }

    #[cfg(not(feature = "zstd"))]
    #[test]
    fn zstd_is_refused_where_it_is_not_built_in() {
        assert!("zstd".parse::<Compression>().is_err());
    }
}
