//! Newer versions of Holdoff, from a server of releases on loopback: law 18, and that nothing is installed but by a click, and
//! nothing but what was signed.

mod installing;
mod looking;
mod packages;
