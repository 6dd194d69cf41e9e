//! The roles that Terraform's own run assumes: `assume_role` and `assume_role_with_web_identity` of an AWS provider or
//! of the S3 backend. Owns their forms and the job that each provider or backend becomes. (Terraform AWS provider and
//! S3 backend, "Assume Role Configuration".)

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Options, Variable};
use crate::import::draft::{Draft, DraftHop, DraftRole};
use crate::import::workload::{PLACEHOLDER, PLACEHOLDER_COMMENT};
use crate::inventory::diagnostic::{Place, Placed};
use crate::inventory::{Diagnostic, JobComments, LengthFrom, Location, Refresh, Seconds, Source};
use crate::lease::rules::TERRAFORM_ASSUME_ROLE_DEFAULT;
use crate::templates::terraform_plan::accounts::Configuration;

/// The backend that `terraform init` recorded.
#[derive(Deserialize)]
pub(super) struct Backend {
    r#type: String,
    config: Option<Value>,
}

/// A run of Terraform in a folder.
pub(super) struct TerraformRun<'a> {
    pub(super) options: &'a Options,
    pub(super) place: Place,
    pub(super) location: Location,
}

/// A block as a plan's configuration has it, with expressions, or as the recorded backend has it, with values.
struct TerraformBlock<'a> {
    value: &'a Value,
    variables: &'a BTreeMap<String, Variable>,
}

/// Why an argument of a block has no value.
enum NoValue {
    /// It is not set.
    Absent,
    /// It is an expression that the plan does not resolve.
    Expression,
}

impl TerraformBlock<'_> {
    /// The value of an argument: a constant, a variable of the root module, or the value itself.
    fn argument(&self, name: &str) -> Result<&Value, NoValue> {
        let value = match self.value.get(name) {
            None | Some(Value::Null) => return Err(NoValue::Absent),
            Some(value) => value,
        };
        let Value::Object(expression) = value else { return Ok(value) };
        if let Some(constant) = expression.get("constant_value") {
            return if constant.is_null() { Err(NoValue::Absent) } else { Ok(constant) };
        }
        match expression.get("references").and_then(Value::as_array).map(Vec::as_slice) {
            Some([Value::String(reference)]) => reference
                .strip_prefix("var.")
                .and_then(|name| self.variables.get(name)?.value.as_ref())
                .filter(|value| !value.is_null())
                .ok_or(NoValue::Expression),
            _ => Err(NoValue::Expression),
        }
    }

    fn text(&self, name: &str) -> Result<Option<String>, NoValue> {
        match self.argument(name) {
            Ok(value) => Ok(value.as_str().map(str::to_owned).filter(|text| !text.is_empty())),
            Err(NoValue::Absent) => Ok(None),
            Err(NoValue::Expression) => Err(NoValue::Expression),
        }
    }
}

impl TerraformRun<'_> {
    /// The jobs of the AWS providers that assume roles.
    pub(super) fn provider_jobs(
        &self,
        configuration: &Configuration,
        variables: &BTreeMap<String, Variable>,
    ) -> Vec<Result<Draft, Diagnostic>> {
        let providers = configuration.provider_config.iter();
        let jobs =
            providers.filter(|(_, provider)| provider.name.as_deref() == Some("aws")).filter_map(|(key, provider)| {
                let value = provider.expressions.as_ref()?;
                self.job(&format!("terraform {key}"), "provider", &TerraformBlock { value, variables })
            });
        jobs.collect()
    }

    /// The job of an S3 backend that assumes a role.
    pub(super) fn backend_job(&self, backend: &Backend) -> Option<Result<Draft, Diagnostic>> {
        let value = backend.config.as_ref().filter(|_| backend.r#type == "s3")?;
        let variables = BTreeMap::new();
        self.job("terraform backend s3", "backend", &TerraformBlock { value, variables: &variables })
    }

    /// The job of a provider or a backend; `None`: it assumes no role.
    fn job(&self, name: &str, what: &str, config: &TerraformBlock<'_>) -> Option<Result<Draft, Diagnostic>> {
        let web_identity = blocks(config, "assume_role_with_web_identity");
        let mut assumed = blocks(config, "assume_role");
        // Arguments of the S3 backend before Terraform 1.6, beside the bucket.
        if assumed.is_empty() && config.value.get("role_arn").is_some_and(|role| !role.is_null()) {
            assumed.push(TerraformBlock { value: config.value, variables: config.variables });
        }
        if web_identity.is_empty() && assumed.is_empty() {
            return None;
        }
        let source = match (web_identity.is_empty(), &self.options.source) {
            (false, _) => Ok(Source::WebIdentity { renewable: true }),
            (true, Some(source)) => Ok(source.clone()),
            (true, None) => Err(self.remark(
                name,
                &format!("the {what} assumes a role, and the file does not say with which credentials Terraform runs"),
                "give their source: --source iam-user, ec2-instance, codebuild, identity-center, …",
            )),
        };
        Some(source.and_then(|source| {
            let by_token = web_identity.iter().map(|block| self.hop(name, block, None));
            let by_role = assumed.iter().map(|block| self.hop(name, block, Some(TERRAFORM_ASSUME_ROLE_DEFAULT)));
            let hops = by_token.chain(by_role).collect::<Result<Vec<DraftHop>, Diagnostic>>()?;
            Ok(self.draft(name, what, source, hops))
        }))
    }

    fn draft(&self, name: &str, what: &str, source: Source, hops: Vec<DraftHop>) -> Draft {
        let length = self.options.length;
        Draft {
            name: name.to_owned(),
            place: self.place,
            length: Placed { value: length.unwrap_or(PLACEHOLDER), place: self.place },
            length_from: LengthFrom::Declared,
            measured_by: None,
            age: None,
            source,
            session_by_default: false,
            hops,
            refresh: Refresh::Auto,
            comments: JobComments {
                above: vec![format!("Terraform's own run, by the {what} in {}", self.location.file)],
                length: length.is_none().then(|| PLACEHOLDER_COMMENT.to_owned()),
                ..JobComments::default()
            },
            single_login: true,
        }
    }

    /// The hop of a block. `default`: the duration that Terraform sends where the block has none.
    fn hop(&self, name: &str, block: &TerraformBlock<'_>, default: Option<Seconds>) -> Result<DraftHop, Diagnostic> {
        let expression = |argument: &'static str| {
            move |_: NoValue| {
                self.remark(
                    name,
                    &format!("{argument} of assume_role is an expression that the plan does not resolve"),
                    "declare the job in an inventory",
                )
            }
        };
        let placed = |text: String| Placed { value: text, place: self.place };
        let role = block.text("role_arn").map_err(expression("role_arn"))?;
        let Some(role) = role else {
            return Err(self.remark(name, "assume_role has no role_arn", "write the ARN of the role"));
        };
        let duration = match self.duration(name, block)? {
            Some(stated) => Some(stated),
            None => default,
        };
        Ok(DraftHop {
            role: DraftRole::Arn(placed(role)),
            duration: duration.map(|value| Placed { value, place: self.place }),
            misread: None,
            external_id: block.text("external_id").map_err(expression("external_id"))?.map(placed),
            session_name: block.text("session_name").ok().flatten().map(placed),
            sessions: None,
        })
    }

    /// `duration` (`1h30m`), or the older numbers of seconds.
    fn duration(&self, name: &str, block: &TerraformBlock<'_>) -> Result<Option<Seconds>, Diagnostic> {
        for argument in ["duration", "duration_seconds", "assume_role_duration_seconds"] {
            let value = match block.argument(argument) {
                Ok(value) => value,
                Err(NoValue::Absent) => continue,
                Err(NoValue::Expression) => {
                    let what = format!("{argument} is an expression that the plan does not resolve");
                    return Err(self.remark(name, &what, "declare the job in an inventory"));
                }
            };
            let seconds = match value {
                // The recorded backend has 0 for a number that is not set.
                Value::Number(number) if number.as_u64() == Some(0) => continue,
                Value::Number(number) => number.as_u64().map(Seconds),
                Value::String(text) if text.is_empty() => continue,
                Value::String(text) => Seconds::parse(text).ok().or_else(|| text.parse().ok().map(Seconds)),
                _ => None,
            };
            return match seconds {
                Some(seconds) => Ok(Some(seconds)),
                None => {
                    let what = format!("{argument} is `{value}`");
                    Err(self.remark(name, &what, "write a duration such as 1h or 3600s"))
                }
            };
        }
        Ok(None)
    }

    fn remark(&self, name: &str, what: &str, help: &str) -> Diagnostic {
        let (location, message) = (self.location.clone(), format!("{name}: {what}"));
        Diagnostic::new(location, message, help)
    }
}

/// The blocks of this name: a list of blocks, or a single one.
fn blocks<'a>(config: &TerraformBlock<'a>, name: &str) -> Vec<TerraformBlock<'a>> {
    let values: &[Value] = match config.value.get(name) {
        Some(Value::Array(blocks)) => blocks,
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => &[],
    };
    values.iter().map(|value| TerraformBlock { value, variables: config.variables }).collect()
}
