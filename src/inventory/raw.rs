//! The inventory as it is written: the shape that the decoder fills and the JSON Schema is generated from.
//! `validate` decides whether it makes sense.

#![cfg_attr(not(feature = "cli"), allow(dead_code))]

#[cfg(feature = "cli")]
use std::collections::BTreeMap;

use super::diagnostic::{Place, Placed};
use super::{LengthFrom, Seconds, Source, UnstatedLimits};
use crate::findings::FindingId;
use crate::measured::MeasuredBy;

#[cfg(feature = "cli")]
use schemars::JsonSchema;

/// Which jobs run on temporary AWS credentials, how long, and by which path they get them.
#[derive(Debug, Default)]
#[cfg_attr(feature = "cli", derive(JsonSchema))]
#[cfg_attr(feature = "cli", schemars(title = "credential-health inventory", deny_unknown_fields))]
pub(crate) struct Document {
    /// The version of this format: 1.
    #[allow(dead_code, reason = "only its presence is checked; the schema needs the field")]
    #[cfg_attr(feature = "cli", schemars(with = "Version", required))]
    pub(crate) version: Option<Place>,
    /// What jobs have unless they say otherwise.
    pub(crate) defaults: Option<Defaults>,
    /// Per account (12 digits in quotes, or "*" for every other): the role that reads IAM role settings there.
    #[cfg_attr(feature = "cli", schemars(with = "Option<BTreeMap<String, Reader>>"))]
    pub(crate) readers: Vec<(Placed<String>, Reader)>,
    /// Details of roles, by alias.
    #[cfg_attr(feature = "cli", schemars(with = "Option<BTreeMap<String, Role>>"))]
    pub(crate) roles: Vec<(Placed<String>, Role)>,
    /// `roles` could not be read: a role may be declared that is missing here.
    #[cfg_attr(feature = "cli", schemars(skip))]
    pub(crate) roles_unread: bool,
    /// The jobs to check.
    #[cfg_attr(feature = "cli", schemars(with = "Option<Vec<Job>>"))]
    pub(crate) jobs: Vec<Job>,
    /// Findings that someone has accepted for a time.
    #[cfg_attr(feature = "cli", schemars(with = "Option<Vec<Waiver>>"))]
    pub(crate) waivers: Vec<Waiver>,
    /// Names of accounts, by their 12 digits in quotes.
    #[cfg_attr(feature = "cli", schemars(with = "Option<BTreeMap<String, String>>"))]
    pub(crate) accounts: Vec<(Placed<String>, Placed<String>)>,
    /// How far in the future the last day of a waiver may be; 365d where left out.
    pub(crate) longest_waiver: Option<Placed<Seconds>>,
    /// In the platform's file: which owner and which roles the other files may name.
    #[cfg_attr(feature = "cli", schemars(with = "Option<Vec<Binding>>"))]
    pub(crate) sources: Vec<Binding>,
    /// In the platform's file: where IAM Identity Center is administered.
    pub(crate) identity_center: Option<IdentityCenter>,
    /// In the platform's file: the roles whose tags declare jobs. `check` and the function read the tags.
    #[cfg_attr(feature = "cli", schemars(with = "Option<Vec<Discover>>"))]
    pub(crate) discover: Vec<Discover>,
}

/// The roles of an account whose tags `credential-health:job/NAME` declare jobs.
#[derive(Debug, Default)]
#[cfg_attr(feature = "cli", derive(JsonSchema), schemars(deny_unknown_fields))]
pub(crate) struct Discover {
    /// The account (12 digits in quotes). Its reader lists the roles and reads their tags.
    #[cfg_attr(feature = "cli", schemars(required))]
    pub(crate) account: Option<Placed<String>>,
    /// Only roles below this path, such as /jobs/. All roles where left out.
    pub(crate) path_prefix: Option<Placed<String>>,
}

/// Where IAM Identity Center is administered: its reader is asked for permission sets.
#[derive(Debug, Default)]
#[cfg_attr(feature = "cli", derive(JsonSchema), schemars(deny_unknown_fields))]
pub(crate) struct IdentityCenter {
    #[cfg_attr(feature = "cli", schemars(skip))]
    pub(crate) place: Place,
    /// The account (12 digits in quotes): the management account, or the delegated administrator. The checker's own
    /// account where left out.
    pub(crate) account: Option<Placed<String>>,
    /// The Region of the instance. The checker's own Region where left out.
    pub(crate) region: Option<Placed<String>>,
}

/// What the files of a team may declare.
#[derive(Debug, Default)]
#[cfg_attr(feature = "cli", derive(JsonSchema), schemars(deny_unknown_fields))]
pub(crate) struct Binding {
    /// A file of the folder (data.yaml), all below a folder (data/), or a glob (data-*.yaml): `*` stays within a
    /// folder, `**` matches any folders.
    #[cfg_attr(feature = "cli", schemars(required))]
    pub(crate) from: Option<Placed<String>>,
    /// The owner of every job there.
    pub(crate) owner: Option<Placed<String>>,
    /// Globs of role ARNs. Every role of a path, of `roles` or of a console login there matches one of them.
    #[cfg_attr(feature = "cli", schemars(with = "Option<Vec<String>>"))]
    pub(crate) roles: Option<Vec<Placed<String>>>,
    /// Globs of the ARNs of Lambda functions. A `function` there matches one of them.
    #[cfg_attr(feature = "cli", schemars(with = "Option<Vec<String>>"))]
    pub(crate) functions: Option<Vec<Placed<String>>>,
    /// Globs of the names or ARNs of permission sets. A `permission_set` there matches one of them.
    #[cfg_attr(feature = "cli", schemars(with = "Option<Vec<String>>"))]
    pub(crate) permission_sets: Option<Vec<Placed<String>>>,
}

impl Document {
    /// A file that could not be read as an inventory.
    pub(crate) fn unread() -> Self {
        Self { roles_unread: true, ..Self::default() }
    }
}

/// What jobs have unless they say otherwise.
#[derive(Debug, Default)]
#[cfg_attr(feature = "cli", derive(JsonSchema), schemars(deny_unknown_fields))]
pub(crate) struct Defaults {
    /// Headroom that a job should keep; 10m where left out.
    pub(crate) margin: Option<Placed<Seconds>>,
    /// Who gets the findings of jobs without an owner of their own.
    pub(crate) owner: Option<Placed<String>>,
}

/// A reader: an ARN, an alias, or a map with an external ID.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    pub(crate) role: Option<Placed<String>>,
    pub(crate) external_id: Option<Placed<String>>,
}

/// A role's details; they apply wherever its ARN is named too.
#[derive(Debug, Default)]
#[cfg_attr(feature = "cli", derive(JsonSchema), schemars(deny_unknown_fields))]
pub(crate) struct Role {
    /// The role's ARN.
    #[cfg_attr(feature = "cli", schemars(required))]
    pub(crate) arn: Option<Placed<String>>,
    /// The external ID that its trust policy asks for.
    pub(crate) external_id: Option<Placed<String>>,
    /// The RoleSessionName that its trust policy asks for.
    pub(crate) session_name: Option<Placed<String>>,
    /// The SourceIdentity that its trust policy asks for.
    pub(crate) source_identity: Option<Placed<String>>,
    /// false: read its settings only. true: assume it even where only an identity provider is expected to.
    pub(crate) assume: Option<Placed<bool>>,
    /// Its MaxSessionDuration, 1h to 12h, for where no live value can be read.
    pub(crate) max_session_duration: Option<Placed<Seconds>>,
}

/// Something that runs for a known longest time on temporary AWS credentials.
#[derive(Debug, Default)]
#[cfg_attr(feature = "cli", derive(JsonSchema), schemars(deny_unknown_fields))]
#[cfg_attr(feature = "cli", schemars(transform = super::schema::require_length))]
pub(crate) struct Job {
    #[cfg_attr(feature = "cli", schemars(skip))]
    pub(crate) place: Place,
    /// Its name, unique in the inventory.
    #[cfg_attr(feature = "cli", schemars(required))]
    pub(crate) name: Option<Placed<String>>,
    /// Who gets its findings.
    pub(crate) owner: Option<Placed<String>>,
    /// Its longest run. May be left out where the source names a Lambda function: its Timeout counts then.
    pub(crate) length: Option<Placed<Seconds>>,
    /// Where an importer knows the length from; an inventory declares it.
    #[cfg_attr(feature = "cli", schemars(skip))]
    pub(crate) length_from: LengthFrom,
    /// Which limits of the source are AWS's defaults.
    #[cfg_attr(feature = "cli", schemars(skip))]
    pub(crate) unstated: UnstatedLimits,
    /// Time that the process may be frozen (sleep, suspend); the lease runs on.
    pub(crate) pause: Option<Placed<Seconds>>,
    /// How old the credentials are when the job starts: a login before an approval or a queue.
    pub(crate) age: Option<Placed<Seconds>>,
    /// A glob that tells this job's sessions in CloudTrail from those of other jobs on the same path.
    pub(crate) session_name: Option<Placed<String>>,
    /// The run history of the job: {codebuild: NAME}. `lint` and `check` compare it with --measured.
    pub(crate) measured_by: Option<MeasuredBy>,
    /// Headroom that it should keep.
    pub(crate) margin: Option<Placed<Seconds>>,
    /// Where its credentials come from first.
    #[cfg_attr(feature = "cli", schemars(required))]
    pub(crate) source: Option<Placed<Source>>,
    /// The role of a `console-login`, as it is written.
    #[cfg_attr(feature = "cli", schemars(skip))]
    pub(crate) signin_role: Option<Placed<String>>,
    /// The roles it assumes, each with the credentials of the one before.
    #[cfg_attr(feature = "cli", schemars(with = "Option<Vec<Hop>>"))]
    pub(crate) path: Option<Placed<Vec<Hop>>>,
    /// How it renews its credentials: none (the default), auto, or {every: 30m}.
    pub(crate) refresh: Option<Refresh>,
}

/// One hop: an alias, an ARN, or a map with the DurationSeconds that the job's client sends.
#[derive(Debug, Default)]
pub(crate) struct Hop {
    pub(crate) role: Option<Placed<String>>,
    pub(crate) duration: Option<Placed<Seconds>>,
    pub(crate) copied: bool,
    /// The text of which the client reads another duration than it states.
    pub(crate) misread: Option<String>,
}

/// How a job renews its credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refresh {
    /// It does not: the credentials that it started with must last.
    #[default]
    None,
    /// The SDK's provider chain renews them whenever they are about to lapse.
    Auto,
    /// In its own loop, at this interval.
    Every(Seconds),
    /// Nothing shows whether it renews its platform's credentials or copies them: judged as a copy. No inventory
    /// declares it.
    NotKnown,
}

impl Refresh {
    /// Whether the job is known to renew its credentials.
    #[must_use]
    pub const fn renews(self) -> bool {
        matches!(self, Self::Auto | Self::Every(_))
    }
}

/// A finding that someone has accepted for a time.
#[derive(Debug, Default)]
#[cfg_attr(feature = "cli", derive(JsonSchema), schemars(deny_unknown_fields))]
pub(crate) struct Waiver {
    #[cfg_attr(feature = "cli", schemars(skip))]
    pub(crate) place: Place,
    /// A job or a role is named, even if its value cannot be read.
    #[cfg_attr(feature = "cli", schemars(skip))]
    pub(crate) named: bool,
    /// The finding's id.
    #[cfg_attr(feature = "cli", schemars(required))]
    pub(crate) finding: Option<Placed<FindingId>>,
    /// A glob of job names.
    pub(crate) job: Option<Placed<String>>,
    /// A glob of role aliases or ARNs.
    pub(crate) role: Option<Placed<String>>,
    /// The last day it holds (UTC), as YYYY-MM-DD.
    #[cfg_attr(feature = "cli", schemars(required, with = "Date"))]
    pub(crate) until: Option<Placed<jiff::civil::Date>>,
    /// Why the finding is accepted.
    #[cfg_attr(feature = "cli", schemars(required))]
    pub(crate) reason: Option<Placed<String>>,
    /// Who accepted it.
    pub(crate) approver: Option<Placed<String>>,
}

/// Stands for `version` in the schema.
#[cfg(feature = "cli")]
pub(super) struct Version;

/// Stands for a date in the schema.
#[cfg(feature = "cli")]
pub(super) struct Date;
