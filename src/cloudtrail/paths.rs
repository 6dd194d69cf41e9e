//! The path of each session: where its first credentials come from, and the roles from there to the session.

use std::sync::Arc;

use super::caller::{Caller, Kind};
use super::collect::{Issue, Operation};
use super::model::Origin;

/// The path of a session.
#[derive(Debug, Clone)]
pub(super) struct Path {
    pub(super) source: Origin,
    pub(super) service: Option<Arc<str>>,
    pub(super) roles: Arc<[Arc<str>]>,
}

/// The path of an issue without a known parent.
pub(super) fn root(issue: &Issue, caller: &Caller, role: Option<&Arc<str>>) -> Path {
    let service = caller.invoked_by.as_deref().filter(|_| caller.kind == Kind::Service);
    let source = match issue.operation {
        Operation::SessionToken => Origin::SessionToken,
        Operation::FederationToken => Origin::FederationToken,
        Operation::WithWebIdentity => Origin::WebIdentity,
        Operation::WithSaml => Origin::Saml,
        Operation::AssumeRole | Operation::AssumeRoot => match caller.kind {
            Kind::IamUser if caller.is_session() => Origin::SessionToken,
            Kind::IamUser => Origin::IamUser,
            Kind::FederatedUser => Origin::FederationToken,
            Kind::WebIdentity => Origin::WebIdentity,
            Kind::Saml => Origin::Saml,
            Kind::Service => service.map_or(Origin::Unknown, of_service),
            Kind::Root | Kind::AssumedRole | Kind::Account | Kind::Other => Origin::Unknown,
        },
    };
    let before = caller.role.as_deref().filter(|_| caller.kind == Kind::AssumedRole).map(Arc::from);
    let roles: Arc<[Arc<str>]> = before.into_iter().chain(role.cloned()).collect();
    Path { source: of_permission_set(&roles).unwrap_or(source), service: service.map(Arc::from), roles }
}

/// The path of a session without an issue, by its callers.
pub(super) fn without_issue<'a>(callers: impl Iterator<Item = &'a Caller> + Clone, role: Option<&Arc<str>>) -> Path {
    let any = |condition: fn(&Caller) -> bool| callers.clone().any(condition);
    let roles: Arc<[Arc<str>]> = role.cloned().into_iter().collect();
    let source = if let Some(source) = of_permission_set(&roles) {
        source
    } else if any(|caller| caller.is_ec2) {
        Origin::Ec2Instance
    } else if any(|caller| caller.is_web_identity) {
        Origin::WebIdentity
    } else if any(|caller| caller.kind == Kind::FederatedUser) {
        Origin::FederationToken
    } else if any(|caller| caller.kind == Kind::IamUser) {
        Origin::SessionToken
    } else {
        Origin::Unknown
    };
    Path { source, service: None, roles }
}

/// Whether a session requested the issue; `None`: the caller is not known.
pub(super) fn is_chained(caller: &Caller, has_parent: bool) -> Option<bool> {
    if has_parent {
        return Some(true);
    }
    (caller.kind != Kind::Account).then(|| caller.is_session())
}

/// A role that IAM Identity Center made for a permission set.
fn of_permission_set(roles: &[Arc<str>]) -> Option<Origin> {
    let name = roles.first()?.rsplit('/').next()?;
    name.starts_with("AWSReservedSSO_").then_some(Origin::IdentityCenter)
}

pub(super) fn of_service(service: &str) -> Origin {
    let name = service.strip_suffix(".amazonaws.com").or_else(|| service.strip_suffix(".amazonaws.com.cn"));
    match name.unwrap_or(service) {
        "ec2" => Origin::Ec2Instance,
        "ecs-tasks" => Origin::EcsTask,
        "lambda" => Origin::Lambda,
        "codebuild" => Origin::Codebuild,
        "pods.eks" => Origin::EksPodIdentity,
        _ => Origin::Service,
    }
}
