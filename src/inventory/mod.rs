//! The declarations of people: jobs, the paths by which they get credentials, roles, readers, waivers.
//!
//! `files` reads, `yaml` parses, `syntax` explains what YAML cannot be parsed, `decode` checks the shape, `validate`
//! the meaning; each reports every problem with its place. An `Inventory` is valid: the rest of the crate does not
//! check it.

mod arn;
mod bindings;
mod broken;
mod decode;
pub(crate) mod diagnostic;
mod discover;
mod fields;
mod files;
mod filter;
pub(crate) mod folder;
#[cfg(feature = "cli")]
mod inline;
mod job_name;
mod jobs;
mod limits;
mod live_setting;
mod names;
mod origin;
pub(crate) mod raw;
mod readers;
pub(crate) mod remote;
mod role;
mod role_tags;
#[cfg(feature = "cli")]
mod schema;
mod seconds;
mod source;
mod source_calls;
mod source_kind;
mod syntax;
mod validate;
mod waiver;
#[cfg(feature = "cli")]
pub(crate) mod write;
pub(crate) mod yaml;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

#[cfg(any(feature = "cli", feature = "lambda"))]
pub(crate) use arn::is_partition;
pub use arn::{NotARole, RoleArn, RoleRef, is_account};
#[cfg(feature = "cli")]
pub(crate) use arn::{partition_of_region, partitions};
pub use broken::BrokenFile;
pub use diagnostic::{Diagnostic, Location, Place, Problems};
#[cfg(feature = "cli")]
pub(crate) use diagnostic::{Placed, Sink, SourceFile, nearest};
pub use discover::{Discover, RoleFolder};
#[cfg(feature = "cli")]
pub(crate) use files::digest;
pub(crate) use files::hex;
pub use filter::{Filter, NothingMatches, RolePattern};
#[cfg(feature = "cli")]
pub use inline::{InlineWaiver, inline_waivers};
pub use job_name::JobName;
#[cfg(feature = "cli")]
pub(crate) use limits::MOST_HOPS;
pub use live_setting::{FunctionArn, LiveSetting, NotASetting, PermissionSet};
pub use origin::{BadSource, InventorySource, InventorySources};
pub use raw::Refresh;
pub use readers::{IdentityCenter, Reader, Readers};
pub use remote::{FileVersion, RemoteFiles, Version};
pub use role::Role;
pub use role_tags::{JOB_KEY, OverruledTag, TagProblem, TaggedJobs, TaggedRole, WrongTag};
pub use seconds::{NotADuration, Seconds};
pub use source::{LengthDefault, ParameterValue, Source};
pub use source_calls::{FirstCall, OwnCall, PrincipalKind};
pub use source_kind::{GivenParameters, Parameter, SourceKind, Takes, UnstatedLimits};
pub use waiver::Waiver;
#[cfg(feature = "cli")]
pub use write::{Comments, JobComments};

use crate::measured::MeasuredBy;
use validate::{Duplicates, Reading};

/// The margin of jobs that state none, where `defaults` states none either.
const DEFAULT_MARGIN: Seconds = Seconds::minutes(10);

/// A valid inventory.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// The jobs, in the order of the files.
    pub jobs: Vec<Job>,
    /// Every role that is named, with the details that count for every job: those of the platform's file.
    pub roles: BTreeMap<RoleArn, Role>,
    /// The files of teams: each rules its own jobs. Empty for a single file.
    pub teams: BTreeMap<Arc<str>, TeamFile>,
    /// The files that were set aside because of their problems.
    pub broken: Vec<BrokenFile>,
    /// The jobs whose name another file has too.
    pub clashes: Vec<NameClash>,
    /// The default owner of the platform's file.
    pub platform_owner: Option<String>,
    /// Who reads IAM role settings, per account.
    pub readers: Readers,
    /// Findings accepted for a time.
    pub waivers: Vec<Waiver>,
    /// The last day that a waiver may hold, by `longest_waiver` and the day of reading; `None`: not known.
    pub last_waived_day: Option<Date>,
    /// Names of accounts, by their 12 digits.
    pub accounts: BTreeMap<String, String>,
    /// Where IAM Identity Center is administered.
    pub identity_center: IdentityCenter,
    /// The roles whose tags declare jobs.
    pub discover: Discover,
    /// SHA-256 of the files' bytes, in hexadecimal.
    pub sha256: String,
    /// The versions of the files from S3 and Parameter Store.
    pub versions: Vec<FileVersion>,
    /// The kind of files that declare the jobs.
    pub origin: Origin,
}

/// The kind of files that declare jobs: a fix names the lines there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// An inventory.
    #[default]
    Inventory,
    /// AWS profiles, read without an inventory.
    Profiles,
    /// GitHub workflows, read without an inventory.
    Workflows,
}

/// A job with the name of another file's job. The platform's file goes first, then the files in the order of their
/// names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameClash {
    /// The file of the later job.
    pub file: Arc<str>,
    /// The name, which the first job has.
    pub first: JobName,
    /// The name that the later job got.
    pub second: JobName,
}

/// A file of a team.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TeamFile {
    /// The owner of its jobs.
    pub owner: Option<String>,
    /// The details of roles that count for its jobs.
    pub roles: BTreeMap<RoleArn, Role>,
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
    /// Which limits of its source are AWS's defaults.
    pub unstated: UnstatedLimits,
    /// How long the process may be frozen; the lease runs on.
    pub pause: Seconds,
    /// How old the credentials are when the job starts.
    pub age: Seconds,
    /// A glob that tells its sessions in CloudTrail from those of other jobs on the same path.
    pub session_name: Option<String>,
    /// The run history that measures it.
    pub measured_by: Option<MeasuredBy>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LengthFrom {
    /// Somebody declared it: an inventory's `length`, a workflow's `timeout-minutes`, `--length`.
    #[default]
    Declared,
    /// The timeout of a Lambda function, a CodeBuild project, a Glue job.
    Configured,
    /// A default that nobody declared, such as GitHub's 360 minutes.
    Assumed,
    /// The longest Timeout of Lambda: the inventory names the function, and its Timeout is not known.
    LongestTimeout,
    /// The longest run in a run history.
    Measured,
    /// The longest run that CloudTrail shows: a lower bound.
    Observed,
}

impl LengthFrom {
    /// Whether nobody declared or measured the length.
    #[must_use]
    pub const fn is_assumed(self) -> bool {
        match self {
            Self::Assumed | Self::LongestTimeout => true,
            Self::Declared | Self::Configured | Self::Measured | Self::Observed => false,
        }
    }
}

impl Job {
    /// How long its credentials must last: age + length + pause.
    #[must_use]
    pub fn needed(&self) -> Seconds {
        self.age + self.length + self.pause
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
    /// Its session is taken once and handed on: a refresh renews only the hops behind it.
    pub copied: bool,
    /// The text of the file, where the client reads another duration than it states: `1h` is 1 second.
    pub misread: Option<String>,
}

impl Inventory {
    /// Reads an inventory. `today` is the day that the length of waivers is measured from; `remote` the files of the
    /// sources outside this machine.
    ///
    /// # Errors
    /// Every problem there is, each with its place.
    pub fn load(from: &InventorySources, remote: RemoteFiles, today: Date) -> Result<Self, Problems> {
        from.read(remote, None).and_then(|files| Self::from_files(files, Some(today)))
    }

    /// Reads an inventory as the function does: files of teams that have problems are set aside, and the others are
    /// read. `most`: the most bytes of all files; `None`: the general limit.
    ///
    /// # Errors
    /// Every problem, where the platform's file or a single file has one.
    pub fn load_unbroken(
        from: &InventorySources,
        remote: RemoteFiles,
        today: Date,
        most: Option<u64>,
    ) -> Result<Self, Problems> {
        from.read(remote, most).and_then(|files| broken::read_the_others(files, today))
    }

    /// Reads an inventory that is already text; `name` is its name in diagnostics. The length of waivers is not
    /// checked.
    ///
    /// # Errors
    /// Every problem there is, each with its place.
    pub fn parse(name: &str, text: &str) -> Result<Self, Problems> {
        let from = InventorySource::Text { name: name.to_owned(), text: text.to_owned() };
        let files = InventorySources::from(from).read(RemoteFiles::default(), None)?;
        Self::from_files(files, None)
    }

    /// Makes an inventory from the content of another kind of file.
    /// `files` are the names that places refer to. Their text is not kept: it may hold secrets.
    ///
    /// # Errors
    /// Every problem there is, each with its place.
    #[cfg(feature = "cli")]
    pub(crate) fn from_document(document: raw::Document, files: &[Arc<str>]) -> Result<Self, Vec<Diagnostic>> {
        let files = files::names(files);
        let mut sink = diagnostic::Sink::default();
        let reading = Reading { today: None, duplicates: Duplicates::Refuse };
        let inventory = validate::inventory(vec![(0, document)], &files, reading, &mut sink);
        validate::require_a_job(&inventory, &files, &mut sink);
        if sink.problems.is_empty() { Ok(inventory) } else { Err(Problems::new(files.files, sink).into_diagnostics()) }
    }

    fn from_files(mut files: files::Files, today: Option<Date>) -> Result<Self, Problems> {
        let mut sink = std::mem::take(&mut files.sink);
        let documents = documents(&files, |_| true, &mut sink);
        let reading = Reading { today, duplicates: Duplicates::Refuse };
        let inventory = validate::inventory(documents, &files, reading, &mut sink);
        validate::require_a_job(&inventory, &files, &mut sink);
        if sink.problems.is_empty() { Ok(inventory) } else { Err(Problems::new(files.files, sink)) }
    }

    /// Whether there is no job, and no role whose tags may declare one.
    fn declares_nothing(&self) -> bool {
        self.jobs.is_empty() && self.discover.folders.is_empty()
    }

    /// The JSON Schema of an inventory, for editors and pipelines.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(raw::Document).to_value()
    }

    /// What the platform's file declares of the role of a path; `None` where nothing is, or its ARN is not known.
    #[must_use]
    pub fn declared(&self, role: &RoleRef) -> Option<&Role> {
        self.roles.get(role.arn()?)
    }

    /// What counts of a role for this job: the word of the platform's file, else of the job's own file.
    #[must_use]
    pub fn declared_for(&self, job: &Job, role: &RoleRef) -> Option<&Role> {
        let arn = role.arn()?;
        let own = self.teams.get(&job.location.file).and_then(|file| file.roles.get(arn));
        own.or_else(|| self.roles.get(arn))
    }

    /// What is declared of a role for all jobs; of a role that only a path names, nothing but its ARN.
    #[must_use]
    pub fn role(&self, arn: &RoleArn) -> Role {
        self.roles.get(arn).cloned().unwrap_or_else(|| Role::bare(arn.clone()))
    }
}

/// The content of the files that are to be read, each with its index.
fn documents(
    files: &files::Files,
    is_wanted: impl Fn(usize) -> bool,
    sink: &mut diagnostic::Sink,
) -> Vec<(usize, raw::Document)> {
    let mut documents = Vec::with_capacity(files.files.len());
    for (index, file) in files.files.iter().enumerate().filter(|(index, _)| is_wanted(*index)) {
        let read = if file.readable { syntax::read(index, &file.text, sink) } else { syntax::Read::default() };
        let mut document = match read.tree {
            Some(tree) => decode::document(tree, sink),
            None => raw::Document::unread(),
        };
        document.roles_unread |= read.roles_unread;
        documents.push((index, document));
    }
    documents
}
