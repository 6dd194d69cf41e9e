//! Tasks that make calls side by side.

use tokio::task::JoinError;

/// The result of a task. A panic is passed on: otherwise what the task was about would be missing from the report.
pub(crate) fn result_of<T>(ended: Result<T, JoinError>) -> T {
    ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
