//! How long jobs may run, for jobs whose length nobody has said: the table of profiles, then the findings with their fixes.
//! Asks `lease` for the numbers; knows nothing of where the jobs come from.

use std::collections::HashMap;
use std::fmt::Write as _;

use anstyle::Style;
use comfy_table::{ContentArrangement, Table, presets};

use super::{Report, plain, terminal};
use crate::inventory::{Job, Refresh, RoleArn, Seconds, Source};
use crate::lease::{self, LimitedBy, Verdict};
use crate::visible;

/// How long a job's credentials last.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Lasts {
    /// AWS refuses a request.
    Never(String),
    /// It depends on what is not known.
    NotKnown(String),
    /// They do not end.
    NoEnd,
    /// So long, and by what it is limited.
    For(Seconds, String),
}

impl Lasts {
    fn of(job: &Job, max_sessions: &HashMap<&RoleArn, Option<Seconds>>) -> Self {
        let judge = |length: Seconds| {
            let job = Job { length, pause: Seconds(0), margin: Seconds(0), ..job.clone() };
            let judgement = lease::judge(&job, |role| max_sessions.get(role).copied().flatten());
            let role = judgement.limiting_hop.and_then(|hop| job.path.get(hop)).map(|hop| hop.role.name().to_owned());
            (judgement, role)
        };
        let (judgement, role) = judge(Seconds(0));
        let words = |limit: Option<LimitedBy>, role: Option<String>| {
            limit.map(|limit| plain::limit_at(limit, role.as_deref())).unwrap_or_default()
        };
        match (judgement.verdict, judgement.end) {
            (Verdict::Rejected, _) => Self::Never(words(judgement.limited_by, role)),
            (Verdict::Unknown, _) => Self::NotKnown(words(judgement.limited_by, role)),
            (_, None) => Self::NoEnd,
            (_, Some(end)) => {
                // What a job meets that runs a second longer.
                let (longer, role) = judge(end + Seconds(1));
                Self::For(end, words(longer.limited_by, role))
            }
        }
    }

    fn told(&self) -> String {
        match self {
            Self::Never(_) => "cannot start".to_owned(),
            Self::NotKnown(_) => "not known".to_owned(),
            Self::NoEnd => "no end".to_owned(),
            Self::For(end, _) => end.to_string(),
        }
    }

    fn limit(&self) -> &str {
        match self {
            Self::Never(limit) | Self::NotKnown(limit) | Self::For(_, limit) => limit,
            Self::NoEnd => "",
        }
    }
}

/// Words what the report says, for a terminal of so many columns. `jobs` are those it is about.
#[must_use]
pub fn render(jobs: &[&Job], report: &Report, columns: usize) -> String {
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
        let _ = writeln!(text, "{}\n", table(jobs, report, width));
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
fn table(jobs: &[&Job], report: &Report, width: usize) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(80));
    table.set_header(["PROFILE", "PATH", "COPIED LASTS", "RENEWED LASTS", "LIMITED BY"]);
    let max_sessions = report.roles.iter().map(|role| (&role.arn, role.max_session_duration_seconds)).collect();
    for job in jobs {
        let copied = Lasts::of(&Job { refresh: Refresh::None, ..(*job).clone() }, &max_sessions);
        let renewed = Lasts::of(job, &max_sessions);
        let renews = job.refresh != Refresh::None;
        let limit = match (copied.limit(), renewed.limit()) {
            (one, another) if one == another || another.is_empty() || !renews => one.to_owned(),
            (copied, renewed) => format!("{copied}; renewed: {renewed}"),
        };
        // What is refused is refused, however the credentials are got.
        let known = renews || matches!(copied, Lasts::Never(_));
        let renewed = if known { renewed.told() } else { "not known".to_owned() };
        table.add_row([visible::line(&job.name), path(job), copied.told(), renewed, limit]);
    }
    table.trim_fmt()
}

/// The source and the names of the roles, in the order in which they are assumed.
fn path(job: &Job) -> String {
    let source = match job.source {
        Source::IamUser { mfa: true } => "iam-user with MFA",
        source => source.kind(),
    };
    let roles = job.path.iter().map(|hop| hop.role.name());
    std::iter::once(source).chain(roles).collect::<Vec<_>>().join(" > ")
}
