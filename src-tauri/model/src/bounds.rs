//! The bounds to check. Each leaves out what another one covers, so that all of them together stay small.

use crate::Bounds;
use holdoff_sim::observation::{HOUR, MINUTE};

/// No failures.
const NONE: Bounds = Bounds {
    crashes: 0,
    faults: 0,
    presses: 0,
    owner_renewals: 0,
    full: 0,
    unwritable: 0,
    second: false,
    silences: 0,
    calm_ms: 2 * HOUR + 10 * MINUTE,
    // The token gate can be closed for six hours plus a tenth, and the next reading can come an hour after that.
    end_ms: 10 * HOUR,
};

impl Bounds {
    /// By name: those of the test run, or also the `wide` ones, which take minutes.
    pub fn all(wide: bool) -> Vec<(&'static str, Self)> {
        let mut all = vec![
            ("one wrong answer", Self { faults: 1, ..NONE }),
            ("answers", Self { faults: 2, presses: 1, ..NONE }),
            ("two processes and a crash anywhere", Self { faults: 1, crashes: 1, second: true, ..NONE }),
            ("Holdoff and its owner renew", Self { faults: 1, owner_renewals: 2, ..NONE }),
            ("a person who wants no request", Self { silences: 1, crashes: 1, presses: 1, ..NONE }),
            ("a full disk", Self { faults: 1, full: 1, unwritable: 1, crashes: 1, ..NONE }),
        ];
        if wide {
            all.extend([
                ("answers, wide", Self { faults: 3, ..NONE }),
                ("crashes, wide", Self { faults: 1, crashes: 2, second: true, ..NONE }),
                ("renewals, wide", Self { crashes: 1, owner_renewals: 1, unwritable: 1, ..NONE }),
            ]);
        }
        all
    }
}
