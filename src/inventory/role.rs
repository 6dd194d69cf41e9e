//! What people declare of a role.

use super::{Location, RoleArn, Seconds};

/// What is declared of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its ARN.
    pub arn: RoleArn,
    /// The name the inventory knows it by.
    pub alias: Option<String>,
    /// The external ID that its trust policy asks for.
    pub external_id: Option<String>,
    /// The RoleSessionName that its trust policy asks for.
    pub session_name: Option<String>,
    /// The SourceIdentity that its trust policy asks for.
    pub source_identity: Option<String>,
    /// `Some(false)`: only read its settings. `Some(true)`: assume it, whatever the source. `None`: as the source says.
    pub assume: Option<bool>,
    /// Its declared MaxSessionDuration.
    pub max_session_duration: Option<Seconds>,
    /// Where it is declared; `None`: only paths name it.
    pub location: Option<Location>,
}

impl Role {
    /// A role of which nothing is declared but its ARN.
    #[must_use]
    pub fn bare(arn: RoleArn) -> Self {
        Self {
            arn,
            alias: None,
            external_id: None,
            session_name: None,
            source_identity: None,
            assume: None,
            max_session_duration: None,
            location: None,
        }
    }

    /// The alias, or the ARN where it has none: how people know it.
    #[must_use]
    pub fn label(&self) -> &str {
        self.alias.as_deref().unwrap_or(self.arn.as_str())
    }
}
