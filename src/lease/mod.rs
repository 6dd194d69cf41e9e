//! What AWS grants and how long it lasts: pure functions of declared facts and known MaxSessionDurations.
//!
//! `rules` holds AWS's numbers and decisions, `end` tells when a job's credentials end, `verdict` whether they last,
//! `longest` how long a job could be.

mod end;
#[cfg(feature = "cli")]
pub mod longest;
pub mod rules;
mod verdict;

pub use rules::{Grant, Refusal};
pub use verdict::{HopLease, Judgement, LimitedBy, Verdict, judge};
