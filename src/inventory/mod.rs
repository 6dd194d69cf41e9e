//! What people declare: jobs, the paths by which they get credentials, roles, readers, waivers.
//!
//! `files` reads, `yaml` parses, `decode` checks the shape, `validate` the meaning; each reports every problem with its
//! place. What comes out is valid: the rest of the crate never asks again.

mod arn;
mod decode;
mod files;
mod filter;
mod job_name;
mod limits;
pub(crate) mod problem;
pub(crate) mod raw;
mod seconds;
mod source;
mod validate;
#[cfg(feature = "cli")]
pub(crate) mod write;
pub(crate) mod yaml;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

pub use arn::{NotARole, RoleArn, RoleRef, is_account};
#[cfg(feature = "cli")]
pub(crate) use files::digest;
pub(crate) use files::hex;
pub use filter::{Filter, NothingMatches, RolePattern};
pub use job_name::JobName;
#[cfg(feature = "cli")]
pub use problem::Remark;
pub use problem::{Location, Place, Problem, Problems};
#[cfg(feature = "cli")]
pub(crate) use problem::{Placed, Sink, SourceFile, nearest};
pub use raw::Refresh;
pub use seconds::Seconds;
pub use source::Source;
#[cfg(feature = "cli")]
pub use write::{Comments, JobComments};

use crate::findings::FindingId;

/// The margin of jobs that state none, where `defaults` states none either.
const DEFAULT_MARGIN: Seconds = Seconds::minutes(10);

/// A valid inventory.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// The jobs, in the order of the files.
    pub jobs: Vec<Job>,
    /// Every role that is named, with what is declared of it.
    pub roles: BTreeMap<RoleArn, Role>,
    /// Who reads IAM role settings, per account.
    pub readers: Readers,
    /// Findings accepted for a time.
    pub waivers: Vec<Waiver>,
    /// SHA-256 of the files' bytes, in hexadecimal.
    pub sha256: String,
}

/// Something that runs for a known longest time on temporary AWS credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its name, unique in the inventory.
    pub name: JobName,
    /// Who gets its findings.
    pub owner: Option<String>,
    /// Its longest run.
    pub length: Seconds,
    /// Where its length is known from.
    pub length_from: LengthFrom,
    /// How long the process may be frozen; the lease runs on.
    pub pause: Seconds,
    /// Headroom that it should keep.
    pub margin: Seconds,
    /// Where its credentials come from first.
    pub source: Source,
    /// The roles it assumes, each with the credentials of the one before.
    pub path: Vec<Hop>,
    /// How it renews its credentials.
    pub refresh: Refresh,
    /// Where it is declared.
    pub location: Location,
}

/// Where a job's length is known from: how far a verdict on it can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LengthFrom {
    /// Somebody declared it: an inventory's `length`, a workflow's `timeout-minutes`, `--length`.
    #[default]
    Declared,
    /// The timeout of a Lambda function, a CodeBuild project, a Glue job.
    Configured,
    /// A default that nobody declared, such as GitHub's 360 minutes.
    Assumed,
    /// The longest run in a run history.
    Measured,
    /// The longest run that CloudTrail shows: a lower bound.
    Observed,
}

impl Job {
    /// How long its credentials must last: length + pause.
    #[must_use]
    pub fn needed(&self) -> Seconds {
        self.length + self.pause
    }

    /// Whether hop `index` is chained: its caller is itself a session, so STS caps it at one hour
    /// (STS AssumeRole, `DurationSeconds`: role chaining).
    #[must_use]
    pub fn is_chained(&self, index: usize) -> bool {
        index > 0 || !self.source.reaches_directly()
    }
}

/// One role assumed with the credentials of the hop before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The role.
    pub role: RoleRef,
    /// The DurationSeconds that the job's client sends; `None`: it sends none, and STS takes 3600.
    pub duration: Option<Seconds>,
}

/// What is declared of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its ARN.
    pub arn: RoleArn,
    /// The name the inventory knows it by.
    pub alias: Option<String>,
    /// The external ID that its trust policy asks for.
    pub external_id: Option<String>,
    /// The RoleSessionName that its trust policy asks for.
    pub session_name: Option<String>,
    /// The SourceIdentity that its trust policy asks for.
    pub source_identity: Option<String>,
    /// `Some(false)`: only read its settings. `Some(true)`: assume it, whatever the source. `None`: as the source says.
    pub assume: Option<bool>,
    /// Its declared MaxSessionDuration.
    pub max_session_duration: Option<Seconds>,
    /// Where it is declared; `None`: only paths name it.
    pub location: Option<Location>,
}

impl Role {
    /// A role of which nothing is declared but its ARN.
    #[must_use]
    pub fn bare(arn: RoleArn) -> Self {
        Self {
            arn,
            alias: None,
            external_id: None,
            session_name: None,
            source_identity: None,
            assume: None,
            max_session_duration: None,
            location: None,
        }
    }

    /// The alias, or the ARN where it has none: how people know it.
    #[must_use]
    pub fn label(&self) -> &str {
        self.alias.as_deref().unwrap_or(self.arn.as_str())
    }
}

/// The role that reads IAM role settings in its account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reader {
    /// The role.
    pub role: RoleArn,
    /// The external ID that its trust policy asks for.
    pub external_id: Option<String>,
}

/// Readers per account.
#[derive(Debug, Clone, Default)]
pub struct Readers {
    named: BTreeMap<String, Reader>,
    /// The ARN with `{account}` in it, and the external ID.
    every: Option<(String, Option<String>)>,
}

impl Readers {
    /// The reader for a role's account, if the inventory names one.
    #[must_use]
    pub fn for_role(&self, role: &RoleArn) -> Option<Reader> {
        if let Some(reader) = self.named.get(role.account()) {
            return Some(reader.clone());
        }
        let (template, external_id) = self.every.as_ref()?;
        let reader = RoleArn::parse(&template.replace("{account}", role.account())).ok()?;
        (reader.partition() == role.partition()).then(|| Reader { role: reader, external_id: external_id.clone() })
    }
}

/// A finding that someone has accepted for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// The finding.
    pub finding: FindingId,
    /// A glob of job names.
    pub job: Option<String>,
    /// A glob of role aliases or ARNs.
    pub role: Option<String>,
    /// The last day it holds (UTC).
    pub until: jiff::civil::Date,
    /// Why.
    pub reason: String,
    /// Who accepted it.
    pub approver: Option<String>,
    /// Where it is declared.
    pub location: Location,
}

impl Inventory {
    /// Reads an inventory: a file, a folder whose `*.yaml`, `*.yml` and `*.json` files are one inventory, or `-`.
    ///
    /// # Errors
    /// Every problem there is, each with its place.
    pub fn load(from: &Path) -> Result<Self, Problems> {
        files::read(from).and_then(Self::from_files)
    }

    /// Reads an inventory that is already text; `name` is what problems call it.
    ///
    /// # Errors
    /// Every problem there is, each with its place.
    pub fn parse(name: &str, text: &str) -> Result<Self, Problems> {
        Self::from_files(files::text(name, text.to_owned()))
    }

    /// Makes an inventory of what another kind of file says, as if it were written there.
    /// `files` are the names that places count; their text is not kept: it may hold secrets.
    ///
    /// # Errors
    /// Every problem there is, each with its place.
    #[cfg(feature = "cli")]
    pub(crate) fn from_document(document: raw::Document, files: &[std::sync::Arc<str>]) -> Result<Self, Vec<Remark>> {
        let files = files::names(files);
        let mut sink = problem::Sink::default();
        let inventory = validate::inventory(vec![document], &files, &mut sink);
        if sink.problems.is_empty() { Ok(inventory) } else { Err(Problems::new(files.files, sink.problems).remarks()) }
    }

    fn from_files(mut files: files::Files) -> Result<Self, Problems> {
        let mut sink = std::mem::take(&mut files.sink);
        let mut documents = Vec::with_capacity(files.files.len());
        for (index, file) in files.files.iter().enumerate() {
            let tree =
                if file.readable { yaml::parse(yaml::Dialect::INVENTORY, index, &file.text, &mut sink) } else { None };
            documents.push(tree.map_or_else(raw::Document::unread, |tree| decode::document(tree, &mut sink)));
        }
        let inventory = validate::inventory(documents, &files, &mut sink);
        if sink.problems.is_empty() { Ok(inventory) } else { Err(Problems::new(files.files, sink.problems)) }
    }

    /// The JSON Schema of an inventory, for editors and pipelines.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(raw::Document).to_value()
    }

    /// What is declared of the role of a path; `None` where nothing is, or its ARN is not known.
    #[must_use]
    pub fn declared(&self, role: &RoleRef) -> Option<&Role> {
        self.roles.get(role.arn()?)
    }

    /// What is declared of a role; a role that only a path names has nothing declared.
    #[must_use]
    pub fn role(&self, arn: &RoleArn) -> Role {
        self.roles.get(arn).cloned().unwrap_or_else(|| Role::bare(arn.clone()))
    }
}
