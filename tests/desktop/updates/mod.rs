//! Updates of Holdoff from a release server on loopback: law 18, and that only a click installs, and only what was signed.

mod checking;
mod installing;
mod packages;
