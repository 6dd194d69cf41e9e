//! The diagnosis for a person at a terminal: the worst first, each with its command on a line of its own, to be copied.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::diagnose::{Diagnosis, Level};
use super::providers::ProviderState;
use super::report::{DoctorReport, DoctorVerdict};
use crate::report::plain::count;
use crate::shared_config::describe_span;
use crate::visible;

/// The narrowest and the widest that the text is laid out for.
const WIDTHS: std::ops::RangeInclusive<usize> = 60..=110;

/// The report for a person, with colour that is the caller's to strip.
#[must_use]
pub fn render(report: &DoctorReport, columns: usize) -> String {
    let width = columns.clamp(*WIDTHS.start(), *WIDTHS.end());
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    let mut text = String::new();
    let _ = writeln!(text, "{bold}{}{bold:#}\n", headline(report));
    let summary = summary(report);
    for (name, value) in &summary {
        let _ = writeln!(text, "{name:<13} {}", wrap(value, width, 14));
    }
    text.push('\n');
    let _ = writeln!(text, "{bold}Providers{bold:#}, in the order of the AWS CLI and boto3");
    for entry in &report.providers {
        let style = if matches!(entry.state, ProviderState::Wins | ProviderState::Fails) { bold } else { dim };
        let (provider, state) = (entry.provider.as_str(), entry.state.as_str());
        let _ = writeln!(text, "  {style}{provider:<18} {state:<12}{style:#} {}", wrap(&entry.detail, width, 34));
    }
    text.push('\n');
    for found in &report.diagnoses {
        text.push_str(&diagnosis(found, width));
    }
    for line in &report.not_checked {
        let _ = writeln!(text, "{}", wrap(line, width, 0));
    }
    text
}

fn headline(report: &DoctorReport) -> String {
    let problems = report.diagnoses.iter().filter(|found| found.level == Level::Problem).count();
    let warnings = report.diagnoses.iter().filter(|found| found.level == Level::Warning).count();
    let later = match warnings {
        0 => String::new(),
        n => format!(", with {}", count(n, "warning", "warnings")),
    };
    match report.verdict {
        DoctorVerdict::Healthy => format!("Healthy: AWS takes these credentials{later}."),
        DoctorVerdict::Broken => {
            format!("Broken: {}{later}.", count(problems, "problem", "problems"))
        }
        DoctorVerdict::NoCredentials => "No credentials.".to_owned(),
        DoctorVerdict::NoAnswer => "No answer from AWS: whether the credentials are good is not known.".to_owned(),
        DoctorVerdict::NotAsked => format!("Nothing found that stops these credentials{later}; AWS was not asked."),
    }
}

fn summary(report: &DoctorReport) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(principal) = &report.principal {
        lines.push(("Who", principal.description.clone()));
        lines.extend(principal.arn.clone().map(|arn| ("ARN", arn)));
        lines.extend(principal.key.clone().map(|key| ("Key", key)));
    }
    let region = report.region.as_ref().map(|region| match region.variable {
        Some(variable) => format!("{} ({variable})", region.name),
        None => format!("{} (the profile)", region.name),
    });
    lines.push(("Region", region.unwrap_or_else(|| "not set".to_owned())));
    if let Some(session) = &report.session {
        let left = describe_span(session.seconds_left);
        let when = if session.seconds_left > 0 { format!("in {left}") } else { format!("{left} ago") };
        let renewed = if session.renewed { "; tools renew it" } else { "; nothing renews it" };
        lines.push(("Session ends", format!("{:.0}, {when}{renewed} (source: {})", session.ends_at, session.told_by)));
    }
    lines
}

fn diagnosis(found: &Diagnosis, width: usize) -> String {
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    let colour = match found.level {
        Level::Problem => AnsiColor::BrightRed,
        Level::Warning => AnsiColor::Yellow,
        Level::Note => AnsiColor::Blue,
        Level::Ok => AnsiColor::Green,
    };
    let colour = colour.on_default().bold();
    let mut text = String::new();
    let name = found.level.as_str().to_uppercase();
    if found.level == Level::Ok {
        let _ = writeln!(text, "{colour}{name:<9}{colour:#} {}", wrap(&found.what, width, 10));
        return text;
    }
    let _ = writeln!(text, "{colour}{name:<9}{colour:#} {bold}{}{bold:#}", wrap(&found.what, width, 10));
    if !found.why.is_empty() {
        let _ = writeln!(text, "          {}", wrap(&found.why, width, 10));
    }
    if let Some(command) = &found.command {
        // Whole, to be copied.
        let _ = writeln!(text, "          {dim}${dim:#} {}", visible::line(command));
    }
    text.push('\n');
    text
}

/// Fit to show and wrapped, every line after the first indented.
fn wrap(line: &str, width: usize, indent: usize) -> String {
    crate::report::terminal::wrap(line, width, &" ".repeat(indent)).trim_start().to_owned()
}
