//! The jobs that the tags of roles declare: `credential-health:job/NAME` with a value such as `length=4h
//! source=ecs-task`. A tag declares only jobs of its own role. Pure: `aws` reads the tags.

mod value;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::discover::WrongOwner;
use super::limits::MOST_HOPS;
use super::{Hop, Inventory, Job, JobName, LengthFrom, Location, Role, RoleArn, Seconds, UnstatedLimits};
use value::TagValue;

/// What the key of a tag begins with that declares a job.
pub const JOB_KEY: &str = "credential-health:job/";
/// What the keys of all tags of this product begin with.
const OWN_KEYS: &str = "credential-health:";

/// A role and its tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedRole {
    /// The role.
    pub arn: RoleArn,
    /// The keys and the values of its tags.
    pub tags: Vec<(String, String)>,
}

/// What the tags of roles declare.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaggedJobs {
    /// The names of the jobs that the run checks.
    pub jobs: Vec<JobName>,
    /// The tags that are wrong.
    pub wrong: Vec<WrongTag>,
    /// The tags that do not count, because a file declares a job of the same name.
    pub overruled: Vec<OverruledTag>,
}

/// A tag that declares no job, or not by its own name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongTag {
    /// The role.
    pub role: RoleArn,
    /// The key.
    pub key: String,
    /// The owner that the tag names, where a tag of the role may name it.
    pub owner: Option<String>,
    /// Every problem.
    pub problems: Vec<TagProblem>,
}

/// A tag whose job a file declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverruledTag {
    /// The role.
    pub role: RoleArn,
    /// The name of the job.
    pub job: JobName,
    /// Where the job is declared that counts.
    pub by: Location,
}

/// What is wrong with a tag, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagProblem {
    /// A key of this product that names no job.
    #[error("the key is not {JOB_KEY}NAME")]
    Key,
    /// The name of the job is empty, or has blanks at its ends or control characters.
    #[error("the key has no name of a job after {JOB_KEY}")]
    Name,
    /// A word of the value that is not `key=value`.
    #[error("`{0}` is not KEY=VALUE; separate the words with one blank")]
    Word(String),
    /// A key that tags do not have.
    #[error("`{0}` is not known; known are {known}", known = value::KEYS.join(", "))]
    UnknownWord(String),
    /// A key that the value repeats.
    #[error("`{0}` is given twice")]
    Twice(&'static str),
    /// A required key is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A duration that cannot be read.
    #[error("{key}: `{written}` {why}")]
    Duration {
        /// The key.
        key: &'static str,
        /// The text.
        written: String,
        /// Why it is no duration.
        why: super::NotADuration,
    },
    /// A kind of source that does not exist.
    #[error("`{0}` is not a kind of source")]
    Source(String),
    /// A kind of source that needs parameters, which tags do not have.
    #[error("a source of kind `{0}` needs parameters: declare the job in a file")]
    SourceWithParameters(&'static str),
    /// A Lambda function cannot run for so long.
    #[error("a Lambda function cannot run for {0}")]
    LambdaLength(Seconds),
    /// A renewal that does not exist.
    #[error("refresh: `{0}` is not none, auto or every:DURATION, such as every:30m")]
    Refresh(String),
    /// A role before this one that is no alias of the platform's file.
    #[error("via: `{0}` is not an alias under `roles` of the platform's file")]
    Via(String),
    /// More roles than a path has.
    #[error("the path has {0} hops, and a path has at most {MOST_HOPS}")]
    Hops(usize),
    /// Roles of two partitions.
    #[error("via: `{0}` is in another partition of AWS")]
    Partition(String),
    /// An owner that the platform's file does not name.
    #[error("owner: `{0}` is not an owner under `sources` of the platform's file")]
    Owner(String),
    /// An owner whose roles do not include those of the path.
    #[error("owner: `sources` of the platform's file does not let `{0}` declare jobs of these roles")]
    OwnerOfOtherRoles(String),
    /// The tag of another role has the same name.
    #[error("the tag of {other} names this job too; this job was checked as `{checked_as}`")]
    SameName {
        /// The other role.
        other: RoleArn,
        /// The name in this run.
        checked_as: JobName,
    },
}

impl Inventory {
    /// This inventory with the jobs that the tags of roles declare. A file's job goes before a tag's.
    #[must_use]
    pub fn with_role_tags(&self, mut roles: Vec<TaggedRole>) -> (Self, TaggedJobs) {
        roles.sort_by(|one, other| one.arn.cmp(&other.arn));
        roles.dedup_by(|one, other| one.arn == other.arn);
        let mut inventory = self.clone();
        let mut reading = Reading::new(self);
        for TaggedRole { arn, mut tags } in roles {
            tags.sort();
            for (key, value) in tags {
                inventory.jobs.extend(reading.job(&arn, &key, &value));
            }
        }
        for role in inventory.jobs.iter().flat_map(|job| &job.path).filter_map(|hop| hop.role.arn()) {
            inventory.roles.entry(role.clone()).or_insert_with(|| Role::bare(role.clone()));
        }
        (inventory, reading.read)
    }
}

/// Reads the tags of all roles.
struct Reading<'a> {
    inventory: &'a Inventory,
    /// The roles of the platform's file, by alias.
    aliases: HashMap<&'a str, &'a RoleArn>,
    /// The jobs of the files, by name.
    declared: HashMap<&'a str, &'a Location>,
    /// The roles whose tags named these jobs.
    tagged: BTreeMap<String, RoleArn>,
    read: TaggedJobs,
}

impl<'a> Reading<'a> {
    fn new(inventory: &'a Inventory) -> Self {
        let aliases = inventory.roles.iter().filter_map(|(arn, role)| Some((role.alias.as_deref()?, arn)));
        let declared = inventory.jobs.iter().map(|job| (job.name.as_str(), &job.location));
        Self {
            inventory,
            aliases: aliases.collect(),
            declared: declared.collect(),
            tagged: BTreeMap::new(),
            read: TaggedJobs::default(),
        }
    }

    /// The job that a tag declares; `None`: the tag is not about a job, is wrong or does not count.
    fn job(&mut self, role: &RoleArn, key: &str, value: &str) -> Option<Job> {
        let after = |prefix: &str| {
            let start = key.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix));
            start.and_then(|_| key.get(prefix.len()..))
        };
        after(OWN_KEYS)?;
        let mut problems = Vec::new();
        let name = after(JOB_KEY);
        let value = match name {
            None => {
                problems.push(TagProblem::Key);
                TagValue::default()
            }
            Some(name) => {
                if name.is_empty() || name.trim() != name || name.contains(char::is_control) {
                    problems.push(TagProblem::Name);
                }
                TagValue::read(value, &mut problems)
            }
        };
        if let Some(by) = name.and_then(|name| self.declared.get(name)) {
            let job = JobName::from(name.unwrap_or_default());
            self.read.overruled.push(OverruledTag { role: role.clone(), job, by: (*by).clone() });
            return None;
        }
        let path = self.path(role, &value, &mut problems);
        let owner = self.owner(&path, value.owner.as_deref(), &mut problems);
        let job = match (name, value.length, &value.source, problems.is_empty()) {
            (Some(name), Some(length), Some(source), true) => {
                let name = self.unique(name, role, &mut problems);
                let tag: Arc<str> = format!("tag of {role}").into();
                Some(Job {
                    name,
                    owner: owner.clone().or_else(|| self.inventory.platform_owner.clone()),
                    length,
                    length_from: LengthFrom::Declared,
                    unstated: UnstatedLimits::of_bare(source),
                    pause: value.pause.unwrap_or(Seconds(0)),
                    age: value.age.unwrap_or(Seconds(0)),
                    session_name: None,
                    measured_by: None,
                    margin: value.margin.unwrap_or(self.inventory.discover.margin),
                    source: source.clone(),
                    path,
                    refresh: value.refresh.unwrap_or_default(),
                    location: Location::start_of(tag),
                })
            }
            _ => None,
        };
        self.read.jobs.extend(job.iter().map(|job| job.name.clone()));
        if !problems.is_empty() {
            self.read.wrong.push(WrongTag { role: role.clone(), key: key.to_owned(), owner, problems });
        }
        job
    }

    /// The roles of `via`, each an alias of the platform's file, and then the role of the tag.
    fn path(&self, role: &RoleArn, value: &TagValue, problems: &mut Vec<TagProblem>) -> Vec<Hop> {
        let hop = |arn: &RoleArn| Hop { role: arn.clone().into(), duration: None, copied: false, misread: None };
        let mut path = Vec::with_capacity(value.via.len() + 1);
        for alias in &value.via {
            match self.aliases.get(alias.as_str()) {
                None => problems.push(TagProblem::Via(alias.clone())),
                Some(arn) if arn.partition() != role.partition() => {
                    problems.push(TagProblem::Partition(alias.clone()));
                }
                Some(arn) => path.push(hop(arn)),
            }
        }
        path.push(Hop { duration: value.duration, ..hop(role) });
        if value.via.len() >= MOST_HOPS {
            problems.push(TagProblem::Hops(value.via.len() + 1));
        }
        path
    }

    /// The owner, if the platform's file allows a tag on this path to name it.
    fn owner(&self, path: &[Hop], owner: Option<&str>, problems: &mut Vec<TagProblem>) -> Option<String> {
        let owner = owner?.to_owned();
        let roles: Vec<&RoleArn> = path.iter().filter_map(|hop| hop.role.arn()).collect();
        match self.inventory.discover.check_owner(&owner, &roles) {
            Ok(()) => return Some(owner),
            Err(WrongOwner::NotKnown) => problems.push(TagProblem::Owner(owner)),
            Err(WrongOwner::NotOfTheRole) => problems.push(TagProblem::OwnerOfOtherRoles(owner)),
        }
        None
    }

    /// The name of a job in the inventory: that of the first role by ARN stays as it is.
    fn unique(&mut self, name: &str, role: &RoleArn, problems: &mut Vec<TagProblem>) -> JobName {
        let is_free = |name: &str| !self.tagged.contains_key(name) && !self.declared.contains_key(name);
        let mut unique = name.to_owned();
        while !is_free(&unique) {
            unique = format!("{unique} ({role})");
        }
        if let Some(other) = self.tagged.get(name).filter(|_| unique != name) {
            problems.push(TagProblem::SameName { other: other.clone(), checked_as: unique.as_str().into() });
        }
        self.tagged.insert(unique.clone(), role.clone());
        unique.into()
    }
}

#[cfg(test)]
mod tests;
