//! IAM Identity Center: ListInstances, ListPermissionSets and DescribePermissionSet, in the account that administers it
//! and in its Region. Codes are those of the service model of SSO Admin. Sources of texts are beside them.

use serde_json::json;

use super::{authorization, credentials::Key, errors::Problem, request::Request, world::World};

const MOST_PAGE: usize = 100;

/// An instance of IAM Identity Center.
#[derive(Clone, Debug)]
pub struct IdentityCenter {
    pub(super) account: String,
    pub(super) region: String,
    id: String,
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
        Self::numbered(account, region, 0)
    }

    /// One of several instances that the account sees. ListInstances returns one in a page.
    pub fn numbered(account: &str, region: &str, number: usize) -> Self {
        let id = format!("{number:04}{account}");
        Self { account: account.to_owned(), region: region.to_owned(), id, sets: Vec::new(), page: MOST_PAGE }
    }

    fn arn(&self) -> String {
        format!("arn:aws:sso:::instance/ssoins-{}", self.id)
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
        format!("arn:aws:sso:::permissionSet/ssoins-{}/ps-{number:016}", self.id)
    }
}

/// 400 and the text: binbashar/le-tf-infra-aws#874 (DescribePermissionSet).
fn denied(world: &World, caller: &Key, action: &str, resources: &[&str]) -> Option<Problem> {
    resources.iter().find_map(|resource| {
        let cause = authorization::may(world, caller, action, resource).err()?;
        let message = authorization::denial(caller, action, resource, world.wording, &cause);
        Some(Problem::new(400, "AccessDeniedException", message))
    })
}

/// The instances of the caller's account and Region.
fn own<'a>(world: &'a World, caller: &Key, request: &Request) -> Vec<&'a IdentityCenter> {
    let region = request.signed.as_ref().map(|signed| signed.region.as_str()).unwrap_or_default();
    let is_own = |center: &&IdentityCenter| center.account == caller.principal.account && center.region == region;
    world.identity_centers.iter().filter(is_own).collect()
}

fn asked<'a>(world: &'a World, caller: &Key, request: &Request) -> Result<&'a IdentityCenter, Problem> {
    let instance = request.param("InstanceArn").unwrap_or_default();
    let center = own(world, caller, request).into_iter().find(|center| center.arn() == instance);
    center.ok_or_else(|| {
        // No source: nobody recorded the text for an instance of another account.
        let message = format!("User: {} is not authorized to perform this action", caller.principal.arn);
        Problem::new(400, "AccessDeniedException", message)
    })
}

pub fn list_instances(world: &World, caller: &Key, request: &Request) -> Result<String, Problem> {
    // The resource in the text has no source: turbot/steampipe-plugin-aws#1879 quotes the text up to the action.
    if let Some(problem) = denied(world, caller, "sso:ListInstances", &["*"]) {
        return Err(problem);
    }
    let instances = own(world, caller, request);
    let start: usize = request.param("NextToken").map_or(Ok(0), str::parse).unwrap_or_default();
    let page: Vec<_> =
        instances.iter().skip(start).take(1).map(|center| json!({"InstanceArn": center.arn()})).collect();
    let token = (start + 1 < instances.len()).then(|| (start + 1).to_string());
    Ok(json!({"Instances": page, "NextToken": token}).to_string())
}

pub fn list_permission_sets(world: &World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let instance = request.param("InstanceArn").unwrap_or_default();
    if let Some(problem) = denied(world, caller, "sso:ListPermissionSets", &[instance]) {
        return Err(problem);
    }
    let center = asked(world, caller, request)?;
    let most: usize = request.param("MaxResults").map_or(Ok(MOST_PAGE), str::parse).unwrap_or_default();
    if !(1..=MOST_PAGE).contains(&most) {
        // The form is that of all services with a Smithy model; for this service it has no source.
        let (bound, limit) = if most == 0 { ("greater", 1) } else { ("less", MOST_PAGE) };
        let message = format!(
            "1 validation error detected: Value '{most}' at 'maxResults' failed to satisfy constraint: Member must \
             have value {bound} than or equal to {limit}"
        );
        return Err(Problem::new(400, "ValidationException", message));
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
        // No text of AWS was found; this is moto's (moto/ssoadmin/models.py), with the id alone.
        let id = set.rsplit('/').next().unwrap_or_default();
        let message = format!("Could not find PermissionSet with id {id}");
        return Err(Problem::new(400, "ResourceNotFoundException", message));
    };
    let session = (!found.session.is_empty()).then_some(&found.session);
    let set = json!({"Name": found.name, "PermissionSetArn": found.arn, "SessionDuration": session});
    Ok(json!({"PermissionSet": set}).to_string())
}
