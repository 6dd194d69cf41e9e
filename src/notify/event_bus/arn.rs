//! ARNs of event buses.

use crate::inventory::is_account;

/// The ARN of an event bus: `arn:PARTITION:events:REGION:ACCOUNT:event-bus/NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventBusArn(String);

/// A text that is not the ARN of an event bus.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the ARN of an event bus: write arn:aws:events:REGION:ACCOUNT:event-bus/NAME")]
pub struct NotAnEventBus(String);

impl EventBusArn {
    /// Reads an ARN.
    ///
    /// # Errors
    /// Where the text is not the ARN of an event bus.
    pub fn parse(text: &str) -> Result<Self, NotAnEventBus> {
        let parts: Vec<&str> = text.split(':').collect();
        match parts[..] {
            ["arn", partition, "events", region, account, bus]
                if partition.starts_with("aws")
                    && !region.is_empty()
                    && is_account(account)
                    && bus.strip_prefix("event-bus/").is_some_and(|name| !name.is_empty()) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(NotAnEventBus(text.to_owned())),
        }
    }

    /// The ARN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bus's Region.
    #[must_use]
    pub fn region(&self) -> &str {
        self.0.split(':').nth(3).unwrap_or_default()
    }
}
