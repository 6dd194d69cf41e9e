//! The calls of a run. Each distinct hop prefix is assumed once, and each distinct role is described once, for all
//! jobs that share them. Owns the order of calls and the session policies; `aws` makes the calls.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

#[cfg(feature = "aws")]
use crate::inventory::RoleFolder;
use crate::inventory::{Inventory, Job, LiveSetting, PermissionSet, Reader, Role, RoleArn, RoleRef};

pub use crate::lease::rules::LONGEST_SESSION_POLICY;

/// Roles in a page of ListRoles. AWS returns up to 1,000. A page of 250 roles with their trust policies is about half
/// a megabyte, so the pages of all concurrent calls fit in the smallest function.
pub const ROLES_IN_PAGE: i32 = 250;
/// The checker lists the roles of an account (ListRoles returns MaxSessionDuration too) from this many roles of one
/// reader on. Within AWS's default quota of 1,000 roles, listing takes 1 AssumeRole call and 4 pages; GetRole for 5
/// roles takes 1 AssumeRole call and 5 calls.
pub const LIST_FROM: usize = 5;

/// The calls of a run.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The AssumeRole calls of the walk; a step's parent comes before it.
    pub steps: Vec<PlannedStep>,
    /// The hops of each selected job.
    pub paths: Vec<Vec<PlannedHop>>,
    /// Every distinct role on the paths and of console logins whose ARN is known, and its describer.
    pub roles: BTreeMap<RoleArn, DescribedBy>,
    /// Every distinct role on the paths, including roles with an unknown ARN.
    pub path_roles: BTreeSet<RoleRef>,
    /// The AssumeRole calls of readers.
    pub readers: Vec<ReaderStep>,
    /// Every distinct permission set and function of the jobs, and who reads its setting.
    pub settings: BTreeMap<LiveSetting, ReadBy>,
}

/// One AssumeRole call of the walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedStep {
    /// The role.
    pub role: RoleArn,
    /// The step whose session makes the call; `None`: the checker's own credentials.
    pub parent: Option<usize>,
    /// The steps whose calls its session makes.
    pub next: Vec<usize>,
    /// Its session may read the role's settings.
    pub reads: bool,
    /// A SourceIdentity is set at this hop or an earlier one and stays on the chain.
    pub identified: bool,
    /// What the call sends beside the role.
    pub session: SessionDetails,
}

/// What an AssumeRole call sends because the trust policy asks for it. Two files may declare it differently.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionDetails {
    /// The ExternalId.
    pub external_id: Option<String>,
    /// The RoleSessionName.
    pub session_name: Option<String>,
    /// The SourceIdentity.
    pub source_identity: Option<String>,
}

impl From<&Role> for SessionDetails {
    fn from(role: &Role) -> Self {
        let Role { external_id, session_name, source_identity, .. } = role.clone();
        Self { external_id, session_name, source_identity }
    }
}

/// The plan for one hop of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlannedHop {
    /// This step assumes it.
    Step(usize),
    /// The inventory declares `assume: false` for its role.
    Declared,
    /// An earlier hop is not assumed.
    BehindDeclared,
}

/// The session or credentials that read a role's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DescribedBy {
    /// The session of the role itself.
    Itself,
    /// A reader, by index into [`Plan::readers`].
    Reader(usize),
    /// The checker's own credentials if the role is in the checker's account; otherwise nobody.
    Checker,
}

/// The session or credentials that read the setting of a permission set or a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadBy {
    /// A reader of [`Plan::readers`], whose step lists the setting.
    Reader,
    /// The checker's own credentials if they are of this account.
    CheckerOfAccount(String),
    /// The checker's own credentials, of whichever account they are.
    Checker,
}

/// One AssumeRole call of a reader, and the roles or the settings that its session reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderStep {
    /// The reader.
    pub reader: Reader,
    /// The roles.
    pub roles: Vec<RoleArn>,
    /// The permission sets and functions.
    pub settings: Vec<LiveSetting>,
    /// The checker lists the account's roles and finds these in the list; otherwise it calls GetRole for each role.
    pub lists: bool,
    /// The session policy.
    pub policy: String,
}

impl ReaderStep {
    /// The sessions in which the reader calls GetRole, one session per group of roles that fits a session policy.
    #[must_use]
    pub fn one_by_one(reader: &Reader, roles: Vec<RoleArn>) -> Vec<Self> {
        let step = |roles: Vec<RoleArn>| {
            let policy = policy(&roles, &[]);
            Self { reader: reader.clone(), roles, settings: Vec::new(), lists: false, policy }
        };
        groups(roles, |roles| policy(roles, &[]).len()).into_iter().map(step).collect()
    }

    /// The one session in which the reader lists its account's roles.
    fn listing(reader: Reader, roles: Vec<RoleArn>) -> Self {
        let statement = json!({ "Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*" });
        Self { reader, roles, settings: Vec::new(), lists: true, policy: document(&[statement]) }
    }

    /// The sessions in which the reader reads settings, one session per group that fits a session policy.
    fn of_settings(reader: &Reader, settings: Vec<LiveSetting>) -> Vec<Self> {
        let step = |settings: Vec<LiveSetting>| {
            let policy = settings_policy(reader.role.partition(), &settings);
            Self { reader: reader.clone(), roles: Vec::new(), settings, lists: false, policy }
        };
        let length = |settings: &[LiveSetting]| settings_policy(reader.role.partition(), settings).len();
        groups(settings, length).into_iter().map(step).collect()
    }
}

impl Plan {
    /// Plans the calls for the selected jobs.
    #[must_use]
    pub fn new(inventory: &Inventory, jobs: &[&Job]) -> Self {
        let mut trie = Trie::default();
        let prefixes: Vec<Vec<usize>> = jobs.iter().map(|job| trie.insert(inventory, job)).collect();
        let path_roles = jobs.iter().flat_map(|job| &job.path).map(|hop| hop.role.clone()).collect();
        let mut plan = Self { path_roles, ..Self::default() };
        plan.assign_descriptions(inventory, jobs, &trie);
        plan.assign_settings(inventory, jobs);
        let mut steps_of: Vec<Vec<usize>> = vec![Vec::new(); trie.nodes.len()];
        for root in &trie.roots {
            plan.add_steps(&trie, *root, None, &mut steps_of);
        }
        plan.paths = jobs.iter().zip(&prefixes).map(|(job, prefix)| plan.path(job, prefix, &steps_of, &trie)).collect();
        plan
    }

    /// The number of calls if no call fails and no account has more than one page of roles. The call for the
    /// checker's own identity counts. Permission sets by name take two more to find them, if each is found at once.
    #[must_use]
    pub fn calls(&self) -> usize {
        let listed = |step: &ReaderStep| if step.lists { step.roles.len() - 1 } else { 0 };
        let find = if self.settings.keys().any(is_name) { 2 } else { 0 };
        1 + self.steps.len() + self.readers.len() + self.roles.len() + self.settings.len() + find
            - self.readers.iter().map(listed).sum::<usize>()
    }

    /// The roles that the checker assumes with its own credentials: first hops and readers.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn assumed_by_the_checker(&self) -> BTreeSet<&RoleArn> {
        let first_hops = self.steps.iter().filter(|step| step.parent.is_none()).map(|step| &step.role);
        first_hops.chain(self.readers.iter().map(|step| &step.reader.role)).collect()
    }

    /// The session policy of this step. It allows only the calls of the check.
    #[must_use]
    pub fn policy(&self, step: usize) -> String {
        let PlannedStep { role, next, reads, .. } = &self.steps[step];
        let hop = |next: &usize| NextHop { role: &self.steps[*next].role, identified: self.steps[*next].identified };
        let mut hops: Vec<NextHop<'_>> = next.iter().map(hop).collect();
        // A role with several sessions has several consecutive steps.
        hops.dedup_by_key(|hop| hop.role);
        policy(if *reads { std::slice::from_ref(role) } else { &[] }, &hops)
    }

    fn assign_descriptions(&mut self, inventory: &Inventory, jobs: &[&Job], trie: &Trie) {
        let mut by_reader: BTreeMap<Reader, BTreeSet<RoleArn>> = BTreeMap::new();
        let assumed: BTreeSet<&RoleArn> = trie.nodes.iter().map(|node| &node.role).collect();
        let on_paths = jobs.iter().flat_map(|job| &job.path).filter_map(|hop| hop.role.arn());
        for role in on_paths.chain(jobs.iter().filter_map(|job| job.source.signin_role())) {
            if self.roles.contains_key(role) {
                continue;
            }
            match inventory.readers.for_role(role) {
                Some(reader) => _ = by_reader.entry(reader).or_default().insert(role.clone()),
                None if assumed.contains(role) => _ = self.roles.insert(role.clone(), DescribedBy::Itself),
                None => _ = self.roles.insert(role.clone(), DescribedBy::Checker),
            }
        }
        for (reader, roles) in by_reader {
            let roles = Vec::from_iter(roles);
            let steps = match roles.len() {
                LIST_FROM.. => vec![ReaderStep::listing(reader, roles)],
                _ => ReaderStep::one_by_one(&reader, roles),
            };
            for step in steps {
                let index = self.readers.len();
                for role in &step.roles {
                    self.roles.insert(role.clone(), DescribedBy::Reader(index));
                }
                self.readers.push(step);
            }
        }
    }

    fn assign_settings(&mut self, inventory: &Inventory, jobs: &[&Job]) {
        let mut by_reader: BTreeMap<Reader, BTreeSet<LiveSetting>> = BTreeMap::new();
        for setting in jobs.iter().filter_map(|job| job.source.live_setting()) {
            let (account, partition) = match &setting {
                LiveSetting::Function(function) => (Some(function.account().to_owned()), Some(function.partition())),
                LiveSetting::PermissionSet(_) => (inventory.identity_center.account.clone(), None),
            };
            let reader = account.as_deref().and_then(|account| inventory.readers.for_account(account));
            match reader.filter(|reader| partition.is_none_or(|partition| reader.role.partition() == partition)) {
                Some(reader) => _ = by_reader.entry(reader).or_default().insert(setting),
                None => _ = self.settings.insert(setting, account.map_or(ReadBy::Checker, ReadBy::CheckerOfAccount)),
            }
        }
        for (reader, settings) in by_reader {
            for step in ReaderStep::of_settings(&reader, settings.into_iter().collect()) {
                self.settings.extend(step.settings.iter().map(|setting| (setting.clone(), ReadBy::Reader)));
                self.readers.push(step);
            }
        }
    }

    /// Adds the step or steps of one prefix: one for each group of next hops that fits a session policy.
    fn add_steps(&mut self, trie: &Trie, node: usize, parent: Option<usize>, steps_of: &mut [Vec<usize>]) {
        let PlanNode { role, next, identified, session } = &trie.nodes[node];
        // A session policy needs a statement. The policy of the last hop allows the calls of a reader.
        let reads = next.is_empty() || self.roles.get(role) == Some(&DescribedBy::Itself);
        let describe = if reads { std::slice::from_ref(role) } else { &[] };
        let hop = |child: &usize| NextHop { role: &trie.nodes[*child].role, identified: trie.nodes[*child].identified };
        let length = |children: &[usize]| policy(describe, &children.iter().map(hop).collect::<Vec<_>>()).len();
        let mut groups = groups(next.clone(), length);
        // If iam:GetRole and one next hop do not fit together, the first session only reads.
        if groups.first().is_none_or(|first| length(first) > LONGEST_SESSION_POLICY) {
            groups.insert(0, Vec::new());
        }
        for (number, children) in groups.into_iter().enumerate() {
            let reads = reads && number == 0;
            let step = self.steps.len();
            let (role, session) = (role.clone(), session.clone());
            self.steps.push(PlannedStep { role, parent, next: Vec::new(), reads, identified: *identified, session });
            steps_of[node].push(step);
            if let Some(parent) = parent {
                self.steps[parent].next.push(step);
            }
            for child in children {
                self.add_steps(trie, child, Some(step), steps_of);
            }
        }
    }

    fn path(&self, job: &Job, prefix: &[usize], steps_of: &[Vec<usize>], trie: &Trie) -> Vec<PlannedHop> {
        let step_for = |index: usize| {
            let steps = &steps_of[prefix[index]];
            let next = prefix.get(index + 1).map(|next| &trie.nodes[*next]);
            let is_of = |step: &PlannedStep, node: &PlanNode| step.role == node.role && step.session == node.session;
            let serves = |step: &&usize| {
                next.is_none_or(|node| self.steps[**step].next.iter().any(|n| is_of(&self.steps[*n], node)))
            };
            steps.iter().find(serves).or(steps.first()).copied().unwrap_or_default()
        };
        let planned = |index: usize| match index.cmp(&prefix.len()) {
            std::cmp::Ordering::Less => PlannedHop::Step(step_for(index)),
            std::cmp::Ordering::Equal => PlannedHop::Declared,
            std::cmp::Ordering::Greater => PlannedHop::BehindDeclared,
        };
        (0..job.path.len()).map(planned).collect()
    }
}

/// The distinct prefixes of the paths, up to the first hop that is not assumed.
#[derive(Default)]
struct Trie {
    nodes: Vec<PlanNode>,
    roots: Vec<usize>,
    known: BTreeMap<(Option<usize>, RoleArn, SessionDetails), usize>,
}

struct PlanNode {
    role: RoleArn,
    session: SessionDetails,
    next: Vec<usize>,
    /// A SourceIdentity is set at this hop or an earlier one and stays on the chain.
    identified: bool,
}

impl Trie {
    /// The nodes of a job's assumed hops.
    fn insert(&mut self, inventory: &Inventory, job: &Job) -> Vec<usize> {
        let mut prefix = Vec::with_capacity(job.path.len());
        let mut parent: Option<usize> = None;
        for (index, hop) in job.path.iter().enumerate() {
            let Some(role) = hop.role.arn().filter(|_| is_to_be_assumed(inventory, job, index, &hop.role)) else {
                break;
            };
            let declared = inventory.declared_for(job, &hop.role);
            let session = declared.map(SessionDetails::from).unwrap_or_default();
            let key = (parent, role.clone(), session);
            let node = match self.known.get(&key) {
                Some(node) => *node,
                None => self.add(key),
            };
            prefix.push(node);
            parent = Some(node);
        }
        prefix
    }

    fn add(&mut self, key: (Option<usize>, RoleArn, SessionDetails)) -> usize {
        let node = self.nodes.len();
        let (parent, role, session) = key.clone();
        let inherited = parent.is_some_and(|parent| self.nodes[parent].identified);
        let identified = inherited || session.source_identity.is_some();
        self.nodes.push(PlanNode { role, session, next: Vec::new(), identified });
        self.known.insert(key, node);
        match parent {
            Some(parent) => self.nodes[parent].next.push(node),
            None => self.roots.push(node),
        }
        node
    }
}

/// Whether the checker assumes this hop. `assume` of the role decides. By default the checker assumes every hop except
/// a `path[0]` that trusts an identity provider, because the checker cannot be such a provider's identity.
fn is_to_be_assumed(inventory: &Inventory, job: &Job, index: usize, role: &RoleRef) -> bool {
    let assume = inventory.declared_for(job, role).and_then(|role| role.assume);
    assume.unwrap_or(index > 0 || !job.source.is_exchanged())
}

/// A role that a session assumes next.
struct NextHop<'a> {
    role: &'a RoleArn,
    identified: bool,
}

/// A session policy: iam:GetRole and sts:AssumeRole on named roles, never a wildcard. The policy for ListRoles is the
/// exception: IAM accepts no narrower resource for that action.
fn policy(describe: &[RoleArn], next: &[NextHop<'_>]) -> String {
    let mut statements = Vec::new();
    if !describe.is_empty() {
        statements.push(json!({ "Effect": "Allow", "Action": "iam:GetRole", "Resource": describe }));
    }
    let mut assume = |action: serde_json::Value, roles: Vec<&RoleArn>| {
        if !roles.is_empty() {
            statements.push(json!({ "Effect": "Allow", "Action": action, "Resource": roles }));
        }
    };
    assume(json!("sts:AssumeRole"), next.iter().filter(|hop| !hop.identified).map(|hop| hop.role).collect());
    // A chain with a SourceIdentity needs this permission at every hop
    // (IAM User Guide, id_credentials_temp_control-access_monitor).
    assume(
        json!(["sts:AssumeRole", "sts:SetSourceIdentity"]),
        next.iter().filter(|hop| hop.identified).map(|hop| hop.role).collect(),
    );
    document(&statements)
}

/// A session policy that lists the roles of a folder and reads their tags. IAM supports no narrower resource for lists.
#[cfg(feature = "aws")]
pub(crate) fn tags_policy(reader: &RoleArn, folder: &RoleFolder) -> String {
    let RoleFolder { account, path_prefix } = folder;
    let roles = format!("arn:{}:iam::{account}:role{path_prefix}*", reader.partition());
    document(&[
        json!({ "Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*" }),
        json!({ "Effect": "Allow", "Action": "iam:GetRole", "Resource": roles }),
    ])
}

/// A session policy that reads these settings. To find a permission set by its name, the session lists all of them and
/// describes each, so the policy cannot name it.
fn settings_policy(partition: &str, settings: &[LiveSetting]) -> String {
    let mut functions = Vec::new();
    let mut described = BTreeSet::new();
    let (every_instance, every_set) =
        (format!("arn:{partition}:sso:::instance/*"), format!("arn:{partition}:sso:::permissionSet/*"));
    for setting in settings {
        match setting {
            LiveSetting::Function(function) => functions.push(function.as_str().to_owned()),
            LiveSetting::PermissionSet(set) => match set.instance() {
                Some(instance) => described.extend([instance, set.as_str().to_owned()]),
                None => described.extend([every_instance.clone(), every_set.clone()]),
            },
        }
    }
    let mut statements = Vec::new();
    let mut allow = |action: serde_json::Value, resource: serde_json::Value| {
        statements.push(json!({ "Effect": "Allow", "Action": action, "Resource": resource }));
    };
    if !functions.is_empty() {
        allow(json!("lambda:GetFunctionConfiguration"), json!(functions));
    }
    if described.contains(&every_instance) {
        described = BTreeSet::from([every_instance.clone(), every_set]);
        // IAM supports no narrower resource for the list of instances.
        allow(json!("sso:ListInstances"), json!("*"));
        allow(json!("sso:ListPermissionSets"), json!(every_instance));
    }
    if !described.is_empty() {
        allow(json!("sso:DescribePermissionSet"), json!(described));
    }
    document(&statements)
}

/// Whether the setting is of a permission set whose ARN is not known.
fn is_name(setting: &LiveSetting) -> bool {
    match setting {
        LiveSetting::PermissionSet(PermissionSet::Name(_)) => true,
        LiveSetting::PermissionSet(PermissionSet::Arn(_)) | LiveSetting::Function(_) => false,
    }
}

fn document(statements: &[serde_json::Value]) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

/// Splits in order, so that the policy of each group fits.
fn groups<T: Clone>(items: Vec<T>, length: impl Fn(&[T]) -> usize) -> Vec<Vec<T>> {
    let mut groups: Vec<Vec<T>> = Vec::new();
    for item in items {
        match groups.last_mut() {
            Some(group) => {
                group.push(item.clone());
                if length(group) > LONGEST_SESSION_POLICY {
                    group.pop();
                    groups.push(vec![item]);
                }
            }
            None => groups.push(vec![item]),
        }
    }
    groups
}
