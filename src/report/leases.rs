//! How long jobs may run, for jobs whose length nobody has said: the table of profiles, then the findings with their fixes.
//! Asks `lease` for the numbers; knows nothing of where the jobs come from.

use std::collections::HashMap;
use std::fmt::Write as _;

use anstyle::Style;
use comfy_table::{ContentArrangement, Table, presets};

use super::{Report, terminal};
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
            limit.map(|limit| terminal::limit_at(limit, role.as_deref())).unwrap_or_default()
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

/// Words what the report says, for a terminal of so many columns. `jobs` are those it is about; beside them `not_judged`
/// could not be judged.
#[must_use]
pub fn render(jobs: &[&Job], not_judged: usize, report: &Report, columns: usize) -> String {
    let width = columns.clamp(*terminal::WIDTHS.start(), *terminal::WIDTHS.end());
    let bold = Style::new().bold();
    let mut text = String::new();
    let findings = super::plain::severities(report.open_findings());
    let profiles = super::plain::count(jobs.len(), "profile", "profiles");
    let _ = write!(text, "{bold}{profiles} with credentials that lapse: {findings}.{bold:#}");
    let beside = match not_judged {
        0 => "",
        1 => " One thing could not be judged: it is on standard error.",
        _ => &format!(" {not_judged} things could not be judged: they are on standard error."),
    };
    let _ = writeln!(text, "{beside}\n");
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
        let renewed = if renews { renewed.told() } else { "not known".to_owned() };
        table.add_row([visible::line(&job.name), path(job), copied.told(), renewed, limit]);
    }
    let _ = writeln!(text, "{}\n", table.trim_fmt());
    for finding in report.open_findings() {
        text.push_str(&terminal::finding_text(finding, width));
    }
    let legend = [
        "copied: the job has a copy of the credentials, in environment variables say; renewed: the AWS CLI or an SDK uses \
         the profile itself, and renews them until a person must log in."
            .to_owned(),
        "Judged by what the files say alone: no call to AWS was made. --length 4h judges jobs that run so long.".to_owned(),
    ];
    terminal::section(&mut text, "How to read this", &legend, width);
    text
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
