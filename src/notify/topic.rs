//! Topic ARNs: owns their shape.

use crate::inventory::is_account;

/// The ARN of an SNS topic: `arn:PARTITION:sns:REGION:ACCOUNT:NAME`, with `.fifo` at the end of a FIFO topic's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicArn(String);

impl TopicArn {
    /// Reads an ARN.
    ///
    /// # Errors
    /// What would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        match parts[..] {
            ["arn", partition, "sns", region, account, name]
                if partition.starts_with("aws") && !region.is_empty() && is_account(account) && !name.is_empty() =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(format!("`{text}` is not the ARN of an SNS topic: write arn:aws:sns:REGION:ACCOUNT:NAME")),
        }
    }

    /// The ARN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The topic's Region.
    #[must_use]
    pub fn region(&self) -> &str {
        self.0.split(':').nth(3).unwrap_or_default()
    }

    /// Whether it is a FIFO topic.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.0.ends_with(".fifo")
    }
}
