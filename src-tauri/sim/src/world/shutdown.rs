//! The shutdown of a process: pending work is completed, as in `holdoff_engine::tasks::runner::shutdown`.

use super::owner::Lock;
use super::{Step, World};
use crate::observation::Observation;
use holdoff_core::account::Event;
use holdoff_core::credential::WriteBack;

impl World {
    pub(super) fn end_if_it_may(&mut self) -> Step {
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        let Some(ends) = process.ends else {
            return Ok(());
        };
        let idle = process.busy.is_none() && process.until.is_none();
        if self.now < ends && !process.account.is_done() && !idle {
            return Ok(());
        }
        self.write_at_last()?;
        self.write_lines(self.processes)?;
        self.disk.process_died();
        if self.owner.lock == Lock::Holdoff {
            self.owner.lock = Lock::Free;
        }
        self.process = None;
        self.see(Observation::Died)
    }

    /// New tokens that could not be written are lost with this process.
    fn write_at_last(&mut self) -> Step {
        let Some(successor) = self.process.as_mut().and_then(|process| process.unwritten.take()) else {
            return Ok(());
        };
        match self.store(&successor)? {
            WriteBack::Failed(_) => Ok(()),
            stored => {
                if let Some(process) = &mut self.process {
                    process.busy = None;
                }
                self.handle(Event::Stored(stored));
                self.act()
            }
        }
    }
}
