//! Which account each resource of a Terraform plan goes to, by the configuration of its provider.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::Value;

use crate::inventory::{RoleArn, is_account};

/// A plan's configuration, as far as it tells accounts.
#[derive(Deserialize, Default)]
pub(super) struct Configuration {
    #[serde(default)]
    provider_config: BTreeMap<String, Provider>,
    #[serde(default)]
    root_module: ConfiguredModule,
}

#[derive(Deserialize)]
struct Provider {
    name: Option<String>,
    expressions: Option<Value>,
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
}

#[derive(Deserialize)]
struct ModuleCall {
    #[serde(default)]
    module: ConfiguredModule,
}

/// Which account each resource goes to, where the provider's configuration names one.
pub(super) struct Accounts {
    by_provider: HashMap<String, Option<String>>,
    provider_of: HashMap<String, String>,
}

impl Accounts {
    pub(super) fn of(configuration: &Configuration) -> Self {
        let aws = configuration.provider_config.iter().filter(|(_, provider)| provider.name.as_deref() == Some("aws"));
        let by_provider = aws.map(|(key, provider)| (key.clone(), provider.account())).collect();
        let mut provider_of = HashMap::new();
        let mut modules = vec![(String::new(), &configuration.root_module)];
        while let Some((prefix, module)) = modules.pop() {
            for resource in &module.resources {
                if let Some(key) = &resource.provider_config_key {
                    provider_of.insert(format!("{prefix}{}", resource.address), key.clone());
                }
            }
            let calls = module.module_calls.iter();
            modules.extend(calls.map(|(name, call)| (format!("{prefix}module.{name}."), &call.module)));
        }
        Self { by_provider, provider_of }
    }

    /// The account of the resource at this address, where it is told.
    pub(super) fn of_resource(&self, address: &str) -> Option<String> {
        let key = self.provider_of.get(&without_indices(address));
        match key.and_then(|key| self.by_provider.get(key)) {
            Some(account) => account.clone(),
            // A module's own key for the provider it was handed: plain where there is one provider alone.
            None if self.by_provider.len() == 1 => self.by_provider.values().next().cloned().flatten(),
            None => None,
        }
    }
}

impl Provider {
    /// The one account that it may work in, or whose role it assumes.
    fn account(&self) -> Option<String> {
        let expressions = self.expressions.as_ref()?;
        let allowed = expressions.pointer("/allowed_account_ids/constant_value").and_then(Value::as_array);
        if let Some([one]) = allowed.map(Vec::as_slice) {
            return one.as_str().filter(|id| is_account(id)).map(str::to_owned);
        }
        let assumed = expressions.pointer("/assume_role/0/role_arn/constant_value")?.as_str()?;
        RoleArn::parse(assumed).ok().map(|role| role.account().to_owned())
    }
}

/// An address as the configuration has it: `module.a["x"].aws_iam_role.b[0]` without its indices.
fn without_indices(address: &str) -> String {
    let (mut kept, mut depth, mut quoted, mut escaped) = (String::with_capacity(address.len()), 0usize, false, false);
    for c in address.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if depth > 0 => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth = depth.saturating_sub(1),
            c if depth == 0 => kept.push(c),
            _ => {}
        }
    }
    kept
}
