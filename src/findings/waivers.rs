//! Matches findings with waivers. Owns matching and expiry, not the findings about waivers.

use std::collections::HashMap;

use wildmatch::WildMatch;

use super::evidence::{Fact, Provenance};
use super::model::{Finding, Waived};
use super::registry::FindingId;
use super::subject::Subject;
use crate::inventory::{Job, JobName, Role, RoleArn, RolePattern, RoleRef, Waiver};

/// Marks each finding that a waiver covers; returns the waivers that are valid today and cover nothing.
pub(super) fn apply<'a>(subject: &Subject<'a>, findings: &mut [Finding]) -> Vec<&'a Waiver> {
    let mut by_id: HashMap<FindingId, Vec<usize>> = HashMap::new();
    let mut by_file: HashMap<(FindingId, &str), Vec<usize>> = HashMap::new();
    let files: Vec<Option<std::sync::Arc<str>>> =
        findings.iter().map(|finding| ruling_file(subject, finding)).collect();
    for ((index, finding), file) in findings.iter().enumerate().zip(&files) {
        by_id.entry(finding.id).or_default().push(index);
        file.iter().for_each(|file| by_file.entry((finding.id, file)).or_default().push(index));
    }
    let mut unused = Vec::new();
    for waiver in subject.inventory.waivers.iter().filter(|waiver| waiver.until >= subject.today) {
        let job = waiver.job.as_deref().map(WildMatch::new);
        let role = waiver.role.as_deref().map(RolePattern::new);
        let mut used = false;
        // A waiver of the platform's file covers everything, a team's what its file rules.
        let file = &waiver.location.file;
        let ruled = match subject.inventory.teams.contains_key(file) {
            true => by_file.get(&(waiver.finding, &**file)),
            false => by_id.get(&waiver.finding),
        };
        for index in ruled.into_iter().flatten() {
            let finding = &mut findings[*index];
            if covers(subject, waiver, job.as_ref(), role.as_ref(), finding) {
                finding.waived.get_or_insert_with(|| Waived::from(waiver));
                used = true;
            }
        }
        if !used {
            unused.push(waiver);
        }
    }
    unused
}

/// The file whose waivers may cover the finding, beside the platform's: that of its job, or of all jobs of its role,
/// where the role reads no account's settings.
fn ruling_file(subject: &Subject<'_>, finding: &Finding) -> Option<std::sync::Arc<str>> {
    let file = match (&finding.job, &finding.role) {
        _ if is_about_a_waiver(finding) => &finding.location.as_ref()?.file,
        (Some(job), _) => &subject.job_named(job)?.location.file,
        (None, Some(role)) => {
            let is_reader = subject.plan.readers.iter().any(|step| role.arn() == Some(&step.reader.role));
            let mut files = subject.users_of(role).iter().map(|(job, _)| &job.location.file);
            let first = files.next().filter(|_| !is_reader)?;
            files.all(|file| file == first).then_some(first)?
        }
        (None, None) => return None,
    };
    Some(file.clone())
}

fn is_about_a_waiver(finding: &Finding) -> bool {
    matches!(finding.id, FindingId::WaiverExpired | FindingId::WaiverUnused)
}

fn covers(
    subject: &Subject<'_>,
    waiver: &Waiver,
    job: Option<&WildMatch>,
    role: Option<&RolePattern>,
    finding: &Finding,
) -> bool {
    let has_job = |glob: &WildMatch| finding.job.as_ref().is_some_and(|job| glob.matches(job));
    let has_role = |pattern: &RolePattern| {
        finding.role.as_ref().is_some_and(|role| pattern.matches(role, declared(subject, waiver, role)))
    };
    job.is_none_or(has_job) && role.is_none_or(has_role)
}

/// What the waiver's file knows of a role.
fn declared<'a>(subject: &Subject<'a>, waiver: &Waiver, role: &RoleRef) -> Option<&'a Role> {
    let own = subject.inventory.teams.get(&waiver.location.file).and_then(|file| file.roles.get(role.arn()?));
    own.or_else(|| subject.inventory.declared(role))
}

/// The text of the job and the role that a waiver names.
fn describe_names(waiver: &Waiver) -> String {
    let job = waiver.job.as_ref().map(|job| format!("job {job}"));
    let role = waiver.role.as_ref().map(|role| format!("role {role}"));
    job.into_iter().chain(role).collect::<Vec<_>>().join(" and ")
}

/// Waivers that one finding is about: those with the same job and role.
pub(super) struct WaiverGroup<'a> {
    /// The first waiver of the group.
    pub(super) first: &'a Waiver,
    others: Vec<&'a Waiver>,
}

/// Adds one finding for each group of waivers. `describe` writes its title, detail and fixes.
pub(super) fn add_findings<'a>(
    subject: &Subject<'a>,
    id: FindingId,
    waivers: impl Iterator<Item = &'a Waiver>,
    describe: impl Fn(Finding, &WaiverGroup<'a>) -> Finding,
    out: &mut Vec<Finding>,
) {
    let mut groups: Vec<(Finding, WaiverGroup<'a>)> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for waiver in waivers {
        let finding = finding_about(subject, id, waiver);
        match known.get(&finding.fingerprint) {
            Some(index) => {
                let (first, group) = &mut groups[*index];
                first.evidence.extend(finding.evidence);
                group.others.push(waiver);
            }
            None => {
                known.insert(finding.fingerprint.clone(), groups.len());
                groups.push((finding, WaiverGroup { first: waiver, others: Vec::new() }));
            }
        }
    }
    out.extend(groups.into_iter().map(|(finding, group)| describe(finding, &group)));
}

impl WaiverGroup<'_> {
    fn waivers(&self) -> impl Iterator<Item = &Waiver> {
        [self.first].into_iter().chain(self.others.iter().copied())
    }

    /// Whether the group has one waiver.
    pub(super) fn is_single(&self) -> bool {
        self.others.is_empty()
    }

    /// `The waiver of FINDING for NAMES` or `3 waivers of FINDING for NAMES`.
    pub(super) fn subject_of_title(&self) -> String {
        let (findings, names) = (self.findings(), distinct(self.waivers().map(describe_names)));
        match self.others.len() {
            0 => format!("The waiver of {findings} for {names}"),
            others => format!("{} waivers of {findings} for {names}", others + 1),
        }
    }

    /// The findings that the waivers name.
    pub(super) fn findings(&self) -> String {
        distinct(self.waivers().map(|waiver| waiver.finding.to_string()))
    }

    /// A sentence about each waiver.
    pub(super) fn sentences(&self, about: impl Fn(&Waiver) -> String) -> String {
        self.waivers().map(about).collect::<Vec<_>>().join(" ")
    }
}

/// Each text once, in the order of the first.
fn distinct(texts: impl Iterator<Item = String>) -> String {
    let mut distinct: Vec<String> = Vec::new();
    for text in texts {
        if !distinct.contains(&text) {
            distinct.push(text);
        }
    }
    distinct.join(", ")
}

/// A finding about a waiver. Its owners are those of the jobs that the waiver names, by name or by role.
fn finding_about(subject: &Subject<'_>, id: FindingId, waiver: &Waiver) -> Finding {
    let (job, role) = (waiver.job.as_deref().map(WildMatch::new), waiver.role.as_deref().map(RolePattern::new));
    let has_role = |job: &Job, pattern: &RolePattern| {
        job.path.iter().any(|hop| pattern.matches(&hop.role, declared(subject, waiver, &hop.role)))
    };
    let team = subject.inventory.teams.get(&waiver.location.file);
    let jobs = match team {
        Some(_) => subject.jobs_of_file(&waiver.location.file),
        None => &subject.inventory.jobs,
    };
    let named = |named: &&Job| {
        job.as_ref().is_none_or(|glob| glob.matches(&named.name))
            && role.as_ref().is_none_or(|pattern| has_role(named, pattern))
    };
    // The role's ARN if the waiver names one role. A glob appears only in the evidence.
    let named_role = waiver.role.as_deref().and_then(|written| {
        let roles = team.map(|team| &team.roles).into_iter().chain([&subject.inventory.roles]);
        let declared = roles.flat_map(|roles| roles.values()).find(|role| role.alias.as_deref() == Some(written));
        declared.map(|role| role.arn.clone()).or_else(|| RoleArn::parse(written).ok()).map(RoleRef::from)
    });
    let place = || Provenance::Place(waiver.location.clone());
    Finding::new(id, waiver.job.as_deref().map(JobName::from), named_role, None)
        .located(Some(waiver.location.clone()))
        .owned_by_each(jobs.iter().filter(named))
        .evidence(Fact::WaivedFinding(waiver.finding), place())
        .evidence(Fact::WaiverNames(describe_names(waiver)), place())
        .evidence(Fact::WaivedUntil(waiver.until), place())
        .evidence(Fact::WaiverReason(waiver.reason.clone()), place())
}
