//! Jobs from Terraform plans: the resources that run for a configured time, the permission sets, and Terraform's own
//! run, which assumes the roles of its AWS providers and of its S3 backend.
//!
//! A plan does not have the backend: `terraform init` writes it to `.terraform/terraform.tfstate`, which is read too.

mod assumed_roles;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::draft::Draft;
use super::gather::gather;
use super::workload::{Resource, Service, WorkloadLayout, permission_set_job, timed_job};
use super::{Imported, Importer, NotRead, locate};
use crate::inventory::{Diagnostic, Place, Problems, Seconds, Sink, Source, SourceFile};
use crate::templates::terraform_plan::accounts::{Accounts, Configuration};
use crate::templates::{Resolved, Unresolved, files, terraform_plan};
use assumed_roles::{Backend, TerraformRun};

const SECOND: Seconds = Seconds(1);
const MINUTE: Seconds = Seconds::minutes(1);

const LAYOUTS: &[WorkloadLayout] = &[
    WorkloadLayout {
        service: Service::Lambda,
        resource: "aws_lambda_function",
        name: "function_name",
        timeout: "timeout",
        unit: SECOND,
        roles: &["role"],
        glue: None,
    },
    WorkloadLayout {
        service: Service::Codebuild,
        resource: "aws_codebuild_project",
        name: "name",
        timeout: "build_timeout",
        unit: MINUTE,
        roles: &["service_role"],
        glue: None,
    },
    WorkloadLayout {
        service: Service::Glue,
        resource: "aws_glue_job",
        name: "name",
        timeout: "timeout",
        unit: MINUTE,
        roles: &["role_arn"],
        glue: Some(("glue_version", "command.name")),
    },
    WorkloadLayout {
        service: Service::Batch,
        resource: "aws_batch_job_definition",
        name: "name",
        timeout: "timeout.attempt_duration_seconds",
        unit: SECOND,
        roles: &[
            "container_properties.jobRoleArn",
            "ecs_properties.taskProperties.taskRoleArn",
            "node_properties.nodeRangeProperties.container.jobRoleArn",
        ],
        glue: None,
    },
];

/// Facts that a plan does not have.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The source of the credentials with which Terraform itself runs.
    pub source: Option<Source>,
    /// How long Terraform runs, and people who use a permission set; `None`: a placeholder of an hour is written.
    pub length: Option<Seconds>,
}

/// A plan, as far as it says which workloads there are and with which roles Terraform runs.
#[derive(Deserialize)]
struct WorkloadPlan {
    resource_changes: Option<Vec<WorkloadChange>>,
    #[serde(default)]
    configuration: Configuration,
    #[serde(default)]
    variables: BTreeMap<String, Variable>,
}

/// A variable of the root module.
#[derive(Deserialize)]
struct Variable {
    value: Option<Value>,
}

/// A change of a resource, which may be a workload.
#[derive(Deserialize)]
struct WorkloadChange {
    address: String,
    mode: Option<String>,
    r#type: Option<String>,
    change: ValuesAfterApply,
}

/// The values that a resource has after the plan is applied.
#[derive(Deserialize)]
struct ValuesAfterApply {
    after: Option<Value>,
    after_unknown: Option<Value>,
}

/// `.terraform/terraform.tfstate`, as far as it names the backend.
#[derive(Deserialize)]
struct InitState {
    backend: Option<Backend>,
}

/// Plans as a source of jobs.
#[derive(Debug, Clone)]
pub struct TerraformPlans {
    /// The plans as JSON.
    pub files: Vec<PathBuf>,
    /// What the plans do not state.
    pub options: Options,
}

impl Importer for TerraformPlans {
    fn name(&self) -> &'static str {
        "terraform-plan"
    }

    fn read(&self, _environment: &dyn Fn(&str) -> Option<String>) -> Result<Imported, NotRead> {
        import(&self.files, &self.options).map_err(|problems| NotRead::Input(Box::new(problems)))
    }
}

/// Makes the jobs of plans, and of the backends that `terraform init` recorded.
///
/// # Errors
/// Every problem of every file.
pub fn import(paths: &[PathBuf], options: &Options) -> Result<Imported, Problems> {
    let (mut sources, mut sink) = (Vec::new(), Sink::default());
    let mut documents = Vec::new();
    for path in paths {
        let (source, _) = files::source(path, true, &mut sink);
        let index = sources.len();
        if source.readable {
            documents.extend(read(index, &source, &mut sink).map(|document| (index, document)));
        }
        sources.push(source);
    }
    if !sink.problems.is_empty() {
        return Err(Problems::new(sources, sink).in_the("the plans"));
    }
    let files: Vec<Arc<str>> = sources.into_iter().map(|source| source.name).collect();
    let mut imported = Imported::default();
    let mut drafts = Vec::new();
    for (index, document) in &documents {
        let place = Place::start_of(*index);
        let run = TerraformRun { options, place, location: locate(place, &files) };
        let results: Vec<Result<Draft, Diagnostic>> = match document {
            Read::Init(backend) => run.backend_job(backend).into_iter().collect(),
            Read::Plan(plan) => {
                let providers = run.provider_jobs(&plan.configuration, &plan.variables);
                providers.into_iter().chain(resource_jobs(plan, &run)).collect()
            }
        };
        for result in results {
            match result {
                Ok(draft) => drafts.push(draft),
                Err(remark) => imported.not_imported.push(remark),
            }
        }
    }
    imported.comments.head = vec![
        "Imported from Terraform plans by `credential-health import terraform-plan`.".to_owned(),
        "The length of a resource is its timeout; its path is empty, because the job uses the role of its platform."
            .to_owned(),
        "Terraform renews the sessions of assume_role while its own credentials last: refresh is auto.".to_owned(),
    ];
    gather(drafts, &files, &mut imported);
    Ok(imported)
}

enum Read {
    Plan(WorkloadPlan),
    Init(Backend),
}

fn read(index: usize, source: &SourceFile, sink: &mut Sink) -> Option<Read> {
    if let Ok(InitState { backend: Some(backend) }) = serde_json::from_str::<InitState>(&source.text) {
        return Some(Read::Init(backend));
    }
    terraform_plan::parse(index, source, sink).map(Read::Plan)
}

/// The jobs of the resources that exist after the plan is applied.
fn resource_jobs(plan: &WorkloadPlan, run: &TerraformRun<'_>) -> Vec<Result<Draft, Diagnostic>> {
    let changes = plan.resource_changes.iter().flatten();
    let accounts = Accounts::new(&plan.configuration);
    let jobs = changes.filter_map(|WorkloadChange { address, mode, r#type, change }| {
        let (kind, after) = (r#type.as_deref()?, change.after.as_ref()?);
        if mode.as_deref().is_some_and(|mode| mode != "managed") {
            return None;
        }
        let untimed = kind == "aws_glue_job" && accounts.leaves_out_timeout(address);
        let mut property = |name: &str| match name {
            // The provider computes it where the configuration has none.
            "timeout" if untimed => Resolved::Nothing,
            _ => after_apply(after.get(name), change.after_unknown.as_ref().and_then(|each| each.get(name))),
        };
        let (place, location) = (run.place, run.location.clone());
        let mut resource = Resource { id: address, place, location, property: &mut property };
        match LAYOUTS.iter().find(|layout| layout.resource == kind) {
            Some(layout) => Some(timed_job(layout, &mut resource)),
            None if kind == "aws_ssoadmin_permission_set" => {
                Some(permission_set_job("name", "session_duration", run.options.length, &mut resource))
            }
            None => None,
        }
    });
    jobs.collect()
}

/// A value after the plan is applied. `unknown` has `true` at the place of each value that only AWS's answer tells.
fn after_apply(value: Option<&Value>, unknown: Option<&Value>) -> Resolved {
    match (value, unknown) {
        (_, Some(Value::Bool(true))) => Resolved::unknown(Unresolved::AfterApply),
        (Some(Value::Object(entries)), Some(Value::Object(flags))) => {
            let known = entries.iter().map(|(key, value)| (key.clone(), after_apply(Some(value), flags.get(key))));
            let rest = flags.iter().filter(|(key, _)| !entries.contains_key(*key));
            let rest = rest.map(|(key, flag)| (key.clone(), after_apply(None, Some(flag))));
            Resolved::Map(known.chain(rest).filter(|(_, value)| *value != Resolved::Nothing).collect())
        }
        (Some(Value::Array(items)), Some(Value::Array(flags))) => {
            Resolved::List(items.iter().enumerate().map(|(at, item)| after_apply(Some(item), flags.get(at))).collect())
        }
        (Some(value), _) => Resolved::from(value),
        (None, _) => Resolved::Nothing,
    }
}
