//! Parses Amazon Resource Names. Checks their shape only, not what exists.

/// `arn:partition:service:region:account:resource`, with the resource undivided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arn {
    pub partition: String,
    pub service: String,
    pub region: String,
    pub account: String,
    pub resource: String,
}

impl Arn {
    pub fn parse(text: &str) -> Option<Arn> {
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().map(str::to_owned);
        let (prefix, partition, service, region, account, resource) =
            (next()?, next()?, next()?, next()?, next()?, next()?);
        (prefix == "arn" && !partition.is_empty() && !service.is_empty() && !resource.is_empty()).then_some(Arn {
            partition,
            service,
            region,
            account,
            resource,
        })
    }

    /// The ARN of an IAM role: the right service, no region, twelve digits, `role/` and a name. Otherwise nothing.
    pub fn parse_role(text: &str) -> Option<Arn> {
        let arn = Arn::parse(text)?;
        let name = arn.resource.strip_prefix("role/")?.rsplit('/').next()?;
        (arn.service == "iam" && arn.region.is_empty() && is_account(&arn.account) && !name.is_empty()).then_some(arn)
    }

    /// The last part of a role's or user's resource: its name without the path.
    pub fn name(&self) -> &str {
        self.resource.rsplit('/').next().unwrap_or(&self.resource)
    }

    /// `/` or `/team/`: the text between the kind of the resource and its name.
    pub fn path(&self) -> String {
        let after_kind = self.resource.split_once('/').map_or("", |(_, rest)| rest);
        let folder = after_kind.rsplit_once('/').map_or("", |(folder, _)| folder);
        if folder.is_empty() { "/".to_owned() } else { format!("/{folder}/") }
    }
}

pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
