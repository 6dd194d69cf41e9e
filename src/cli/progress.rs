//! Progress of a long run on standard error: a bar on a terminal, otherwise a line from time to time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

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

/// Progress of reading objects: the bytes, and an estimate of the time that is left.
pub(super) struct BytesBar {
    /// `None`: standard error is not a terminal.
    bar: Option<ProgressBar>,
    total: AtomicU64,
    done: AtomicU64,
    last: Mutex<Instant>,
}

impl BytesBar {
    pub(super) fn new() -> Self {
        let bar = super::output::draws_progress().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{elapsed} {pos} objects listed") {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, total: AtomicU64::new(0), done: AtomicU64::new(0), last: Mutex::new(Instant::now()) }
    }

    /// Shows how many objects were found.
    pub(super) fn listed(&self, objects: usize) {
        match &self.bar {
            Some(bar) => bar.set_position(objects as u64),
            None => self.print(|| format!("{objects} objects listed")),
        }
    }

    /// Begins to read this many bytes.
    pub(super) fn start(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            let template = "{elapsed} {wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_length(total);
            bar.set_position(0);
            bar.reset_eta();
        }
    }

    pub(super) fn read(&self, bytes: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        match &self.bar {
            Some(bar) => bar.set_position(done),
            None => self.print(|| {
                let total = self.total.load(Ordering::Relaxed);
                format!("{} of {} read", HumanBytes(done), HumanBytes(total))
            }),
        }
    }

    fn print(&self, text: impl Fn() -> String) {
        if let Ok(mut last) = self.last.lock()
            && last.elapsed() >= SILENCE
        {
            *last = Instant::now();
            super::output::print_error(&text());
        }
    }

    pub(super) fn finish(&self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }
}
