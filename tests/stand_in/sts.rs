//! STS: AssumeRole, GetCallerIdentity, GetSessionToken. Each checks schema, permission and duration, in AWS's order.

use super::{
    arn::Arn,
    authorization, clock,
    constraint::{Constraints, integer},
    credentials::{Key, Origin, Principal},
    errors::{
        MFA_HALF, OVER_CHAIN_CAP, OVER_ROLE_MAXIMUM, Problem, ROOT_CALLER, SESSION_TOKEN_FROM_SESSION,
        SOURCE_IDENTITY_SET,
    },
    policy::Policy,
    request::Request,
    world::{self, NewSession, World},
    xml,
};

const LEAST_SECONDS: i32 = 900;
const MOST_ROLE_SECONDS: i32 = 43_200;
const MOST_TOKEN_SECONDS: i32 = 129_600;
const DEFAULT_ROLE_SECONDS: i32 = 3600;
const DEFAULT_TOKEN_SECONDS: i32 = 43_200;
const CHAIN_CAP_SECONDS: i32 = 3600;
/// The live service accepts more than the 64 of the model.
const MOST_SOURCE_IDENTITY: usize = 256;
const MOST_POLICY: usize = 2048;

pub fn get_caller_identity(caller: &Key) -> String {
    let Principal { arn, user_id, account, .. } = &caller.principal;
    xml::element("Arn", arn) + &xml::element("UserId", user_id) + &xml::element("Account", account)
}

pub fn assume_role(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let requested = check_schema(request)?;
    let policy = request.param("Policy").map(Policy::parse).transpose()?;
    if caller.principal.identity.ends_with(":root") {
        return Err(Problem::new(403, "AccessDenied", ROOT_CALLER));
    }
    check_mfa(request)?;
    check_source_identity(request, caller)?;
    authorization::check_assume(world, caller, request)?;
    let seconds = requested.unwrap_or(DEFAULT_ROLE_SECONDS);
    let Some(role) = request.param("RoleArn").and_then(|arn| world.roles.get(arn)) else {
        // Authorization has already denied a missing role.
        return Err(Problem::new(500, "InternalFailure", "An internal error has occurred."));
    };
    // The first exceeded limit names the error: a chained call can get the error about the role's maximum.
    if i64::from(seconds) > i64::from(role.max_session) {
        return Err(Problem::validation(OVER_ROLE_MAXIMUM));
    }
    if caller.is_session() && seconds > CHAIN_CAP_SECONDS {
        return Err(Problem::validation(OVER_CHAIN_CAP));
    }
    let (principal, origin) = world::session_of(role, request.param("RoleSessionName").unwrap_or_default());
    let source_identity = request.param("SourceIdentity").map(str::to_owned).or_else(|| caller.source_identity.clone());
    let key = world.issue(NewSession { principal, origin, seconds: seconds.into(), policy, source_identity });
    let Principal { arn, user_id, .. } = &key.principal;
    let user = xml::element("AssumedRoleId", user_id) + &xml::element("Arn", arn);
    let packed = request.param("Policy").map(|policy| (policy.len() * 100).div_ceil(MOST_POLICY).to_string());
    Ok(format!(
        "<AssumedRoleUser>{user}</AssumedRoleUser>{}{}{}",
        credentials(&key),
        xml::optional("SourceIdentity", key.source_identity.as_deref()),
        xml::optional("PackedPolicySize", packed.as_deref())
    ))
}

pub fn get_session_token(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let requested = integer(request.param("DurationSeconds"))?;
    let mut constraints = Constraints::default();
    constraints.range("durationSeconds", requested, LEAST_SECONDS, MOST_TOKEN_SECONDS);
    constraints.finish()?;
    if caller.is_session() {
        return Err(Problem::new(403, "AccessDenied", SESSION_TOKEN_FROM_SESSION));
    }
    check_mfa(request)?;
    let seconds = requested.unwrap_or(DEFAULT_TOKEN_SECONDS);
    // The only case in which STS shortens a session instead of refusing.
    let seconds = if caller.principal.identity.ends_with(":root") { seconds.min(3600) } else { seconds };
    let origin = Origin::SessionToken { mfa: request.param("SerialNumber").is_some() };
    let principal = caller.principal.clone();
    let key =
        world.issue(NewSession { principal, origin, seconds: seconds.into(), policy: None, source_identity: None });
    Ok(credentials(&key))
}

/// Checks the parameters' shapes. Returns the requested seconds, if any.
fn check_schema(request: &Request) -> Result<Option<i32>, Problem> {
    let duration = integer(request.param("DurationSeconds"))?;
    let mut constraints = Constraints::default();
    let role = constraints.required("roleArn", request.param("RoleArn"));
    constraints.length("roleArn", role, 20, 2048);
    let name = constraints.required("roleSessionName", request.param("RoleSessionName"));
    constraints.length("roleSessionName", name, 2, 64);
    constraints.characters("roleSessionName", name, "+=,.@-", r"[\w+=,.@-]*");
    constraints.range("durationSeconds", duration, LEAST_SECONDS, MOST_ROLE_SECONDS);
    let external_id = request.param("ExternalId");
    constraints.length("externalId", external_id, 2, 1224);
    constraints.characters("externalId", external_id, r"+=,.@:/-", r"[\w+=,.@:\/-]*");
    let source_identity = request.param("SourceIdentity");
    constraints.length("sourceIdentity", source_identity, 2, MOST_SOURCE_IDENTITY);
    constraints.characters("sourceIdentity", source_identity, "+=,.@-", r"[\w+=,.@-]*");
    constraints.length("policy", request.param("Policy"), 1, MOST_POLICY);
    constraints.finish()?;
    if role.is_none_or(|role| Arn::parse_role(role).is_none()) {
        return Err(Problem::validation("Request ARN is invalid"));
    }
    if request.params.keys().any(|name| name.starts_with("PolicyArns.")) {
        return Err(Problem::validation("The stand-in has no managed policies: send the policy itself"));
    }
    Ok(duration)
}

fn check_mfa(request: &Request) -> Result<(), Problem> {
    match (request.param("SerialNumber"), request.param("TokenCode")) {
        (None, None) | (Some(_), Some(_)) => Ok(()),
        _ => Err(Problem::new(403, "AccessDenied", MFA_HALF)),
    }
}

fn check_source_identity(request: &Request, caller: &Key) -> Result<(), Problem> {
    match (request.param("SourceIdentity"), &caller.source_identity) {
        (Some(asked), Some(set)) if asked != set => Err(Problem::validation(SOURCE_IDENTITY_SET)),
        _ => Ok(()),
    }
}

fn credentials(key: &Key) -> String {
    let given = &key.credentials;
    format!(
        "<Credentials>{}{}{}{}</Credentials>",
        xml::element("AccessKeyId", &given.access_key_id),
        xml::element("SecretAccessKey", &given.secret_access_key),
        xml::optional("SessionToken", given.session_token.as_deref()),
        xml::optional("Expiration", key.expires.map(clock::iso).as_deref())
    )
}
