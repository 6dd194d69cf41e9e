//! `${{ … }}` in a workflow: what can be known of it without running it. Nothing is guessed.

use std::collections::BTreeMap;

/// A value; or the expression on which it depends and that only a run knows.
pub(super) type Filled = Result<String, String>;

/// What the files themselves say of a name, by its context.
pub(super) type Known<'a> = dyn Fn(&str, &str) -> Option<Filled> + 'a;

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

    /// The text with each expression replaced by its value. `known` tells what the files themselves say of a name, by its
    /// context; an expression on which that depends and that is not known is its error.
    ///
    /// # Errors
    /// The first expression whose value is not known.
    pub(super) fn fill(&self, text: &str, known: &Known<'_>) -> Filled {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            filled.push_str(before);
            let Some((expression, after)) = after.split_once("}}") else { return Err(text.to_owned()) };
            filled.push_str(&self.value(expression.trim(), known)?);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// The first of the operands of `||` that is not empty.
    fn value(&self, expression: &str, known: &Known<'_>) -> Filled {
        let mut last = String::new();
        for operand in expression.split("||").map(str::trim) {
            let literal = operand.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
            let value = match literal {
                Some(text) if !text.contains('\'') => text.to_owned(),
                _ if !operand.is_empty() && operand.chars().all(|c| c.is_ascii_digit()) => operand.to_owned(),
                _ => self.named(operand, known).unwrap_or_else(|| Err(format!("${{{{ {expression} }}}}")))?,
            };
            last = value;
            // What counts as false, an operand that follows replaces.
            if !["", "false", "0"].contains(&&*last) {
                break;
            }
        }
        Ok(last)
    }

    fn named(&self, name: &str, known: &Known<'_>) -> Option<Filled> {
        let (context, name) = name.split_once('.')?;
        let context = context.trim().to_ascii_lowercase();
        if !is_name(name) {
            return None;
        }
        let given = || self.get(&context, name).cloned().map(Ok);
        match known(&context, name) {
            // What a run sets over the files: `env`, and what the files leave open.
            Some(Ok(value)) if context != "env" => Some(Ok(value)),
            known => given().or(known),
        }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}
