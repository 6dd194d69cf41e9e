//! Work that AWS runs under a role for a configured time, and the logins of IAM Identity Center: owns where their
//! settings are in a resource, and the job that each becomes. The importers of templates and plans share it.

use super::draft::Draft;
use crate::inventory::problem::{Place, Placed};
use crate::inventory::{JobComments, LengthFrom, Location, Refresh, Remark, Seconds, Source};
use crate::lease::rules::{
    CODEBUILD_DEFAULT_TIMEOUT, GLUE_DEFAULT_TIMEOUT, LAMBDA_DEFAULT_TIMEOUT, PERMISSION_SET_DEFAULT,
    PORTAL_SESSION_DEFAULT,
};
use crate::templates::Resolved;

/// Stands for a job's length until someone writes it.
pub(super) const PLACEHOLDER: Seconds = Seconds::hours(1);
pub(super) const PLACEHOLDER_COMMENT: &str = "a placeholder: write the job's longest run";

/// A service that runs work for a configured time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Lambda,
    Codebuild,
    Glue,
    Batch,
}

/// Where a resource type has its settings; nested settings are separated by a dot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) service: Service,
    pub(super) resource: &'static str,
    pub(super) name: &'static str,
    pub(super) timeout: &'static str,
    /// The length of one unit of the timeout.
    pub(super) unit: Seconds,
    pub(super) role: &'static str,
}

/// A resource in its file.
pub(super) struct Resource<'a> {
    /// Its name there: the logical ID or the address.
    pub(super) id: &'a str,
    pub(super) place: Place,
    pub(super) location: Location,
    /// The value of a property.
    pub(super) property: &'a mut dyn FnMut(&str) -> Resolved,
}

impl Service {
    /// What the service runs, for a sentence.
    const fn label(self) -> &'static str {
        match self {
            Self::Lambda => "Lambda function",
            Self::Codebuild => "CodeBuild project",
            Self::Glue => "Glue job",
            Self::Batch => "Batch job definition",
        }
    }

    /// The source of its credentials.
    const fn source(self) -> Source {
        match self {
            Self::Lambda => Source::Lambda,
            Self::Codebuild => Source::Codebuild,
            Self::Batch => Source::EcsTask,
            Self::Glue => Source::ServiceRole { duration: None },
        }
    }

    /// The timeout where the resource states none; `None`: the service has no limit then.
    const fn default_timeout(self) -> Option<Seconds> {
        match self {
            Self::Lambda => Some(LAMBDA_DEFAULT_TIMEOUT),
            Self::Codebuild => Some(CODEBUILD_DEFAULT_TIMEOUT),
            Self::Glue => Some(GLUE_DEFAULT_TIMEOUT),
            Self::Batch => None,
        }
    }
}

impl Resource<'_> {
    fn remark(&self, what: &str, help: &str) -> Remark {
        let message = format!("{}: {what}", self.id);
        Remark { location: self.location.clone(), message, help: help.to_owned(), cannot_work: false }
    }

    fn value(&mut self, path: &str) -> Resolved {
        let (property, nested) = path.split_once('.').unwrap_or((path, ""));
        let value = (self.property)(property);
        match nested {
            "" => value,
            key => nested_value(&value, key),
        }
    }

    fn name(&mut self, property: &str) -> String {
        match self.value(property) {
            Resolved::Text(name) if !name.is_empty() => name,
            _ => self.id.to_owned(),
        }
    }
}

/// A value within a map, a list of one map, or a map as JSON.
fn nested_value(value: &Resolved, key: &str) -> Resolved {
    match value {
        Resolved::List(items) => items.first().map_or(Resolved::Nothing, |item| nested_value(item, key)),
        Resolved::Partly(_) => value.clone(),
        Resolved::Text(json) => match serde_json::from_str::<serde_json::Value>(json) {
            Ok(parsed @ serde_json::Value::Object(_)) => nested_value(&Resolved::from(&parsed), key),
            _ => Resolved::Nothing,
        },
        Resolved::Map(_) => value.get(key).cloned().unwrap_or(Resolved::Nothing),
        Resolved::Nothing => Resolved::Nothing,
    }
}

/// The job of a resource with a timeout.
///
/// # Errors
/// Why the resource becomes no job.
pub(super) fn timed_job(layout: &Layout, resource: &mut Resource<'_>) -> Result<Draft, Remark> {
    let label = layout.service.label();
    let role = match resource.value(layout.role) {
        Resolved::Text(role) => format!("role {role}"),
        Resolved::Nothing if layout.service == Service::Batch => {
            return Err(resource.remark(
                "the Batch job definition has no job role: its containers use the role of the instance, or none",
                "declare the job in an inventory with the source that its containers have",
            ));
        }
        Resolved::Nothing => "no role of its own in the file".to_owned(),
        other => format!("a role that is not known: {}", describe(&other)),
    };
    let timeout = resource.value(layout.timeout);
    let (length, length_from, comment) = match &timeout {
        Resolved::Text(text) => match text.trim().parse::<u64>().ok().filter(|number| *number > 0) {
            Some(number) => (Seconds(number.saturating_mul(layout.unit.0)), LengthFrom::Configured, None),
            None => {
                return Err(
                    resource.remark(&format!("the timeout of the {label} is `{text}`"), "write a whole number above 0")
                );
            }
        },
        Resolved::Nothing => match layout.service.default_timeout() {
            Some(default) => {
                let comment = format!("the default of a {label}; no timeout is set");
                (default, LengthFrom::Assumed, Some(comment))
            }
            None => {
                return Err(resource.remark(
                    &format!("the {label} has no timeout: its jobs run until they end"),
                    "set a timeout, or declare the job in an inventory with its longest run",
                ));
            }
        },
        other => {
            return Err(resource.remark(
                &format!("the timeout of the {label} is not known: {}", describe(other)),
                "give the value by --parameter, or declare the job in an inventory",
            ));
        }
    };
    let above = vec![format!("{label}, {} ({}), {role}", resource.location, resource.id)];
    Ok(Draft {
        name: resource.name(layout.name),
        place: resource.place,
        length: Placed { value: length, place: resource.place },
        length_from,
        age: None,
        source: layout.service.source(),
        hops: Vec::new(),
        refresh: Refresh::Auto,
        comments: JobComments { above, length: comment, ..JobComments::default() },
        single_login: true,
    })
}

/// The job of people who log in with a permission set; `property` names its SessionDuration.
///
/// # Errors
/// Why the permission set becomes no job.
pub(super) fn permission_set_job(
    name: &str,
    property: &str,
    length: Option<Seconds>,
    resource: &mut Resource<'_>,
) -> Result<Draft, Remark> {
    let stated = match resource.value(property) {
        Resolved::Nothing => None,
        Resolved::Text(text) => match Seconds::parse(&text) {
            Ok(seconds) => Some(seconds),
            Err(why) => {
                return Err(resource.remark(
                    &format!("the session duration of the permission set, `{text}`, {why}"),
                    "write an ISO 8601 duration such as PT4H",
                ));
            }
        },
        other => {
            return Err(resource.remark(
                &format!("the session duration of the permission set is not known: {}", describe(&other)),
                "give the value by --parameter, or declare the job in an inventory",
            ));
        }
    };
    let session = stated.unwrap_or(PERMISSION_SET_DEFAULT);
    let source = Source::IdentityCenter { session, portal_session: PORTAL_SESSION_DEFAULT };
    let above = vec![format!("Permission set, {} ({})", resource.location, resource.id)];
    let login = "portal_session is AWS's default: write that of your portal".to_owned();
    Ok(Draft {
        name: resource.name(name),
        place: resource.place,
        length: Placed { value: length.unwrap_or(PLACEHOLDER), place: resource.place },
        length_from: LengthFrom::Declared,
        age: None,
        source,
        hops: Vec::new(),
        refresh: Refresh::Auto,
        comments: JobComments {
            above,
            length: length.is_none().then(|| PLACEHOLDER_COMMENT.to_owned()),
            source: Some(login),
        },
        single_login: true,
    })
}

fn describe(value: &Resolved) -> String {
    value.why_unknown().map_or_else(|| "it is a list or a map".to_owned(), ToString::to_string)
}
