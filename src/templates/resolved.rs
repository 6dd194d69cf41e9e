//! The values of a template or a plan after resolution: owns how known and unknown parts are combined.

use serde_json::Value;

use super::unresolved::Unresolved;

/// The longest text that is built, in bytes: a trust policy has at most a few thousand.
pub(super) const LONGEST: usize = 8 * 1024;

/// A value, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// No value: null, or CloudFormation's AWS::NoValue.
    Nothing,
    /// A text, a number or a yes-or-no.
    Text(String),
    /// Known in part, or not at all.
    Partly(Partly),
    /// A list.
    List(Vec<Resolved>),
    /// A map, in the order of the file.
    Map(Vec<(String, Resolved)>),
}

/// A value of which only the start and the end are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partly {
    /// How its text begins.
    pub prefix: String,
    /// How its text ends.
    pub suffix: String,
    /// Why the rest is not known.
    pub why: Unresolved,
}

impl Partly {
    /// Whether the whole text may turn out to be this one.
    #[must_use]
    pub fn may_be(&self, text: &str) -> bool {
        text.len() >= self.prefix.len() + self.suffix.len()
            && text.starts_with(&self.prefix)
            && text.ends_with(&self.suffix)
    }
}

impl Resolved {
    /// A value of which nothing is known.
    #[must_use]
    pub fn unknown(why: Unresolved) -> Self {
        Self::Partly(Partly { prefix: String::new(), suffix: String::new(), why })
    }

    /// The value under a key of a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(known, _)| known == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Why it, or a part of it, is not known; `None`: all of it is.
    #[must_use]
    pub fn why_unknown(&self) -> Option<&Unresolved> {
        match self {
            Self::Nothing | Self::Text(_) => None,
            Self::Partly(partly) => Some(&partly.why),
            Self::List(items) => items.iter().find_map(Self::why_unknown),
            Self::Map(entries) => entries.iter().find_map(|(_, value)| value.why_unknown()),
        }
    }

    /// The texts of several values one after the other.
    #[must_use]
    pub fn joined(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut whole = Self::Text(String::new());
        for part in parts {
            whole = match (whole, part) {
                (Self::Text(a), Self::Text(b)) if a.len() + b.len() > LONGEST => {
                    return Self::unknown(Unresolved::TooLong);
                }
                (Self::Text(a), Self::Text(b)) => Self::Text(a + &b),
                (Self::Text(a), Self::Partly(b)) => Self::Partly(Partly { prefix: a + &b.prefix, ..b }),
                (Self::Partly(a), Self::Text(b)) => Self::Partly(Partly { suffix: a.suffix + &b, ..a }),
                (Self::Partly(a), Self::Partly(b)) => Self::Partly(Partly { suffix: b.suffix, ..a }),
                (Self::Text(_) | Self::Partly(_), _) => {
                    return Self::unknown(Unresolved::Malformed("a part of the text is a list or a map"));
                }
                (whole, _) => whole,
            };
        }
        match whole {
            Self::Partly(partly) if partly.prefix.len() + partly.suffix.len() > LONGEST => Self::unknown(partly.why),
            whole => whole,
        }
    }
}

impl From<&Value> for Resolved {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Nothing,
            Value::Bool(value) => Self::Text(value.to_string()),
            Value::Number(value) => Self::Text(value.to_string()),
            Value::String(value) => Self::Text(value.clone()),
            Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Object(entries) => {
                Self::Map(entries.iter().map(|(key, value)| (key.clone(), value.into())).collect())
            }
        }
    }
}
