//! What AWS grants and how long it lasts: pure functions of declared facts and known MaxSessionDurations.
//!
//! `rules` holds AWS's numbers and decisions, `verdict` compares them with a job.

pub mod rules;
mod verdict;

pub use rules::{Grant, Refusal};
pub use verdict::{HopLease, Judgement, LimitedBy, Verdict, judge};
