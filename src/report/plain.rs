//! The report in words, without colour or width: what mail shows, and what the terminal dresses up. Owns wording of the
//! whole, not of a finding: that is the finding's own.

use super::{Coverage, JobReport, NotJudged, PlannedReport, Report, Walk};
use crate::failure::{Class, printable};
use crate::findings::Finding;
use crate::findings::Severity;
use crate::fixes::Fix;
use crate::lease::{LimitedBy, Verdict};

/// One line: what was checked and what was found.
#[must_use]
pub fn headline(report: &Report) -> String {
    let jobs = count(report.summary.jobs, "job", "jobs");
    let roles = count(report.summary.roles, "role", "roles");
    let waived = match report.summary.waived {
        0 => String::new(),
        several => format!(", {several} waived"),
    };
    format!("{jobs}, {roles}: {}{waived}.", severities(report.open_findings()))
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

/// A job's verdict, and a walk that failed, in words.
#[must_use]
pub fn verdict(job: &JobReport) -> String {
    match (job.verdict, job.walk) {
        (Verdict::Rejected, _) => "cannot start".to_owned(),
        (verdict, Walk::Failed) => format!("{}, walk failed", verdict.as_str()),
        (verdict, _) if was_unfinished(job) => format!("{}, not walked", verdict.as_str()),
        (verdict, _) => verdict.as_str().to_owned(),
    }
}

/// Whether the run had no time left for the job's path.
#[must_use]
pub fn was_unfinished(job: &JobReport) -> bool {
    job.hops.iter().any(|hop| hop.outcome == Class::OutOfTime.as_str())
}

/// When a job's credentials end, in words.
#[must_use]
pub fn lasts(job: &JobReport) -> String {
    match (job.verdict, job.lapses_after_seconds) {
        (Verdict::Rejected, _) => "-".to_owned(),
        (Verdict::Unknown, _) => "?".to_owned(),
        (_, Some(end)) => end.to_string(),
        (_, None) => "no end".to_owned(),
    }
}

/// What limits a job, in words; empty where nothing does.
#[must_use]
pub fn limited_by(job: &JobReport) -> String {
    let Some(limit) = job.limited_by else { return String::new() };
    limit_at(limit, job.limiting_hop.and_then(|hop| job.hops.get(hop)).map(|hop| hop.role.name()))
}

/// What limits a job, in words, and the role where it does.
#[must_use]
pub fn limit_at(limit: LimitedBy, role: Option<&str>) -> String {
    let what = limit_in_words(limit);
    role.map_or_else(|| what.to_owned(), |role| format!("{what}, {role}"))
}

/// What limits a job, in words.
#[must_use]
pub fn limit_in_words(limit: LimitedBy) -> &'static str {
    match limit {
        LimitedBy::DurationRange => "the API's range",
        LimitedBy::SourceCannotAssume => "its source",
        LimitedBy::MaxSessionDuration => "MaxSessionDuration",
        LimitedBy::RoleChaining => "role chaining",
        LimitedBy::Platform => "copied credentials",
        LimitedBy::RefreshInterval => "refresh interval",
        LimitedBy::SourceSession => "source session",
        LimitedBy::PortalSession => "portal login",
        LimitedBy::IdentityToken => "identity token",
        LimitedBy::Mfa => "MFA",
        LimitedBy::StsMaximum => "the 12h maximum",
        LimitedBy::RequestedDuration => "its request",
        LimitedBy::DefaultDuration => "the 1h default",
    }
}

/// What it is about: the job, the hop, the role's ARN.
#[must_use]
pub fn place(finding: &Finding) -> String {
    let job = finding.job.as_ref().map(|job| format!("job {job}"));
    let hop = finding.hop.map(|hop| format!("path[{hop}]"));
    let parts: Vec<String> = job.into_iter().chain(hop).chain(finding.role.as_ref().map(ToString::to_string)).collect();
    if parts.is_empty() { "this run".to_owned() } else { parts.join(", ") }
}

/// The forms of a fix, each a heading and lines to copy.
pub fn forms(fix: &Fix) -> impl Iterator<Item = (&'static str, &str)> {
    let forms = [("AWS CLI", &fix.cli), ("CloudFormation", &fix.cloudformation), ("Terraform", &fix.terraform)];
    forms.into_iter().filter_map(|(name, form)| Some((name, form.as_deref()?)))
}

/// A finding as a mail shows it: everything that a person needs to act.
#[must_use]
pub fn finding(finding: &Finding) -> String {
    let mut text = format!("[{}] {}\n  {}\n  {}\n", finding.severity, finding.title, place(finding), finding.detail);
    for (number, fix) in finding.fixes.iter().enumerate() {
        text.push_str(&format!("  {}. {}\n", number + 1, fix.step));
        if let Some(cli) = &fix.cli {
            cli.lines().for_each(|line| text.push_str(&format!("       {line}\n")));
        }
    }
    text.push_str(&format!("  More: {} ({})\n", finding.id, finding.runbook));
    text
}

/// What a run says of itself that did not finish.
pub const UNFINISHED: &str = "This run did not finish all that it set out to do.";

/// What was checked, and what was not, line by line; roles and paths that were not checked for one reason share a line.
#[must_use]
pub fn coverage(report: &Report) -> Vec<String> {
    let Coverage { roles, paths } = &report.coverage;
    if is_offline(&report.coverage) {
        let roles = count(roles.total, "role", "roles");
        let paths = count(paths.total, "path", "paths");
        let asked = format!(
            "lint asks AWS nothing: {roles} not assumed and not described, {paths} not walked. `check` does that."
        );
        let planned = report.planned.iter().flat_map(PlannedReport::lines);
        let imported = report.notes.iter().cloned().chain(not_judged(report));
        return std::iter::once(asked).chain(planned).chain(imported).collect();
    }
    let mut lines = vec![
        format!("Roles: {} of {} assumed, {} described.", roles.assumed, roles.total, roles.described),
        format!("Paths: {} of {} walked.", paths.walked, paths.total),
    ];
    let roles = roles.not_checked.iter().map(|role| (role.reason.clone(), role.role.as_str().to_owned()));
    lines.extend(by_reason("Roles not wholly checked", roles));
    let paths = paths.not_walked.iter().map(|path| {
        let hop = path.hop.map_or_else(String::new, |hop| format!(" at path[{hop}]"));
        (path.reason.to_owned(), format!("{}{hop}", path.job))
    });
    lines.extend(by_reason("Paths not walked", paths));
    lines
}

/// What of imported files could not be judged, line by line.
pub fn not_judged(report: &Report) -> impl Iterator<Item = String> {
    let line =
        |not: &NotJudged| printable(&format!("Not judged: {}: {}. To do: {}.", not.location, not.what, not.help));
    report.not_judged.iter().map(line)
}

/// Whether the run asked AWS nothing, as `lint` does: then no role and no path was checked, and none is listed. Only files
/// that hold no job make a report without a path.
#[must_use]
pub fn is_offline(coverage: &Coverage) -> bool {
    coverage.paths.total == 0 || coverage.paths.not_walked.iter().any(|path| path.reason == "offline")
}

fn by_reason(what: &str, all: impl Iterator<Item = (String, String)>) -> Vec<String> {
    const SHOWN: usize = 8;
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for (reason, name) in all {
        match groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(name),
            None => groups.push((reason, vec![name])),
        }
    }
    let line = |(reason, names): (String, Vec<String>)| {
        let more = names.len().saturating_sub(SHOWN);
        let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{what} ({}): {shown}{rest}.", in_words(&reason))
    };
    groups.into_iter().map(line).collect()
}

/// A reason of the report in words.
pub(super) fn in_words(reason: &str) -> String {
    match reason {
        "declared" => return "declared as not to be assumed by the checker".to_owned(),
        "not-reached" => return "a hop before it was not assumed".to_owned(),
        "no-reader" => return "no reader for its account".to_owned(),
        _ => {}
    }
    let (call, class) = match (reason.strip_prefix("describe-"), reason.strip_prefix("reader-")) {
        (Some(class), _) => ("iam:GetRole: ", class),
        (_, Some(class)) => ("assuming its reader: ", class),
        _ => ("", reason),
    };
    let class = match class {
        "denied" => "access was denied",
        "role-missing" => "IAM knows no such role",
        "out-of-time" => "the run's time was up",
        "throttled" => "AWS asked to slow down",
        "unavailable" => "AWS had an error",
        "timed-out" => "no answer in time",
        "unreachable" => "no connection to AWS",
        "unreadable-answer" => "the answer was not AWS's",
        "no-credentials" => "the checker has no credentials",
        "credentials-expired" => "the credentials in use have expired",
        "credentials-invalid" => "AWS does not know the credentials in use",
        "signature-mismatch" | "wrong-signing-scope" => "AWS refused the request's signature",
        "clock-slow" | "clock-fast" => "the checker's clock is wrong",
        "region-disabled" => "STS is off in this Region",
        "packed-policy-too-large" | "malformed-policy" => "STS did not take the check's session policy",
        other => return format!("{call}{}", other.replace('-', " ")),
    };
    format!("{call}{class}")
}

/// `1 job`, `2 jobs`.
#[must_use]
pub fn count(n: usize, one: &str, several: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { several })
}
