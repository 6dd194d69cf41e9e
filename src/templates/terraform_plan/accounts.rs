//! The configuration of a Terraform plan: owns the account of each resource, by its provider, and which attributes the
//! configuration of a resource sets.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;
use serde_json::Value;

use crate::inventory::{RoleArn, is_account, partition_of_region};

/// The partition and the account of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoleAccount {
    /// `None`: the plan does not have it.
    pub(crate) partition: Option<String>,
    pub(crate) account: String,
}

impl From<&RoleArn> for RoleAccount {
    fn from(arn: &RoleArn) -> Self {
        Self { partition: Some(arn.partition().to_owned()), account: arn.account().to_owned() }
    }
}

/// A plan's configuration: its providers and its resources.
#[derive(Deserialize, Default)]
pub(crate) struct Configuration {
    #[serde(default)]
    pub(crate) provider_config: BTreeMap<String, PlanProvider>,
    #[serde(default)]
    root_module: ConfiguredModule,
}

#[derive(Deserialize)]
pub(crate) struct PlanProvider {
    pub(crate) name: Option<String>,
    pub(crate) expressions: Option<Value>,
}

#[derive(Deserialize, Default)]
struct ConfiguredModule {
    #[serde(default)]
    resources: Vec<ConfiguredResource>,
    #[serde(default)]
    module_calls: BTreeMap<String, ModuleCall>,
}

#[derive(Deserialize)]
struct ConfiguredResource {
    address: String,
    provider_config_key: Option<String>,
    expressions: Option<Expressions>,
}

/// Whether the configuration sets a name and a timeout: only that is read.
#[derive(Deserialize)]
struct Expressions {
    name: Option<serde::de::IgnoredAny>,
    name_prefix: Option<serde::de::IgnoredAny>,
    timeout: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct ModuleCall {
    #[serde(default)]
    module: ConfiguredModule,
}

/// The accounts and the configured names of the resources.
pub(crate) struct Accounts {
    by_provider: HashMap<String, Option<RoleAccount>>,
    provider_of: HashMap<String, String>,
    /// Resources whose configuration sets neither `name` nor `name_prefix`.
    unnamed: Vec<String>,
    /// Resources whose configuration sets no `timeout`.
    untimed: HashSet<String>,
}

impl Accounts {
    pub(crate) fn new(configuration: &Configuration) -> Self {
        let aws = configuration.provider_config.iter().filter(|(_, provider)| provider.name.as_deref() == Some("aws"));
        let by_provider = aws.map(|(key, provider)| (key.clone(), provider.home())).collect();
        let (mut provider_of, mut unnamed, mut untimed) = (HashMap::new(), Vec::new(), HashSet::new());
        let mut modules = vec![(String::new(), &configuration.root_module)];
        while let Some((prefix, module)) = modules.pop() {
            for resource in &module.resources {
                let address = format!("{prefix}{}", resource.address);
                let names = resource.expressions.as_ref();
                if names.is_some_and(|names| names.name.is_none() && names.name_prefix.is_none()) {
                    unnamed.push(address.clone());
                }
                if names.is_some_and(|names| names.timeout.is_none()) {
                    untimed.insert(address.clone());
                }
                if let Some(key) = &resource.provider_config_key {
                    provider_of.insert(address, key.clone());
                }
            }
            let calls = module.module_calls.iter();
            modules.extend(calls.map(|(name, call)| (format!("{prefix}module.{name}."), &call.module)));
        }
        Self { by_provider, provider_of, unnamed, untimed }
    }

    /// The account of the resource at this address, where the configuration has it.
    pub(crate) fn home_of(&self, address: &str) -> Option<RoleAccount> {
        let key = self.provider_of.get(&without_indices(address));
        match key.and_then(|key| self.by_provider.get(key)) {
            Some(home) => home.clone(),
            // A module has a key of its own for a provider that it was given: clear where there is one provider alone.
            None if self.by_provider.len() == 1 => self.by_provider.values().next().cloned().flatten(),
            None => None,
        }
    }

    /// Whether Terraform generates the name of this resource: the configuration sets none.
    pub(crate) fn generates_name(&self, address: &str) -> bool {
        let address = without_indices(address);
        self.unnamed.contains(&address)
    }

    /// Whether the configuration of this resource is there and sets no `timeout`.
    pub(crate) fn leaves_out_timeout(&self, address: &str) -> bool {
        self.untimed.contains(&without_indices(address))
    }
}

impl PlanProvider {
    /// The only account that it may work in, or that of the last role that it assumes.
    fn home(&self) -> Option<RoleAccount> {
        let expressions = self.expressions.as_ref()?;
        let allowed = expressions.pointer("/allowed_account_ids/constant_value").and_then(Value::as_array);
        if let Some([account]) = allowed.map(Vec::as_slice) {
            let account = account.as_str().filter(|id| is_account(id))?;
            let region = expressions.pointer("/region/constant_value").and_then(Value::as_str);
            let partition = region.and_then(partition_of_region).map(str::to_owned);
            return Some(RoleAccount { partition, account: account.to_owned() });
        }
        let assumed = expressions.get("assume_role")?.as_array()?.last()?;
        let role = assumed.pointer("/role_arn/constant_value")?.as_str()?;
        RoleArn::parse(role).ok().as_ref().map(RoleAccount::from)
    }
}

/// An address as the configuration has it: `module.a["x"].aws_iam_role.b[0]` without its indices.
pub(crate) fn without_indices(address: &str) -> String {
    let (mut plain, mut depth, mut quoted, mut escaped) = (String::with_capacity(address.len()), 0usize, false, false);
    for c in address.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if depth > 0 => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain
}
