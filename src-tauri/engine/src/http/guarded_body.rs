//! A request body that contains a refresh token. It is released only when it is about to be sent, and only if sending is still
//! allowed.
//!
//! Opening the connection takes time. The machine may sleep meanwhile, and another process may hold the locks when it wakes.

use crate::http::permit_deadline::{OnTime, SendCancelled};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};

/// Resolves to whether the body may still be sent. Polled to completion once, immediately before sending.
pub type SendGuard = Pin<Box<dyn Future<Output = Result<(), SendCancelled>> + Send + Sync>>;

/// What happened to a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Departure {
    /// The transport has not asked for it: nothing was sent.
    Waiting,
    /// Sending was no longer allowed.
    Withheld,
    Left,
}

/// Observes the body while the transport owns it.
#[derive(Debug, Clone, Default)]
pub(super) struct Watched(Arc<AtomicU8>);

impl Watched {
    pub(super) fn departure(&self) -> Departure {
        match self.0.load(Ordering::SeqCst) {
            0 => Departure::Waiting,
            1 => Departure::Withheld,
            _ => Departure::Left,
        }
    }

    fn is(&self, departure: Departure) {
        self.0.store(departure as u8, Ordering::SeqCst);
    }
}

pub(super) struct GuardedBody {
    text: Option<Bytes>,
    still: Option<SendGuard>,
    on_time: OnTime,
    watched: Watched,
}

impl GuardedBody {
    pub(super) fn new(text: Bytes, still: Option<SendGuard>, on_time: OnTime) -> (Self, Watched) {
        let watched = Watched::default();
        (Self { text: Some(text), still, on_time, watched: watched.clone() }, watched)
    }
}

impl Body for GuardedBody {
    type Data = Bytes;
    type Error = SendCancelled;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, SendCancelled>>> {
        let still = match &mut self.still {
            Some(still) => ready!(still.as_mut().poll(context)),
            None => Ok(()),
        };
        self.still = None;
        let Some(text) = self.text.take() else {
            return Poll::Ready(None);
        };
        let on_time = if self.on_time.holds() { Ok(()) } else { Err(SendCancelled::PermitExpired) };
        let frame = on_time.and(still).map(|()| Frame::data(text));
        self.watched.is(if frame.is_ok() { Departure::Left } else { Departure::Withheld });
        Poll::Ready(Some(frame))
    }

    fn is_end_stream(&self) -> bool {
        self.text.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.text.as_ref().map_or(0, Bytes::len) as u64)
    }
}
