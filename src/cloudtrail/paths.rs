//! The path of each session: where its first credentials come from, and the roles from there to the session.

use std::sync::Arc;

use super::caller::{IdentityKind, RecordCaller};
use super::collect::{Issue, IssueOperation};
use super::model::PathOrigin;

/// The path of a session.
#[derive(Debug, Clone)]
pub(super) struct Path {
    pub(super) source: PathOrigin,
    pub(super) service: Option<Arc<str>>,
    pub(super) roles: Arc<[Arc<str>]>,
}

/// The path of an issue without a known parent.
pub(super) fn root(issue: &Issue, caller: &RecordCaller, role: Option<&Arc<str>>) -> Path {
    let service = caller.invoked_by.as_deref().filter(|_| caller.kind == IdentityKind::Service);
    let source = match issue.operation {
        IssueOperation::SessionToken => PathOrigin::SessionToken,
        IssueOperation::FederationToken => PathOrigin::FederationToken,
        IssueOperation::WithWebIdentity => PathOrigin::WebIdentity,
        IssueOperation::WithSaml => PathOrigin::Saml,
        IssueOperation::AssumeRole | IssueOperation::AssumeRoot => match caller.kind {
            IdentityKind::IamUser if caller.is_session() => PathOrigin::SessionToken,
            IdentityKind::IamUser => PathOrigin::IamUser,
            IdentityKind::FederatedUser => PathOrigin::FederationToken,
            IdentityKind::WebIdentity => PathOrigin::WebIdentity,
            IdentityKind::Saml => PathOrigin::Saml,
            IdentityKind::Service => service.map_or(PathOrigin::Unknown, of_service),
            IdentityKind::Root | IdentityKind::AssumedRole | IdentityKind::Account | IdentityKind::Other => {
                PathOrigin::Unknown
            }
        },
    };
    let before = caller.role.as_deref().filter(|_| caller.kind == IdentityKind::AssumedRole).map(Arc::from);
    let roles: Arc<[Arc<str>]> = before.into_iter().chain(role.cloned()).collect();
    Path { source: of_permission_set(&roles).unwrap_or(source), service: service.map(Arc::from), roles }
}

/// The path of a session without an issue, by its callers.
pub(super) fn without_issue<'a>(
    callers: impl Iterator<Item = &'a RecordCaller> + Clone,
    role: Option<&Arc<str>>,
) -> Path {
    let any = |condition: fn(&RecordCaller) -> bool| callers.clone().any(condition);
    let roles: Arc<[Arc<str>]> = role.cloned().into_iter().collect();
    let source = if let Some(source) = of_permission_set(&roles) {
        source
    } else if any(|caller| caller.is_ec2) {
        PathOrigin::Ec2Instance
    } else if any(|caller| caller.is_web_identity) {
        PathOrigin::WebIdentity
    } else if any(|caller| caller.kind == IdentityKind::FederatedUser) {
        PathOrigin::FederationToken
    } else if any(|caller| caller.kind == IdentityKind::IamUser) {
        PathOrigin::SessionToken
    } else {
        PathOrigin::Unknown
    };
    Path { source, service: None, roles }
}

/// Whether a session requested the issue; `None`: the caller is not known.
pub(super) fn is_chained(caller: &RecordCaller, has_parent: bool) -> Option<bool> {
    if has_parent {
        return Some(true);
    }
    (caller.kind != IdentityKind::Account).then(|| caller.is_session())
}

/// A role that IAM Identity Center made for a permission set.
fn of_permission_set(roles: &[Arc<str>]) -> Option<PathOrigin> {
    let name = roles.first()?.rsplit('/').next()?;
    name.starts_with("AWSReservedSSO_").then_some(PathOrigin::IdentityCenter)
}

pub(super) fn of_service(service: &str) -> PathOrigin {
    let name = service.strip_suffix(".amazonaws.com").or_else(|| service.strip_suffix(".amazonaws.com.cn"));
    match name.unwrap_or(service) {
        "ec2" => PathOrigin::Ec2Instance,
        "ecs-tasks" => PathOrigin::EcsTask,
        "lambda" => PathOrigin::Lambda,
        "codebuild" => PathOrigin::Codebuild,
        "pods.eks" => PathOrigin::EksPodIdentity,
        _ => PathOrigin::Service,
    }
}
