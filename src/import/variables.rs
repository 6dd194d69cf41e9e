//! Values that the caller gives for names in `${{ … }}` expressions.

use std::collections::BTreeMap;

/// The value of `--var` is not in the form `NAME=VALUE`.
#[derive(Debug, thiserror::Error)]
#[error("write NAME=VALUE, such as vars.ROLE_ARN=arn:aws:iam::111111111111:role/deploy")]
pub struct NotAVariable;

/// Values for names such as `vars.ROLE`, `secrets.ROLE`, `env.ROLE`, `inputs.role`. The bare name `ROLE` sets the
/// value in every context.
#[derive(Debug, Clone, Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Reads `NAME=VALUE`.
    ///
    /// # Errors
    /// The text is not in this form.
    pub fn parse_one(text: &str) -> Result<(String, String), NotAVariable> {
        match text.split_once('=') {
            Some((name, value)) if is_name(name) => Ok((name.to_owned(), value.to_owned())),
            _ => Err(NotAVariable),
        }
    }

    /// The values by name.
    #[must_use]
    pub fn new(values: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(values.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect())
    }

    /// The value of a name in a context; case is ignored.
    pub(super) fn get(&self, context: &str, name: &str) -> Option<&String> {
        let name = name.to_ascii_lowercase();
        self.0.get(&format!("{context}.{name}")).or_else(|| self.0.get(&name))
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}
