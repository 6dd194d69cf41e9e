//! Findings by cause: what one person solves in one go. Shared by the terminal and the mail.

use std::cmp::Reverse;

use super::plain::count;
use crate::findings::evidence::{CommonRefusal, Fact};
use crate::findings::{Finding, FindingId, Severity};
use crate::fixes::search::ChangeKind;
use crate::fixes::{BlockKind, Fix};
use crate::inventory::{RoleRef, Seconds};

/// The most lines of commands in a block: longer ones are in `explain`, the page and the JSON.
const MOST_COMMAND_LINES: usize = 5;

/// Open findings with one cause, the job with the longest need first.
#[derive(Debug)]
pub struct Cause<'a> {
    /// The findings; never empty.
    pub findings: Vec<&'a Finding>,
}

/// Findings with the same key have one cause: the same problem with the same kind of fix. A fix that changes a role
/// is one fix for each role. Several problems have one cause if the SDK's renewal solves all of them.
#[derive(PartialEq, Eq)]
struct Key<'a> {
    id: Option<FindingId>,
    severity: Option<Severity>,
    about_a_job: bool,
    kinds: Vec<ChangeKind>,
    role: Option<&'a RoleRef>,
    account: Option<&'a str>,
    step: Option<String>,
    /// Roles with other external IDs or session names need other statements.
    statement: Option<String>,
}

impl<'a> Key<'a> {
    fn of(finding: &'a Finding) -> Self {
        let about_a_job = finding.job.is_some();
        let best = finding.fixes.first();
        let kinds = best.map(|fix| fix.effect.kinds.clone()).unwrap_or_default();
        let changes_a_role = about_a_job && kinds.contains(&ChangeKind::MaxSession);
        let is_refusal = !about_a_job && finding.severity > Severity::Low;
        Self {
            id: (!is_renewal(&kinds)).then_some(finding.id),
            severity: (!is_renewal(&kinds)).then_some(finding.severity),
            about_a_job,
            role: finding.role.as_ref().filter(|_| changes_a_role),
            account: finding.role.as_ref().filter(|_| is_refusal && !is_everywhere(finding)).and_then(RoleRef::account),
            // The classes of failed calls share an id and have steps of their own, and so do the sources of paths.
            step: matches!(finding.id, FindingId::NotChecked | FindingId::PathUndeclared)
                .then(|| best.map(Fix::sentences))
                .flatten(),
            statement: best
                .filter(|_| is_call_of_the_checker(finding))
                .and_then(|fix| fix.lines_of(BlockKind::TrustPolicy)),
            kinds,
        }
    }
}

/// The refusals of the checker that have one cause with this one.
fn common_refusal(finding: &Finding) -> Option<CommonRefusal> {
    finding.evidence.iter().find_map(|evidence| match evidence.fact {
        Fact::CommonRefusal(common) => Some(common),
        _ => None,
    })
}

/// Whether the checker itself was refused, at a first role or a reader: all its statements name the same caller.
fn is_call_of_the_checker(finding: &Finding) -> bool {
    finding.id == FindingId::AssumeDenied && finding.hop.is_none_or(|hop| hop == 0)
}

fn is_of_the_checker(finding: &Finding) -> bool {
    common_refusal(finding).is_some()
}

/// Whether most roles of several accounts refused the checker: one cause, not one for each account.
fn is_everywhere(finding: &Finding) -> bool {
    common_refusal(finding).is_some_and(|common| common.accounts > 1)
}

fn is_renewal(kinds: &[ChangeKind]) -> bool {
    kinds == [ChangeKind::ProviderChain]
}

/// The causes of the findings, in the order of the findings.
#[must_use]
pub fn causes<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<Cause<'a>> {
    let mut keys: Vec<Key<'_>> = Vec::new();
    let mut causes: Vec<Cause<'_>> = Vec::new();
    for finding in findings {
        let key = Key::of(finding);
        let known = keys.iter().position(|known| *known == key);
        match known.or_else(|| causes.iter().position(|cause| cause.is_of_same_profile(finding))) {
            Some(index) => causes[index].findings.push(finding),
            None => {
                keys.push(key);
                causes.push(Cause { findings: vec![finding] });
            }
        }
    }
    for cause in &mut causes {
        cause.findings.sort_by_key(|finding| Reverse((finding.severity, needed(finding))));
    }
    causes
}

fn needed(finding: &Finding) -> Option<Seconds> {
    finding.evidence.iter().find_map(|evidence| match &evidence.fact {
        Fact::Needed(needed) => Some(*needed),
        _ => None,
    })
}

/// Where the fixes are that a block does not show.
#[derive(Debug, Clone, Copy)]
pub enum MoreFixes<'a> {
    /// The command that explains a job, for example `credential-health explain --inventory inventory`.
    Explain(&'a str),
    /// The same command with `-v`.
    Verbose,
    /// The commands for a person who has the inventory: the reader of a mail may be another.
    WithInventory,
}

/// What a block shows.
#[derive(Debug, Clone, Copy)]
pub struct BlockOptions<'a> {
    /// Where the other fixes are.
    pub more: MoreFixes<'a>,
    /// The most characters of a list of names. A table above the block has them all.
    pub most_of_names: usize,
}

/// A line of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// The problem of the worst finding.
    Title(String),
    /// A sentence: the reason, the other jobs, the fix.
    Text(String),
    /// A step of a fix that has several, with its number from 1.
    Step(usize, String),
    /// An item of a list: the jobs of one finding.
    Item(String),
    /// A line to copy, never wrapped.
    Code(String),
    /// The ids, and how to see more.
    Foot(String),
}

impl Cause<'_> {
    /// Whether the one finding of this cause is about the same profile, used itself or copied, and has the same fix.
    fn is_of_same_profile(&self, other: &Finding) -> bool {
        let [one] = self.findings[..] else { return false };
        let (Some(job), Some(other_job)) = (&one.job, &other.job) else { return false };
        let fix_of = |finding: &Finding| finding.fixes.first().map(|fix| fix.parts.clone());
        job.without_copy() == other_job.without_copy()
            && one.severity == other.severity
            && fix_of(one).is_some()
            && fix_of(one) == fix_of(other)
    }

    /// The worst finding.
    #[must_use]
    pub fn worst(&self) -> &Finding {
        self.findings[0]
    }

    /// The block: title, other jobs, reason, the best fix with its lines, the id.
    #[must_use]
    pub fn block(&self, options: BlockOptions<'_>) -> Vec<Line> {
        let worst = self.worst();
        let is_tidy_up = worst.severity == Severity::Low;
        let has_one_id = self.groups().len() == 1;
        let id = if is_tidy_up { format!(" ({})", worst.id) } else { String::new() };
        let mut lines = vec![Line::Title(format!("{}{id}", self.title()))];
        lines.extend(self.others(options.most_of_names));
        let why = self.common_or_first(|finding| finding.why.as_ref());
        lines.extend(why.filter(|_| has_one_id && self.common_refusal().is_none()).map(Line::Text));
        let mut left_out = false;
        if let Some(fix) = worst.fixes.first() {
            // A tidy-up needs no command at once. The checker's statement is the same for each role.
            let room = match (is_of_the_checker(worst), is_tidy_up) {
                (true, _) => 1,
                (false, true) => 0,
                (false, false) => MOST_COMMAND_LINES,
            };
            let mut of_fix = FixLines::new(fix, room);
            left_out = of_fix.left_out && !is_tidy_up;
            if let Some(Line::Text(first) | Line::Step(_, first)) = of_fix.lines.first_mut() {
                self.add_whose(fix, room > 1, first);
            }
            lines.extend(of_fix.lines);
        }
        lines.extend(self.common_or_first(|finding| finding.caution.as_ref()).map(Line::Text));
        let foot = self.foot(options.more, is_tidy_up || !has_one_id && !self.is_of_one_profile(), left_out);
        lines.extend((!foot.is_empty()).then_some(Line::Foot(foot)));
        lines
    }

    /// Adds whose fix it is to its first sentence, where the block has several jobs or roles and the sentences or the
    /// commands name one. `has_commands`: the block shows the commands of the fix.
    fn add_whose(&self, fix: &Fix, has_commands: bool, sentence: &mut String) {
        let of_others = || self.findings.iter().skip(1).map(|finding| finding.fixes.first());
        let has_sentences = |other: &&Fix| other.sentences() == fix.sentences();
        let is_same = |other: &Fix| has_sentences(&other) && (!has_commands || other.commands() == fix.commands());
        let worst = self.worst();
        let (name, noun) = match (&worst.job, &worst.role) {
            (Some(job), _) => (job.as_str(), "job"),
            (None, Some(role)) => (role.name(), "role"),
            (None, None) => return,
        };
        if of_others().all(|other| other.is_some_and(is_same)) {
            return;
        }
        // A sentence that others have too names no job: only its commands do.
        match of_others().flatten().any(|other| has_sentences(&other)) && fix.parts.len() == 1 {
            true => sentence.push_str(&format!(" For example, for {name}:")),
            false => sentence.insert_str(0, &format!("For {name}, and likewise for each {noun}: ")),
        }
    }

    /// The sentence, if all findings have the same; otherwise that of the worst finding, with its name.
    fn common_or_first(&self, sentence: impl Fn(&Finding) -> Option<&String>) -> Option<String> {
        let worst = self.worst();
        let of_worst = sentence(worst)?;
        match self.findings.iter().all(|finding| sentence(finding) == Some(of_worst)) {
            true => Some(of_worst.clone()),
            false => Some(format!("{}: {of_worst}", name_of(worst))),
        }
    }

    /// The findings of each id and severity, in the order of their first finding.
    fn groups(&self) -> Vec<Vec<&Finding>> {
        let mut groups: Vec<Vec<&Finding>> = Vec::new();
        for finding in &self.findings {
            let is_same = |other: &Finding| (other.id, other.severity) == (finding.id, finding.severity);
            match groups.iter_mut().find(|group| is_same(group[0])) {
                Some(group) => group.push(finding),
                None => groups.push(vec![finding]),
            }
        }
        groups
    }

    /// The refusals of the checker at first roles, if the block is about several.
    fn common_refusal(&self) -> Option<CommonRefusal> {
        let is_first = self.worst().hop == Some(0) && self.findings.len() > 1;
        common_refusal(self.worst()).filter(|_| is_first)
    }

    /// Whether the findings are about one profile, used itself and copied.
    fn is_of_one_profile(&self) -> bool {
        let profile = |finding: &Finding| finding.job.as_ref().map(|job| job.without_copy().to_owned());
        self.findings.iter().all(|finding| profile(finding) == profile(self.worst()))
    }

    /// The problem of the worst finding, and how many others have it.
    pub(super) fn title(&self) -> String {
        if let Some(common) = self.common_refusal() {
            let accounts =
                if common.accounts > 1 { format!(" in {} accounts", common.accounts) } else { String::new() };
            let CommonRefusal { refused, tried, .. } = common;
            return format!(
                "The checker may not assume {refused} of {tried} roles{accounts}; the jobs have other callers"
            );
        }
        match &self.groups()[..] {
            [one] => title_of(one),
            [first, ..] if self.is_of_one_profile() => title_of(first),
            several => {
                let some_last = several.iter().any(|group| group[0].id == FindingId::ThinMargin);
                let or_close = if some_last { " or end within their margin" } else { "" };
                format!("{} jobs outlast their credentials{or_close}, and no SDK renews them", self.findings.len())
            }
        }
    }

    /// The other jobs or roles. If the findings have several ids or severities, one line for each.
    pub(super) fn others(&self, most: usize) -> Vec<Line> {
        let groups = self.groups();
        if self.common_refusal().is_some() {
            // The title has their number.
            let names: Vec<&str> = self.findings.iter().map(|finding| name_of(finding)).collect();
            let all = names.join(", ");
            return (all.len() <= most).then(|| Line::Text(format!("Roles: {all}."))).into_iter().collect();
        }
        if let [one] = &groups[..] {
            let names = names_after_the_first(one, most);
            return names.map(|names| Line::Text(format!("Also: {names}"))).into_iter().collect();
        }
        let worst = self.worst().severity;
        let item = |group: &Vec<&Finding>| {
            let (id, severity) = (group[0].id, group[0].severity);
            let severity = if severity == worst { String::new() } else { format!(", {severity}") };
            let names = names_after_the_first(group, most).map_or_else(String::new, |names| format!(": {names}"));
            Line::Item(format!("{} ({id}{severity}){names}", title_of(group)))
        };
        groups.iter().skip(usize::from(self.is_of_one_profile())).map(item).collect()
    }

    /// The id, its page and the number of other ways. `has_ids`: the lines above name the ids. `left_out`: the block
    /// does not show all commands.
    fn foot(&self, more: MoreFixes<'_>, has_ids: bool, left_out: bool) -> String {
        let worst = self.worst();
        let page = worst.runbook.starts_with("http").then(|| worst.runbook.clone());
        let id = match (has_ids, page) {
            (true, page) => page,
            (false, Some(page)) => Some(format!("{}: {page}", worst.id)),
            (false, None) => Some(worst.id.to_string()),
        };
        let ways = worst.fixes.len().saturating_sub(1);
        let rest = match (left_out, ways) {
            (false, 0) => None,
            (true, 0) => Some("all commands".to_owned()),
            (false, ways) => Some(count(ways, "more way", "more ways")),
            (true, ways) => Some(format!("all commands and {}", count(ways, "more way", "more ways"))),
        };
        let job = worst.job.as_ref().filter(|job| !job.is_copy());
        let where_to = |rest| match (more, job) {
            (MoreFixes::Explain(explain), Some(job)) => {
                format!("{rest}: {explain} {}", crate::shell::option("--job", job))
            }
            (MoreFixes::Explain(_), None) | (MoreFixes::Verbose, _) => format!("{rest}: add -v"),
            // The page has no fix of this job or role.
            (MoreFixes::WithInventory, Some(job)) => {
                format!("{rest}: credential-health explain {}", crate::shell::option("--job", job))
            }
            (MoreFixes::WithInventory, None) => format!("{rest}: credential-health check -v --inventory FILE"),
        };
        id.into_iter().chain(rest.map(where_to)).collect::<Vec<_>>().join("; ")
    }
}

/// The title of the first finding, and how many others there are.
fn title_of(findings: &[&Finding]) -> String {
    let Some(worst) = findings.first() else { return String::new() };
    let more = findings.len() - 1;
    match (&worst.job, more) {
        (_, 0) => worst.title.clone(),
        (_, 1) if is_short(findings[1]) => format!("{}; {} likewise", worst.title, name_of(findings[1])),
        (Some(_), more) => format!("{}; {}", worst.title, count(more, "more job likewise", "more jobs likewise")),
        (None, more) if worst.role.is_some() => {
            format!("{}; {}", worst.title, count(more, "more role likewise", "more roles likewise"))
        }
        (None, more) => format!("{}; {more} more likewise", worst.title),
    }
}

fn names_after_the_first(findings: &[&Finding], most: usize) -> Option<String> {
    let names: Vec<&str> = findings.iter().skip(1).map(|finding| name_of(finding)).collect();
    // The title names a single other one.
    let is_in_title = findings.len() == 2 && is_short(findings[1]);
    (!names.is_empty() && !is_in_title).then(|| listed(&names, most))
}

/// The parts of a fix, numbered if it has several, with as many commands as there is room for.
struct FixLines {
    lines: Vec<Line>,
    /// There was no room for a part of the commands.
    left_out: bool,
}

impl FixLines {
    fn new(fix: &Fix, mut room: usize) -> Self {
        let is_in_parts = fix.parts.len() > 1;
        let mut all = Self { lines: Vec::new(), left_out: false };
        for (index, part) in fix.parts.iter().enumerate() {
            let step = part.step.clone();
            all.lines.push(if is_in_parts { Line::Step(index + 1, step) } else { Line::Text(step) });
            for block in part.brief_blocks() {
                let code: Vec<String> = match block.kind {
                    // JSON on one line is the same JSON.
                    BlockKind::TrustPolicy => vec![block.text.lines().map(str::trim_start).collect()],
                    _ => block.text.lines().map(str::to_owned).collect(),
                };
                match room.checked_sub(code.len()) {
                    Some(rest) => {
                        room = rest;
                        all.lines.extend(code.into_iter().map(Line::Code));
                    }
                    None => all.left_out = true,
                }
            }
        }
        all
    }
}

fn name_of(finding: &Finding) -> &str {
    match (&finding.job, &finding.role) {
        (Some(job), _) => job,
        (None, Some(role)) => role.name(),
        (None, None) => &finding.title,
    }
}

/// Whether a title has room for the name of the finding's job or role.
fn is_short(finding: &Finding) -> bool {
    const ROOM: usize = 30;
    (finding.job.is_some() || finding.role.is_some()) && name_of(finding).len() <= ROOM
}

/// The names within so many characters, and the number of the others.
fn listed(names: &[&str], most: usize) -> String {
    let mut text = String::new();
    for (index, name) in names.iter().enumerate() {
        if index > 0 && text.len() + name.len() > most {
            return format!("{text} and {} more.", names.len() - index);
        }
        text.push_str(if index == 0 { "" } else { ", " });
        text.push_str(name);
    }
    format!("{text}.")
}
