//! Work that AWS runs under a role for a configured time, and the logins of IAM Identity Center: owns where their
//! settings are in a resource, and the job that each becomes. The importers of templates and plans share it.

use super::draft::Draft;
use crate::inventory::diagnostic::{Place, Placed};
use crate::inventory::{
    Diagnostic, FunctionArn, JobComments, LengthFrom, Location, PermissionSet, Refresh, Seconds, Source,
};
use crate::lease::rules::{
    BATCH_LEAST_TIMEOUT, CODEBUILD_DEFAULT_TIMEOUT, CODEBUILD_TIMEOUT_RANGE, GLUE_5_DEFAULT_TIMEOUT,
    GLUE_DEFAULT_TIMEOUT, GLUE_LONGEST, LAMBDA_DEFAULT_TIMEOUT, LAMBDA_MANAGED_LONGEST, PERMISSION_SET_DEFAULT,
    PORTAL_SESSION_DEFAULT,
};
use crate::measured::{HistoryKind, MeasuredBy};
use crate::templates::{Resolved, Unresolved};
use crate::visible::printable;

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
pub(super) struct WorkloadLayout {
    pub(super) service: Service,
    pub(super) resource: &'static str,
    pub(super) name: &'static str,
    pub(super) timeout: &'static str,
    /// The length of one unit of the timeout.
    pub(super) unit: Seconds,
    /// The role, where it may be written.
    pub(super) roles: &'static [&'static str],
    /// The settings on which the default timeout of a Glue job depends: its version and the name of its command.
    pub(super) glue: Option<(&'static str, &'static str)>,
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
            Self::Lambda => Source::Lambda { function: None },
            Self::Codebuild => Source::Codebuild,
            Self::Batch => Source::EcsTask,
            Self::Glue => Source::ServiceRole { duration: None },
        }
    }

    /// The kind of the run histories of its resources. The AWS CLI lists no invocations of a function.
    const fn history(self) -> Option<HistoryKind> {
        match self {
            Self::Lambda => None,
            Self::Codebuild => Some(HistoryKind::Codebuild),
            Self::Glue => Some(HistoryKind::Glue),
            Self::Batch => Some(HistoryKind::Batch),
        }
    }

    /// The timeouts that the service accepts.
    const fn timeout_range(self) -> (Seconds, Option<Seconds>) {
        match self {
            Self::Lambda => (Seconds(1), Some(LAMBDA_MANAGED_LONGEST)),
            Self::Codebuild => (*CODEBUILD_TIMEOUT_RANGE.start(), Some(*CODEBUILD_TIMEOUT_RANGE.end())),
            Self::Glue => (Seconds::minutes(1), Some(GLUE_LONGEST)),
            Self::Batch => (BATCH_LEAST_TIMEOUT, None),
        }
    }
}

/// The timeout of a resource that states none.
enum DefaultTimeout {
    /// The service has no limit then.
    None,
    /// This one, and what it is.
    Known(Seconds, String),
    /// It depends on a setting that is not known.
    Unknown(Resolved),
}

impl WorkloadLayout {
    fn default_timeout(&self, resource: &mut Resource<'_>) -> DefaultTimeout {
        let label = self.service.label();
        let plain = |default| DefaultTimeout::Known(default, format!("the default of a {label}; no timeout is set"));
        match self.service {
            Service::Lambda => plain(LAMBDA_DEFAULT_TIMEOUT),
            Service::Codebuild => plain(CODEBUILD_DEFAULT_TIMEOUT),
            Service::Batch => DefaultTimeout::None,
            Service::Glue => self.default_of_glue(resource),
        }
    }

    fn default_of_glue(&self, resource: &mut Resource<'_>) -> DefaultTimeout {
        let (version, command) = self.glue.unwrap_or(("", ""));
        if matches!(resource.value(command), Resolved::Text(name) if name == "gluestreaming") {
            return DefaultTimeout::Known(GLUE_LONGEST, "AWS Glue restarts a streaming job after this time".to_owned());
        }
        match resource.value(version) {
            Resolved::Text(version) => {
                let Some(major) = version.split('.').next().and_then(|major| major.parse::<u32>().ok()) else {
                    return DefaultTimeout::Unknown(Resolved::unknown(Unresolved::Malformed(
                        "it is not a version number",
                    )));
                };
                let default = if major >= 5 { GLUE_5_DEFAULT_TIMEOUT } else { GLUE_DEFAULT_TIMEOUT };
                DefaultTimeout::Known(default, format!("the default of Glue {version}; no timeout is set"))
            }
            Resolved::Nothing => DefaultTimeout::Known(
                GLUE_DEFAULT_TIMEOUT,
                "the default before Glue 5.0; no timeout and no version is set".to_owned(),
            ),
            unknown => DefaultTimeout::Unknown(unknown),
        }
    }
}

impl Resource<'_> {
    fn remark(&self, what: &str, help: &str) -> Diagnostic {
        let message = format!("{}: {what}", self.id);
        Diagnostic::new(self.location.clone(), message, help)
    }

    fn value(&mut self, path: &str) -> Resolved {
        let mut keys = path.split('.');
        let property = (self.property)(keys.next().unwrap_or_default());
        keys.fold(property, |value, key| nested_value(&value, key))
    }

    fn name(&mut self, property: &str) -> String {
        self.own_name(property).unwrap_or_else(|| self.id.to_owned())
    }

    /// The name that the file states; `None`: AWS makes one up.
    fn own_name(&mut self, property: &str) -> Option<String> {
        match self.value(property) {
            Resolved::Text(name) if !name.is_empty() => Some(name),
            _ => None,
        }
    }

    /// The source of the service's credentials; of a function that exists, with its ARN.
    fn source(&mut self, service: Service) -> Source {
        match (service.source(), self.value("arn")) {
            (Source::Lambda { .. }, Resolved::Text(arn)) => Source::Lambda { function: FunctionArn::parse(&arn).ok() },
            (source, _) => source,
        }
    }

    /// The permission set, where the file states a name.
    fn permission_set(&mut self, property: &str) -> Option<PermissionSet> {
        match self.value(property) {
            Resolved::Text(name) => PermissionSet::parse(&name).ok(),
            _ => None,
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
            _ => Resolved::unknown(Unresolved::Malformed("it is a text where a map is needed")),
        },
        Resolved::Map(_) => value.get(key).cloned().unwrap_or(Resolved::Nothing),
        Resolved::Nothing => Resolved::Nothing,
    }
}

/// The job of a resource with a timeout.
///
/// # Errors
/// Why the resource becomes no job.
pub(super) fn timed_job(layout: &WorkloadLayout, resource: &mut Resource<'_>) -> Result<Draft, Diagnostic> {
    let label = layout.service.label();
    let role = layout.roles.iter().map(|path| resource.value(path)).find(|role| *role != Resolved::Nothing);
    let role = match role.unwrap_or(Resolved::Nothing) {
        Resolved::Text(role) => format!("role {role}"),
        Resolved::Nothing if layout.service == Service::Batch => {
            return Err(resource.remark(
                "the Batch job definition has no job role: its containers use the role of a Kubernetes service \
                 account or of the instance, or none",
                "declare the job in an inventory with the source that its containers have",
            ));
        }
        Resolved::Nothing => "no role of its own in the file".to_owned(),
        other => format!("a role that is not known: {}", describe(&other)),
    };
    let (length, length_from, comment) = timeout(layout, resource)?;
    let above = vec![format!("{label}, {} ({}), {role}", resource.location, resource.id)];
    let measured_by = layout.service.history().zip(resource.own_name(layout.name));
    Ok(Draft {
        name: resource.name(layout.name),
        measured_by: measured_by.map(|(kind, name)| MeasuredBy { kind, name, scope: None }),
        place: resource.place,
        length: Placed { value: length, place: resource.place },
        length_from,
        age: None,
        source: resource.source(layout.service),
        session_by_default: false,
        hops: Vec::new(),
        refresh: Refresh::Auto,
        comments: JobComments { above, length: comment, ..JobComments::default() },
        single_login: true,
    })
}

/// The timeout of a resource, where it comes from, and a comment for a default.
fn timeout(
    layout: &WorkloadLayout,
    resource: &mut Resource<'_>,
) -> Result<(Seconds, LengthFrom, Option<String>), Diagnostic> {
    let label = layout.service.label();
    let not_known = |resource: &Resource<'_>, what: &str, value: &Resolved| {
        resource.remark(&format!("{what} of the {label} is not known: {}", describe(value)), help_for(value))
    };
    match &resource.value(layout.timeout) {
        Resolved::Text(text) => {
            let Some(number) = text.trim().parse::<u64>().ok().filter(|number| *number > 0) else {
                let message = format!("the timeout of the {label} is `{}`", printable(text));
                return Err(resource.remark(&message, "write a whole number above 0"));
            };
            let length = Seconds(number.saturating_mul(layout.unit.0));
            let (least, most) = layout.service.timeout_range();
            if length < least || most.is_some_and(|most| length > most) {
                let message = format!("the timeout of the {label} is {length}, which AWS refuses");
                let range = most.map_or_else(|| format!("{least} or more"), |most| format!("{least} to {most}"));
                return Err(resource.remark(&message, &format!("write a timeout of {range}")));
            }
            Ok((length, LengthFrom::Configured, None))
        }
        Resolved::Nothing => match layout.default_timeout(resource) {
            DefaultTimeout::Known(default, comment) => Ok((default, LengthFrom::Assumed, Some(comment))),
            DefaultTimeout::Unknown(version) => {
                Err(not_known(resource, "no timeout is set, and the version on which the default depends", &version))
            }
            DefaultTimeout::None => Err(resource.remark(
                &format!("the {label} has no timeout: its jobs run until they end"),
                "set a timeout, or declare the job in an inventory with its longest run",
            )),
        },
        other => Err(not_known(resource, "the timeout", other)),
    }
}

/// A value that a parameter decides can be given.
fn help_for(value: &Resolved) -> &'static str {
    match value.why_unknown() {
        Some(Unresolved::Parameter(_) | Unresolved::PseudoParameter(_) | Unresolved::Condition { .. }) => {
            "give the value by --parameter, or declare the job in an inventory"
        }
        _ => "declare the job in an inventory with its longest run",
    }
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
) -> Result<Draft, Diagnostic> {
    let stated = match resource.value(property) {
        Resolved::Nothing => None,
        // IAM Identity Center takes ISO 8601 alone.
        Resolved::Text(text) if !text.starts_with('P') => {
            return Err(resource.remark(
                &format!("the session duration of the permission set, `{}`, is not in ISO 8601", printable(&text)),
                "write an ISO 8601 duration such as PT4H",
            ));
        }
        Resolved::Text(text) => match Seconds::parse(&text) {
            Ok(seconds) => Some(seconds),
            Err(why) => {
                return Err(resource.remark(
                    &format!("the session duration of the permission set, `{}`, {why}", printable(&text)),
                    "write an ISO 8601 duration such as PT4H",
                ));
            }
        },
        other => {
            return Err(resource.remark(
                &format!("the session duration of the permission set is not known: {}", describe(&other)),
                help_for(&other),
            ));
        }
    };
    let session = stated.unwrap_or(PERMISSION_SET_DEFAULT);
    let permission_set = resource.permission_set(name);
    let source = Source::IdentityCenter { permission_set, session, portal_session: PORTAL_SESSION_DEFAULT };
    let above = vec![format!("Permission set, {} ({})", resource.location, resource.id)];
    let login = "portal_session is AWS's default: write that of your portal".to_owned();
    Ok(Draft {
        name: resource.name(name),
        measured_by: None,
        place: resource.place,
        length: Placed { value: length.unwrap_or(PLACEHOLDER), place: resource.place },
        length_from: LengthFrom::Declared,
        age: None,
        source,
        session_by_default: false,
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
