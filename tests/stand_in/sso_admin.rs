//! IAM Identity Center: ListInstances, ListPermissionSets and DescribePermissionSet, in the account that administers it
//! and in its Region.

use serde_json::json;

use super::{authorization, credentials::Key, errors::Problem, request::Request, world::World};

const MOST_PAGE: usize = 100;

/// An instance of IAM Identity Center.
#[derive(Clone, Debug)]
pub struct IdentityCenter {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) arn: String,
    sets: Vec<PermissionSet>,
    /// The largest page of ListPermissionSets.
    page: usize,
}

#[derive(Clone, Debug)]
struct PermissionSet {
    arn: String,
    name: String,
    session: String,
}

impl IdentityCenter {
    pub fn new(account: &str, region: &str) -> Self {
        let arn = format!("arn:aws:sso:::instance/ssoins-0000{account}");
        Self { account: account.to_owned(), region: region.to_owned(), arn, sets: Vec::new(), page: MOST_PAGE }
    }

    /// Adds a permission set with this SessionDuration.
    pub fn set(mut self, name: &str, session: &str) -> Self {
        let arn = self.arn_of(self.sets.len());
        self.sets.push(PermissionSet { arn, name: name.to_owned(), session: session.to_owned() });
        self
    }

    /// ListPermissionSets returns at most this many in a page.
    pub fn page(self, most: usize) -> Self {
        Self { page: most.min(MOST_PAGE), ..self }
    }

    /// The ARN of the permission set with this number.
    pub fn arn_of(&self, number: usize) -> String {
        format!("arn:aws:sso:::permissionSet/ssoins-0000{}/ps-{number:016}", self.account)
    }
}

fn denied(world: &World, caller: &Key, action: &str, resources: &[&str]) -> Option<Problem> {
    resources.iter().find_map(|resource| {
        let cause = authorization::may(world, caller, action, resource).err()?;
        let message = authorization::denial(caller, action, resource, world.wording, &cause);
        Some(Problem::new(400, "AccessDeniedException", message))
    })
}

/// The instance of the caller's account and Region.
fn own<'a>(world: &'a World, caller: &Key, request: &Request) -> Option<&'a IdentityCenter> {
    let region = request.signed.as_ref().map(|signed| signed.region.as_str()).unwrap_or_default();
    let is_own = |center: &&IdentityCenter| center.account == caller.principal.account && center.region == region;
    world.identity_centers.iter().find(is_own)
}

fn asked<'a>(world: &'a World, caller: &Key, request: &Request) -> Result<&'a IdentityCenter, Problem> {
    let instance = request.param("InstanceArn").unwrap_or_default();
    let center = own(world, caller, request).filter(|center| center.arn == instance);
    center.ok_or_else(|| {
        let message = format!("User: {} is not authorized to perform this action", caller.principal.arn);
        Problem::new(400, "AccessDeniedException", message)
    })
}

pub fn list_instances(world: &World, caller: &Key, request: &Request) -> Result<String, Problem> {
    if let Some(problem) = denied(world, caller, "sso:ListInstances", &["*"]) {
        return Err(problem);
    }
    let instances: Vec<_> =
        own(world, caller, request).iter().map(|center| json!({"InstanceArn": center.arn})).collect();
    Ok(json!({"Instances": instances}).to_string())
}

pub fn list_permission_sets(world: &World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let instance = request.param("InstanceArn").unwrap_or_default();
    if let Some(problem) = denied(world, caller, "sso:ListPermissionSets", &[instance]) {
        return Err(problem);
    }
    let center = asked(world, caller, request)?;
    let most: usize = request.param("MaxResults").map_or(Ok(MOST_PAGE), str::parse).unwrap_or_default();
    if !(1..=MOST_PAGE).contains(&most) {
        return Err(Problem::new(400, "ValidationException", "MaxResults must be from 1 to 100"));
    }
    let start: usize = request.param("NextToken").map_or(Ok(0), str::parse).unwrap_or_default();
    let end = (start + most.min(center.page)).min(center.sets.len());
    let sets: Vec<&str> = center.sets[start.min(end)..end].iter().map(|set| set.arn.as_str()).collect();
    let token = (end < center.sets.len()).then(|| end.to_string());
    Ok(json!({"PermissionSets": sets, "NextToken": token}).to_string())
}

pub fn describe_permission_set(world: &World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let instance = request.param("InstanceArn").unwrap_or_default();
    let set = request.param("PermissionSetArn").unwrap_or_default();
    if let Some(problem) = denied(world, caller, "sso:DescribePermissionSet", &[instance, set]) {
        return Err(problem);
    }
    let center = asked(world, caller, request)?;
    let Some(found) = center.sets.iter().find(|known| known.arn == set) else {
        return Err(Problem::new(400, "ResourceNotFoundException", "PermissionSet with id could not be found"));
    };
    let session = (!found.session.is_empty()).then_some(&found.session);
    let set = json!({"Name": found.name, "PermissionSetArn": found.arn, "SessionDuration": session});
    Ok(json!({"PermissionSet": set}).to_string())
}
