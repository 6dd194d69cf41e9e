//! Findings by cause: what one person solves in one go. Shared by the terminal and the mail.

use std::cmp::Reverse;

use super::plain::count;
use crate::findings::evidence::{CommonRefusal, Fact};
use crate::findings::{Finding, FindingId, Severity};
use crate::fixes::search::ChangeKind;
use crate::fixes::{Block, BlockKind, Fix};
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
    severity: Severity,
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
            severity: finding.severity,
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
        match keys.iter().position(|known| *known == key) {
            Some(index) => causes[index].findings.push(finding),
            None => {
                keys.push(key);
                causes.push(Cause { findings: vec![finding] });
            }
        }
    }
    for cause in &mut causes {
        cause.findings.sort_by_key(|finding| Reverse(needed(finding)));
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
        let has_one_id = self.findings.iter().all(|finding| finding.id == worst.id);
        let id = if is_tidy_up { format!(" ({})", worst.id) } else { String::new() };
        let mut lines = vec![Line::Title(format!("{}{id}", self.title()))];
        lines.extend(self.others(options.most_of_names));
        lines.extend(worst.why.clone().filter(|_| has_one_id).map(Line::Text));
        if let Some(fix) = worst.fixes.first() {
            // A tidy-up needs no command at once, and one job's profile does not help other jobs.
            let is_of_one_job = self.findings.len() == 1 || worst.job.is_none();
            let is_common = is_of_the_checker(worst);
            let room = match is_common {
                // The statement is the same for each role, and the commands are not.
                true => 1,
                false if is_tidy_up || !is_of_one_job => 0,
                false => MOST_COMMAND_LINES,
            };
            let differs = |finding: &Finding| finding.fixes.first().map(Fix::sentences) != Some(fix.sentences());
            let job = worst.job.as_ref().filter(|_| self.findings.iter().any(|finding| differs(finding)));
            // The commands are those of the first role.
            let role = worst.role.as_ref().filter(|_| worst.job.is_none() && self.findings.len() > 1 && room > 1);
            let whose = match (job, role) {
                (Some(job), _) => Some(format!("For {job}: ")),
                (None, Some(role)) => Some(format!("For {}, and likewise for each role: ", role.name())),
                (None, None) => None,
            };
            let mut of_fix = fix_lines(fix, room);
            if let (Some(whose), Some(Line::Text(first) | Line::Step(_, first))) = (whose, of_fix.first_mut()) {
                first.insert_str(0, &whose);
            }
            lines.extend(of_fix);
        }
        if let Some(caution) = &worst.caution {
            lines.push(Line::Text(caution.clone()));
        }
        let foot = self.foot(options.more, is_tidy_up || !has_one_id);
        lines.extend((!foot.is_empty()).then_some(Line::Foot(foot)));
        lines
    }

    /// The findings of each id, in the order of their first finding.
    fn by_id(&self) -> Vec<(FindingId, Vec<&Finding>)> {
        let mut groups: Vec<(FindingId, Vec<&Finding>)> = Vec::new();
        for finding in &self.findings {
            match groups.iter_mut().find(|(id, _)| *id == finding.id) {
                Some((_, of_id)) => of_id.push(finding),
                None => groups.push((finding.id, vec![finding])),
            }
        }
        groups
    }

    /// The problem of the worst finding, and how many others have it.
    pub(super) fn title(&self) -> String {
        match &self.by_id()[..] {
            [(_, one)] => title_of(one),
            several => {
                let some_last = several.iter().any(|(id, _)| *id == FindingId::ThinMargin);
                let or_close = if some_last { " or end within their margin" } else { "" };
                format!(
                    "{} jobs run longer than their credentials last{or_close}, and no SDK renews the credentials",
                    self.findings.len()
                )
            }
        }
    }

    /// The other jobs or roles. If the findings have several ids, one line for each id.
    pub(super) fn others(&self, most: usize) -> Vec<Line> {
        match &self.by_id()[..] {
            [(_, one)] => {
                let names = names_after_the_first(one, most);
                names.map(|names| Line::Text(format!("Also: {names}"))).into_iter().collect()
            }
            several => several
                .iter()
                .map(|(id, of_id)| match names_after_the_first(of_id, most) {
                    Some(names) => Line::Item(format!("{} ({id}): {names}", title_of(of_id))),
                    None => Line::Item(format!("{} ({id})", title_of(of_id))),
                })
                .collect(),
        }
    }

    /// The id, its page and the number of other ways. `has_ids`: the lines above name the ids.
    fn foot(&self, more: MoreFixes<'_>, has_ids: bool) -> String {
        let worst = self.worst();
        let page = worst.runbook.starts_with("http").then(|| worst.runbook.clone());
        let id = match (has_ids, page) {
            (true, page) => page,
            (false, Some(page)) => Some(format!("{}: {page}", worst.id)),
            (false, None) => Some(worst.id.to_string()),
        };
        let ways = match worst.fixes.len().saturating_sub(1) {
            0 => None,
            ways => {
                let ways = count(ways, "more way", "more ways");
                let job = worst.job.as_ref().filter(|job| !job.is_copy());
                Some(match (more, job) {
                    (MoreFixes::Explain(explain), Some(job)) => {
                        format!("{ways}: {explain} {}", crate::shell::option("--job", job))
                    }
                    (MoreFixes::Explain(_), None) | (MoreFixes::Verbose, _) => format!("{ways}: add -v"),
                    // The page has no fix of this job or role.
                    (MoreFixes::WithInventory, Some(job)) => {
                        let job = crate::shell::option("--job", job);
                        format!("{ways}, with the inventory: credential-health explain {job}")
                    }
                    (MoreFixes::WithInventory, None) => {
                        format!("{ways}, with the inventory: credential-health check -v --inventory FILE")
                    }
                })
            }
        };
        id.into_iter().chain(ways).collect::<Vec<_>>().join("; ")
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

/// The parts of a fix: numbered, if it has several.
fn fix_lines(fix: &Fix, mut room: usize) -> Vec<Line> {
    let is_in_parts = fix.parts.len() > 1;
    let mut lines = Vec::new();
    for (index, part) in fix.parts.iter().enumerate() {
        let step = part.step.clone();
        lines.push(if is_in_parts { Line::Step(index + 1, step) } else { Line::Text(step) });
        for block in shown(&part.blocks) {
            let all: Vec<String> = match block.kind {
                // JSON on one line is the same JSON.
                BlockKind::TrustPolicy => vec![block.text.lines().map(str::trim_start).collect()],
                _ => block.text.lines().map(str::to_owned).collect(),
            };
            if all.len() <= room {
                room -= all.len();
                lines.extend(all.into_iter().map(Line::Code));
            }
        }
    }
    lines
}

/// The blocks of a part, without those for infrastructure as code if there is another.
fn shown(blocks: &[Block]) -> impl Iterator<Item = &Block> {
    let has_other = blocks.iter().any(|block| !block.kind.is_infrastructure());
    let mut infrastructure = 0;
    blocks.iter().filter(move |block| {
        if !block.kind.is_infrastructure() {
            return true;
        }
        infrastructure += 1;
        !has_other && infrastructure == 1
    })
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
