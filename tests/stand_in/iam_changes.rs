//! IAM: the calls that make, change and remove roles, users, inline policies and access keys, and the lists of tags and
//! keys. Each only in the caller's account.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    arn::Arn,
    authorization,
    constraint::{Constraints, integer},
    credentials::{Credentials, Key, Origin, Principal},
    errors::Problem,
    iam::{self, CREATED},
    policy::Policy,
    request::Request,
    role::{Role, SourceIdentity, User},
    world::World,
    xml,
};

/// Whether the action changes IAM.
pub fn is_change(action: &str) -> bool {
    [
        "CreateRole",
        "UpdateRole",
        "DeleteRole",
        "PutRolePolicy",
        "DeleteRolePolicy",
        "CreateUser",
        "DeleteUser",
        "PutUserPolicy",
        "DeleteUserPolicy",
        "CreateAccessKey",
        "UpdateAccessKey",
        "DeleteAccessKey",
    ]
    .contains(&action)
}

pub fn answer(world: &mut World, caller: &Key, request: &Request) -> Option<Result<String, Problem>> {
    Some(match request.action.as_str() {
        "CreateRole" => create_role(world, caller, request),
        "UpdateRole" => update_role(world, caller, request),
        "DeleteRole" => delete_role(world, caller, request),
        "PutRolePolicy" | "DeleteRolePolicy" => role_policy(world, caller, request),
        "ListRoleTags" => list_role_tags(world, caller, request),
        "CreateUser" => create_user(world, caller, request),
        "DeleteUser" => delete_user(world, caller, request),
        "PutUserPolicy" | "DeleteUserPolicy" => user_policy(world, caller, request),
        "ListUserTags" => list_user_tags(world, caller, request),
        "ListUsers" => list_users(world, caller, request),
        "CreateAccessKey" => create_access_key(world, caller, request),
        "UpdateAccessKey" | "DeleteAccessKey" => access_key(world, caller, request),
        "ListAccessKeys" => list_access_keys(world, caller, request),
        _ => return None,
    })
}

fn allowed(world: &World, caller: &Key, action: &str, resource: &str) -> Result<(), Problem> {
    authorization::may(world, caller, action, resource).map_err(|cause| {
        Problem::new(403, "AccessDenied", authorization::denial(caller, action, resource, world.wording, &cause))
    })
}

fn missing(kind: &str, name: &str) -> Problem {
    Problem::new(404, "NoSuchEntity", format!("The {kind} with name {name} cannot be found."))
}

fn exists(kind: &str, name: &str) -> Problem {
    Problem::new(409, "EntityAlreadyExists", format!("{kind} with name {name} already exists."))
}

fn conflict(what: &str) -> Problem {
    Problem::new(409, "DeleteConflict", format!("Cannot delete entity, must {what} first."))
}

/// A required name of at most `most` letters, digits and `+=,.@_-`.
fn name(request: &Request, field: &'static str, most: usize) -> Result<String, Problem> {
    let mut constraints = Constraints::default();
    let lower = field[..1].to_ascii_lowercase() + &field[1..];
    let name = constraints.required(&lower, request.param(field));
    constraints.length(&lower, name, 1, most);
    constraints.characters(&lower, name, "+=,.@-", r"[\w+=,.@-]+");
    constraints.finish()?;
    Ok(name.unwrap_or_default().to_owned())
}

fn path(request: &Request) -> Result<String, Problem> {
    let path = request.param("Path").unwrap_or("/");
    let fits = path.starts_with('/') && path.ends_with('/') && path.len() <= 512 && path.is_ascii();
    if fits { Ok(path.to_owned()) } else { Err(Problem::validation("The specified value for path is invalid.")) }
}

/// `Tags.member.1.Key` and `.Value`.
fn tags(request: &Request) -> Result<BTreeMap<String, String>, Problem> {
    let mut tags = BTreeMap::new();
    for number in 1..=50 {
        let member = |part: &str| request.param(&format!("Tags.member.{number}.{part}"));
        let Some(key) = member("Key") else { break };
        let value = member("Value").ok_or_else(|| Problem::validation("A tag has no value"))?;
        let known = |sign: char| sign.is_ascii_alphanumeric() || " _.:/=+-@".contains(sign);
        if key.is_empty() || key.len() > 128 || value.len() > 256 || !(key.to_owned() + value).chars().all(known) {
            return Err(Problem::validation("A tag has a key or value that IAM does not accept"));
        }
        tags.insert(key.to_owned(), value.to_owned());
    }
    Ok(tags)
}

fn describe_tags(tags: &BTreeMap<String, String>) -> String {
    format!("{}{}", iam::describe_tags(tags), xml::element("IsTruncated", "false"))
}

fn arn_of(caller: &Key, kind: &str, path: &str, name: &str) -> String {
    let Principal { partition, account, .. } = &caller.principal;
    format!("arn:{partition}:iam::{account}:{kind}{path}{name}")
}

// --- Roles ---

/// The role of this name, or the denial that hides whether it exists.
fn role_of(world: &World, caller: &Key, action: &str, name: &str) -> Result<String, Problem> {
    let role = world.role_named(&caller.principal.account, name).map(|role| role.arn.clone());
    // Without the role, its path is not known: a permission on a path does not cover the call.
    allowed(world, caller, action, role.as_deref().unwrap_or(&arn_of(caller, "role", "/", name)))?;
    role.ok_or_else(|| missing("role", name))
}

fn maximum(world: &World, request: &Request) -> Result<Option<u32>, Problem> {
    let seconds = integer(request.param("MaxSessionDuration"))?;
    let mut constraints = Constraints::default();
    constraints.range("maxSessionDuration", seconds, world.rules.least_maximum, world.rules.most_maximum);
    constraints.finish()?;
    Ok(seconds.and_then(|seconds| u32::try_from(seconds).ok()))
}

fn create_role(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let (name, path, tags) = (name(request, "RoleName", 64)?, path(request)?, tags(request)?);
    let maximum = maximum(world, request)?;
    let arn = arn_of(caller, "role", &path, &name);
    allowed(world, caller, "iam:CreateRole", &arn)?;
    if !tags.is_empty() {
        allowed(world, caller, "iam:TagRole", &arn)?;
    }
    let role = trusting(world, Role::new(&arn), request.param("AssumeRolePolicyDocument").unwrap_or_default())?;
    if world.role_named(&caller.principal.account, &name).is_some() {
        return Err(exists("Role", &name));
    }
    let default = u32::try_from(world.rules.default_maximum).unwrap_or_default();
    let role = Role { tags, ..role.max_session(maximum.unwrap_or(default)) };
    world.role(role);
    let made = &world.roles[&arn];
    Ok(format!("<Role>{}</Role>", iam::describe(made)))
}

fn update_role(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let name = name(request, "RoleName", 64)?;
    let maximum = maximum(world, request)?;
    let arn = role_of(world, caller, "iam:UpdateRole", &name)?;
    let default = u32::try_from(world.rules.default_maximum).unwrap_or_default();
    let resets = world.rules.update_resets;
    if let Some(role) = world.roles.get_mut(&arn) {
        role.max_session = maximum.unwrap_or(if resets { default } else { role.max_session });
    }
    Ok(String::new())
}

fn delete_role(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let name = name(request, "RoleName", 64)?;
    let arn = role_of(world, caller, "iam:DeleteRole", &name)?;
    if world.roles.get(&arn).is_some_and(|role| !role.inline.is_empty()) {
        return Err(conflict("delete policies"));
    }
    world.delete_role(&arn);
    Ok(String::new())
}

fn role_policy(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let (name, policy) = (name(request, "RoleName", 64)?, name(request, "PolicyName", 128)?);
    let arn = role_of(world, caller, &format!("iam:{}", request.action), &name)?;
    let Some(role) = world.roles.get_mut(&arn) else { return Err(missing("role", &name)) };
    change_policy(&mut role.inline, &policy, request)
}

fn change_policy(policies: &mut BTreeMap<String, Policy>, name: &str, request: &Request) -> Result<String, Problem> {
    if request.action.starts_with("Put") {
        policies.insert(name.to_owned(), Policy::parse(request.param("PolicyDocument").unwrap_or_default())?);
    } else {
        policies.remove(name).ok_or_else(|| missing("policy", name))?;
    }
    Ok(String::new())
}

fn list_role_tags(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let name = name(request, "RoleName", 64)?;
    let arn = role_of(world, caller, "iam:ListRoleTags", &name)?;
    Ok(describe_tags(&world.roles[&arn].tags))
}

/// Reads a trust policy with the elements that the stand-in decides on, and refuses every other.
fn trusting(world: &World, mut role: Role, document: &str) -> Result<Role, Problem> {
    let malformed = |text: &str| Problem::new(400, "MalformedPolicyDocument", text);
    let document: Value = serde_json::from_str(document).map_err(|_| malformed("This policy contains invalid Json"))?;
    let statement = match document["Statement"].as_array().map(Vec::as_slice) {
        Some([statement]) if document["Version"] == "2012-10-17" && statement["Effect"] == "Allow" => statement,
        _ => return Err(malformed("The stand-in takes trust policies with one statement that allows")),
    };
    let texts = |value: &Value| -> Vec<String> {
        let one = value.as_str().map(str::to_owned).into_iter();
        one.chain(value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned)).collect()
    };
    for action in texts(&statement["Action"]) {
        match action.as_str() {
            "sts:AssumeRole" => {}
            "sts:SetSourceIdentity" => role.source_identity = SourceIdentity::Accepted,
            "sts:TagSession" => role.accepts_tags = true,
            _ => return Err(malformed("AssumeRolepolicy contained an invalid action")),
        }
    }
    role.trusted = texts(&statement["Principal"]["AWS"]);
    let known = |principal: &String| {
        let is_root = Arn::parse(principal).is_some_and(|arn| arn.resource == "root");
        is_root || world.roles.contains_key(principal) || world.users.contains_key(principal)
    };
    if role.trusted.is_empty() || !role.trusted.iter().all(known) {
        return Err(malformed("Invalid principal in policy"));
    }
    for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
        for (key, value) in keys.as_object().into_iter().flatten() {
            match (operator.as_str(), key.as_str()) {
                ("StringEquals", "sts:ExternalId") => role.external_id = value.as_str().map(str::to_owned),
                ("NumericLessThanEquals", "sts:DurationSeconds") => {
                    role.most_seconds = value.as_str().and_then(|seconds| seconds.parse().ok());
                }
                _ => return Err(malformed("The stand-in does not know this condition")),
            }
        }
    }
    Ok(role)
}

// --- Users and keys ---

fn user_of(world: &World, caller: &Key, action: &str, name: &str) -> Result<String, Problem> {
    let mine = |user: &&User| user.parts.account == caller.principal.account && user.parts.name() == name;
    let user = world.users.values().find(mine).map(|user| user.arn.clone());
    allowed(world, caller, action, user.as_deref().unwrap_or(&arn_of(caller, "user", "/", name)))?;
    user.ok_or_else(|| missing("user", name))
}

fn describe_user(user: &User) -> String {
    [
        xml::element("Path", &user.parts.path()),
        xml::element("UserName", user.parts.name()),
        xml::element("UserId", "AIDAEXAMPLE0000000000"),
        xml::element("Arn", &user.arn),
        xml::element("CreateDate", CREATED),
    ]
    .concat()
}

fn create_user(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let (name, path, tags) = (name(request, "UserName", 64)?, path(request)?, tags(request)?);
    let arn = arn_of(caller, "user", &path, &name);
    allowed(world, caller, "iam:CreateUser", &arn)?;
    if !tags.is_empty() {
        allowed(world, caller, "iam:TagUser", &arn)?;
    }
    let mine = |user: &User| user.parts.account == caller.principal.account && user.parts.name() == name;
    if world.users.values().any(mine) {
        return Err(exists("User", &name));
    }
    let user = User { tags, ..User::new(&arn) };
    let described = describe_user(&user);
    world.users.insert(arn, user);
    Ok(format!("<User>{described}</User>"))
}

fn delete_user(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let name = name(request, "UserName", 64)?;
    let arn = user_of(world, caller, "iam:DeleteUser", &name)?;
    if world.keys.values().any(|key| is_key_of(key, &arn)) {
        return Err(conflict("remove access keys"));
    }
    if world.users.get(&arn).is_some_and(|user| !user.inline.is_empty()) {
        return Err(conflict("delete policies"));
    }
    world.users.remove(&arn);
    Ok(String::new())
}

fn user_policy(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let (name, policy) = (name(request, "UserName", 64)?, name(request, "PolicyName", 128)?);
    let arn = user_of(world, caller, &format!("iam:{}", request.action), &name)?;
    let Some(user) = world.users.get_mut(&arn) else { return Err(missing("user", &name)) };
    change_policy(&mut user.inline, &policy, request)
}

fn list_user_tags(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let name = name(request, "UserName", 64)?;
    let arn = user_of(world, caller, "iam:ListUserTags", &name)?;
    Ok(describe_tags(&world.users[&arn].tags))
}

fn list_users(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let prefix = request.param("PathPrefix").unwrap_or("/");
    allowed(world, caller, "iam:ListUsers", &arn_of(caller, "user", prefix, ""))?;
    let mine = |user: &&User| {
        let Arn { account, resource, .. } = &user.parts;
        *account == caller.principal.account && resource != "root" && user.parts.path().starts_with(prefix)
    };
    let users = world.users.values().filter(mine).map(|user| format!("<member>{}</member>", describe_user(user)));
    Ok(format!("<Users>{}</Users>{}", users.collect::<String>(), xml::element("IsTruncated", "false")))
}

fn is_key_of(key: &Key, user: &str) -> bool {
    key.origin == Origin::LongTerm && key.principal.identity == user
}

fn create_access_key(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let name = name(request, "UserName", 128)?;
    let arn = user_of(world, caller, "iam:CreateAccessKey", &name)?;
    if world.keys.values().filter(|key| is_key_of(key, &arn)).count() >= 2 {
        return Err(Problem::new(409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2"));
    }
    let user = world.users[&arn].clone();
    let Credentials { access_key_id, secret_access_key, .. } = world.user(user);
    let parts = [
        xml::element("UserName", &name),
        xml::element("AccessKeyId", &access_key_id),
        xml::element("Status", "Active"),
        xml::element("SecretAccessKey", &secret_access_key),
        xml::element("CreateDate", CREATED),
    ];
    Ok(format!("<AccessKey>{}</AccessKey>", parts.concat()))
}

fn access_key(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let name = name(request, "UserName", 128)?;
    let arn = user_of(world, caller, &format!("iam:{}", request.action), &name)?;
    let id = request.param("AccessKeyId").unwrap_or_default();
    let not_found = || Problem::new(404, "NoSuchEntity", "The Access Key cannot be found");
    let key = world.keys.get_mut(id).filter(|key| is_key_of(key, &arn)).ok_or_else(not_found)?;
    if request.action == "DeleteAccessKey" {
        world.keys.remove(id);
    } else {
        key.active = match request.param("Status") {
            Some("Active") => true,
            Some("Inactive") => false,
            _ => return Err(Problem::validation("The status of a key is Active or Inactive")),
        };
    }
    Ok(String::new())
}

fn list_access_keys(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let name = name(request, "UserName", 128)?;
    let arn = user_of(world, caller, "iam:ListAccessKeys", &name)?;
    let describe = |key: &Key| {
        let parts = [
            xml::element("UserName", &name),
            xml::element("AccessKeyId", &key.credentials.access_key_id),
            xml::element("Status", if key.active { "Active" } else { "Inactive" }),
            xml::element("CreateDate", CREATED),
        ];
        format!("<member>{}</member>", parts.concat())
    };
    let keys: String = world.keys.values().filter(|key| is_key_of(key, &arn)).map(describe).collect();
    Ok(format!("<AccessKeyMetadata>{keys}</AccessKeyMetadata>{}", xml::element("IsTruncated", "false")))
}
