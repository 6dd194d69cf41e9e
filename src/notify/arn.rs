//! ARNs of what messages are sent to: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.

use crate::inventory::is_account;

/// The resource of an ARN of this service; `None`: the text is no such ARN.
pub(super) fn resource_of<'a>(text: &'a str, service: &str) -> Option<&'a str> {
    let parts: Vec<&str> = text.split(':').collect();
    let ["arn", partition, of, region, account, resource] = parts[..] else { return None };
    let is_of_service = partition.starts_with("aws") && of == service && !region.is_empty() && is_account(account);
    (is_of_service && !resource.is_empty()).then_some(resource)
}

/// The Region of an ARN.
pub(super) fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}
