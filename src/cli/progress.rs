//! Progress of a long run: a bar on a terminal, a line now and then elsewhere. Standard error only.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::probe::Progress;

/// How long a run may be silent where there is no terminal.
const SILENCE: Duration = Duration::from_secs(10);

pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Self {
        let bar = if super::output::draws_progress() { ProgressBar::new(0) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{elapsed} {wide_bar} {pos}/{len} calls") {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub(super) fn progress(&self) -> Progress {
        let bar = self.0.clone();
        let last = Mutex::new(Instant::now());
        Progress(Box::new(move |done, waiting| {
            bar.set_length((done + waiting) as u64);
            bar.set_position(done as u64);
            if super::output::draws_progress() {
                return;
            }
            if let Ok(mut last) = last.lock()
                && last.elapsed() >= SILENCE
            {
                *last = Instant::now();
                super::output::tell(&format!("{done} calls answered, {waiting} under way or waiting"));
            }
        }))
    }

    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
