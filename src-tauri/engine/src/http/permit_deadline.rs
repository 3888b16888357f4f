//! A permit is for when it is given (law 12). Until its request leaves, a line is added to the ledger and a connection is
//! made, and the machine may sleep in the middle of either. So the time is looked at again before anything is done, when
//! there is a connection, and when a body is taken: from there on nothing is waited for.

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

/// Why a request that had begun does not leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendCancelled {
    /// The machine slept since its permit was given, or the person does not want it any more.
    Lapsed,
    LocksLost,
}

impl fmt::Display for SendCancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lapsed => "its permit has expired",
            Self::LocksLost => "the locks of the sign-in were lost",
        })
    }
}

impl std::error::Error for SendCancelled {}

tokio::task_local! {
    /// Of the request that a connection is made for.
    static REQUEST: OnTime;
}

/// Says how long ago a moment was.
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

/// A permit that is used up, and whether it still holds: as long as its time and its person's wish.
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

    /// Lives through `sending`, for which connections are made only as long as the permit holds.
    pub(super) async fn during<F: Future>(self, sending: F) -> F::Output {
        REQUEST.scope(self, sending).await
    }
}

/// Lets no connection through that comes too late for its request.
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
            // One that is for no request is for none that holds a permit.
            if request.is_ok_and(|request| request.holds()) {
                Ok(connection)
            } else {
                Err(SendCancelled::Lapsed.into())
            }
        })
    }
}
