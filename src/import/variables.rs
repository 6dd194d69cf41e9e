//! `${{ … }}` in a workflow: what can be known of it without running it. Nothing is guessed.

use std::collections::BTreeMap;

/// Values that the caller gives for names such as `vars.ROLE`, `secrets.ROLE`, `env.ROLE`, `inputs.role`, or `ROLE` for
/// any of them.
#[derive(Debug, Clone, Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Reads `NAME=VALUE`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse_one(text: &str) -> Result<(String, String), String> {
        match text.split_once('=') {
            Some((name, value)) if is_name(name) => Ok((name.to_owned(), value.to_owned())),
            _ => Err("write NAME=VALUE, such as vars.ROLE_ARN=arn:aws:iam::111111111111:role/deploy".to_owned()),
        }
    }

    /// The values by name.
    #[must_use]
    pub fn new(values: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(values.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect())
    }

    fn get(&self, context: &str, name: &str) -> Option<&String> {
        let name = name.to_ascii_lowercase();
        self.0.get(&format!("{context}.{name}")).or_else(|| self.0.get(&name))
    }

    /// The text with each expression replaced by its value. `env` knows what the workflow itself sets.
    ///
    /// # Errors
    /// The first expression whose value is not known.
    pub(super) fn fill(&self, text: &str, env: &impl Fn(&str) -> Option<String>) -> Result<String, String> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            filled.push_str(before);
            let Some((expression, after)) = after.split_once("}}") else { return Err(text.to_owned()) };
            let expression = expression.trim();
            filled.push_str(&self.value(expression, env).ok_or_else(|| format!("${{{{ {expression} }}}}"))?);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn value(&self, expression: &str, env: &impl Fn(&str) -> Option<String>) -> Option<String> {
        let (context, name) = expression.split_once('.')?;
        let context = context.trim().to_ascii_lowercase();
        if !is_name(name) {
            return None;
        }
        if let Some(given) = self.get(&context, name) {
            return Some(given.clone());
        }
        (context == "env").then(|| env(name)).flatten()
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}
