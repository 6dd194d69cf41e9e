//! How long jobs on AWS profiles may run: the table of profiles, then the findings with their fixes. The numbers are
//! `lease`'s; knows nothing of the files.

use std::fmt::Write as _;

use anstyle::Style;
use comfy_table::{ContentArrangement, Table, presets};

use super::{NotJudged, Report, plain, terminal};
use crate::findings::{Finding, FindingId};
use crate::inventory::{Job, Location, Refresh, Seconds, Source};
use crate::lease::longest::{Longest, LongestRuns};
use crate::lease::{Limit, LimitedBy, rules};
use crate::visible;

/// The profiles of a report.
#[derive(Debug)]
pub struct Profiles<'a> {
    /// The jobs that they stand for.
    pub jobs: Vec<LongestRuns<'a>>,
    /// Those whose credentials can never be had.
    pub cannot_start: Vec<Refused>,
    /// How many others could not be judged.
    pub not_known: usize,
    /// How long the jobs run; `None`: nobody has said.
    pub length: Option<Seconds>,
    /// Jobs with a copy of their credentials do not count.
    pub renewed_only: bool,
}

/// A profile whose credentials can never be had.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Its name.
    pub profile: String,
    /// Why, in a few words.
    pub why: &'static str,
    /// Where.
    pub location: Location,
}

/// The report as text, for a terminal of so many columns.
#[must_use]
pub fn render(profiles: &Profiles<'_>, report: &Report, columns: usize) -> String {
    let width = columns.clamp(*terminal::WIDTHS.start(), *terminal::WIDTHS.end());
    let bold = Style::new().bold();
    let mut text = String::new();
    let _ = writeln!(text, "{bold}{}{bold:#}\n", headline(profiles));
    if !profiles.jobs.is_empty() || !profiles.cannot_start.is_empty() {
        let _ = writeln!(text, "{}\n", table(profiles, width));
    }
    for finding in report.open_findings() {
        text.push_str(&finding_text(finding, profiles, width));
    }
    let lines: Vec<String> = report.not_judged.iter().map(not_judged).collect();
    terminal::section(&mut text, "Not judged", &lines, width);
    let copied = "copied: the job has a copy of the credentials; renewed: the AWS CLI or an SDK uses the profile \
        itself and renews them. assumed: AWS's default. No call to AWS was made.";
    let legend: Vec<String> = std::iter::once(copied.to_owned()).chain(report.notes.iter().cloned()).collect();
    terminal::section(&mut text, "Notes", &legend, width);
    text
}

fn not_judged(not: &NotJudged) -> String {
    let NotJudged { location, what, help, cannot_work } = not;
    let word = if *cannot_work { "Cannot work" } else { "Not judged" };
    visible::printable(&format!("{word}: {}: {what}. To do: {help}", short_place(location)))
}

/// `config:12` for the files in `~/.aws`, else the whole place.
#[must_use]
pub fn short_place(location: &Location) -> String {
    let usual = ["/.aws/config", "/.aws/credentials"].iter().find(|file| location.file.ends_with(*file));
    let name = usual.and_then(|file| file.rsplit('/').next());
    name.map_or_else(|| location.to_string(), |name| format!("{name}:{}", location.line))
}

/// `11 profiles: 2 can never work, 3 are not known, 6 can start.`
fn headline(profiles: &Profiles<'_>) -> String {
    let Profiles { jobs, cannot_start, not_known, length, renewed_only } = profiles;
    let all = plain::count(jobs.len() + cannot_start.len() + not_known, "profile", "profiles");
    let count = |holds: &dyn Fn(&LongestRuns<'_>) -> bool| jobs.iter().filter(|runs| holds(runs)).count();
    let never = cannot_start.len() + count(&|runs| matches!(runs.copied, Longest::CannotStart(_)));
    let unknown = not_known + count(&|runs| matches!(runs.copied, Longest::NotKnown(_)));
    let starts = |runs: &LongestRuns<'_>| !matches!(runs.copied, Longest::CannotStart(_) | Longest::NotKnown(_));
    let lasts = |longest: &Longest, length: Seconds| match longest {
        Longest::NoEnd => true,
        Longest::For(end, _) => *end >= length,
        Longest::CannotStart(_) | Longest::NotKnown(_) => false,
    };
    let mut parts = vec![(never, "can never work".to_owned()), (unknown, "could not be judged".to_owned())];
    match length {
        None => parts.push((count(&starts), "can start".to_owned())),
        Some(length) => {
            let ends = |runs: &LongestRuns<'_>| starts(runs) && !lasts(&runs.renewed, *length);
            let when_copied =
                |runs: &LongestRuns<'_>| starts(runs) && lasts(&runs.renewed, *length) && !lasts(&runs.copied, *length);
            let (ends, when_copied) = (count(&ends), if *renewed_only { 0 } else { count(&when_copied) });
            let last = count(&starts) - ends - when_copied;
            parts.push((ends, format!("end before {length}")));
            parts.push((when_copied, format!("end before {length} when copied")));
            parts.push((last, format!("last {length}")));
        }
    }
    let parts: Vec<String> =
        parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    match parts.is_empty() {
        true => format!("{all} with credentials that expire."),
        false => format!("{all}: {}.", parts.join(", ")),
    }
}

/// One row a profile.
fn table(profiles: &Profiles<'_>, width: usize) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(80));
    table.set_header(["PROFILE", "PATH", "COPIED", "RENEWED", "LIMITED BY"]);
    for Refused { profile, why, location } in &profiles.cannot_start {
        let why = format!("{why}, line {}", location.line);
        table.add_row([&visible::line(profile), "-", "cannot start", "cannot start", &why]);
    }
    for LongestRuns { job, copied, renewed } in &profiles.jobs {
        let renews = job.refresh != Refresh::None;
        let limit = match (limit(job, copied), limit(job, renewed)) {
            (one, another) if one == another || another.is_empty() || !renews => one,
            (copied, renewed) => format!("{copied} / {renewed}"),
        };
        // A refused request is refused, however the credentials are got.
        let known = renews || matches!(copied, Longest::CannotStart(_));
        let renewed = if known { describe(job, renewed) } else { "not known".to_owned() };
        table.add_row([visible::line(&job.name), path(job), describe(job, copied), renewed, limit]);
    }
    table.trim_fmt()
}

/// How long the job may run, and whether that rests on a duration of AWS's that no file states.
fn describe(job: &Job, longest: &Longest) -> String {
    match longest {
        Longest::For(end, _) if is_assumed(job, longest) => format!("{end} assumed"),
        Longest::CannotStart(_) => "cannot start".to_owned(),
        Longest::NotKnown(_) => "not known".to_owned(),
        Longest::NoEnd => "no end".to_owned(),
        Longest::For(end, _) => end.to_string(),
    }
}

/// What limits the job, and the role where it does; empty where nothing limits it.
fn limit(job: &Job, longest: &Longest) -> String {
    let Some(limit) = limit_of(longest) else { return String::new() };
    let role = limit.hop.and_then(|hop| job.path.get(hop)).map(|hop| hop.role.name());
    plain::limit_at(limit.by, role)
}

const fn limit_of(longest: &Longest) -> Option<Limit> {
    match longest {
        Longest::CannotStart(limit) | Longest::NotKnown(limit) | Longest::For(_, limit) => *limit,
        Longest::NoEnd => None,
    }
}

/// Whether the limit is a duration that no file of the user's states.
fn is_assumed(job: &Job, longest: &Longest) -> bool {
    let of_source = limit_of(longest).is_some_and(|limit| match limit.by {
        LimitedBy::PortalSession | LimitedBy::SigninSession | LimitedBy::SourceSession => true,
        LimitedBy::DurationRange
        | LimitedBy::SourceCannotAssume
        | LimitedBy::MaxSessionDuration
        | LimitedBy::RoleChaining
        | LimitedBy::Platform
        | LimitedBy::RefreshInterval
        | LimitedBy::IdentityToken
        | LimitedBy::Mfa
        | LimitedBy::CopiedSession
        | LimitedBy::StsMaximum
        | LimitedBy::RequestedDuration
        | LimitedBy::DefaultDuration => false,
    });
    of_source && matches!(job.source, Source::IdentityCenter { .. } | Source::ConsoleLogin { .. })
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

/// The finding in a few lines: its title, and the best fix with its command.
fn finding_text(finding: &Finding, profiles: &Profiles<'_>, width: usize) -> String {
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    let colour = terminal::severity_style(finding.severity);
    let mut text = String::new();
    let name = format!("{:<9}", finding.severity.as_str().to_uppercase());
    let title = terminal::wrap(&format!("{} ({})", finding.title, finding.id), width, "          ");
    let _ = writeln!(text, "{colour}{name}{colour:#} {bold}{}{bold:#}", title.trim_start());
    if let Some(command) = shorter_duration(finding, profiles) {
        let _ = writeln!(text, "          {dim}{}{dim:#}\n", visible::line(&command));
        return text;
    }
    let Some(fix) = finding.fixes.first() else { return text };
    let step = terminal::wrap(&fix.step, width, "          ");
    let _ = writeln!(text, "{step}");
    for line in fix.cli.iter().flat_map(|cli| cli.lines()).map(visible::line) {
        let _ = writeln!(text, "          {dim}{line}{dim:#}");
    }
    text.push('\n');
    text
}

/// The command after which the profile asks for a duration that every role and every caller gets, where its own request
/// is refused.
fn shorter_duration(finding: &Finding, profiles: &Profiles<'_>) -> Option<String> {
    let of_request =
        [FindingId::DurationAboveChainCap, FindingId::DurationOutOfRange, FindingId::DurationAboveMaxSession];
    let is_request = of_request.contains(&finding.id);
    let runs = profiles.jobs.iter().find(|runs| finding.job.as_ref() == Some(&runs.job.name))?;
    let is_own = finding.hop.is_some() && finding.hop == runs.job.path.len().checked_sub(1);
    let seconds = rules::DEFAULT_DURATION.0;
    let profile = crate::shell::word(&runs.job.name);
    (is_request && is_own).then(|| format!("aws configure set duration_seconds {seconds} --profile {profile}"))
}
