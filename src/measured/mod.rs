//! Run histories: how long jobs really ran, as the AWS CLI, `gh` or a CSV file shows.
//!
//! `documents` finds the lists of a JSON file; `codebuild`, `glue`, `step_functions`, `batch` and `github` have the
//! records of one service each, `table` the rows of a CSV file. `read` counts each run once. `history` has the jobs
//! with their runs, `ties` finds the runs of a declared job. Reading needs no network.

mod history;
mod kind;
mod run;
mod ties;

#[cfg(feature = "cli")]
mod batch;
#[cfg(feature = "cli")]
mod codebuild;
#[cfg(feature = "cli")]
mod documents;
#[cfg(feature = "cli")]
pub mod forms;
#[cfg(feature = "cli")]
mod github;
#[cfg(feature = "cli")]
mod glue;
#[cfg(feature = "cli")]
mod moment;
#[cfg(feature = "cli")]
pub mod read;
#[cfg(feature = "cli")]
mod record;
#[cfg(feature = "cli")]
mod step_functions;
#[cfg(feature = "cli")]
mod table;

#[cfg(all(test, feature = "cli"))]
mod tests;

pub use history::{CutShort, JobRuns, NotRead, RunHistory};
pub use kind::HistoryKind;
pub use run::{Cut, Outcome, Run};
pub use ties::{MeasuredBy, TiedRuns};
