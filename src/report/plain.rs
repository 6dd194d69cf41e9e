//! The texts that mail, terminal and the other forms for people share, without colour or width. Owns the wording of
//! the report as a whole, `coverage` that of its coverage; a finding's file owns its wording.

mod coverage;

pub use coverage::{coverage, incomplete, is_offline, not_judged, short_coverage};
#[cfg(feature = "cli")]
pub(super) use coverage::{not_checked, not_read_reason, outcome};

use super::{HopOutcome, JobReport, Report, Walk};
use crate::aws::errors::Class;
use crate::findings::{Finding, Severity};
use crate::fixes::{BlockKind, Fix};
use crate::lease::{LimitedBy, Verdict};

/// One line: the counts of jobs, roles and findings.
#[must_use]
pub fn headline(report: &Report) -> String {
    #[cfg(feature = "cli")]
    if let Some(profiles) = &report.profiles {
        return profiles.headline();
    }
    let jobs = count(report.summary.jobs, "job", "jobs");
    let roles = count(report.summary.roles, "role", "roles");
    if report.summary.jobs == 0 && report.findings.is_empty() {
        return "No job was judged.".to_owned();
    }
    let waived = match report.summary.waived {
        0 => String::new(),
        several => format!(", {several} waived{}", by_file(report)),
    };
    format!("{jobs}, {roles}: {}{waived}.", severities(report.open_findings()))
}

/// ` (data.yaml 2, web.yaml 1)`: the files whose waivers count, where there are several; the first five.
fn by_file(report: &Report) -> String {
    const MOST: usize = 5;
    let files = &report.summary.waived_by_file;
    if files.len() < 2 {
        return String::new();
    }
    let mut parts: Vec<String> = files.iter().take(MOST).map(|(file, count)| format!("{file} {count}")).collect();
    if files.len() > MOST {
        parts.push(format!("{} more files", files.len() - MOST));
    }
    format!(" ({})", parts.join(", "))
}

/// `2 critical, 1 high`, or `nothing found`.
pub fn severities<'a>(findings: impl Iterator<Item = &'a Finding>) -> String {
    let all: Vec<Severity> = findings.map(|finding| finding.severity).collect();
    let count = |severity: Severity| all.iter().filter(|found| **found == severity).count();
    let parts: Vec<String> = Severity::ALL
        .into_iter()
        .map(|s| (s, count(s)))
        .filter(|(_, n)| *n > 0)
        .map(|(s, n)| format!("{n} {s}"))
        .collect();
    if parts.is_empty() { "nothing found".to_owned() } else { parts.join(", ") }
}

/// The text of a job's verdict, and of a failed walk.
#[must_use]
pub fn verdict(job: &JobReport) -> String {
    let doubt = if job.confirmed { "" } else { " (unconfirmed)" };
    match (job.verdict, job.walk) {
        (Verdict::Rejected, _) => "cannot start".to_owned(),
        (verdict, Walk::Failed) => format!("{}{doubt}, walk failed", verdict.as_str()),
        (verdict, _) if was_unfinished(job) => format!("{}{doubt}, not walked", verdict.as_str()),
        (verdict, _) => format!("{}{doubt}", verdict.as_str()),
    }
}

/// Whether the run reached its time limit before the job's path.
#[must_use]
pub fn was_unfinished(job: &JobReport) -> bool {
    job.hops.iter().any(|hop| hop.outcome == HopOutcome::Failed(Class::OutOfTime))
}

/// The text of the end of a job's credentials.
#[must_use]
pub fn lasts(job: &JobReport) -> String {
    match (job.verdict, job.lapses_after_seconds) {
        (Verdict::Rejected, _) => "-".to_owned(),
        (Verdict::Unknown, _) => "?".to_owned(),
        (_, Some(end)) => end.to_string(),
        (_, None) => "no end".to_owned(),
    }
}

/// The text of a job's limit; empty if nothing limits the job.
#[must_use]
pub fn limited_by(job: &JobReport) -> String {
    let Some(limit) = job.limited_by else { return String::new() };
    limit_at(limit, job.limiting_hop.and_then(|hop| job.hops.get(hop)).map(|hop| hop.role.name()))
}

/// The text of a limit, and the role, if the limit is a role's.
#[must_use]
pub fn limit_at(limit: LimitedBy, role: Option<&str>) -> String {
    let what = describe_limit(limit);
    role.map_or_else(|| what.to_owned(), |role| format!("{what}, {role}"))
}

/// The text of a limit.
#[must_use]
pub fn describe_limit(limit: LimitedBy) -> &'static str {
    match limit {
        LimitedBy::DurationRange => "the API's range",
        LimitedBy::SourceCannotAssume => "its source",
        LimitedBy::MaxSessionDuration => "MaxSessionDuration",
        LimitedBy::RoleChaining => "role chaining",
        LimitedBy::Platform => "copied credentials",
        LimitedBy::RefreshInterval => "refresh interval",
        LimitedBy::SourceSession => "source session",
        LimitedBy::PortalSession => "portal login",
        LimitedBy::SigninSession => "console sign-in",
        LimitedBy::CopiedSession => "copied session",
        LimitedBy::IdentityToken => "identity token",
        LimitedBy::Mfa => "MFA",
        LimitedBy::StsMaximum => "the 12h maximum",
        LimitedBy::RequestedDuration => "its request",
        LimitedBy::DefaultDuration => "the 1h default",
    }
}

/// The job, the hop and the role that a finding is about.
#[must_use]
pub fn place(finding: &Finding) -> String {
    let job = finding.job.as_ref().map(|job| format!("job {job}"));
    let hop = finding.hop.map(|hop| format!("path[{hop}]"));
    let parts: Vec<String> = job.into_iter().chain(hop).chain(finding.role.as_ref().map(ToString::to_string)).collect();
    if parts.is_empty() { "this run".to_owned() } else { parts.join(", ") }
}

/// The text of a job's limit without the role; empty if nothing limits the job.
#[must_use]
pub fn limit_of(job: &JobReport) -> &'static str {
    job.limited_by.map_or("", describe_limit)
}

/// The command that shows a finding's page, or the address of the page.
#[must_use]
pub fn more(finding: &Finding) -> String {
    match finding.runbook.starts_with("http") {
        true => finding.runbook.clone(),
        false => format!("credential-health explain {}", finding.id),
    }
}

/// The text of a finding with all its fixes: any one of them suffices.
#[must_use]
pub fn finding(finding: &Finding) -> String {
    let mut text = format!("[{}] {}\n  {}\n  {}\n", finding.severity, finding.title, place(finding), finding.detail);
    if let Some(caution) = &finding.caution {
        text.push_str(&format!("  {caution}\n"));
    }
    if finding.fixes.len() > 1 {
        text.push_str(&format!("  {ANY_ONE}\n"));
    }
    for (number, fix) in finding.fixes.iter().enumerate() {
        text.push_str(&fix_text(fix, option(number, finding.fixes.len()).as_deref(), "  "));
    }
    text.push_str(&format!("  {}: {}\n", finding.id, more(finding)));
    text
}

/// The sentence above alternatives.
pub(crate) const ANY_ONE: &str = "Any one of these:";

/// The fixes of a finding, each with its name among alternatives.
pub fn options(fixes: &[Fix]) -> impl Iterator<Item = (Option<String>, &Fix)> {
    fixes.iter().enumerate().map(|(number, fix)| (option(number, fixes.len()), fix))
}

/// `Option A`: the name of an alternative, which its numbered steps do not share; `None` if it is the only one.
#[must_use]
pub fn option(number: usize, of: usize) -> Option<String> {
    let letter = u8::try_from(number).ok().and_then(|number| b'A'.checked_add(number)).map(char::from);
    letter.filter(|_| of > 1).map(|letter| format!("Option {letter}"))
}

/// The number of a step, if the fix has several: `2. `.
#[must_use]
pub fn step_number(fix: &Fix, index: usize) -> String {
    if fix.parts.len() > 1 { format!("{}. ", index + 1) } else { String::new() }
}

/// The name of a fix among alternatives: on a line of its own above several steps, or before the only step.
pub(super) fn labels<'a>(fix: &Fix, option: Option<&'a str>) -> (Option<&'a str>, Option<&'a str>) {
    if fix.parts.len() > 1 { (option, None) } else { (None, option) }
}

/// The steps of a fix with their lines to copy. `option`: its name among alternatives.
#[must_use]
pub fn fix_text(fix: &Fix, option: Option<&str>, indent: &str) -> String {
    let mut text = String::new();
    let (heading, label) = labels(fix, option);
    let label = label.map_or_else(String::new, |option| format!("{option}: "));
    let deeper = if fix.parts.len() > 1 || option.is_some() { format!("{indent}  ") } else { indent.to_owned() };
    if let Some(heading) = heading {
        text.push_str(&format!("{indent}{heading}:\n"));
    }
    for (index, part) in fix.parts.iter().enumerate() {
        let at = if label.is_empty() { deeper.as_str() } else { indent };
        text.push_str(&format!("{at}{label}{}{}\n", step_number(fix, index), part.step));
        for block in part.brief_blocks() {
            if !matches!(block.kind, BlockKind::AwsCli | BlockKind::Shell) {
                text.push_str(&format!("{deeper}  {}:\n", block.kind.heading()));
            }
            block.text.lines().for_each(|line| text.push_str(&format!("{deeper}    {line}\n")));
        }
    }
    text
}

/// `1 job`, `2 jobs`.
#[must_use]
pub fn count(n: usize, one: &str, several: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { several })
}
