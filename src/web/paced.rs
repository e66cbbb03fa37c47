//! A connection whose other side has to keep up: with what it asks, and with what it is answered.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// Whose turn it is: even while the head of a request is waited for, odd while it is answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Turn(Arc<AtomicU64>);

impl Turn {
    pub(super) fn passes(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

pub(super) struct Paced {
    socket: TcpStream,
    turn: Turn,
    head: Duration,
    stall: Duration,
    /// When the head that has begun must be whole, and in which turn it began.
    head_ends: Option<(u64, Pin<Box<Sleep>>)>,
    /// When something of what is written must have been taken.
    stall_ends: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    pub(super) fn new(socket: TcpStream, turn: Turn, head: Duration, stall: Duration) -> Self {
        Self { socket, turn, head, stall, head_ends: None, stall_ends: None }
    }

    /// Whether a head that began in this turn has taken too long.
    fn is_late(&mut self, context: &mut Context<'_>, read_some: bool) -> bool {
        let turn = self.turn.now();
        if !turn.is_multiple_of(2) || self.head_ends.as_ref().is_some_and(|(of, _)| *of != turn) {
            self.head_ends = None;
        }
        if turn.is_multiple_of(2) && read_some && self.head_ends.is_none() {
            self.head_ends = Some((turn, Box::pin(sleep(self.head))));
        }
        self.head_ends.as_mut().is_some_and(|(_, end)| end.as_mut().poll(context).is_ready())
    }

    /// What came of writing, unless nothing was taken for too long.
    fn taken<T>(&mut self, context: &mut Context<'_>, wrote: Poll<Result<T>>) -> Poll<Result<T>> {
        if wrote.is_ready() {
            self.stall_ends = None;
            return wrote;
        }
        let stall = self.stall;
        let end = self.stall_ends.get_or_insert_with(|| Box::pin(sleep(stall)));
        if end.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(slow("nothing of the answer was taken")));
        }
        Poll::Pending
    }
}

fn slow(what: &'static str) -> Error {
    Error::new(ErrorKind::TimedOut, what)
}

impl AsyncRead for Paced {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.socket).poll_read(context, buffer);
        let read_some = buffer.filled().len() > before;
        if this.is_late(context, read_some) {
            return Poll::Ready(Err(slow("the head of a request did not come")));
        }
        read
    }
}

impl AsyncWrite for Paced {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let this = self.get_mut();
        let wrote = Pin::new(&mut this.socket).poll_write(context, bytes);
        this.taken(context, wrote)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let this = self.get_mut();
        let wrote = Pin::new(&mut this.socket).poll_write_vectored(context, pieces);
        this.taken(context, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(context)
    }
}
