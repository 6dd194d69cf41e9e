//! Checks the rules of credential-health against the live services, in a sandbox account.
//!
//! [`catalogue`] has the steps of a run: what it makes, the rules with their calls, what it changes. [`calls`] prints
//! them before anything is called; [`run`] carries them out, asks each question several times and removes what it made
//! ([`remove`]). [`model`] has the types, [`sandbox`] the names and policies, [`aws`] the calls, [`raw`] three calls
//! without an SDK crate, [`report`] the table and the report.
//!
//! The expected answers are computed by the rules of the product ([`credential_health::lease::rules`]), so that a rule
//! and its check cannot drift apart.

pub mod aws;
pub mod calls;
pub mod catalogue;
pub mod model;
pub mod raw;
pub mod remove;
pub mod report;
pub mod run;
pub mod sandbox;
mod write;
