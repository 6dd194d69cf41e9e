//! Values of expressions, with GitHub's rules for truth, comparison and text (GitHub Actions, "Evaluate expressions").

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    /// A list or a map that `fromJSON` made.
    Json(serde_json::Value),
}

impl Scalar {
    pub(crate) fn from_json(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
            serde_json::Value::String(text) => Self::Text(text),
            other => Self::Json(other),
        }
    }

    /// Whether it counts as true in a condition.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Text(text) => !text.is_empty(),
            Self::Json(_) => true,
        }
    }

    /// As it is written into a text; a list or a map is not.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Null => Some(String::new()),
            Self::Bool(value) => Some(value.to_string()),
            Self::Number(number) => Some(number.to_string()),
            Self::Text(text) => Some(text.clone()),
            Self::Json(_) => None,
        }
    }

    /// The value under a key of a map, or at an index of a list.
    pub(crate) fn at(&self, key: &Self) -> Self {
        let Self::Json(json) = self else { return Self::Null };
        let found = match (json, key) {
            (serde_json::Value::Array(items), Self::Number(index)) => {
                items.iter().enumerate().find(|(position, _)| *position as f64 == *index).map(|(_, item)| item)
            }
            (serde_json::Value::Object(entries), key) => {
                let key = key.text().unwrap_or_default();
                entries.iter().find(|(name, _)| name.eq_ignore_ascii_case(&key)).map(|(_, value)| value)
            }
            _ => None,
        };
        found.cloned().map_or(Self::Null, Self::from_json)
    }

    /// GitHub's loose equality: texts without case, and numbers where the types differ.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a.to_lowercase() == b.to_lowercase(),
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Json(a), Self::Json(b)) => a == b,
            _ => self.number() == other.number(),
        }
    }

    /// The value as a number: NaN where it is none.
    pub(crate) fn number(&self) -> f64 {
        match self {
            Self::Null => 0.0,
            Self::Bool(value) => f64::from(u8::from(*value)),
            Self::Number(number) => *number,
            Self::Text(text) if text.trim().is_empty() => 0.0,
            Self::Text(text) => text.trim().parse().unwrap_or(f64::NAN),
            Self::Json(_) => f64::NAN,
        }
    }
}
