//! What AWS grants and how long it lasts: pure functions of declared facts and known MaxSessionDurations. They return a
//! limit or a refusal; which finding follows is decided in `findings`.
//!
//! `rules` holds AWS's numbers and decisions, `hops` the requests of a path, `end` when a job's credentials end,
//! `limit` what limits a job, `verdict` whether the credentials last, `longest` how long a job could be.

mod end;
mod hops;
mod limit;
#[cfg(feature = "cli")]
pub mod longest;
pub mod rules;
mod verdict;

#[cfg(test)]
mod tests;

pub use hops::{HopLease, RoleLimits};
pub use limit::{Limit, LimitedBy};
pub use rules::{Grant, Refusal};
pub use verdict::{Judgement, Verdict, judge, judge_with};
