//! One connection's requests and responses, and what becomes of their bytes. Pure.
//!
//! Bytes of either side come in as they are read; out come the bytes to pass on and what happens
//! between them. Responses are matched with their requests by correlation id, in the order of the
//! requests, since that is the order in which brokers answer. A request that nobody answers
//! (`acks=0`) is forgotten at the next answer.

use std::collections::VecDeque;
use std::time::Duration;

use super::frames::{Cutter, Head, Piece, Side};
use super::rules::{Verb, api_name};

/// Requests that wait for an answer; the oldest are forgotten beyond this.
const PENDING: usize = 100_000;

/// What to do with a stream next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Pass(Vec<u8>),
    /// What comes later on this side waits so long.
    Hold(Duration),
    /// Close both sides once everything before has passed.
    Close,
}

/// Who decides, and hears what was done.
pub(super) trait Judge {
    /// What happens to a request of this api or to its response.
    fn decide(&mut self, api: i16) -> Option<(Verb, Side)>;
    /// How many of so many bytes pass before the connection is torn.
    fn torn_after(&mut self, total: u64) -> u64;
    /// Something was done, in words.
    fn did(&mut self, verb: Verb, what: &str);
}

/// A request on its way.
#[derive(Debug)]
struct Asked {
    correlation: i32,
    api: (i16, i16),
    /// What happens to its response.
    fate: Option<Verb>,
}

/// How a side goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Open,
    /// So many bytes more, then it closes.
    Torn(u64),
    Closed,
}

#[derive(Debug)]
struct Way {
    cutter: Cutter,
    flow: Flow,
}

/// Both sides of a connection.
#[derive(Debug)]
pub(super) struct Talk {
    requests: Way,
    responses: Way,
    pending: VecDeque<Asked>,
    /// Bytes vanish.
    dark: bool,
}

impl Talk {
    pub(super) fn new() -> Self {
        let way = |side| Way {
            cutter: Cutter::new(side),
            flow: Flow::Open,
        };
        Self {
            requests: way(Side::Request),
            responses: way(Side::Response),
            pending: VecDeque::new(),
            dark: false,
        }
    }

    /// Bytes have come from one side.
    pub(super) fn feed(&mut self, side: Side, bytes: &[u8], judge: &mut dyn Judge) -> Vec<Step> {
        let mut input = bytes;
        let mut steps = Vec::new();
        while let Some(piece) = self.way(side).cutter.next(&mut input) {
            match piece {
                Piece::Body(body) => self.pass(side, body, &mut steps),
                Piece::Head(head) => {
                    if self.is_open(side) {
                        self.begin(side, &head, judge, &mut steps);
                    }
                    self.pass(side, &head.bytes, &mut steps);
                }
            }
        }
        steps
    }

    fn way(&mut self, side: Side) -> &mut Way {
        match side {
            Side::Request => &mut self.requests,
            Side::Response => &mut self.responses,
        }
    }

    fn is_open(&mut self, side: Side) -> bool {
        !self.dark && self.way(side).flow == Flow::Open
    }

    /// A frame begins: something may happen to it.
    fn begin(&mut self, side: Side, head: &Head, judge: &mut dyn Judge, steps: &mut Vec<Step>) {
        let (verb, asked) = match side {
            Side::Request => self.ask(head, judge),
            Side::Response => self.answer(head),
        };
        let Some(verb) = verb else {
            return;
        };
        let mut torn = 0;
        match verb {
            Verb::Hold(time) => steps.push(Step::Hold(time)),
            Verb::Blackhole => self.dark = true,
            Verb::Cut => self.way(side).flow = Flow::Torn(0),
            Verb::Tear => {
                torn = judge.torn_after(head.total);
                self.way(side).flow = Flow::Torn(torn);
            }
        }
        judge.did(verb, &in_words(verb, side, asked, torn, head.total));
    }

    /// A request passes: what happens to it now, and who it is.
    fn ask(&mut self, head: &Head, judge: &mut dyn Judge) -> (Option<Verb>, Who) {
        let (Some(api), Some(correlation)) = (head.api, head.correlation) else {
            return (None, None);
        };
        let decision = judge.decide(api.0);
        if self.pending.len() >= PENDING {
            self.pending.pop_front();
        }
        let later = decision.filter(|(_, side)| *side == Side::Response);
        self.pending.push_back(Asked {
            correlation,
            api,
            fate: later.map(|(verb, _)| verb),
        });
        let now = decision.filter(|(_, side)| *side == Side::Request);
        (now.map(|(verb, _)| verb), Some((api, correlation)))
    }

    /// A response passes: what was decided when its request did.
    fn answer(&mut self, head: &Head) -> (Option<Verb>, Who) {
        let place = head.correlation.and_then(|id| {
            let mut pending = self.pending.iter();
            pending.position(|asked| asked.correlation == id)
        });
        let Some(asked) = place.and_then(|at| self.pending.drain(..=at).next_back()) else {
            return (None, None);
        };
        (asked.fate, Some((asked.api, asked.correlation)))
    }

    fn pass(&mut self, side: Side, bytes: &[u8], steps: &mut Vec<Step>) {
        if self.dark {
            return;
        }
        let way = self.way(side);
        let passing = match way.flow {
            Flow::Closed => return,
            Flow::Open => bytes,
            Flow::Torn(left) => {
                let most = usize::try_from(left).unwrap_or(usize::MAX);
                let (passing, rest) = bytes.split_at(most.min(bytes.len()));
                let left = left - u64::try_from(passing.len()).unwrap_or(left);
                way.flow = Flow::Torn(left);
                if left == 0 || !rest.is_empty() {
                    way.flow = Flow::Closed;
                }
                passing
            }
        };
        let closed = way.flow == Flow::Closed;
        match steps.last_mut() {
            Some(Step::Pass(before)) => before.extend_from_slice(passing),
            _ if passing.is_empty() => {}
            _ => steps.push(Step::Pass(passing.to_vec())),
        }
        if closed {
            steps.push(Step::Close);
        }
    }
}

/// A request's api, version and correlation id.
type Who = Option<((i16, i16), i32)>;

fn in_words(verb: Verb, side: Side, who: Who, torn: u64, total: u64) -> String {
    let who = who.map_or_else(String::new, |((api, version), id)| {
        format!("{} v{version}, correlation {id}", api_name(api))
    });
    let place = match side {
        Side::Request => "request",
        Side::Response => "response",
    };
    match verb {
        Verb::Cut => format!("cut in place of the {place} ({who}, {total} bytes)"),
        Verb::Tear => format!("torn after {torn} of {total} bytes of the {place} ({who})"),
        Verb::Hold(time) => format!("the {place} is held for {time:?} ({who})"),
        Verb::Blackhole => format!("blackhole from the {place} on ({who})"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::frames::tests::{request, response};
    use super::*;

    const PRODUCE: i16 = 0;

    /// Does this to each produce request or its response, and tears after 10 bytes.
    struct Always(Verb, Side, Vec<String>);

    impl Judge for Always {
        fn decide(&mut self, api: i16) -> Option<(Verb, Side)> {
            (api == PRODUCE).then_some((self.0, self.1))
        }

        fn torn_after(&mut self, _: u64) -> u64 {
            10
        }

        fn did(&mut self, _: Verb, what: &str) {
            self.2.push(what.to_owned());
        }
    }

    fn always(verb: Verb, side: Side) -> Always {
        Always(verb, side, Vec::new())
    }

    #[test]
    fn a_cut_takes_the_place_of_the_answer_that_was_asked_for() {
        let mut judge = always(Verb::Cut, Side::Response);
        let mut talk = Talk::new();
        let asked = [request(3, 1, &[]), request(PRODUCE, 2, &[5; 9])].concat();
        let steps = talk.feed(Side::Request, &asked, &mut judge);
        assert_eq!(steps, [Step::Pass(asked)], "the broker gets all");
        assert!(judge.2.is_empty());
        let first = response(1, &[1, 2]);
        let all = [first.clone(), response(2, &[0]), response(3, &[0])].concat();
        let steps = talk.feed(Side::Response, &all, &mut judge);
        assert_eq!(steps, [Step::Pass(first), Step::Close]);
        assert!(
            judge.2[0].contains("produce v9, correlation 2"),
            "{:?}",
            judge.2
        );
        assert!(talk.feed(Side::Response, &[0; 8], &mut judge).is_empty());
    }

    #[test]
    fn a_cut_request_never_reaches_the_broker() {
        let mut judge = always(Verb::Cut, Side::Request);
        let first = request(3, 1, &[]);
        let all = [first.clone(), request(PRODUCE, 2, &[5; 9])].concat();
        let steps = Talk::new().feed(Side::Request, &all, &mut judge);
        assert_eq!(steps, [Step::Pass(first), Step::Close]);
    }

    #[test]
    fn a_torn_frame_ends_where_chance_has_it_however_the_bytes_come() {
        let frame = request(PRODUCE, 2, &[5; 90]);
        for size in [1, 7, 10, 11, 12, 13, 200] {
            let mut judge = always(Verb::Tear, Side::Request);
            let mut talk = Talk::new();
            let mut passed = Vec::new();
            let mut closed = 0;
            for bytes in frame.chunks(size) {
                for step in talk.feed(Side::Request, bytes, &mut judge) {
                    match step {
                        Step::Pass(bytes) => passed.extend(bytes),
                        Step::Close => closed += 1,
                        Step::Hold(_) => panic!("held"),
                    }
                }
            }
            assert_eq!(passed, frame[..10], "pieces of {size}");
            assert_eq!(closed, 1, "pieces of {size}");
        }
    }

    #[test]
    fn after_a_blackhole_nothing_comes_from_either_side() {
        let mut judge = always(Verb::Blackhole, Side::Response);
        let mut talk = Talk::new();
        let asked = request(PRODUCE, 2, &[]);
        assert_eq!(talk.feed(Side::Request, &asked, &mut judge).len(), 1);
        assert!(
            talk.feed(Side::Response, &response(2, &[0; 9]), &mut judge)
                .is_empty()
        );
        assert!(
            talk.feed(Side::Request, &request(3, 3, &[]), &mut judge)
                .is_empty()
        );
    }

    #[test]
    fn a_hold_comes_before_its_frame() {
        let hold = Duration::from_millis(3);
        let mut judge = always(Verb::Hold(hold), Side::Request);
        let (first, second) = (request(3, 1, &[]), request(PRODUCE, 2, &[1]));
        let all = [first.clone(), second.clone()].concat();
        let steps = Talk::new().feed(Side::Request, &all, &mut judge);
        let expected = [Step::Pass(first), Step::Hold(hold), Step::Pass(second)];
        assert_eq!(steps, expected);
    }

    #[test]
    fn requests_without_an_answer_do_not_confuse_the_others() {
        let mut judge = always(Verb::Cut, Side::Response);
        let mut talk = Talk::new();
        // Two that nobody answers, then one of another kind that is.
        for (api, id) in [(PRODUCE, 1), (PRODUCE, 2), (3, 3)] {
            talk.feed(Side::Request, &request(api, id, &[]), &mut judge);
        }
        let answer = response(3, &[7]);
        let steps = talk.feed(Side::Response, &answer, &mut judge);
        assert_eq!(steps, [Step::Pass(answer)]);
        assert!(talk.pending.is_empty());
        // An answer to nothing passes too.
        let stray = response(77, &[]);
        assert_eq!(
            talk.feed(Side::Response, &stray, &mut judge),
            [Step::Pass(stray)]
        );
    }
}
