//! Plans of Terraform and OpenTofu as `terraform show -json` writes them: owns the form of a plan and where its roles
//! are; `accounts` owns the account of each, `role` the attributes. (Terraform, "JSON Output Format".)

pub(crate) mod accounts;
mod role;
mod unread;

use std::collections::HashSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::PlannedRole;
use super::cloudformation::RoleIdentity;
use crate::inventory::{Place, RoleArn, Sink, SourceFile};
use accounts::{Accounts, Configuration, RoleAccount, without_indices};
use role::{RoleAttributes, roles_of};

/// The largest plan that is read, in bytes.
pub(crate) const MAX_BYTES: u64 = 128 * 1024 * 1024;

const HELP: &str =
    "write the plan with `terraform plan -out plan.out`, then `terraform show -json plan.out > plan.json`";

/// A role of a plan.
#[derive(Debug, Clone)]
pub(crate) struct PlanRole {
    pub(crate) identity: RoleIdentity,
    /// Its ARN, where the role exists.
    pub(crate) arn: Option<RoleArn>,
    /// Its account, where the plan has it.
    pub(crate) home: Option<RoleAccount>,
    pub(crate) planned: PlannedRole,
}

/// A plan that was read.
#[derive(Debug, Default)]
pub(crate) struct TerraformPlan {
    pub(crate) roles: Vec<PlanRole>,
    /// What is not read: where, and why.
    pub(crate) unread: Vec<(String, String)>,
}

/// The fields by which a plan is recognized.
#[derive(Deserialize)]
struct Header {
    format_version: Option<String>,
    resource_changes: Option<serde::de::IgnoredAny>,
    planned_values: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    errored: bool,
}

#[derive(Deserialize)]
struct Document {
    resource_changes: Option<Vec<ResourceChange>>,
    planned_values: Option<PlannedValues>,
    #[serde(default)]
    configuration: Configuration,
    complete: Option<bool>,
}

#[derive(Deserialize)]
struct ResourceChange {
    address: String,
    mode: Option<String>,
    r#type: Option<String>,
    deposed: Option<String>,
    change: Change,
}

#[derive(Deserialize)]
struct Change {
    actions: Vec<String>,
    before: Option<RoleAttributes>,
    after: Option<RoleAttributes>,
    after_unknown: Option<Value>,
}

#[derive(Deserialize, Default)]
struct PlannedValues {
    #[serde(default)]
    root_module: Module,
}

#[derive(Deserialize, Default)]
struct Module {
    #[serde(default)]
    resources: Vec<Resource>,
    #[serde(default)]
    child_modules: Vec<Module>,
}

#[derive(Deserialize)]
struct Resource {
    address: String,
    mode: Option<String>,
    r#type: Option<String>,
    values: Option<RoleAttributes>,
}

/// Reads the JSON of a plan as a type; what is wrong with it is reported to `sink`.
pub(crate) fn parse<T: DeserializeOwned>(index: usize, file: &SourceFile, sink: &mut Sink) -> Option<T> {
    let header: Header = json(index, file, sink)?;
    let wrong = match header.format_version.as_deref() {
        // 0.1 and 0.2 are those of Terraform 0.12 to 1.0; the fields that are read here are the same.
        Some("0.1" | "0.2") => None,
        Some(version) if version.starts_with("1.") => None,
        Some(version) => Some(format!("format_version is `{version}`, and only 0.1, 0.2 and 1.x are known")),
        None => Some("there is no format_version: this is not the JSON of a plan".to_owned()),
    };
    let wrong = wrong.or_else(|| {
        let has_plan = header.resource_changes.is_some() || header.planned_values.is_some();
        if !has_plan {
            let what = "there is neither resource_changes nor planned_values: this is a state, not a plan";
            return Some(what.to_owned());
        }
        header.errored.then(|| "the plan has an error (`errored`), so it is only a part".to_owned())
    });
    if let Some(what) = wrong {
        sink.add(Place::start_of(index), what, HELP);
        return None;
    }
    json(index, file, sink)
}

fn json<T: DeserializeOwned>(index: usize, file: &SourceFile, sink: &mut Sink) -> Option<T> {
    serde_json::from_str(&file.text)
        .map_err(|error| {
            let at = place(index, &file.text, error.line(), error.column());
            let text = error.to_string();
            let what = text.rsplit_once(" at line ").map_or(&*text, |(what, _)| what);
            sink.add(at, format!("this is not the JSON of a plan: {what}"), HELP);
        })
        .ok()
}

impl TerraformPlan {
    /// Reads a plan; what is wrong with it is reported to `sink`.
    pub(crate) fn read(index: usize, file: &SourceFile, sink: &mut Sink) -> Option<Self> {
        let document: Document = parse(index, file, sink)?;
        Some(document.into_plan(&file.name))
    }
}

impl Document {
    fn into_plan(self, file: &str) -> TerraformPlan {
        let mut plan = TerraformPlan::default();
        if self.complete == Some(false) {
            let text = "the plan is not complete: Terraform deferred a part of it".to_owned();
            plan.unread.push((file.to_owned(), text));
        }
        let accounts = Accounts::new(&self.configuration);
        let mut seen = HashSet::new();
        for change in self.resource_changes.unwrap_or_default() {
            plan.unread.extend(unread::unread(file, &change));
            if is_role(change.mode.as_deref(), change.r#type.as_deref()) && change.deposed.is_none() {
                let home = accounts.home_of(&change.address);
                let generated = accounts.generates_name(&change.address);
                plan.roles.extend(roles_of(file, &change, home.as_ref(), generated));
                // Terraform 0.12 leaves the index out in planned values.
                seen.insert(without_indices(&change.address));
                seen.insert(change.address);
            }
        }
        let mut modules: Vec<Module> = self.planned_values.map(|values| values.root_module).into_iter().collect();
        while let Some(module) = modules.pop() {
            modules.extend(module.child_modules);
            for resource in module.resources {
                if is_role(resource.mode.as_deref(), resource.r#type.as_deref())
                    && let (Some(role), true) = (&resource.values, seen.insert(resource.address.clone()))
                {
                    let home = accounts.home_of(&resource.address);
                    let generated = accounts.generates_name(&resource.address);
                    // Planned values leave out what is known only after apply.
                    let unknown =
                        |name: &str| matches!(name, "max_session_duration" | "assume_role_policy" | "name" | "path");
                    let from = format!("{file} ({})", resource.address);
                    plan.roles.push(role.planned(&from, home.as_ref(), generated, unknown));
                }
            }
        }
        plan
    }
}

fn is_role(mode: Option<&str>, kind: Option<&str>) -> bool {
    mode.is_none_or(|mode| mode == "managed") && kind == Some("aws_iam_role")
}

/// The place that the JSON parser names; it counts columns in bytes.
fn place(file: usize, text: &str, line: usize, column: usize) -> Place {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let offset = text.floor_char_boundary((before + column.saturating_sub(1)).min(text.len().saturating_sub(1)));
    // After the last line break the text ends: the first column of the next line.
    let column = text.get(before..offset).map_or(1, |text| text.chars().count() + 1);
    Place { file, line: line.max(1), column, length: 1, offset }
}
