//! Output of the commands: reports and other texts go to standard output or a file, all else to standard error.

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::Path;

use serde::Serialize;

use super::status::ExitStatus;
use crate::aws::settings::BadSdkSettings;
use crate::inventory::Problems;
use crate::visible;

/// The width of text that does not go to a terminal.
const COLUMNS: usize = 100;

/// Whether the output goes to a terminal: to no file, and standard output is a terminal.
pub(super) fn is_terminal(to_file: bool) -> bool {
    !to_file && std::io::stdout().is_terminal()
}

/// The width of text: that of the terminal, otherwise COLUMNS, otherwise 100.
pub(super) fn columns(to_file: bool) -> usize {
    let size = (!to_file).then(|| terminal_size::terminal_size_of(std::io::stdout())).flatten();
    let set = || super::variable("COLUMNS").and_then(|columns| columns.trim().parse().ok()).filter(|set| *set > 0);
    size.map(|(terminal_size::Width(columns), _)| usize::from(columns)).or_else(set).unwrap_or(COLUMNS)
}

/// Writes to the file or to standard output; `Some` if the destination could not be written. A file or a pipe gets no
/// colour.
pub(super) fn write(text: &str, output: Option<&Path>) -> Option<ExitStatus> {
    let text = text.trim_end();
    write_or_print(output, |file| match file {
        Some(file) => writeln!(file, "{}", anstream::adapter::strip_str(text)),
        None => writeln!(anstream::stdout().lock(), "{text}"),
    })
}

/// Writes bytes unchanged to the file or to standard output.
pub(super) fn write_bytes(text: &[u8], output: Option<&Path>) -> Option<ExitStatus> {
    write_or_print(output, |file| match file {
        Some(file) => file.write_all(text),
        None => std::io::stdout().lock().write_all(text),
    })
}

/// Writes JSON as a stream: a string of a large report would take several times its memory.
pub(super) fn write_json(document: &impl Serialize, output: Option<&Path>) -> Option<ExitStatus> {
    let json = |mut to: &mut dyn Write| {
        serde_json::to_writer_pretty(&mut to, document)?;
        writeln!(to)
    };
    write_or_print(output, |file| match file {
        Some(file) => json(file),
        None => {
            let mut out = BufWriter::new(std::io::stdout().lock());
            json(&mut out).and_then(|()| out.flush())
        }
    })
}

/// Each value on a line of JSON.
pub(super) fn json_lines(values: impl Iterator<Item = impl Serialize>) -> Vec<u8> {
    let mut lines = Vec::new();
    for value in values {
        // Writing to memory cannot fail.
        let _ = serde_json::to_writer(&mut lines, &value);
        lines.push(b'\n');
    }
    lines
}

/// Prints the content to standard output if the file cannot be written: a misspelt path does not lose a run.
fn write_or_print(
    output: Option<&Path>,
    content: impl Fn(Option<&mut BufWriter<File>>) -> std::io::Result<()>,
) -> Option<ExitStatus> {
    let print = || match content(None).and_then(|()| std::io::stdout().flush()) {
        // The reader has closed the pipe, so an error message would reach nobody.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    };
    let Some(path) = output else {
        return print().err().map(|error| bad_usage(&format!("error: cannot write to standard output: {error}")));
    };
    let written = File::create(path).map(BufWriter::new).and_then(|mut file| {
        content(Some(&mut file))?;
        file.flush()
    });
    let error = written.err()?;
    let status =
        bad_usage(&format!("error: cannot write {}: {error}; the output goes to standard output", path.display()));
    let _ = print();
    Some(status)
}

pub(super) fn bad_usage(message: &str) -> ExitStatus {
    print_error(message);
    ExitStatus::BadUsage
}

/// Prints unusable settings of the SDK, each on its own line.
pub(super) fn bad_settings(bad: &BadSdkSettings) -> ExitStatus {
    for setting in &bad.0 {
        print_error(&format!("error: {setting}"));
    }
    ExitStatus::BadUsage
}

/// Prints the problems of an inventory or other files, each on its own line.
pub(super) fn bad_input(problems: &Problems) -> ExitStatus {
    // `render` escapes names and lines of files, so the colours are ours.
    let colour = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    let _ = writeln!(anstream::stderr().lock(), "{}", problems.render(colour));
    ExitStatus::BadUsage
}

/// Prints a message to standard error, made safe to show.
pub(super) fn print_error(message: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{}", visible::block(message));
}

/// Whether standard error can show a progress bar.
pub(super) fn draws_progress() -> bool {
    std::io::stderr().is_terminal()
}
