//! A broker's side of one connection: frames in, one request at a time, frames out.
//!
//! As a broker does, a connection serves its requests strictly in order: while one waits, later
//! ones lie in the buffer. Faults are acted out here. Killing a broker drops the whole future,
//! wherever it is; pausing one holds it at two gates, before a request and before its answer.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::faults::{Action, Decision, RequestSeen};
use super::handlers::{self, Context, Outcome, Work};
use super::shared::{Run, Shared, Status};
use super::state::Listener;
use crate::ids::{BrokerId, CorrelationId};
use crate::net::BoxStream;
use crate::protocol::frame::{RequestHeader, decode_request_header};
use crate::protocol::{ApiKey, Chunks, Reader};

/// A larger frame, or a negative length, closes the connection (`socket.request.max.bytes`).
const FRAME_MAX: usize = 100 << 20;
/// How much is read ahead while a request waits.
const READ_AHEAD: usize = 1 << 20;
/// The smallest buffer to read into, and how little room in it is worth a read.
const BUFFER: usize = 64 << 10;
const SPARE_MIN: usize = 4 << 10;
/// Slices of one write.
const SLICES: usize = 64;

/// Waits until the connections of that time are to end.
pub(crate) async fn gone(mut status: watch::Receiver<Status>, began: Status) {
    let over = |now: &Status| now.run == Run::Down || now.incarnation != began.incarnation;
    // An error means that the cluster is gone, which ends the connection just as well.
    let _ = status.wait_for(over).await;
}

/// Why a connection ends.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The client closed it, or the line broke.
    ByPeer,
    /// A frame, header or body that makes no sense, or an API that is not served.
    Refused,
    /// The fault plan or the handler wants it so.
    Wanted,
}

impl From<io::Error> for Ended {
    fn from(_: io::Error) -> Self {
        Self::ByPeer
    }
}

pub(crate) struct Connection {
    pub(crate) shared: Arc<Shared>,
    pub(crate) broker: i32,
    pub(crate) door: Listener,
    pub(crate) id: u64,
    pub(crate) stream: BoxStream,
    pub(crate) inbox: BytesMut,
    pub(crate) status: watch::Receiver<Status>,
    pub(crate) changed: watch::Receiver<u64>,
}

impl Connection {
    pub(crate) async fn run(&mut self) -> Result<(), Ended> {
        loop {
            let frame = self.next_frame().await?;
            self.gate().await;
            let (header, body) = decode_request_header(frame).map_err(|_| Ended::Refused)?;
            let (work, plan) = self.admit(&header, body)?;
            self.serve(&header, work, plan).await?;
        }
    }

    async fn next_frame(&mut self) -> Result<Bytes, Ended> {
        loop {
            if let Some(length) = self.inbox.first_chunk() {
                let length = usize::try_from(i32::from_be_bytes(*length));
                let length = length.ok().filter(|length| *length <= FRAME_MAX);
                let length = length.ok_or(Ended::Refused)?;
                if self.inbox.len() - size_of::<i32>() >= length {
                    self.inbox.advance(size_of::<i32>());
                    return Ok(self.inbox.split_to(length).freeze());
                }
            }
            self.read().await?;
        }
    }

    /// Reads what is there. The buffer grows with what has arrived, not with what was announced,
    /// and a new one is begun only when the old one is nearly full: stored batches share it, and
    /// one of a hundred bytes must not keep a whole one alive.
    async fn read(&mut self) -> Result<(), Ended> {
        if self.inbox.capacity() - self.inbox.len() < SPARE_MIN {
            self.inbox
                .reserve(self.inbox.len().clamp(BUFFER, READ_AHEAD));
        }
        match self.stream.read_buf(&mut self.inbox).await? {
            0 => Err(Ended::ByPeer),
            _ => Ok(()),
        }
    }

    /// Holds while the broker is paused.
    async fn gate(&mut self) {
        let _ = self.status.wait_for(|now| now.run != Run::Paused).await;
    }

    /// Reads the request's body, writes it into the history and asks the fault plan.
    fn admit(
        &self,
        header: &RequestHeader,
        body: Reader,
    ) -> Result<(Box<dyn Work>, Arc<Decision>), Ended> {
        let (work, partitions) = self.shared.with(|state| {
            let work = handlers::read(state, header, body);
            let targets = work.as_ref().map(|work| work.targets(state, self.broker));
            (work, targets.unwrap_or_default())
        });
        let groups = work.as_ref().map(|work| work.groups());
        let plan = self.shared.faults().judge(RequestSeen {
            at: Instant::now().into_std(),
            broker: BrokerId(self.broker),
            connection: self.id,
            api: ApiKey::try_from(header.api_key).ok(),
            version: header.api_version,
            correlation: header.correlation,
            client_id: header.client_id.clone(),
            partitions,
            groups: groups.unwrap_or_default(),
            faults: Vec::new(),
        });
        let work = work.ok_or(Ended::Refused)?;
        Ok((work, Arc::new(plan)))
    }

    async fn serve(
        &mut self,
        header: &RequestHeader,
        work: Box<dyn Work>,
        plan: Arc<Decision>,
    ) -> Result<(), Ended> {
        // Not watching for the client to leave: a request that is late is served all the same,
        // and that is what makes it dangerous.
        pause(plan.delay).await;
        match &plan.action {
            Some(Action::Disconnect) => return Err(Ended::Wanted),
            Some(Action::DropRequest) => return self.mute().await,
            Some(Action::Silence) => self.shared.set_status(self.broker, Run::Paused, false),
            _ => {}
        }
        self.gate().await;
        let outcome = self.apply(work, header, &plan).await?;
        pause(plan.delay_answer).await;
        self.gate().await;
        let frame = match outcome {
            Outcome::Close => return Err(Ended::Wanted),
            Outcome::Reply(frame) => Some(frame),
            Outcome::Nothing | Outcome::Wait(_) => None,
        };
        self.answer(header.correlation, frame, plan.action.as_ref())
            .await?;
        pause(plan.throttle).await;
        Ok(())
    }

    /// Runs the handler, again and again if it waits for something.
    async fn apply(
        &mut self,
        mut work: Box<dyn Work>,
        header: &RequestHeader,
        plan: &Arc<Decision>,
    ) -> Result<Outcome<Chunks>, Ended> {
        loop {
            self.changed.mark_unchanged();
            let on = Context {
                now: Instant::now().into_std(),
                now_ms: self.shared.env.timestamp_ms(),
                broker: self.broker,
                listener: self.door,
                version: header.api_version,
                client_id: header.client_id.clone(),
                plan: Arc::clone(plan),
            };
            match self.shared.with(|state| work.run(state, &on)) {
                Outcome::Wait(until) => self.wait(Instant::from_std(until)).await?,
                done => return Ok(done),
            }
        }
    }

    /// Waits for a change or the deadline; a client that leaves ends it.
    async fn wait(&mut self, until: Instant) -> Result<(), Ended> {
        loop {
            let full = self.inbox.len() >= READ_AHEAD;
            self.inbox.reserve(SPARE_MIN);
            tokio::select! {
                biased;
                changed = self.changed.changed() => {
                    return changed.map_err(|_| Ended::Wanted);
                }
                () = sleep_until(until) => return Ok(()),
                read = self.stream.read_buf(&mut self.inbox), if !full => {
                    if read? == 0 {
                        return Err(Ended::ByPeer);
                    }
                }
            }
        }
    }

    /// Never answers again; ends when the client does.
    async fn mute(&mut self) -> Result<(), Ended> {
        loop {
            self.inbox.clear();
            self.read().await?;
        }
    }

    async fn answer(
        &mut self,
        correlation: CorrelationId,
        frame: Option<Chunks>,
        action: Option<&Action>,
    ) -> Result<(), Ended> {
        let frame: Vec<Bytes> = frame.into_iter().flatten().collect();
        match action {
            Some(Action::ApplyThenDrop) => self.mute().await,
            Some(Action::ApplyThenDisconnect) => Err(Ended::Wanted),
            Some(Action::CutAt(at)) => {
                self.write(cut(frame, *at)).await?;
                Err(Ended::Wanted)
            }
            Some(Action::Garbage(body)) => {
                let mut head = BytesMut::new();
                let length = i32::try_from(body.len().saturating_add(size_of::<i32>()));
                head.put_i32(length.unwrap_or(i32::MAX));
                head.put_i32(correlation.0);
                self.write(vec![head.freeze(), body.clone()]).await
            }
            Some(Action::Raw(bytes)) => self.write(vec![bytes.clone()]).await,
            _ => self.write(frame).await,
        }
    }

    async fn write(&mut self, mut pieces: Vec<Bytes>) -> Result<(), Ended> {
        let mut first = 0;
        while let Some(left) = pieces.get_mut(first..).filter(|left| !left.is_empty()) {
            let slices: Vec<IoSlice<'_>> = left
                .iter()
                .take(SLICES)
                .map(|piece| IoSlice::new(piece))
                .collect();
            let mut written = self.stream.write_vectored(&slices).await?;
            if written == 0 && slices.iter().any(|slice| !slice.is_empty()) {
                return Err(Ended::ByPeer);
            }
            for piece in left {
                let take = piece.len().min(written);
                piece.advance(take);
                written -= take;
                if !piece.is_empty() {
                    break;
                }
                first += 1;
            }
        }
        self.stream.flush().await?;
        Ok(())
    }
}

/// The first `at` bytes.
fn cut(pieces: Vec<Bytes>, at: usize) -> Vec<Bytes> {
    let mut left = at;
    let each = pieces.into_iter().map(|piece| {
        let take = piece.len().min(left);
        left -= take;
        piece.slice(..take)
    });
    each.filter(|piece| !piece.is_empty()).collect()
}

/// Sleeps, if there is anything to sleep: a timer costs up to a millisecond even for nothing.
async fn pause(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}
