//! A permit is valid only at the time it is granted (law 12). Before the request is sent, a ledger entry is written and a
//! connection is opened, and the machine may sleep during either. So the deadline is checked again before any work starts, once
//! the connection is open, and when the body is taken; nothing is awaited after that.

use holdoff_core::updates::ReleasePermit;
use holdoff_core::{Moment, Permit};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tower_layer::Layer;
use tower_service::Service;

/// Why a started request was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendCancelled {
    /// The machine slept after the permit was granted, or the user no longer wants the request.
    PermitExpired,
    LocksLost,
}

impl fmt::Display for SendCancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PermitExpired => "its permit has expired",
            Self::LocksLost => "the locks of the sign-in were lost",
        })
    }
}

impl std::error::Error for SendCancelled {}

tokio::task_local! {
    /// The deadline of the request that is being connected.
    static REQUEST: OnTime;
}

/// Returns the time elapsed since a moment.
#[derive(Clone)]
pub(super) struct Watch(Arc<dyn Fn(Moment) -> Duration + Send + Sync>);

impl Watch {
    pub(super) fn new(since: impl Fn(Moment) -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(since))
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

#[derive(Debug)]
enum Given {
    OfAccount(Permit),
    OfRelease(ReleasePermit),
}

/// A used permit. It holds until its deadline passes or the user no longer wants the request.
#[derive(Debug, Clone)]
pub(super) struct OnTime {
    permit: Arc<Given>,
    watch: Watch,
    wanted: Arc<AtomicBool>,
}

impl OnTime {
    pub(super) fn new(permit: Permit, watch: Watch, wanted: Arc<AtomicBool>) -> Self {
        Self { permit: Arc::new(Given::OfAccount(permit)), watch, wanted }
    }

    pub(super) fn of_release(permit: ReleasePermit, watch: Watch, wanted: Arc<AtomicBool>) -> Self {
        Self { permit: Arc::new(Given::OfRelease(permit)), watch, wanted }
    }

    pub(super) fn holds(&self) -> bool {
        let in_time = match &*self.permit {
            Given::OfAccount(permit) => permit.holds((self.watch.0)(permit.given())),
            Given::OfRelease(permit) => permit.holds((self.watch.0)(permit.given())),
        };
        in_time && self.wanted.load(Ordering::SeqCst)
    }

    /// Runs `sending`; connections are opened only while the permit holds.
    pub(super) async fn during<F: Future>(self, sending: F) -> F::Output {
        REQUEST.scope(self, sending).await
    }
}

/// Drops a connection that opens after its request's permit has expired.
#[derive(Debug, Clone)]
pub(super) struct PermitLayer;

#[derive(Debug, Clone)]
pub(super) struct PunctualConnector<C>(C);

impl<C> Layer<C> for PermitLayer {
    type Service = PunctualConnector<C>;

    fn layer(&self, connector: C) -> Self::Service {
        PunctualConnector(connector)
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl<C, To> Service<To> for PunctualConnector<C>
where
    C: Service<To, Error = Failure>,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, Failure>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, to: To) -> Self::Future {
        let request = REQUEST.try_with(OnTime::clone);
        let connecting = self.0.call(to);
        Box::pin(async move {
            let connection = connecting.await?;
            // A connection outside of a request has no permit.
            if request.is_ok_and(|request| request.holds()) {
                Ok(connection)
            } else {
                Err(SendCancelled::PermitExpired.into())
            }
        })
    }
}
