//! What a program or a person is told of an account, computed once for everybody.

pub mod account;
pub mod report;
