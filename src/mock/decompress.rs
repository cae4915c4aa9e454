//! Unpacks the records of a batch, the one thing shared with the client's record layer.

use bytes::Bytes;

use super::batch::Refusal;
use crate::config::Codec;
use crate::error::ErrorCode;
use crate::record::CodecError;

/// The records of a batch with this codec, `limit` bytes at most.
///
/// # Errors
///
/// What a broker would answer, but for a limit of unpacked bytes, which brokers do not have.
pub(crate) fn decompress(codec: i16, body: &Bytes, limit: usize) -> Result<Bytes, Refusal> {
    let unknown = || {
        let code = ErrorCode::UNSUPPORTED_COMPRESSION_TYPE;
        Refusal::new(code, format!("compression codec {codec}"))
    };
    let codec = Codec::from_wire_id(codec).ok_or_else(unknown)?;
    if codec == Codec::None {
        return Ok(body.clone());
    }
    crate::record::decompress(codec, body, limit).map_err(|error| match error {
        CodecError::TooLarge => Refusal::new(
            ErrorCode::MESSAGE_TOO_LARGE,
            format!("the batch has more than {limit} bytes when it is unpacked"),
        ),
        CodecError::Damaged(why) => Refusal::new(ErrorCode::INVALID_RECORD, why),
        #[cfg(not(feature = "zstd"))]
        CodecError::Missing => unknown(),
    })
}
