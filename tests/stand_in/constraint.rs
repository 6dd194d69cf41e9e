//! The constraints of AWS's service models, and the messages of STS and IAM for a violation. Has no knowledge of a
//! service's parameters.

use super::errors::Problem;

/// Collects the errors in a request's parameters: AWS names all of them in one message.
#[derive(Debug, Default)]
pub struct Constraints {
    violations: Vec<String>,
}

impl Constraints {
    /// The value, or a violation if it is missing. A missing value is not checked further.
    pub fn required<'a>(&mut self, field: &str, value: Option<&'a str>) -> Option<&'a str> {
        if value.is_none() {
            self.violations
                .push(format!("Value null at '{field}' failed to satisfy constraint: Member must not be null"));
        }
        value
    }

    /// In characters.
    pub fn length(&mut self, field: &str, value: Option<&str>, least: usize, most: usize) {
        let Some(value) = value else { return };
        let length = value.chars().count();
        if length < least {
            self.violate(field, value, &format!("Member must have length greater than or equal to {least}"));
        }
        if length > most {
            self.violate(field, value, &format!("Member must have length less than or equal to {most}"));
        }
    }

    pub fn range(&mut self, field: &str, value: Option<i32>, least: i32, most: i32) {
        let Some(value) = value else { return };
        if value < least {
            self.violate(
                field,
                &value.to_string(),
                &format!("Member must have value greater than or equal to {least}"),
            );
        }
        if value > most {
            self.violate(field, &value.to_string(), &format!("Member must have value less than or equal to {most}"));
        }
    }

    /// `[\w…]*` with the extra characters that the model lists.
    pub fn characters(&mut self, field: &str, value: Option<&str>, extra: &str, pattern: &str) {
        let Some(value) = value else { return };
        if !value.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '_' || extra.contains(sign)) {
            self.violate(field, value, &format!("Member must satisfy regular expression pattern: {pattern}"));
        }
    }

    fn violate(&mut self, field: &str, value: &str, constraint: &str) {
        self.violations.push(format!("Value '{value}' at '{field}' failed to satisfy constraint: {constraint}"));
    }

    pub fn finish(self) -> Result<(), Problem> {
        let (count, plural) = match self.violations.len() {
            0 => return Ok(()),
            1 => (1, ""),
            more => (more, "s"),
        };
        let list = self.violations.join("; ");
        Err(Problem::validation(format!("{count} validation error{plural} detected: {list}")))
    }
}

/// A 32-bit number, or the parser's own refusal: it comes before every constraint.
pub fn integer(value: Option<&str>) -> Result<Option<i32>, Problem> {
    let Some(value) = value else { return Ok(None) };
    if value.is_empty() {
        return Err(Problem::new(400, "MalformedInput", "missing value for decimal type"));
    }
    match value.parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(Problem { status: 400, code: "MalformedInput".to_owned(), message: None }),
    }
}
