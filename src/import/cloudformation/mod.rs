//! Jobs from CloudFormation and SAM templates: the Lambda functions, CodeBuild projects, Glue jobs and Batch job
//! definitions with their timeouts, and the permission sets with their session durations.

use std::path::PathBuf;
use std::sync::Arc;

use super::gather::gather;
use super::workload::{Resource, Service, WorkloadLayout, permission_set_job, timed_job};
use super::{Imported, Importer, NotRead, locate};
use crate::inventory::diagnostic::Placed;
use crate::inventory::yaml::Node;
use crate::inventory::{Diagnostic, Location, Problems, Seconds, partition_of_region};
use crate::templates::cloudformation::{Creation, Template};
use crate::templates::files::read_templates;
use crate::templates::intrinsic::{Deployment, Resolver};
use crate::templates::{GivenValues, Resolved};

const SECOND: Seconds = Seconds(1);
const MINUTE: Seconds = Seconds::minutes(1);
/// Stands for the account in comments where none is given.
const ANY_ACCOUNT: &str = "ACCOUNT";

const LAYOUTS: &[WorkloadLayout] = &[
    WorkloadLayout {
        service: Service::Lambda,
        resource: "AWS::Lambda::Function",
        name: "FunctionName",
        timeout: "Timeout",
        unit: SECOND,
        roles: &["Role"],
        glue: None,
    },
    WorkloadLayout {
        service: Service::Lambda,
        resource: "AWS::Serverless::Function",
        name: "FunctionName",
        timeout: "Timeout",
        unit: SECOND,
        roles: &["Role"],
        glue: None,
    },
    WorkloadLayout {
        service: Service::Codebuild,
        resource: "AWS::CodeBuild::Project",
        name: "Name",
        timeout: "TimeoutInMinutes",
        unit: MINUTE,
        roles: &["ServiceRole"],
        glue: None,
    },
    WorkloadLayout {
        service: Service::Glue,
        resource: "AWS::Glue::Job",
        name: "Name",
        timeout: "Timeout",
        unit: MINUTE,
        roles: &["Role"],
        glue: Some(("GlueVersion", "Command.Name")),
    },
    WorkloadLayout {
        service: Service::Batch,
        resource: "AWS::Batch::JobDefinition",
        name: "JobDefinitionName",
        timeout: "Timeout.AttemptDurationSeconds",
        unit: SECOND,
        roles: &[
            "ContainerProperties.JobRoleArn",
            "EcsProperties.TaskProperties.TaskRoleArn",
            "NodeProperties.NodeRangeProperties.Container.JobRoleArn",
        ],
        glue: None,
    },
];

/// Templates as a source of jobs.
#[derive(Debug, Clone)]
pub struct CloudformationTemplates {
    /// The templates.
    pub files: Vec<PathBuf>,
    /// The values that are given with them.
    pub given: GivenValues,
    /// How long each job runs; `None`: not known.
    pub length: Option<Seconds>,
}

impl Importer for CloudformationTemplates {
    fn name(&self) -> &'static str {
        "cloudformation"
    }

    fn read(&self, _environment: &dyn Fn(&str) -> Option<String>) -> Result<Imported, NotRead> {
        import(&self.files, &self.given, self.length).map_err(|problems| NotRead::Input(Box::new(problems)))
    }
}

/// Makes a job of each resource that runs for a configured time, and of each permission set. `length`: how long the
/// jobs of people run who use a permission set.
///
/// # Errors
/// Every problem of every file.
pub fn import(paths: &[PathBuf], given: &GivenValues, length: Option<Seconds>) -> Result<Imported, Problems> {
    let templates = read_templates(paths, given)?;
    let files: Vec<Arc<str>> = templates.iter().map(|template| template.file().into()).collect();
    let mut imported = Imported::default();
    let mut drafts = Vec::new();
    for template in &templates {
        for (id, node) in template.resources() {
            let Some(kind) = node.get("Type").and_then(Node::text) else { continue };
            let location = locate(id.place, &files);
            if !is_job(kind) {
                continue;
            }
            let creation = template.creation(node, deployment(given));
            match creation {
                Creation::Created => {}
                Creation::LeftOut => continue,
                Creation::LeftOutByDefault(how) => {
                    imported
                        .notes
                        .push(note(&location, format!("{}: the template does not create it {how}", id.value)));
                    continue;
                }
                Creation::Open(why) => {
                    let what = format!("{}: whether the template creates it is not known: {why}", id.value);
                    imported.notes.push(note(&location, what));
                }
            }
            let mut resolver = Resolver::new(template.root(), deployment(given));
            let mut property = |name: &str| value(template, kind, &mut resolver, node, name);
            let mut resource = Resource { id: &id.value, place: id.place, location, property: &mut property };
            let draft = match LAYOUTS.iter().find(|layout| layout.resource == kind) {
                Some(layout) => timed_job(layout, &mut resource),
                None => permission_set_job("Name", "SessionDuration", length, &mut resource),
            };
            match draft {
                Ok(draft) => drafts.push(draft),
                Err(remark) => imported.not_imported.push(remark),
            }
        }
        imported.notes.extend(unread(template, &files));
    }
    imported.comments.head = vec![
        "Imported from CloudFormation templates by `credential-health import cloudformation`.".to_owned(),
        "length is the configured timeout. path is empty: the job uses the role of its platform. Write the roles that"
            .to_owned(),
        "the job assumes with it as its path. refresh is auto: SDKs renew; write none for a copy of the credentials."
            .to_owned(),
    ];
    gather(drafts, &files, &mut imported);
    Ok(imported)
}

const PERMISSION_SET: &str = "AWS::SSO::PermissionSet";

fn is_job(kind: &str) -> bool {
    kind == PERMISSION_SET || LAYOUTS.iter().any(|layout| layout.resource == kind)
}

fn note(location: &Location, message: String) -> Diagnostic {
    let help = "give the parameters of the deployment by --parameter".to_owned();
    Diagnostic::new(location.clone(), message, help)
}

fn deployment(given: &GivenValues) -> Deployment<'_> {
    let given_value = |name: &str| given.parameters.get(name).map(String::as_str);
    let of_region = || given_value("AWS::Region").and_then(partition_of_region);
    let partition = given_value("AWS::Partition").or_else(of_region).unwrap_or("aws");
    let account = given.accounts.first().map_or(ANY_ACCOUNT, String::as_str);
    Deployment { partition, account, parameters: &given.parameters }
}

/// A property of a resource; a SAM function takes those that it leaves out from `Globals`.
fn value<'a>(template: &'a Template, kind: &str, resolver: &mut Resolver<'a>, node: &'a Node, name: &str) -> Resolved {
    let global = || template.root().get("Globals")?.get("Function")?.get(name);
    match resolver.property(node, name, &Resolved::Nothing) {
        Resolved::Nothing if kind == "AWS::Serverless::Function" => {
            global().map_or(Resolved::Nothing, |node| resolver.resolve(node))
        }
        value => value,
    }
}

/// The parts of a template that may hold more jobs.
fn unread(template: &Template, files: &[Arc<str>]) -> Vec<Diagnostic> {
    let nested = ["AWS::CloudFormation::Stack", "AWS::Serverless::Application", "AWS::CloudFormation::StackSet"];
    let is_nested = |node: &Node| node.get("Type").and_then(Node::text).is_some_and(|kind| nested.contains(&kind));
    let resources = template.resources().filter(|(id, node)| is_nested(node) || id.value.starts_with("Fn::"));
    let remark = |(id, _): (&Placed<String>, &Node)| {
        Diagnostic::new(
            locate(id.place, files),
            format!("{}: the resources that it creates are not read", id.value),
            "give the template that it deploys, or the processed template, too",
        )
    };
    resources.map(remark).collect()
}
