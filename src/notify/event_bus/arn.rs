//! ARNs of event buses.

use crate::notify::arn::{region_of, resource_of};

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
        match resource_of(text, "events").and_then(|bus| bus.strip_prefix("event-bus/")) {
            Some("") | None => Err(NotAnEventBus(text.to_owned())),
            Some(_) => Ok(Self(text.to_owned())),
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
        region_of(&self.0)
    }
}
