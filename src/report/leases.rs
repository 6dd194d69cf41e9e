//! How long jobs may run, for jobs whose length nobody has said: the table of profiles, then the findings with their fixes.
//! The numbers are `lease`'s; knows nothing of where the jobs come from.

use std::fmt::Write as _;

use anstyle::Style;
use comfy_table::{ContentArrangement, Table, presets};

use super::{Report, plain, terminal};
use crate::inventory::{Job, Refresh, Source};
use crate::lease::Limit;
use crate::lease::longest::{Longest, LongestRuns};
use crate::visible;

/// Words what the report says, for a terminal of so many columns. `jobs` are those it is about.
#[must_use]
pub fn render(jobs: &[LongestRuns<'_>], report: &Report, columns: usize) -> String {
    let width = columns.clamp(*terminal::WIDTHS.start(), *terminal::WIDTHS.end());
    let bold = Style::new().bold();
    let mut text = String::new();
    let findings = plain::severities(report.open_findings());
    let profiles = plain::count(jobs.len(), "profile", "profiles");
    let _ = write!(text, "{bold}{profiles} with credentials that lapse: {findings}.{bold:#}");
    let beside = match report.not_judged.len() {
        0 => "",
        1 => " One thing could not be judged: it is named at the end.",
        several => &format!(" {several} things could not be judged: they are named at the end."),
    };
    let _ = writeln!(text, "{beside}\n");
    if !jobs.is_empty() {
        let _ = writeln!(text, "{}\n", table(jobs, width));
    }
    for finding in report.open_findings() {
        text.push_str(&terminal::finding_text(finding, width));
    }
    let copied = "copied: the job has a copy of the credentials, in environment variables say; renewed: the AWS CLI or an SDK uses \
         the profile itself, and renews them until a person must log in.";
    let asked = "Judged by what the files say alone: no call to AWS was made.";
    let legend: Vec<String> =
        [copied, asked].map(str::to_owned).into_iter().chain(report.notes.iter().cloned()).collect();
    terminal::section(&mut text, "How to read this", &legend, width);
    terminal::section(&mut text, "Not judged", &plain::not_judged(report).collect::<Vec<_>>(), width);
    text
}

/// One row a profile.
fn table(jobs: &[LongestRuns<'_>], width: usize) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(80));
    table.set_header(["PROFILE", "PATH", "COPIED LASTS", "RENEWED LASTS", "LIMITED BY"]);
    for LongestRuns { job, copied, renewed } in jobs {
        let renews = job.refresh != Refresh::None;
        let limit = match (limit(job, copied), limit(job, renewed)) {
            (one, another) if one == another || another.is_empty() || !renews => one,
            (copied, renewed) => format!("{copied}; renewed: {renewed}"),
        };
        // What is refused is refused, however the credentials are got.
        let known = renews || matches!(copied, Longest::CannotStart(_));
        let renewed = if known { in_words(renewed) } else { "not known".to_owned() };
        table.add_row([visible::line(&job.name), path(job), in_words(copied), renewed, limit]);
    }
    table.trim_fmt()
}

fn in_words(longest: &Longest) -> String {
    match longest {
        Longest::CannotStart(_) => "cannot start".to_owned(),
        Longest::NotKnown(_) => "not known".to_owned(),
        Longest::NoEnd => "no end".to_owned(),
        Longest::For(end, _) => end.to_string(),
    }
}

/// What limits a job that may run so long, and the role where it does; empty where nothing does.
fn limit(job: &Job, longest: &Longest) -> String {
    let (Longest::CannotStart(limit) | Longest::NotKnown(limit) | Longest::For(_, limit)) = longest else {
        return String::new();
    };
    let role = |limit: &Limit| limit.hop.and_then(|hop| job.path.get(hop)).map(|hop| hop.role.name());
    limit.map_or_else(String::new, |limit| plain::limit_at(limit.by, role(&limit)))
}

/// The source and the names of the roles, in the order in which they are assumed.
fn path(job: &Job) -> String {
    let source = match &job.source {
        Source::IamUser { mfa: true } => "iam-user with MFA",
        source => source.kind(),
    };
    let roles = job.path.iter().map(|hop| hop.role.name());
    std::iter::once(source).chain(roles).collect::<Vec<_>>().join(" > ")
}
