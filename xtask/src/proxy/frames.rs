//! Cuts a stream of bytes into Kafka's frames. Pure.
//!
//! A frame is a length and as many bytes. Of those only the first few are understood: a request's
//! api key, version and correlation id, a response's correlation id. Bodies pass in whatever pieces
//! they come. A length that cannot be one means that this is not Kafka: all that follows is a body.

/// The longest frame that is believed, as brokers do by default.
const LONGEST: i32 = 100 * 1024 * 1024;

/// Which way frames go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// From the client to the broker.
    Request,
    /// From the broker to the client.
    Response,
}

impl Side {
    /// Bytes of a frame that are looked at, its length included.
    fn head(self) -> usize {
        match self {
            Self::Request => 12,
            Self::Response => 8,
        }
    }
}

/// What a frame begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// The bytes themselves.
    pub(super) bytes: Vec<u8>,
    /// Bytes of the frame, its length and this head included.
    pub(super) total: u64,
    /// A request's api key and version.
    pub(super) api: Option<(i16, i16)>,
    /// None for a frame that is too short to have one.
    pub(super) correlation: Option<i32>,
}

/// The next part of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Head(Head),
    Body(&'a [u8]),
}

/// Where in the stream we are.
#[derive(Debug)]
pub(super) struct Cutter {
    side: Side,
    head: Vec<u8>,
    /// Of the body, still to come.
    left: u64,
    opaque: bool,
}

impl Cutter {
    pub(super) fn new(side: Side) -> Self {
        Self {
            side,
            head: Vec::new(),
            left: 0,
            opaque: false,
        }
    }

    /// Takes the next piece off the input; none when it needs more.
    pub(super) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<Piece<'a>> {
        if input.is_empty() {
            return None;
        }
        if self.opaque {
            return Some(Piece::Body(std::mem::take(input)));
        }
        if self.left > 0 {
            let most = usize::try_from(self.left).unwrap_or(usize::MAX);
            let body = take(input, most);
            self.left -= wide(body.len());
            return Some(Piece::Body(body));
        }
        self.fill(4, input);
        let length = i32::from_be_bytes(*self.head.first_chunk()?);
        let Some(length) = u32::try_from(length).ok().filter(|_| length <= LONGEST) else {
            self.opaque = true;
            return Some(self.finish(4));
        };
        let total = 4 + u64::from(length);
        let wanted = usize::try_from(total).map_or(self.side.head(), |t| t.min(self.side.head()));
        self.fill(wanted, input);
        (self.head.len() == wanted).then(|| self.finish(total))
    }

    fn fill(&mut self, wanted: usize, input: &mut &[u8]) {
        let missing = wanted.saturating_sub(self.head.len());
        self.head.extend_from_slice(take(input, missing));
    }

    fn finish(&mut self, total: u64) -> Piece<'static> {
        let bytes = std::mem::take(&mut self.head);
        self.left = total.saturating_sub(wide(bytes.len()));
        let whole = bytes.len() == self.side.head();
        let (api, correlation) = match (whole, self.side) {
            (false, _) => (None, None),
            (true, Side::Request) => (int16(&bytes, 4).zip(int16(&bytes, 6)), int32(&bytes, 8)),
            (true, Side::Response) => (None, int32(&bytes, 4)),
        };
        Piece::Head(Head {
            bytes,
            total,
            api,
            correlation,
        })
    }
}

fn take<'a>(input: &mut &'a [u8], most: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at(most.min(input.len()));
    *input = rest;
    taken
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn int16(bytes: &[u8], at: usize) -> Option<i16> {
    bytes
        .get(at..)?
        .first_chunk()
        .copied()
        .map(i16::from_be_bytes)
}

fn int32(bytes: &[u8], at: usize) -> Option<i32> {
    bytes
        .get(at..)?
        .first_chunk()
        .copied()
        .map(i32::from_be_bytes)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A request frame.
    pub(crate) fn request(api: i16, correlation: i32, body: &[u8]) -> Vec<u8> {
        let mut frame = i32::try_from(8 + body.len())
            .unwrap()
            .to_be_bytes()
            .to_vec();
        frame.extend(api.to_be_bytes());
        frame.extend(9_i16.to_be_bytes());
        frame.extend(correlation.to_be_bytes());
        frame.extend(body);
        frame
    }

    /// A response frame.
    pub(crate) fn response(correlation: i32, body: &[u8]) -> Vec<u8> {
        let mut frame = i32::try_from(4 + body.len())
            .unwrap()
            .to_be_bytes()
            .to_vec();
        frame.extend(correlation.to_be_bytes());
        frame.extend(body);
        frame
    }

    /// Feeds a stream in pieces of this size; the heads, and all bytes as they came out.
    fn cut(side: Side, stream: &[u8], size: usize) -> (Vec<Head>, Vec<u8>) {
        let mut cutter = Cutter::new(side);
        let (mut heads, mut bytes) = (Vec::new(), Vec::new());
        for mut input in stream.chunks(size) {
            while let Some(piece) = cutter.next(&mut input) {
                match piece {
                    Piece::Head(head) => {
                        bytes.extend(&head.bytes);
                        heads.push(head);
                    }
                    Piece::Body(body) => bytes.extend(body),
                }
            }
            assert!(input.is_empty());
        }
        (heads, bytes)
    }

    #[test]
    fn frames_are_found_however_the_bytes_come() {
        let stream = [
            request(0, 1, &[7; 40]),
            request(18, 2, &[]),
            request(3, 3, &[1]),
        ];
        for size in [1, 2, 3, 5, 11, 12, 13, 64, 1_000] {
            let (heads, bytes) = cut(Side::Request, &stream.concat(), size);
            let apis: Vec<_> = heads.iter().map(|h| (h.api, h.correlation)).collect();
            let expected = [(0, 1), (18, 2), (3, 3)].map(|(a, c)| (Some((a, 9)), Some(c)));
            assert_eq!(apis, expected, "pieces of {size}");
            assert_eq!(heads[0].total, 52);
            assert_eq!(bytes, stream.concat(), "pieces of {size}");
        }
    }

    #[test]
    fn a_response_has_a_correlation_id_and_no_api() {
        let stream = [response(5, &[9; 3]), response(6, &[])].concat();
        let (heads, bytes) = cut(Side::Response, &stream, 7);
        let ids: Vec<_> = heads.iter().map(|h| (h.api, h.correlation)).collect();
        assert_eq!(ids, [(None, Some(5)), (None, Some(6))]);
        assert_eq!(bytes, stream);
    }

    #[test]
    fn what_is_too_short_or_no_frame_passes_unread() {
        // A token of two bytes, then a frame.
        let stream = [vec![0, 0, 0, 2, 8, 8], request(0, 1, &[])].concat();
        let (heads, bytes) = cut(Side::Request, &stream, 4);
        assert_eq!(heads.len(), 2);
        assert_eq!((heads[0].api, heads[1].api), (None, Some((0, 9))));
        assert_eq!(bytes, stream);
        // Some other protocol.
        let stream = b"\xffGET / HTTP/1.1\r\n".to_vec();
        let (heads, bytes) = cut(Side::Request, &stream, 3);
        assert_eq!((heads.len(), heads[0].api), (1, None));
        assert_eq!(bytes, stream);
    }
}
