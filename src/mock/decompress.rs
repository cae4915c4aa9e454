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
/// What a broker answers: it has no code for an unknown codec nor for damage inside, so both are
/// UNKNOWN_SERVER_ERROR. The limit of unpacked bytes is the mock's own.
pub(crate) fn decompress(codec: i16, body: &Bytes, limit: usize) -> Result<Bytes, Refusal> {
    let failed = |why: String| Refusal::new(ErrorCode::UNKNOWN_SERVER_ERROR, why);
    let unknown = || failed(format!("unknown compression codec {codec}"));
    let codec = Codec::from_wire_id(codec).ok_or_else(unknown)?;
    if codec == Codec::None {
        return Ok(body.clone());
    }
    crate::record::decompress(codec, body, limit).map_err(|error| match error {
        CodecError::TooLarge => Refusal::new(
            ErrorCode::MESSAGE_TOO_LARGE,
            format!("the batch has more than {limit} bytes when it is unpacked"),
        ),
        CodecError::Damaged(why) => failed(why.into()),
        #[cfg(not(feature = "zstd"))]
        CodecError::Missing => unknown(),
    })
}
