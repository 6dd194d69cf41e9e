//! IAM: GetRole and ListRoles, each only in the caller's account.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    authorization,
    constraint::{Constraints, integer},
    credentials::Key,
    errors::Problem,
    request::Request,
    role::Role,
    world::World,
    xml,
};

/// Roles have no creation date here, but AWS's answers always have one.
pub(super) const CREATED: &str = "2026-01-01T00:00:00Z";
const DEFAULT_PAGE: i32 = 100;
const MOST_PAGE: i32 = 1000;

pub fn get_role(world: &World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let mut constraints = Constraints::default();
    let name = constraints.required("roleName", request.param("RoleName"));
    constraints.length("roleName", name, 1, 64);
    constraints.finish()?;
    let name = name.unwrap_or_default();
    if !name.chars().all(|sign| sign.is_ascii_alphanumeric() || "+=,.@_-".contains(sign)) {
        let message = "The specified value for roleName is invalid. It must contain only alphanumeric characters \
            and/or the following: +=,.@_-";
        return Err(Problem::validation(message));
    }
    let role = world.role_named(&caller.principal.account, name);
    // A caller without permission does not learn whether the role exists.
    let resource = role.map_or_else(
        || format!("arn:{}:iam::{}:role/{name}", caller.principal.partition, caller.principal.account),
        |role| role.arn.clone(),
    );
    if let Err(cause) = authorization::may(world, caller, "iam:GetRole", &resource) {
        let wording = role.and_then(|role| role.wording).unwrap_or(world.wording);
        let message = authorization::denial(caller, "iam:GetRole", &format!("role {name}"), wording, &cause);
        return Err(Problem::new(403, "AccessDenied", message));
    }
    match role {
        Some(role) => Ok(format!("<Role>{}{}</Role>", describe(role), describe_tags(&role.tags))),
        None => Err(Problem::new(404, "NoSuchEntity", format!("The role with name {name} cannot be found."))),
    }
}

pub fn list_roles(world: &World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let most = integer(request.param("MaxItems"))?;
    let mut constraints = Constraints::default();
    constraints.range("maxItems", most, 1, MOST_PAGE);
    constraints.length("marker", request.param("Marker"), 1, 320);
    constraints.finish()?;
    let prefix = request.param("PathPrefix").unwrap_or("/");
    let account = &caller.principal.account;
    let resource = format!("arn:{}:iam::{account}:role{prefix}", caller.principal.partition);
    if let Err(cause) = authorization::may(world, caller, "iam:ListRoles", &resource) {
        let message = authorization::denial(caller, "iam:ListRoles", &resource, world.wording, &cause);
        return Err(Problem::new(403, "AccessDenied", message));
    }
    let mine = |role: &&Role| role.parts.account == *account && role.parts.path().starts_with(prefix);
    let mut names: Vec<(&str, &Role)> =
        world.roles.values().filter(mine).map(|role| (role.parts.name(), role)).collect();
    names.sort_by_key(|(name, _)| *name);
    // The marker is the next name. Callers must treat it as opaque.
    let rest = names.into_iter().filter(|(name, _)| request.param("Marker").is_none_or(|marker| *name >= marker));
    let asked = usize::try_from(most.unwrap_or(DEFAULT_PAGE)).unwrap_or_default();
    let size = world.list_roles_page.map_or(asked, |page| asked.min(page.max(1)));
    let mut members = String::new();
    let mut marker = None;
    for (index, (name, role)) in rest.enumerate() {
        if index == size {
            marker = Some(name);
            break;
        }
        let described = describe(role);
        let shown = if world.rules.list_has_maximum { described } else { without_maximum(&described) };
        members += &format!("<member>{shown}</member>");
    }
    let truncated = xml::element("IsTruncated", if marker.is_some() { "true" } else { "false" });
    Ok(format!("<Roles>{members}</Roles>{truncated}{}", xml::optional("Marker", marker)))
}

fn without_maximum(described: &str) -> String {
    described.split("<MaxSessionDuration>").next().unwrap_or_default().to_owned()
}

pub(super) fn describe(role: &Role) -> String {
    [
        xml::element("Path", &role.parts.path()),
        xml::element("RoleName", role.parts.name()),
        xml::element("RoleId", &role.id),
        xml::element("Arn", &role.arn),
        xml::element("CreateDate", CREATED),
        xml::element("AssumeRolePolicyDocument", &trust_document(role)),
        xml::optional("MaxSigninSessionDuration", role.max_signin_session.map(|most| most.to_string()).as_deref()),
        xml::element("MaxSessionDuration", &role.max_session.to_string()),
    ]
    .concat()
}

/// Of the calls that describe roles, only GetRole returns their tags.
pub(super) fn describe_tags(tags: &BTreeMap<String, String>) -> String {
    let tag = |(key, value): (&String, &String)| {
        format!("<member>{}{}</member>", xml::element("Key", key), xml::element("Value", value))
    };
    let members: String = tags.iter().map(tag).collect();
    format!("<Tags>{members}</Tags>")
}

/// Percent-encoded, as in IAM's answers.
fn trust_document(role: &Role) -> String {
    let mut statement = json!({"Effect": "Allow", "Principal": {"AWS": role.trusted}, "Action": "sts:AssumeRole"});
    if let Some(id) = &role.external_id {
        statement["Condition"] = json!({"StringEquals": {"sts:ExternalId": id}});
    }
    let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    form_urlencoded::byte_serialize(document.as_bytes()).collect::<String>().replace('+', "%20")
}
