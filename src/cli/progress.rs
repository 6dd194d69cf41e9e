//! Progress of a long run on standard error: a bar on a terminal, otherwise a line from time to time.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::aws::Progress;

/// The longest time without a line if there is no terminal.
const SILENCE: Duration = Duration::from_secs(10);

/// `None`: standard error is not a terminal.
pub(super) struct CounterBar(Option<ProgressBar>);

impl CounterBar {
    pub(super) fn new() -> Self {
        Self(super::output::draws_progress().then(|| {
            let bar = ProgressBar::new(0);
            if let Ok(style) = ProgressStyle::with_template("{elapsed} {wide_bar} {pos}/{len} calls") {
                bar.set_style(style);
            }
            bar
        }))
    }

    pub(super) fn progress(&self) -> Progress {
        if let Some(bar) = self.0.clone() {
            return Progress(Box::new(move |done, waiting| {
                bar.set_length((done + waiting) as u64);
                bar.set_position(done as u64);
            }));
        }
        let last = Mutex::new(Instant::now());
        Progress(Box::new(move |done, waiting| {
            if let Ok(mut last) = last.lock()
                && last.elapsed() >= SILENCE
            {
                *last = Instant::now();
                super::output::print_error(&format!("{done} calls answered, {waiting} running or waiting"));
            }
        }))
    }

    pub(super) fn finish(&self) {
        self.0.iter().for_each(ProgressBar::finish_and_clear);
    }
}
