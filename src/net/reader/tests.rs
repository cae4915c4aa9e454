//! Frames in every cut, and what a peer that lies gets.

use std::future::poll_fn;

use tokio::io::AsyncWriteExt;

use super::*;

const LIMIT: usize = 1024 * 1024;

fn reader() -> FrameReader {
    FrameReader::new(LIMIT, BufferPool::default())
}

async fn next(reader: &mut FrameReader, stream: &mut BoxStream) -> Result<Bytes, ReadError> {
    poll_fn(|cx| reader.poll_frame(cx, stream)).await
}

fn frame(body: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
    frame.extend_from_slice(body);
    frame
}

/// A stream that gives these bytes in segments of `segment` bytes at most, then ends.
fn stream_of(bytes: Vec<u8>, segment: usize) -> BoxStream {
    let (ours, mut theirs) = tokio::io::duplex(segment);
    tokio::spawn(async move { theirs.write_all(&bytes).await });
    Box::new(ours)
}

#[tokio::test]
async fn case_116_one_byte_segments_and_many_frames_in_one_read_all_parse() {
    let sizes = [
        0,
        1,
        4,
        100,
        INBOX - 4,
        INBOX - 3,
        INBOX,
        INBOX + 1,
        200_000,
        5,
        0,
        70_000,
    ];
    let bodies: Vec<Vec<u8>> = (1..).zip(sizes).map(|(n, size)| vec![n; size]).collect();
    let bytes: Vec<u8> = bodies.iter().flat_map(|body| frame(body)).collect();
    for segment in [1, 3, 1000, INBOX, bytes.len()] {
        let mut stream = stream_of(bytes.clone(), segment);
        let mut reader = reader();
        for body in &bodies {
            let frame = next(&mut reader, &mut stream).await.unwrap();
            assert!(
                frame == body,
                "{} bytes in segments of {segment}",
                body.len()
            );
        }
        let end = next(&mut reader, &mut stream).await;
        assert!(matches!(end, Err(ReadError::Closed)), "{end:?}");
    }
}

#[tokio::test]
async fn case_111_a_frame_cut_at_any_byte_is_dropped() {
    for size in [1, 50, INBOX * 2] {
        let bytes = frame(&vec![7; size]);
        for cut in [1, 3, 4, bytes.len() - 1] {
            let mut stream = stream_of(bytes[..cut].to_vec(), 4096);
            let end = next(&mut reader(), &mut stream).await;
            assert!(
                matches!(end, Err(ReadError::Cut { got, .. }) if got == cut),
                "{end:?}"
            );
        }
    }
}

#[tokio::test]
async fn case_113_a_length_out_of_bounds_is_refused_with_a_hint() {
    let cases: [(&[u8; 4], &str); 6] = [
        (b"\xff\xff\xff\xff", "-1 bytes"),
        (b"\x80\x00\x00\x00", "-2147483648 bytes"),
        (b"\x00\x10\x00\x01", "1048577 bytes"),
        (
            b"\x15\x03\x03\x00",
            "352518912 bytes was announced, the limit is 1048576; these bytes are TLS",
        ),
        (b"HTTP", "HTTP"),
        (b"\x7f\xff\xff\xff", "2147483647 bytes"),
    ];
    for (prefix, says) in cases {
        let mut stream = stream_of(prefix.to_vec(), 64);
        let error = next(&mut reader(), &mut stream)
            .await
            .unwrap_err()
            .into_error();
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert!(error.to_string().contains(says), "{error}");
    }
    let mut at_the_limit = frame(&vec![1; LIMIT]);
    at_the_limit.extend(frame(b"next"));
    let (mut stream, mut reader) = (stream_of(at_the_limit, LIMIT), reader());
    assert_eq!(next(&mut reader, &mut stream).await.unwrap().len(), LIMIT);
    assert_eq!(next(&mut reader, &mut stream).await.unwrap(), "next");
}

#[tokio::test]
async fn case_113_memory_grows_with_bytes_received_and_not_with_the_claim() {
    let mut reader = FrameReader::new(usize::MAX, BufferPool::default());
    let mut lie = 2_000_000_000_u32.to_be_bytes().to_vec();
    lie.extend([0; 300_000]);
    let received = lie.len();
    let mut stream = stream_of(lie, 8192);
    let end = next(&mut reader, &mut stream).await;
    assert!(matches!(end, Err(ReadError::Cut { .. })), "{end:?}");
    let taken = reader.large.unwrap().buffer.capacity();
    assert!(
        taken <= 2 * received,
        "{taken} bytes for {received} received"
    );
}

#[tokio::test]
async fn a_large_frame_is_read_into_the_buffer_of_an_earlier_one() {
    let bytes = [frame(&[1; 300_000]), frame(&[2; 299_000])].concat();
    let (mut stream, mut reader) = (stream_of(bytes, 50_000), reader());
    let first = next(&mut reader, &mut stream).await.unwrap();
    let at = first.as_ptr();
    drop(first);
    let second = next(&mut reader, &mut stream).await.unwrap();
    assert_eq!((second.as_ptr(), second.len()), (at, 299_000));
}
