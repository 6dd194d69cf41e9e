//! What AWS grants and how long it lasts: pure functions of declared facts and known MaxSessionDurations. They return a
//! limit or a refusal; which finding follows is decided in `findings`.
//!
//! `rules` holds AWS's numbers and decisions, `source` the grants of each kind of source, `hops` the requests of a
//! path, `end` when a job's credentials end, `limit` the limits of a job, `verdict` whether the credentials last,
//! `longest` how long a job could be.

mod end;
mod hops;
mod limit;
pub mod longest;
pub mod rules;
pub mod source;
mod verdict;

#[cfg(test)]
mod tests;

pub use hops::{HopLease, RoleLimits};
pub use limit::{Limit, LimitedBy};
pub use rules::{Grant, Refusal};
pub use verdict::{Judgement, Verdict, judge, judge_with};
