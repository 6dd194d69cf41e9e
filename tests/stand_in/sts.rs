//! STS: AssumeRole, GetCallerIdentity, GetSessionToken, GetFederationToken. Each checks schema, permission and
//! duration, in AWS's order.

use super::{
    arn::Arn,
    authorization, clock,
    constraint::{Constraints, integer},
    credentials::{Key, Origin, Principal},
    errors::{
        FEDERATION_TOKEN_FROM_SESSION, MFA_HALF, OVER_CHAIN_CAP, OVER_ROLE_MAXIMUM, Problem, ROOT_CALLER,
        SESSION_TOKEN_FROM_SESSION, SOURCE_IDENTITY_SET,
    },
    policy::Policy,
    request::Request,
    rules::Rules,
    world::{self, NewSession, World},
    xml,
};

pub fn get_caller_identity(world: &World, caller: &Key) -> Result<String, Problem> {
    if caller.origin == Origin::Federation && !world.rules.federation_has_identity {
        return Err(Problem::new(403, "AccessDenied", "Cannot call GetCallerIdentity with session credentials"));
    }
    let Principal { arn, user_id, account, .. } = &caller.principal;
    Ok(xml::element("Arn", arn) + &xml::element("UserId", user_id) + &xml::element("Account", account))
}

pub fn assume_role(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let rules = world.rules.clone();
    let requested = check_schema(request, &rules)?;
    let policy = match request.param("Policy") {
        Some(text) if rules.checks_policies => Some(Policy::parse(text)?),
        _ => None,
    };
    if caller.principal.identity.ends_with(":root") {
        return Err(Problem::new(403, "AccessDenied", ROOT_CALLER));
    }
    if caller.origin == Origin::Federation && !rules.federation_assumes {
        return Err(Problem::new(403, "AccessDenied", "Cannot call AssumeRole with federated user credentials"));
    }
    check_mfa(request, &rules)?;
    check_source_identity(request, caller, &rules)?;
    authorization::check_assume(world, caller, request)?;
    let Some(role) = request.param("RoleArn").and_then(|arn| world.roles.get(arn)) else {
        // Authorization has already denied a missing role.
        return Err(Problem::new(500, "InternalFailure", "An internal error has occurred."));
    };
    let seconds = granted(requested.unwrap_or(rules.default_role_seconds), role.max_session, caller, &rules)?;
    let (principal, origin) = world::session_of(role, request.param("RoleSessionName").unwrap_or_default());
    let source_identity = request.param("SourceIdentity").map(str::to_owned).or_else(|| caller.source_identity.clone());
    let key = world.issue(NewSession { principal, origin, seconds, policy, source_identity });
    let key = match rules.ends_with_parent {
        Some(seconds) => world.end_with(&key, caller.expires, seconds),
        None => key,
    };
    let Principal { arn, user_id, .. } = &key.principal;
    let user = xml::element("AssumedRoleId", user_id) + &xml::element("Arn", arn);
    let packed = request.param("Policy").map(|policy| (policy.len() * 100).div_ceil(rules.most_policy).to_string());
    Ok(format!(
        "<AssumedRoleUser>{user}</AssumedRoleUser>{}{}{}",
        credentials(&key),
        xml::optional("SourceIdentity", key.source_identity.as_deref()),
        xml::optional("PackedPolicySize", packed.as_deref())
    ))
}

/// The length of the session. The first exceeded limit names the error: a chained call can get the error about the
/// role's maximum.
fn granted(seconds: i32, maximum: u32, caller: &Key, rules: &Rules) -> Result<i64, Problem> {
    let maximum = i32::try_from(maximum).unwrap_or(i32::MAX);
    let is_chained = match caller.origin {
        Origin::LongTerm => false,
        Origin::SessionToken { .. } => rules.session_tokens_chain,
        Origin::Federation | Origin::RoleSession { .. } => true,
    };
    let range = (rules.least_seconds..=rules.most_role_seconds, out_of_range(seconds, rules));
    let of_role = (i32::MIN..=maximum, Problem::validation(OVER_ROLE_MAXIMUM));
    let cap = if is_chained { rules.chain_cap_seconds } else { i32::MAX };
    let of_chain = (i32::MIN..=cap, Problem::validation(OVER_CHAIN_CAP));
    let mut limits = vec![of_role, of_chain];
    if !rules.maximum_before_cap {
        limits.reverse();
    }
    limits.push(range);
    if rules.shortens {
        return Ok(seconds.min(maximum).min(cap).into());
    }
    match limits.into_iter().find(|(range, _)| !range.contains(&seconds)) {
        Some((_, problem)) => Err(problem),
        None => Ok(seconds.into()),
    }
}

fn out_of_range(seconds: i32, rules: &Rules) -> Problem {
    let mut constraints = Constraints::default();
    constraints.range("durationSeconds", Some(seconds), rules.least_seconds, rules.most_role_seconds);
    constraints.finish().err().unwrap_or_else(|| Problem::validation("durationSeconds"))
}

pub fn get_session_token(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let rules = world.rules.clone();
    let seconds = token_seconds(caller, request, &rules)?;
    if caller.is_session() && !rules.sessions_get_tokens {
        return Err(Problem::new(403, "AccessDenied", SESSION_TOKEN_FROM_SESSION));
    }
    check_mfa(request, &rules)?;
    let origin = Origin::SessionToken { mfa: request.param("SerialNumber").is_some() };
    let principal = caller.principal.clone();
    let key = world.issue(NewSession { principal, origin, seconds, policy: None, source_identity: None });
    Ok(credentials(&key))
}

/// Without a policy, the session has no permission.
pub fn get_federation_token(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let rules = world.rules.clone();
    let mut constraints = Constraints::default();
    let name = constraints.required("name", request.param("Name"));
    constraints.length("name", name, 2, 32);
    constraints.characters("name", name, "+=,.@-", r"[\w+=,.@-]*");
    constraints.finish()?;
    let seconds = token_seconds(caller, request, &rules)?;
    if caller.is_session() && !rules.sessions_get_tokens {
        return Err(Problem::new(403, "AccessDenied", FEDERATION_TOKEN_FROM_SESSION));
    }
    let Principal { partition, account, .. } = &caller.principal;
    let resource = format!("arn:{partition}:sts::{account}:federated-user/{}", name.unwrap_or_default());
    if let Err(cause) = authorization::may(world, caller, "sts:GetFederationToken", &resource) {
        let message = authorization::denial(caller, "sts:GetFederationToken", &resource, world.wording, &cause);
        return Err(Problem::new(403, "AccessDenied", message));
    }
    let policy = request.param("Policy").map(Policy::parse).transpose()?.unwrap_or_default();
    let user_id = format!("{account}:{}", name.unwrap_or_default());
    let principal = Principal { arn: resource, user_id, ..caller.principal.clone() };
    let origin = Origin::Federation;
    let key = world.issue(NewSession { principal, origin, seconds, policy: Some(policy), source_identity: None });
    let user = xml::element("FederatedUserId", &key.principal.user_id) + &xml::element("Arn", &key.principal.arn);
    Ok(format!("{}<FederatedUser>{user}</FederatedUser>", credentials(&key)))
}

fn token_seconds(caller: &Key, request: &Request, rules: &Rules) -> Result<i64, Problem> {
    let requested = integer(request.param("DurationSeconds"))?;
    let mut constraints = Constraints::default();
    constraints.range("durationSeconds", requested, rules.least_seconds, rules.most_token_seconds);
    constraints.finish()?;
    let seconds = requested.unwrap_or(rules.default_token_seconds);
    // The only case in which STS shortens a session instead of refusing.
    Ok(if caller.principal.identity.ends_with(":root") { seconds.min(3600) } else { seconds }.into())
}

/// Checks the parameters' shapes. Returns the requested seconds, if any.
fn check_schema(request: &Request, rules: &Rules) -> Result<Option<i32>, Problem> {
    let duration = integer(request.param("DurationSeconds"))?;
    let mut constraints = Constraints::default();
    let role = constraints.required("roleArn", request.param("RoleArn"));
    if rules.checks_arns {
        constraints.length("roleArn", role, 20, 2048);
    }
    let name = constraints.required("roleSessionName", request.param("RoleSessionName"));
    constraints.length("roleSessionName", name, rules.session_name.0, rules.session_name.1);
    constraints.characters("roleSessionName", name, "+=,.@-", r"[\w+=,.@-]*");
    if rules.range_first {
        constraints.range("durationSeconds", duration, rules.least_seconds, rules.most_role_seconds);
    }
    let external_id = request.param("ExternalId");
    constraints.length("externalId", external_id, rules.external_id.0, rules.external_id.1);
    constraints.characters("externalId", external_id, r"+=,.@:/-", r"[\w+=,.@:\/-]*");
    let source_identity = request.param("SourceIdentity");
    constraints.length("sourceIdentity", source_identity, 2, rules.most_source_identity);
    constraints.characters("sourceIdentity", source_identity, "+=,.@-", r"[\w+=,.@-]*");
    constraints.length("policy", request.param("Policy"), 1, rules.most_policy);
    constraints.finish()?;
    if rules.checks_arns && role.is_none_or(|role| Arn::parse_role(role).is_none()) {
        return Err(Problem::validation("Request ARN is invalid"));
    }
    if request.params.keys().any(|name| name.starts_with("PolicyArns.")) {
        return Err(Problem::validation("The stand-in has no managed policies: send the policy itself"));
    }
    Ok(duration)
}

fn check_mfa(request: &Request, rules: &Rules) -> Result<(), Problem> {
    match (request.param("SerialNumber"), request.param("TokenCode")) {
        (None, None) | (Some(_), Some(_)) => Ok(()),
        _ if !rules.mfa_needs_both => Ok(()),
        _ => Err(Problem::new(403, "AccessDenied", MFA_HALF)),
    }
}

fn check_source_identity(request: &Request, caller: &Key, rules: &Rules) -> Result<(), Problem> {
    match (request.param("SourceIdentity"), &caller.source_identity) {
        (Some(asked), Some(set)) if asked != set && rules.source_identity_stays => {
            Err(Problem::validation(SOURCE_IDENTITY_SET))
        }
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
