//! A job as an imported file declares it, and its check by the rules of an inventory.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::locate;
use crate::inventory::diagnostic::{Place, Placed};
use crate::inventory::{
    Comments, Diagnostic, Inventory, JobComments, LengthFrom, Location, Refresh, RoleArn, RoleRef, Seconds, Source,
    UnstatedLimits, raw,
};
use crate::measured::MeasuredBy;

/// A job as the imported file declares it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) length: Placed<Seconds>,
    pub(super) length_from: LengthFrom,
    /// How old the credentials are when the job starts.
    pub(super) age: Option<Placed<Seconds>>,
    pub(super) source: Source,
    /// How long the source's session lasts is a default of the program that gives it.
    pub(super) session_by_default: bool,
    pub(super) hops: Vec<DraftHop>,
    /// How the job renews its credentials.
    pub(super) refresh: Refresh,
    pub(super) comments: JobComments,
    /// The run history that would measure the job.
    pub(super) measured_by: Option<MeasuredBy>,
    /// No other login uses the job's length.
    pub(super) single_login: bool,
}

/// A role as the file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DraftRole {
    Arn(Placed<String>),
    /// An expression that only a run knows, or a name without its account.
    Expression {
        role: Placed<String>,
        /// Why it cannot be written into an inventory, and what to do.
        why: String,
        help: String,
    },
}

impl DraftRole {
    pub(super) fn written(&self) -> &Placed<String> {
        match self {
            Self::Arn(role) | Self::Expression { role, .. } => role,
        }
    }

    /// The account of an ARN.
    pub(super) fn account(&self) -> Option<&str> {
        match self {
            Self::Arn(arn) => arn.value.split(':').nth(4),
            Self::Expression { .. } => None,
        }
    }
}

/// A hop, and what the file says of its role.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DraftHop {
    pub(super) role: DraftRole,
    pub(super) duration: Option<Placed<Seconds>>,
    /// The text of which the client reads another duration than it states.
    pub(super) misread: Option<String>,
    pub(super) external_id: Option<Placed<String>>,
    pub(super) session_name: Option<Placed<String>>,
    /// A glob that matches the names of its sessions.
    pub(super) sessions: Option<String>,
}

/// A draft that is a valid job.
pub(super) struct Checked {
    /// The inventory of this job alone.
    pub(super) inventory: Inventory,
    pub(super) comments: JobComments,
    /// Why an inventory cannot hold it: the ARN of a role is not known.
    pub(super) unknown_roles: Vec<Diagnostic>,
}

impl Draft {
    /// Whether the other differs in its name and its place alone.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let hop =
            |hop: &DraftHop| (hop.role.written().value.clone(), hop.duration.as_ref().map(|duration| duration.value));
        self.source == other.source
            && self.length.value == other.length.value
            && self.length_from == other.length_from
            && self.age.as_ref().map(|age| age.value) == other.age.as_ref().map(|age| age.value)
            && self.refresh == other.refresh
            && self.hops.iter().map(hop).eq(other.hops.iter().map(hop))
    }

    /// The inventory of this job alone.
    pub(super) fn check(self, files: &[Arc<str>]) -> Result<Checked, Vec<Diagnostic>> {
        let place = self.place;
        let session_name = self.hops.last().and_then(|hop| hop.sessions.clone()).filter(|name| is_session_glob(name));
        let DraftPath { path, roles, unknown_roles, expressions } = self.path(files)?;
        let unstated = UnstatedLimits::of_bare(&self.source);
        let job = raw::Job {
            place,
            name: Some(Placed { value: self.name, place }),
            length: Some(self.length),
            length_from: self.length_from,
            age: self.age,
            session_name: session_name.map(|value| Placed { value, place }),
            measured_by: self.measured_by.filter(|tie| can_be_written(&tie.name)),
            unstated: UnstatedLimits { session: unstated.session || self.session_by_default, ..unstated },
            source: Some(Placed { value: self.source, place }),
            path: Some(Placed { value: path, place }),
            refresh: Some(self.refresh),
            ..raw::Job::default()
        };
        let document = raw::Document { roles, jobs: vec![job], ..raw::Document::default() };
        let mut inventory = Inventory::from_document(document, files)?;
        refused_when_read(&inventory, &locate(place, files))?;
        for job in &mut inventory.jobs {
            for (index, expression) in &expressions {
                if let Some(hop) = job.path.get_mut(*index) {
                    if let Some(stand_in) = hop.role.arn() {
                        inventory.roles.remove(stand_in);
                    }
                    hop.role = RoleRef::from_expression(expression);
                }
            }
        }
        Ok(Checked { inventory, comments: self.comments, unknown_roles })
    }

    /// The path of the job. An ARN that is none is a problem.
    fn path(&self, files: &[Arc<str>]) -> Result<DraftPath, Vec<Diagnostic>> {
        let mut found = DraftPath::default();
        let mut described = BTreeSet::new();
        let partition = partition(&self.hops);
        for (index, hop) in self.hops.iter().enumerate() {
            let role = match &hop.role {
                DraftRole::Arn(role) => {
                    RoleArn::parse(&role.value).map_err(|wrong| {
                        let location = locate(role.place, files);
                        vec![Diagnostic::new(location, wrong.message, wrong.help)]
                    })?;
                    let detailed = hop.external_id.is_some() || hop.session_name.is_some();
                    if detailed && described.insert(&role.value) {
                        let settings = raw::Role {
                            arn: Some(role.clone()),
                            external_id: hop.external_id.clone(),
                            session_name: hop.session_name.clone(),
                            ..raw::Role::default()
                        };
                        found.roles.push((Placed { value: format!("role {index}"), place: role.place }, settings));
                    }
                    role.clone()
                }
                DraftRole::Expression { role, why, help } => {
                    let message = format!("job `{}`: {why}", self.name);
                    let location = locate(role.place, files);
                    found.unknown_roles.push(Diagnostic::new(location, message, help.clone()));
                    found.expressions.push((index, role.value.clone()));
                    let stand_in = format!("arn:{partition}:iam::000000000000:role/expression-{index}");
                    Placed { value: stand_in, place: role.place }
                }
            };
            let (duration, misread) = (hop.duration.clone(), hop.misread.clone());
            found.path.push(raw::Hop { role: Some(role), duration, misread, ..raw::Hop::default() });
        }
        Ok(found)
    }
}

/// The path of a draft.
#[derive(Default)]
struct DraftPath {
    path: Vec<raw::Hop>,
    /// The settings of its roles, by alias.
    roles: Vec<(Placed<String>, raw::Role)>,
    unknown_roles: Vec<Diagnostic>,
    /// The expressions in place of roles, by their numbers in the path. An ARN of no account stands for each.
    expressions: Vec<(usize, String)>,
}

/// The problems that `lint` has with the inventory as it is written.
fn refused_when_read(inventory: &Inventory, at: &Location) -> Result<(), Vec<Diagnostic>> {
    let refused = |problem: &Diagnostic| Diagnostic::new(at.clone(), problem.message.clone(), problem.help.clone());
    Inventory::parse("inventory.yaml", &inventory.to_yaml(&Comments::default()))
        .map(drop)
        .map_err(|problems| problems.iter().map(refused).collect())
}

/// Whether an inventory takes it as the name in a run history.
fn can_be_written(name: &str) -> bool {
    const LONGEST: usize = 256;
    !name.trim().is_empty() && name.chars().count() <= LONGEST && !name.chars().any(char::is_control)
}

/// The partition of the path: that of its first ARN.
fn partition(hops: &[DraftHop]) -> String {
    let known = hops.iter().find_map(|hop| match &hop.role {
        DraftRole::Arn(arn) => RoleArn::parse(&arn.value).ok().map(|arn| arn.partition().to_owned()),
        DraftRole::Expression { .. } => None,
    });
    known.unwrap_or_else(|| "aws".to_owned())
}

/// Whether an inventory takes it as a glob of session names: 2 to 64 of STS's characters, and `*`.
fn is_session_glob(name: &str) -> bool {
    (2..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-*".contains(&b))
}
