//! Threads that read and count parts of the logs.

use std::thread::ScopedJoinHandle;

/// The result of a thread. A panic goes on in the caller, so that no part of the logs is lost silently.
pub(super) fn result_of<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
