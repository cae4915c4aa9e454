//! Messages of any API by its key: for fuzzing and for tests that walk all APIs.

use bytes::Bytes;

use super::{ApiKey, Decode, DecodeError, Reader, generated};
#[cfg(feature = "mock")]
use super::{Encode, Writer};

macro_rules! decoders {
    ($($key:ident $module:ident $request:ident $response:ident)*) => {
        /// Decodes a response's body: how many bytes follow it.
        ///
        /// # Errors
        /// When the bytes are not such a response.
        #[doc(hidden)]
        pub fn decode_any_response(
            key: ApiKey,
            version: i16,
            body: Bytes,
        ) -> Result<usize, DecodeError> {
            match key {
                $(ApiKey::$key => decode::<generated::$module::$response>(version, body),)*
            }
        }

        /// Decodes a request's body and encodes it again: the bytes, and how many followed it.
        ///
        /// # Errors
        /// What is wrong with the bytes or with the message.
        #[cfg(feature = "mock")]
        #[doc(hidden)]
        pub fn recode_any_request(
            key: ApiKey,
            version: i16,
            body: Bytes,
        ) -> crate::Result<(Bytes, usize)> {
            match key {
                $(ApiKey::$key => recode::<generated::$module::$request>(version, body),)*
            }
        }

        /// Decodes a response's body and encodes it again: the bytes, and how many followed it.
        ///
        /// # Errors
        /// What is wrong with the bytes or with the message.
        #[cfg(feature = "mock")]
        #[doc(hidden)]
        pub fn recode_any_response(
            key: ApiKey,
            version: i16,
            body: Bytes,
        ) -> crate::Result<(Bytes, usize)> {
            match key {
                $(ApiKey::$key => recode::<generated::$module::$response>(version, body),)*
            }
        }
    };
}

generated::each_api!(decoders);

fn decode<T: Decode>(version: i16, body: Bytes) -> Result<usize, DecodeError> {
    let mut r = Reader::new(body);
    T::decode(&mut r, version)?;
    Ok(r.finish())
}

#[cfg(feature = "mock")]
fn recode<T: Decode + Encode>(version: i16, body: Bytes) -> crate::Result<(Bytes, usize)> {
    let mut r = Reader::new(body);
    let message = T::decode(&mut r, version)?;
    let mut w = Writer::new();
    message.encode(&mut w, version)?;
    Ok((w.into_chunks().into_bytes(), r.finish()))
}
