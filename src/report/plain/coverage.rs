//! The texts about the coverage: what was not checked, not walked, not read and not judged, each with its reason.

use super::count;
use crate::aws::errors::{Class, printable};
use crate::inventory::{Origin, RoleFolder};
use crate::lease::Verdict;
use crate::report::{
    Coverage, FolderCoverage, HopOutcome, NotCheckedReason, NotCheckedRole, NotJudged, NotReadReason, NotReadSetting,
    NotWalkedPath, PlannedReport, Report, RoleTagCoverage, TagsNotRead,
};
use crate::visible::first_of;

/// How many names of a reason are listed before the rest is counted.
const MOST_NAMES: usize = 8;

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
    match report.coverage.role_tags.unread() {
        0 => {}
        1 => parts.push("1 part of `discover` was not read".to_owned()),
        several => parts.push(format!("{several} parts of `discover` were not read")),
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

/// How many files of the inventory are named.
const MOST_NAMED_FILES: usize = 5;

/// The coverage, line by line. Roles and paths with one reason share a line.
#[must_use]
pub fn coverage(report: &Report) -> Vec<String> {
    let Coverage { roles, paths, settings, .. } = &report.coverage;
    if is_offline(&report.coverage) {
        let is_named = |role: &&NotCheckedRole| role.reason == NotCheckedReason::NameNotKnown;
        let expressions = roles.not_checked.iter().filter(is_named).count();
        let no_calls = match report.run.inventory_files.is_empty() {
            true => "lint makes no AWS calls.",
            false => "lint calls AWS only to read the inventory.",
        };
        let mut calls = vec![no_calls.to_owned()];
        let settings = settings.not_read.len();
        if settings > 0 {
            let what = count(settings, "setting", "settings");
            calls.push(format!("`check` reads {what} from AWS; `lint` uses the declared values or AWS's defaults."));
        }
        // A role whose name is not known cannot be tested.
        let known = roles.total.saturating_sub(expressions);
        if paths.total > 0 && known > 0 {
            let these = if known == 1 { "this role".to_owned() } else { format!("these {known} roles") };
            calls.push(match report.origin {
                Origin::Inventory => format!("Run `check` to test {these}."),
                Origin::Profiles => format!("`credential-health check --aws-config` tests {these}."),
                Origin::Workflows => format!(
                    "To test {these}, write an inventory for `check` with `credential-health import github-workflow`."
                ),
            });
        }
        match expressions {
            0 => {}
            1 => calls.push("1 role is an expression: only a run knows its name.".to_owned()),
            many => calls.push(format!("{many} roles are expressions: only a run knows their names.")),
        }
        let calls = calls.join(" ");
        let planned = report.planned.iter().flat_map(PlannedReport::lines);
        let imported = report.all_notes().into_iter().map(str::to_owned).chain(not_judged(report));
        let before = std::iter::once(calls).chain(role_tags(report)).chain(inventory_files(report));
        return before.chain(planned).chain(imported).collect();
    }
    let mut lines = vec![
        format!("Roles: {} of {} assumed, {} described.", roles.assumed, roles.total, roles.described),
        format!("Paths: {} of {} walked.", paths.walked, paths.total),
    ];
    for (what, roles) in not_checked_roles(&report.coverage) {
        let line = |role: &NotCheckedRole| (not_checked(role.reason, report.origin), role.role.to_string());
        lines.extend(by_reason(what, roles.map(line)));
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
    lines.extend(role_tags(report));
    lines.extend(inventory_files(report));
    lines
}

/// The files of the inventory from S3 and Parameter Store, the first of them with their versions.
fn inventory_files(report: &Report) -> Option<String> {
    let files = &report.run.inventory_files;
    let named: Vec<String> = files.iter().map(|file| printable(&file.to_string())).collect();
    (!files.is_empty()).then(|| format!("Inventory: {}.", first_of(&named, MOST_NAMED_FILES)))
}

/// What was read of the tags that `discover` names, what was not, and which tags do not count.
fn role_tags(report: &Report) -> Vec<String> {
    let RoleTagCoverage { folders, jobs, overruled } = &report.coverage.role_tags;
    let mut lines = Vec::new();
    if report.coverage.role_tags.is_live() {
        let roles = folders.iter().map(|folder| folder.roles).sum();
        let (roles, jobs) = (count(roles, "role", "roles"), count(*jobs, "job", "jobs"));
        lines.push(format!("Role tags: {jobs} in the tags of {roles}."));
        let is_empty = |folder: &&FolderCoverage| {
            folder.roles == 0 && folder.not_read.is_none() && folder.roles_not_read.is_empty()
        };
        let empty = folders.iter().filter(is_empty).map(|FolderCoverage { folder, .. }| {
            let why = "correct `path_prefix` in `discover` if that is wrong";
            (why.to_owned(), format!("{} {}", folder.account, folder.path_prefix))
        });
        lines.extend(by_reason("No role below", empty));
    }
    let not_read = folders.iter().filter_map(|folder| {
        let RoleFolder { account, path_prefix } = &folder.folder;
        Some((tags_not_read(folder.not_read?), format!("{account} {path_prefix}")))
    });
    lines.extend(by_reason("Role tags not read", not_read));
    let roles = folders.iter().flat_map(|folder| &folder.roles_not_read);
    let roles = roles.map(|(role, class)| (format!("iam:GetRole: {}", failure(*class)), role.to_string()));
    lines.extend(by_reason("Role tags not read", roles));
    let overruled = overruled.iter().map(|tag| format!("{} ({}, not {})", tag.job, tag.by, tag.role));
    let overruled: Vec<String> = overruled.map(|line| printable(&line)).collect();
    if !overruled.is_empty() {
        lines.push(format!("Declared in a file, so the tag does not count: {}.", first_of(&overruled, MOST_NAMES)));
    }
    lines
}

/// The text of the reason why the tags of an account were not read.
fn tags_not_read(reason: TagsNotRead) -> String {
    match reason {
        TagsNotRead::Offline => "lint makes no AWS calls; `check` reads `discover`".to_owned(),
        TagsNotRead::Reader(class) => format!("its reader could not be assumed: {}", failure(class)),
        TagsNotRead::List(class) => format!("iam:ListRoles: {}", failure(class)),
    }
}

/// Why a setting was not read, and the setting with the value that counted in its place.
fn not_read(setting: &NotReadSetting) -> (String, String) {
    (not_read_reason(setting.reason), format!("{}, {} value used", setting.setting, setting.used.as_str()))
}

/// The text of the reason why a setting was not read.
pub(in crate::report) fn not_read_reason(reason: NotReadReason) -> String {
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
    let Coverage { roles, paths, settings, .. } = &report.coverage;
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
        let line = |role: &NotCheckedRole| (not_checked(role.reason, report.origin), role.role.name().to_owned());
        lines.extend(joined_reasons(what, report.coverage.roles.total, roles.map(line)));
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
    lines.extend(joined_reasons("Paths not walked", report.coverage.paths.total, paths));
    lines.extend(joined_reasons("Settings not read", settings.total, settings.not_read.iter().map(not_read)));
    lines.extend(role_tags(report));
    lines.extend(inventory_files(report));
    lines
}

/// The roles that [`incomplete`] counts, and those whose description alone the inventory or the permissions leave out.
fn not_checked_roles(coverage: &Coverage) -> [(&'static str, impl Iterator<Item = &NotCheckedRole>); 2] {
    let roles = |only_not_described: bool| {
        coverage.roles.not_checked.iter().filter(move |role| role.is_only_not_described() == only_not_described)
    };
    [("Roles not fully checked", roles(false)), ("Roles not described", roles(true))]
}

/// All reasons on one line: `Paths not walked: a, b (access denied); c (no answer in time).` `total`: the number of
/// roles, paths or settings of the run. Many that are all of them are not named.
fn joined_reasons(what: &str, total: usize, all: impl Iterator<Item = (String, String)>) -> Option<String> {
    let groups = grouped_by_reason(all);
    let group = |(reason, names): &(String, Vec<String>)| match names.len() {
        all if all == total && all > MOST_NAMES => format!("all {all} ({reason})"),
        _ => format!("{} ({reason})", first_of(names, MOST_NAMES)),
    };
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
    if coverage.role_tags.is_live() {
        return false;
    }
    coverage.paths.total == 0 || coverage.paths.not_walked.iter().any(|path| path.reason == HopOutcome::Offline)
}

fn by_reason(what: &str, all: impl Iterator<Item = (String, String)>) -> Vec<String> {
    let line = |(reason, names): (String, Vec<String>)| format!("{what} ({reason}): {}.", first_of(&names, MOST_NAMES));
    grouped_by_reason(all).into_iter().map(line).collect()
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
pub(in crate::report) fn not_checked(reason: NotCheckedReason, origin: Origin) -> String {
    match reason {
        NotCheckedReason::Offline => outcome(HopOutcome::Offline).to_owned(),
        NotCheckedReason::NameNotKnown => "an expression, whose value only a run knows".to_owned(),
        NotCheckedReason::NotReached => outcome(HopOutcome::NotReached).to_owned(),
        NotCheckedReason::NoReader => match origin {
            Origin::Inventory => "no reader for its account".to_owned(),
            Origin::Profiles => "no profile that can read it".to_owned(),
            Origin::Workflows => "nothing in the workflows can read it".to_owned(),
        },
        NotCheckedReason::Assume(class) => outcome(HopOutcome::Failed(class)).to_owned(),
        NotCheckedReason::Describe(Class::RoleMissing) => failure(Class::RoleMissing).to_owned(),
        NotCheckedReason::Describe(class) => format!("iam:GetRole: {}", failure(class)),
        NotCheckedReason::Reader(class) => format!("its reader could not be assumed: {}", failure(class)),
    }
}

/// The text of the walk's result at a hop.
pub(in crate::report) const fn outcome(outcome: HopOutcome) -> &'static str {
    match outcome {
        HopOutcome::Assumed => "assumed",
        HopOutcome::Offline => "lint makes no AWS calls",
        HopOutcome::Declared => "declared: the checker is not to assume the role",
        HopOutcome::NotReached => "an earlier hop was not assumed",
        // STS does not say which.
        HopOutcome::Failed(Class::Denied) => "does not exist or may not be assumed",
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
