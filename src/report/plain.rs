//! The texts that mail, terminal and the other forms for people share, without colour or width. Owns the wording of
//! the report as a whole; a finding's file owns its wording.

use super::{
    Coverage, HopOutcome, JobReport, NotCheckedReason, NotCheckedRole, NotJudged, NotReadReason, NotReadSetting,
    NotWalkedPath, PlannedReport, Report, Walk,
};
use crate::aws::errors::{Class, printable};
use crate::findings::Finding;
use crate::findings::Severity;
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

/// The steps of a fix with their lines to copy, without those for infrastructure as code. `option`: its name among
/// alternatives.
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
        for block in part.blocks.iter().filter(|block| !block.kind.is_infrastructure()) {
            if !matches!(block.kind, BlockKind::AwsCli | BlockKind::Shell) {
                text.push_str(&format!("{deeper}  {}:\n", block.kind.heading()));
            }
            block.text.lines().for_each(|line| text.push_str(&format!("{deeper}    {line}\n")));
        }
    }
    text
}

/// The sentence about an incomplete run: how much was not checked or not judged.
#[must_use]
pub fn incomplete(report: &Report) -> String {
    let roles = &report.coverage.roles;
    let unknown = report.summary.verdicts.get(&Verdict::Unknown).copied().unwrap_or_default();
    let mut parts = Vec::new();
    if !is_offline(&report.coverage) && roles.unexpected() > 0 {
        let were = if roles.unexpected() == 1 { "was" } else { "were" };
        parts.push(format!("{} of {} {were} not checked", roles.unexpected(), count(roles.total, "role", "roles")));
    }
    let without_login = |path: &&NotWalkedPath| path.hop.is_none() && matches!(path.reason, HopOutcome::Failed(_));
    let paths = report.coverage.paths.not_walked.iter().filter(without_login).count();
    if paths > 0 {
        let were = if paths == 1 { "was" } else { "were" };
        parts.push(format!("{paths} of {} {were} not walked", count(report.coverage.paths.total, "path", "paths")));
    }
    let settings = &report.coverage.settings;
    if settings.unexpected() > 0 {
        let were = if settings.unexpected() == 1 { "was" } else { "were" };
        parts.push(format!(
            "{} of {} {were} not read",
            settings.unexpected(),
            count(settings.total, "setting", "settings")
        ));
    }
    if unknown > 0 {
        let have = if unknown == 1 { "has" } else { "have" };
        parts.push(format!("{unknown} of {} {have} no verdict", count(report.summary.jobs, "job", "jobs")));
    }
    if !report.not_judged.is_empty() {
        let entries = count(report.not_judged.len(), "entry of the files was", "entries of the files were");
        parts.push(format!("{entries} not judged"));
    }
    match parts.is_empty() {
        true => "Incomplete: not everything was checked.".to_owned(),
        false => format!("Incomplete: {}.", parts.join(", ")),
    }
}

/// The coverage, line by line. Roles and paths with one reason share a line.
#[must_use]
pub fn coverage(report: &Report) -> Vec<String> {
    let Coverage { roles, paths, settings } = &report.coverage;
    if is_offline(&report.coverage) {
        let is_named = |role: &&NotCheckedRole| role.reason == NotCheckedReason::NameNotKnown;
        let expressions = roles.not_checked.iter().filter(is_named).count();
        let mut calls = vec!["lint makes no AWS calls.".to_owned()];
        let settings = settings.not_read.len();
        if settings > 0 {
            let what = count(settings, "setting", "settings");
            calls.push(format!("`check` reads {what} from AWS; `lint` uses the declared values or AWS's defaults."));
        }
        // A role whose name is not known cannot be tested.
        let known = roles.total.saturating_sub(expressions);
        if paths.total > 0 && known > 0 {
            let these = if known == 1 { "this role".to_owned() } else { format!("these {known} roles") };
            calls.push(format!("Run `check` to test {these}."));
        }
        match expressions {
            0 => {}
            1 => calls.push("1 role is an expression: only a run knows its name.".to_owned()),
            many => calls.push(format!("{many} roles are expressions: only a run knows their names.")),
        }
        let calls = calls.join(" ");
        let planned = report.planned.iter().flat_map(PlannedReport::lines);
        let imported = report.all_notes().into_iter().map(str::to_owned).chain(not_judged(report));
        return std::iter::once(calls).chain(planned).chain(imported).collect();
    }
    let mut lines = vec![
        format!("Roles: {} of {} assumed, {} described.", roles.assumed, roles.total, roles.described),
        format!("Paths: {} of {} walked.", paths.walked, paths.total),
    ];
    for (what, roles) in not_checked_roles(&report.coverage) {
        lines.extend(by_reason(what, roles.map(|role| (not_checked(role.reason), role.role.to_string()))));
    }
    let paths = paths.not_walked.iter().map(|path| {
        let hop = path.hop.map_or_else(String::new, |hop| format!(" at path[{hop}]"));
        (outcome(path.reason).to_owned(), format!("{}{hop}", path.job))
    });
    lines.extend(by_reason("Paths not walked", paths));
    if settings.total > 0 {
        lines.push(format!("Settings: {} of {} read.", settings.read.len(), settings.total));
    }
    lines.extend(by_reason("Settings not read", settings.not_read.iter().map(not_read)));
    lines
}

/// Why a setting was not read, and the setting with the value that counted in its place.
fn not_read(setting: &NotReadSetting) -> (String, String) {
    (not_read_reason(setting.reason), format!("{}, {} value used", setting.setting, setting.used.as_str()))
}

/// The text of the reason why a setting was not read.
pub(super) fn not_read_reason(reason: NotReadReason) -> String {
    match reason {
        NotReadReason::Offline => outcome(HopOutcome::Offline).to_owned(),
        NotReadReason::NoReader => "no reader for its account".to_owned(),
        NotReadReason::CallFailed(class) => failure(class).to_owned(),
        NotReadReason::ReaderNotAssumed(class) => format!("its reader could not be assumed: {}", failure(class)),
    }
}

/// The coverage in a few lines: one, unless something was not checked.
#[must_use]
pub fn short_coverage(report: &Report) -> Vec<String> {
    let Coverage { roles, paths, settings } = &report.coverage;
    if is_offline(&report.coverage) {
        return coverage(report);
    }
    let mut lines = vec![format!(
        "{} of {} assumed, {} described; {} of {} walked.",
        roles.assumed,
        count(roles.total, "role", "roles"),
        roles.described,
        paths.walked,
        count(paths.total, "path", "paths")
    )];
    for (what, roles) in not_checked_roles(&report.coverage) {
        lines.extend(joined_reasons(what, roles.map(|role| (not_checked(role.reason), role.role.name().to_owned()))));
    }
    // A path that stops at one of these roles stops for the same reason.
    let stops_elsewhere = |path: &&NotWalkedPath| {
        let job = report.jobs.iter().find(|job| job.name == path.job);
        let role = job.zip(path.hop).and_then(|(job, hop)| job.hops.get(hop)).map(|hop| &hop.role);
        !role.is_some_and(|role| report.coverage.roles.not_checked.iter().any(|not| not.role == *role))
    };
    let paths = paths.not_walked.iter().filter(stops_elsewhere).map(|path| {
        let hop = path.hop.map_or_else(String::new, |hop| format!(" at path[{hop}]"));
        (outcome(path.reason).to_owned(), format!("{}{hop}", path.job))
    });
    lines.extend(joined_reasons("Paths not walked", paths));
    lines.extend(joined_reasons("Settings not read", settings.not_read.iter().map(not_read)));
    lines
}

/// The roles that [`incomplete`] counts, and those whose description alone the inventory or the permissions leave out.
fn not_checked_roles(coverage: &Coverage) -> [(&'static str, impl Iterator<Item = &NotCheckedRole>); 2] {
    let roles = |only_not_described: bool| {
        coverage.roles.not_checked.iter().filter(move |role| role.is_only_not_described() == only_not_described)
    };
    [("Roles not fully checked", roles(false)), ("Roles not described", roles(true))]
}

/// All reasons on one line: `Paths not walked: a, b (access denied); c (no answer in time).`
fn joined_reasons(what: &str, all: impl Iterator<Item = (String, String)>) -> Option<String> {
    let groups = grouped_by_reason(all);
    let group = |(reason, names): &(String, Vec<String>)| format!("{} ({reason})", some_of(names));
    (!groups.is_empty()).then(|| format!("{what}: {}.", groups.iter().map(group).collect::<Vec<_>>().join("; ")))
}

/// The parts of imported files that could not be judged, line by line.
pub fn not_judged(report: &Report) -> impl Iterator<Item = String> {
    let line = |not: &NotJudged| {
        let what = if not.cannot_work { "Cannot work" } else { "Not judged" };
        printable(&format!("{what}: {}: {}. To do: {}.", not.location, not.what, not.help))
    };
    report.not_judged.iter().map(line)
}

/// Whether the run made no AWS calls, as in `lint`. Such a run checks no role and no path, and lists none. A report
/// has no path only if its files have no job.
#[must_use]
pub fn is_offline(coverage: &Coverage) -> bool {
    coverage.paths.total == 0 || coverage.paths.not_walked.iter().any(|path| path.reason == HopOutcome::Offline)
}

fn by_reason(what: &str, all: impl Iterator<Item = (String, String)>) -> Vec<String> {
    let line = |(reason, names): (String, Vec<String>)| format!("{what} ({reason}): {}.", some_of(&names));
    grouped_by_reason(all).into_iter().map(line).collect()
}

/// The first names, and the number of the others.
fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn grouped_by_reason(all: impl Iterator<Item = (String, String)>) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for (reason, name) in all {
        match groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(name),
            None => groups.push((reason, vec![name])),
        }
    }
    groups
}

/// The reason why a role was not fully checked.
pub(super) fn not_checked(reason: NotCheckedReason) -> String {
    match reason {
        NotCheckedReason::Offline => outcome(HopOutcome::Offline).to_owned(),
        NotCheckedReason::NameNotKnown => "an expression, whose value only a run knows".to_owned(),
        NotCheckedReason::NotReached => outcome(HopOutcome::NotReached).to_owned(),
        NotCheckedReason::NoReader => "no reader for its account".to_owned(),
        NotCheckedReason::Assume(class) => failure(class).to_owned(),
        NotCheckedReason::Describe(class) => format!("iam:GetRole: {}", failure(class)),
        NotCheckedReason::Reader(class) => format!("its reader could not be assumed: {}", failure(class)),
    }
}

/// The text of the walk's result at a hop.
pub(super) const fn outcome(outcome: HopOutcome) -> &'static str {
    match outcome {
        HopOutcome::Assumed => "assumed",
        HopOutcome::Offline => "lint makes no AWS calls",
        HopOutcome::Declared => "declared: the checker is not to assume the role",
        HopOutcome::NotReached => "an earlier hop was not assumed",
        HopOutcome::Failed(class) => failure(class),
    }
}

/// The text of a class of errors.
const fn failure(class: Class) -> &'static str {
    match class {
        Class::Denied => "access denied",
        Class::RoleMissing => "IAM knows no such role",
        Class::Expired => "the credentials in use have expired",
        Class::AssertionExpired => "the token or assertion has expired",
        Class::InvalidCredentials => "AWS does not accept the credentials in use",
        Class::SignatureMismatch | Class::WrongScope => "AWS refused the signature of the request",
        Class::ClockSlow | Class::ClockFast => "the checker's clock is wrong",
        Class::RegionDisabled => "STS is not activated in this Region",
        Class::OverMaxSession => "the requested duration is over MaxSessionDuration",
        Class::OverChainCap => "the requested duration is over the cap of role chaining",
        Class::OutOfRange => "a value is out of range",
        Class::InvalidRequest => "AWS could not use the request",
        Class::MalformedPolicy | Class::PackedPolicyTooLarge => "STS refused the check's session policy",
        Class::SourceIdentityFixed => "the session has another source identity",
        Class::ProviderMissing => "the account has no such identity provider",
        Class::NotSubscribed => "the account is not signed up for the service",
        Class::Throttled => "AWS throttled the calls",
        Class::Unavailable => "AWS had an error",
        Class::TimedOut => "no answer in time",
        Class::Unreachable => "no connection to AWS",
        Class::Unreadable => "the answer is not from AWS, or it is cut",
        Class::SettingMissing => "AWS knows no such function or permission set",
        Class::ObjectMissing => "the object does not exist",
        Class::ObjectChanged => "the object was changed meanwhile",
        Class::ElsewhereInS3 => "the bucket is in another Region",
        Class::NoCredentials => "the checker has no credentials",
        Class::OutOfTime => "the run reached its time limit",
        Class::Other => "AWS refused the request",
    }
}

/// `1 job`, `2 jobs`.
#[must_use]
pub fn count(n: usize, one: &str, several: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { several })
}
