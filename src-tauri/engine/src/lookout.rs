//! Looks at one place of a sign-in: at once, whenever it stirs, and now and then, for the sake of what nothing stirs.

use crate::clock::Clock;
use crate::credentials::{self, Source, Watch};
use holdoff_core::CredentialRead;
use holdoff_core::policy::REREAD_TORN;
use holdoff_core::sign_in::Absence;
use tokio::sync::mpsc;

/// What a look at a place found.
#[derive(Debug)]
pub struct Look {
    pub place: String,
    pub read: CredentialRead,
    /// Something stirred there.
    pub stirred: bool,
}

/// Looks until it is dropped.
#[derive(Debug)]
pub struct Lookout {
    pokes: mpsc::Sender<()>,
}

impl Lookout {
    pub fn start(source: Source, clock: Clock, looks: mpsc::UnboundedSender<Look>) -> Self {
        let (pokes, poked) = mpsc::channel(1);
        tokio::spawn(keep(source, clock, looks, poked));
        Self { pokes }
    }

    /// Have it look now.
    pub fn poke(&self) {
        // One that waits to be taken is as good as two.
        let _ = self.pokes.try_send(());
    }
}

type Signals = Option<(Watch, mpsc::Receiver<()>)>;

async fn keep(source: Source, clock: Clock, looks: mpsc::UnboundedSender<Look>, mut poked: mpsc::Receiver<()>) {
    let mut signals = watch(&source).await;
    let mut stirred = false;
    loop {
        let read = read(&source).await;
        let mut wait = read.look_again();
        if stirred {
            // Whose it is stands in another file, which its owner writes about then.
            wait = wait.min(REREAD_TORN);
        }
        if looks.send(Look { place: source.place(), read, stirred }).is_err() {
            return;
        }
        let again = clock.now().plus(wait);
        stirred = tokio::select! {
            there = stir(&mut signals) => there,
            () = clock.sleep_until(again) => false,
            poke = poked.recv() => match poke {
                Some(()) => false,
                None => return,
            },
        };
    }
}

async fn watch(source: &Source) -> Signals {
    let source = source.clone();
    let watch = tokio::task::spawn_blocking(move || credentials::watch(&source)).await.ok()?;
    match watch {
        Ok(watch) => Some(watch),
        Err(error) => {
            tracing::warn!(%error, "the sign-in is not watched; it is read again every few minutes");
            None
        }
    }
}

/// `false` if the watch has come to its end.
async fn stir(signals: &mut Signals) -> bool {
    let there = match signals {
        Some((_, signals)) => signals.recv().await.is_some(),
        None => std::future::pending().await,
    };
    if !there {
        *signals = None;
    }
    there
}

/// Reads a sign-in on a thread that may wait.
pub(crate) async fn read(source: &Source) -> CredentialRead {
    let source = source.clone();
    let read = tokio::task::spawn_blocking(move || source.read()).await;
    read.unwrap_or_else(|_| {
        let why = "reading it failed in Holdoff itself".to_owned();
        CredentialRead::Absent(Absence::Unreadable(why))
    })
}
