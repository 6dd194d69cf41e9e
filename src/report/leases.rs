//! How long jobs on AWS profiles may run: the table of profiles, then the findings with their fixes. The numbers are
//! `lease`'s; knows nothing of the files.

use std::collections::{BTreeMap, BTreeSet};

use super::terminal::{self, Detail, Layout};
use super::{NotJudged, Report, plain};
use crate::import::aws_config::NoJob;
use crate::inventory::{Job, Location, Seconds, Source};
use crate::lease::Limit;
use crate::lease::longest::{Longest, LongestRuns};
use crate::visible;

/// The profiles of a report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profiles {
    /// Profiles with credentials that expire.
    pub judged: Vec<JudgedProfile>,
    /// Profiles that can never give credentials.
    pub cannot_start: Vec<RefusedProfile>,
    /// The other profiles of the files.
    pub others: BTreeMap<String, NoJob>,
    /// How long the jobs run; `None`: not declared.
    pub length: Option<Seconds>,
    /// Jobs with a copy of their credentials do not count.
    pub renewed_only: bool,
    /// Notes about single profiles.
    pub notes: Vec<String>,
}

/// A profile with credentials that expire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedProfile {
    /// The job that is made of the profile.
    pub job: Job,
    /// How long a job with a copy of its credentials may run.
    pub copied: Longest,
    /// How long a job that uses the profile itself may run.
    pub renewed: Longest,
    /// The run makes AWS calls and could not follow the path of the profile to its end.
    pub is_unchecked: bool,
}

impl From<LongestRuns<'_>> for JudgedProfile {
    fn from(LongestRuns { job, copied, renewed }: LongestRuns<'_>) -> Self {
        Self { job: job.clone(), copied, renewed, is_unchecked: false }
    }
}

/// A profile that can never give credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedProfile {
    /// Its name.
    pub profile: String,
    /// The reason, in a few words.
    pub why: &'static str,
    /// Where.
    pub location: Location,
}

/// One row of the table of profiles, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRow {
    /// The name of the profile.
    pub profile: String,
    /// The source and the names of the roles.
    pub path: String,
    /// How long a copy of the credentials lasts.
    pub copied: String,
    /// How long renewed credentials last.
    pub renewed: String,
    /// The limits of both.
    pub limited_by: String,
}

impl Profiles {
    /// The rows of the table: profiles that can never work first.
    #[must_use]
    pub fn rows(&self) -> Vec<LeaseRow> {
        let refused = self.cannot_start.iter().map(|RefusedProfile { profile, why, location }| LeaseRow {
            profile: profile.clone(),
            path: "-".to_owned(),
            copied: "cannot start".to_owned(),
            renewed: "cannot start".to_owned(),
            limited_by: format!("{why}, line {}", location.line),
        });
        let others = self.without_rows_above().map(|(profile, why)| other_row(profile, why));
        refused.chain(self.judged.iter().map(JudgedProfile::row)).chain(others).collect()
    }

    /// The profiles that are neither judged nor refused.
    fn without_rows_above(&self) -> impl Iterator<Item = (&str, NoJob)> {
        let named = self.judged.iter().map(|judged| judged.job.name.as_str());
        let refused = self.cannot_start.iter().map(|refused| refused.profile.as_str());
        let above: BTreeSet<&str> = named.chain(refused).collect();
        let others = self.others.iter().map(|(name, why)| (name.as_str(), *why));
        others.filter(move |(name, _)| !above.contains(name))
    }

    /// How many profiles can never work.
    fn cannot_start_count(&self) -> usize {
        let refused: BTreeSet<&str> = self.cannot_start.iter().map(|refused| refused.profile.as_str()).collect();
        refused.len() + self.judged.iter().filter(|one| one.cannot_start()).count()
    }

    /// `11 profiles: 2 can never work, 3 could not be judged, 6 can start.` The counts add up to the profiles.
    #[must_use]
    pub fn headline(&self) -> String {
        let all = plain::count(self.rows().len(), "profile", "profiles");
        let others = |wanted: NoJob| self.without_rows_above().filter(|(_, why)| *why == wanted).count();
        let mut parts = vec![(self.cannot_start_count(), "can never work".to_owned())];
        parts.extend(self.outlooks(others(NoJob::NotKnown)));
        let keys = others(NoJob::LongTermKey);
        parts.push((keys, if keys == 1 { "has a long-term key" } else { "have long-term keys" }.to_owned()));
        let without = others(NoJob::NoCredentials);
        parts.push((without, if without == 1 { "has no credentials" } else { "have no credentials" }.to_owned()));
        let parts: Vec<String> =
            parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        match parts.is_empty() {
            true => format!("{all}."),
            false => format!("{all}: {}.", parts.join(", ")),
        }
    }

    /// The numbers of profiles that can start, by whether their credentials last. `not_known`: profiles of which the
    /// files do not say it.
    fn outlooks(&self, not_known: usize) -> Vec<(usize, String)> {
        let starts = || self.judged.iter().filter(|one| !one.cannot_start());
        let unknown = |count: usize| (not_known + count, "could not be judged".to_owned());
        let unchecked = |count: usize| (count, "could not be checked".to_owned());
        let Some(length) = self.length else {
            let is_unknown = |one: &&JudgedProfile| matches!(one.copied, Longest::NotKnown { .. });
            let known = || starts().filter(|one| !is_unknown(one));
            let of_unchecked = known().filter(|one| one.is_unchecked).count();
            return vec![
                unknown(starts().filter(is_unknown).count()),
                unchecked(of_unchecked),
                (known().count() - of_unchecked, "can start".to_owned()),
            ];
        };
        let with = |wanted: Outlook| starts().filter(|one| one.outlook(length, self.renewed_only) == wanted).count();
        let (ends, copied, last) = (with(Outlook::Ends), with(Outlook::EndsWhenCopied), with(Outlook::Lasts));
        let end = |count: usize| if count == 1 { "ends" } else { "end" };
        vec![
            unknown(with(Outlook::NotKnown)),
            unchecked(with(Outlook::NotChecked)),
            (ends, format!("{} before {length}", end(ends))),
            (copied, format!("{} before {length} when copied", end(copied))),
            (last, format!("{} {length}", if last == 1 { "lasts" } else { "last" })),
        ]
    }
}

fn other_row(profile: &str, why: NoJob) -> LeaseRow {
    let (lasts, limited_by) = match why {
        NoJob::NotKnown => ("not known", "see below"),
        NoJob::LongTermKey => ("no end", "long-term key"),
        NoJob::NoCredentials => ("-", "no credentials"),
    };
    LeaseRow {
        profile: profile.to_owned(),
        path: "-".to_owned(),
        copied: lasts.to_owned(),
        renewed: lasts.to_owned(),
        limited_by: limited_by.to_owned(),
    }
}

/// Whether a profile's credentials last for jobs of a length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outlook {
    Ends,
    NotKnown,
    NotChecked,
    EndsWhenCopied,
    Lasts,
}

/// Whether the credentials last this long; `None`: not known.
fn lasts(longest: &Longest, length: Seconds) -> Option<bool> {
    match longest {
        Longest::NoEnd => Some(true),
        Longest::For(end, _) => Some(*end >= length),
        Longest::CannotStart(_) => Some(false),
        Longest::NotKnown { at_most, .. } => at_most.is_some_and(|end| end < length).then_some(false),
    }
}

impl JudgedProfile {
    const fn cannot_start(&self) -> bool {
        matches!(self.copied, Longest::CannotStart(_))
    }

    fn outlook(&self, length: Seconds, renewed_only: bool) -> Outlook {
        let copied = if renewed_only { Some(true) } else { lasts(&self.copied, length) };
        match (lasts(&self.renewed, length), copied) {
            (Some(false), _) => Outlook::Ends,
            (_, Some(false)) => Outlook::EndsWhenCopied,
            (None, _) | (_, None) => Outlook::NotKnown,
            (Some(true), Some(true)) if self.is_unchecked => Outlook::NotChecked,
            (Some(true), Some(true)) => Outlook::Lasts,
        }
    }

    fn row(&self) -> LeaseRow {
        let Self { job, copied, renewed, is_unchecked } = self;
        let renews = job.refresh.renews();
        let limited_by = match (limit(job, copied), limit(job, renewed)) {
            (one, another) if one == another || another.is_empty() || !renews => one,
            (copied, renewed) => format!("{copied} / {renewed}"),
        };
        let limited_by = match (is_unchecked, limited_by.is_empty()) {
            (false, _) => limited_by,
            (true, true) => "not checked".to_owned(),
            (true, false) => format!("not checked; {limited_by}"),
        };
        // A refused request is refused, however the credentials are got.
        let known = renews || matches!(copied, Longest::CannotStart(_));
        let renewed = if known { describe(job, renewed) } else { "not known".to_owned() };
        LeaseRow { profile: job.name.to_string(), path: path(job), copied: describe(job, copied), renewed, limited_by }
    }
}

/// The report as text for a terminal.
#[must_use]
pub fn render(profiles: &Profiles, report: &Report, layout: &Layout<'_>) -> String {
    let width = layout.width();
    let bold = anstyle::Style::new().bold();
    let summary = format!("{bold}{}{bold:#}\n", profiles.headline());
    if layout.detail == Detail::Summary {
        return summary;
    }
    let mut text = format!("{summary}\n");
    let rows = profiles.rows();
    if !rows.is_empty() {
        text.push_str(&table(&rows, width));
        text.push('\n');
    }
    text.push_str(&terminal::blocks(report, layout));
    let lines: Vec<String> = report.not_judged.iter().map(not_judged).collect();
    terminal::section(&mut text, "Not judged", &lines, width);
    terminal::section(&mut text, "Notes", &notes(report, layout.detail), width);
    if !plain::is_offline(&report.coverage) {
        terminal::section(&mut text, "Coverage", &plain::short_coverage(report), width);
    }
    text.push_str(&summary);
    text
}

/// The report of a walk without an answer of AWS: the profiles, and those that can never work. The causes of the others
/// are errors of their own.
#[must_use]
pub fn render_without_answer(profiles: &Profiles, report: &Report, layout: &Layout<'_>) -> String {
    let width = layout.width();
    let rows = profiles.rows();
    let never = match profiles.cannot_start_count() {
        0 => String::new(),
        never => format!(", {never} can never work"),
    };
    let summary = format!("Nothing was checked: {}{never}.\n", plain::count(rows.len(), "profile", "profiles"));
    if layout.detail == Detail::Summary {
        return summary;
    }
    let mut text = format!("{summary}\n");
    if !rows.is_empty() {
        text.push_str(&table(&rows, width));
        text.push('\n');
    }
    let lines: Vec<String> = report.not_judged.iter().map(not_judged).collect();
    terminal::section(&mut text, "Not judged", &lines, width);
    text
}

/// The meaning of the columns, and the notes of the report.
pub(super) fn notes(report: &Report, detail: Detail) -> Vec<String> {
    let columns = "copied: with a copy of the credentials; renewed: by the AWS CLI or an SDK; assumed: a default.";
    let mut notes: Vec<String> = std::iter::once(columns.to_owned()).chain(report.notes.iter().cloned()).collect();
    let of_profiles = report.profiles.as_ref().map_or(&[][..], |profiles| &profiles.notes);
    match (detail, of_profiles.len()) {
        (Detail::Summary | Detail::Causes, 1..) => {
            let count = plain::count(of_profiles.len(), "note", "notes");
            notes.push(format!("Some SDKs read these profiles differently: add -v to see {count}."));
        }
        (Detail::Everything, _) | (_, 0) => notes.extend(of_profiles.iter().cloned()),
    }
    notes
}

/// A part of the files that could not be judged.
pub(super) fn not_judged(not: &NotJudged) -> String {
    let NotJudged { location, what, help, cannot_work } = not;
    let word = if *cannot_work { "Cannot work: " } else { "" };
    visible::printable(&format!("{word}{}: {what}. To do: {help}", short_place(location)))
}

/// `config:12` for the files in `~/.aws`, else the whole place.
#[must_use]
pub fn short_place(location: &Location) -> String {
    let usual = ["/.aws/config", "/.aws/credentials"].iter().find(|file| location.file.ends_with(*file));
    let name = usual.and_then(|file| file.rsplit('/').next());
    name.map_or_else(|| location.to_string(), |name| format!("{name}:{}", location.line))
}

/// One row a profile.
fn table(rows: &[LeaseRow], width: usize) -> String {
    let cells = |row: &LeaseRow| {
        [&row.profile, &row.path, &row.copied, &row.renewed, &row.limited_by].map(|cell| visible::line(cell))
    };
    let heading = ["PROFILE", "PATH", "COPIED", "RENEWED", "LIMITED BY"].map(str::to_owned);
    let all: Vec<[String; 5]> = std::iter::once(heading).chain(rows.iter().map(cells)).collect();
    terminal::aligned(&all, width, |_| anstyle::Style::new())
}

/// How long the job may run, and whether that rests on a duration of AWS's that no file states.
fn describe(job: &Job, longest: &Longest) -> String {
    match longest {
        Longest::For(end, limit) if limit.is_some_and(|limit| job.unstated.is_limit(limit.by)) => {
            format!("{end} assumed")
        }
        Longest::CannotStart(_) => "cannot start".to_owned(),
        Longest::NotKnown { at_most: Some(end), .. } => format!("at most {end}"),
        Longest::NotKnown { at_most: None, .. } => "not known".to_owned(),
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
        Longest::CannotStart(limit) | Longest::NotKnown { limit, .. } | Longest::For(_, limit) => *limit,
        Longest::NoEnd => None,
    }
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
