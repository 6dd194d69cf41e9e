//! Decides whether a caller may make a call: identity policy, session policy, and for AssumeRole the role's trust
//! policy. Words the denial. Issues nothing.

use super::{
    credentials::{Key, Origin},
    errors::Problem,
    policy::{Decision, matches},
    request::Request,
    role::{Role, SourceIdentity, Wording},
    world::World,
};

/// The policy that prevented the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No policy of this kind allows the call.
    No(&'static str),
    /// A policy of this kind denies the call: `in an identity-based policy`.
    Deny(&'static str),
    /// The text of the test.
    Given(String),
}

const IDENTITY: &str = "identity-based policy";
const SESSION: &str = "session policy";
const TRUST: &str = "role trust policy";

impl Cause {
    fn text(&self, action: &str) -> String {
        match self {
            Cause::No(kind) => format!("because no {kind} allows the {action} action"),
            Cause::Deny(place) => format!("with an explicit deny {place}"),
            Cause::Given(text) => text.clone(),
        }
    }
}

/// `User: … is not authorized to perform: … on resource: …`, with its cause if the wording has a cause.
pub fn denial(caller: &Key, action: &str, resource: &str, wording: Wording, cause: &Cause) -> String {
    let plain =
        format!("User: {} is not authorized to perform: {action} on resource: {resource}", caller.principal.arn);
    let text = cause.text(action);
    // A cause from the test is always in the message.
    let has_cause = wording == Wording::WithCause || matches!(cause, Cause::Given(_));
    if has_cause && !text.is_empty() { format!("{plain} {text}") } else { plain }
}

/// The caller's policies: the identity policy and, for a session with a session policy, that one.
pub fn may(world: &World, caller: &Key, action: &str, resource: &str) -> Result<(), Cause> {
    check_own(world, caller, action, resource, false)
}

/// `named`: the resource's policy names the caller in the same account, which replaces an identity policy.
fn check_own(world: &World, caller: &Key, action: &str, resource: &str, named: bool) -> Result<(), Cause> {
    let is_root = caller.principal.identity.ends_with(":root");
    match world.permissions(caller).map_or(Decision::NotAllowed, |policy| policy.decide(action, resource)) {
        Decision::Denied => return Err(Cause::Deny("in an identity-based policy")),
        Decision::NotAllowed if !named && !is_root => return Err(Cause::No(IDENTITY)),
        _ => {}
    }
    match caller.session_policy.as_ref().map(|policy| policy.decide(action, resource)) {
        Some(Decision::Denied) => Err(Cause::Deny("in a sessions policy")),
        Some(Decision::NotAllowed) => Err(Cause::No(SESSION)),
        _ => Ok(()),
    }
}

/// AssumeRole and its optional actions. A missing role is denied with the same message.
pub fn check_assume(world: &World, caller: &Key, request: &Request) -> Result<(), Problem> {
    let target = request.param("RoleArn").unwrap_or_default();
    let role = world.roles.get(target);
    if role.is_none() && world.rules.missing_role_is_named {
        return Err(Problem::new(404, "NoSuchEntity", "The role cannot be found."));
    }
    let wording = role.and_then(|role| role.wording).unwrap_or(world.wording);
    let sets_source_identity = request.param("SourceIdentity").is_some() || caller.source_identity.is_some();
    let tags = request.params.keys().any(|name| name.starts_with("Tags.member."));
    let actions = [("sts:AssumeRole", true), ("sts:SetSourceIdentity", sets_source_identity), ("sts:TagSession", tags)];
    for (action, _) in actions.into_iter().filter(|(_, asked)| *asked) {
        check_assume_action(world, caller, request, target, role, action)
            .map_err(|cause| Problem::new(403, "AccessDenied", denial(caller, action, target, wording, &cause)))?;
    }
    Ok(())
}

fn check_assume_action(
    world: &World,
    caller: &Key,
    request: &Request,
    target: &str,
    role: Option<&Role>,
    action: &str,
) -> Result<(), Cause> {
    if let Some(cause) = role.and_then(|role| role.denied.clone()) {
        return Err(Cause::Given(cause));
    }
    let named = role.is_some_and(|role| trust_names(role, caller) && role.parts.account == caller.principal.account);
    check_own(world, caller, action, target, named)?;
    match role {
        Some(role) if trusts(world, role, caller, request, action) => Ok(()),
        _ => Err(Cause::No(TRUST)),
    }
}

/// The trust policy names this user, role or session, not its whole account.
fn trust_names(role: &Role, caller: &Key) -> bool {
    role.trusted.iter().any(|trusted| *trusted == caller.principal.identity || *trusted == caller.principal.arn)
}

fn trusts(world: &World, role: &Role, caller: &Key, request: &Request, action: &str) -> bool {
    let principal = &caller.principal;
    let root = format!("arn:{}:iam::{}:root", principal.partition, principal.account);
    let account =
        role.trusted.iter().any(|trusted| *trusted == root || *trusted == principal.account || trusted == "*");
    let meets = |wanted: &Option<String>, given: Option<&str>| {
        wanted.as_ref().is_none_or(|wanted| given.is_some_and(|given| matches(wanted, given)))
    };
    let source_identity = request.param("SourceIdentity").or(caller.source_identity.as_deref());
    let source_identity_good = match (&role.source_identity, action) {
        (SourceIdentity::NotAccepted, action) => action != "sts:SetSourceIdentity",
        (SourceIdentity::Accepted, _) => true,
        (SourceIdentity::Required(pattern), _) => source_identity.is_some_and(|given| matches(pattern, given)),
    };
    let mfa = request.param("SerialNumber").is_some() || caller.origin == (Origin::SessionToken { mfa: true });
    let requested = request.param("DurationSeconds").and_then(|seconds| seconds.parse().ok());
    let requested = requested.unwrap_or(world.rules.default_role_seconds);
    principal.partition == role.parts.partition
        && (account || trust_names(role, caller))
        // An external ID is compared literally: an asterisk in it is not a wildcard.
        && (role.external_id.as_deref().is_none_or(|wanted| request.param("ExternalId") == Some(wanted))
            || !world.rules.external_id_counts)
        && (role.most_seconds.is_none_or(|most| requested <= most) || !world.rules.duration_conditions)
        && meets(&role.session_name, request.param("RoleSessionName"))
        && source_identity_good
        && (role.accepts_tags || action != "sts:TagSession")
        && (mfa || !role.requires_mfa)
}
