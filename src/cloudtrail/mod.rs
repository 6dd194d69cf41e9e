//! Sessions that CloudTrail shows: who assumed which role from where, for how long, and when the session was used.
//!
//! `files` finds logs, `layout` the days of a bucket, `state` keeps what is read. `stream` reads their records one at a
//! time from the window of `buffer`, `record` has the parsed fields. `collect` remembers callers, issues and calls, 16
//! bytes for each call. After the last record, `join` finds the session of each call, `paths` the roles before each
//! session, `renewals` the session that each session renews. `build` assembles them into `model`, whose JSON is a
//! public interface. Reading needs no network and no AWS SDK.

#[cfg(any(feature = "cli", feature = "lambda"))]
pub mod athena;
pub mod build;
pub mod caller;
pub mod collect;
mod join;
pub mod model;
mod paths;
pub mod record;
mod refusals;
mod renewals;
pub mod runs;
mod threads;
pub mod time;

#[cfg(feature = "cli")]
mod buffer;
#[cfg(feature = "cli")]
pub mod files;
#[cfg(feature = "cli")]
pub mod forms;
#[cfg(feature = "cli")]
mod gzip;
#[cfg(feature = "cli")]
pub mod layout;
#[cfg(feature = "cli")]
pub mod read;
#[cfg(feature = "cli")]
pub mod state;
#[cfg(feature = "cli")]
pub mod stream;

#[cfg(test)]
mod tests;

pub use model::{PathOrigin, RefusedRequest, Session, Sessions, Skipped};
