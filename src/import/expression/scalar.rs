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
            Self::Text(text) => parse_number(text.trim()).unwrap_or(f64::NAN),
            Self::Json(_) => f64::NAN,
        }
    }
}

/// A number as GitHub reads it, in YAML and in expressions: decimal with an exponent, `0x` hexadecimal or `0o` octal
/// (actions/runner, `ExpressionUtility.ParseNumber`).
pub(crate) fn parse_number(text: &str) -> Option<f64> {
    let in_radix = |digits: &str, radix| {
        let is_number = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        is_number.then(|| i32::from_str_radix(digits, radix).ok().map(f64::from)).flatten()
    };
    match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
        (Some(digits), _) => in_radix(digits, 16),
        (_, Some(digits)) => in_radix(digits, 8),
        // Rust has names for numbers that GitHub does not have.
        _ if text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::parse_number;

    #[test]
    fn a_number_is_decimal_hexadecimal_or_octal() {
        for (text, number) in [
            ("90", Some(90.0)),
            ("+1.5", Some(1.5)),
            ("1e4", Some(10_000.0)),
            ("-1E-2", Some(-0.01)),
            ("0x5A", Some(90.0)),
            ("0o17", Some(15.0)),
            ("007", Some(7.0)),
            ("0o18", None),
            ("0x", None),
            ("inf", None),
            ("NaN", None),
            ("1_000", None),
        ] {
            assert_eq!(parse_number(text), number, "{text}");
        }
    }
}
