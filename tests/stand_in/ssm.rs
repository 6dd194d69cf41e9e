//! SSM: GetParametersByPath, recursive, in the Region of the signature.
//!
//! Sources: SSM API Reference, GetParametersByPath (`MaxResults` is 1 to 10; a page may have fewer; without decryption
//! the value of a SecureString is its ciphertext). The resource of the permission is the path as the request has it:
//! aws-ia/terraform-aws-control_tower_account_factory#174, cloudposse/terraform-aws-components#1110. Chosen without a
//! measurement: a refused key fails the whole page.

use serde_json::{Value, json};

use super::{authorization, credentials::Key, errors::Problem, request::Request, world::World};

const MOST_PAGE: usize = 10;

/// A parameter as a test declares it.
#[derive(Clone, Debug)]
pub struct Parameter {
    value: String,
    /// The KMS key of a SecureString.
    key: Option<String>,
    pub(super) version: i64,
}

impl Parameter {
    pub fn new(value: &str) -> Parameter {
        Parameter { value: value.to_owned(), key: None, version: 1 }
    }

    /// A SecureString: decryption needs `kms:Decrypt` on this key.
    pub fn encrypted_with(mut self, key: &str) -> Parameter {
        self.key = Some(key.to_owned());
        self
    }
}

pub fn get_parameters_by_path(world: &World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let (principal, region) = (&caller.principal, request.signed.as_ref().map(|signed| signed.region.as_str()));
    let path = request.param("Path").unwrap_or_default();
    let denied = |action: &str, resource: &str| {
        let cause = authorization::may(world, caller, action, resource).err()?;
        let message = authorization::denial(caller, action, resource, world.wording, &cause);
        Some(Problem::new(400, "AccessDeniedException", message))
    };
    let (partition, account) = (&principal.partition, &principal.account);
    let arn = format!("arn:{partition}:ssm:{}:{account}:parameter{path}", region.unwrap_or_default());
    if let Some(problem) = denied("ssm:GetParametersByPath", &arn) {
        return Err(problem);
    }
    let most: usize = request.param("MaxResults").map_or(Ok(MOST_PAGE), str::parse).unwrap_or_default();
    if !(1..=MOST_PAGE).contains(&most) || request.param("Recursive") != Some("true") {
        return Err(Problem::new(
            400,
            "ValidationException",
            "The stand-in takes recursive requests for up to 10 only",
        ));
    }
    let start: usize = request.param("NextToken").map_or(Ok(0), str::parse).unwrap_or_default();
    let below = format!("{path}/");
    let all: Vec<_> = world.parameters.iter().filter(|(name, _)| name.starts_with(&below)).collect();
    let end = (start + most).min(all.len());
    let decrypts = request.param("WithDecryption") == Some("true");
    let mut page: Vec<Value> = Vec::new();
    for (name, parameter) in &all[start.min(end)..end] {
        let key = parameter.key.as_deref();
        if let Some(problem) = key.filter(|_| decrypts).and_then(|key| denied("kms:Decrypt", key)) {
            return Err(problem);
        }
        let value = if key.is_some() && !decrypts { "AQICAHexample" } else { &parameter.value };
        let kind = if key.is_some() { "SecureString" } else { "String" };
        page.push(json!({"Name": name, "Type": kind, "Value": value, "Version": parameter.version}));
    }
    let token = (end < all.len()).then(|| end.to_string());
    Ok(json!({"Parameters": page, "NextToken": token}).to_string())
}
