//! What an expression can come to, by what is known of its names.

use super::parse::{Comparison, Expression};
use super::{MAX_CHOICES, Others, Possible, Scalar};

/// What is known of a name: its context and its keys with dots between.
pub(crate) type Lookup<'a> = dyn FnMut(&str, &str) -> Possible + 'a;

/// Which values an expression can have.
pub(crate) fn evaluate(expression: &Expression, lookup: &mut Lookup<'_>) -> Possible {
    match expression {
        Expression::Literal(value) => Possible::known(value.clone()),
        Expression::Context(_) => Possible::unknown(""),
        Expression::Index(of, key) => index(of, key, lookup),
        Expression::Call(name, arguments) => call(name, arguments, lookup),
        Expression::Not(of) => match evaluate(of, lookup).truth() {
            Some(truth) => Possible::known(Scalar::Bool(!truth)),
            None => either(),
        },
        Expression::And(left, right) => and(evaluate(left, lookup), || evaluate(right, lookup)),
        Expression::Or(left, right) => or(evaluate(left, lookup), || evaluate(right, lookup)),
        Expression::Compare(comparison, left, right) => {
            let (left, right) = (evaluate(left, lookup), evaluate(right, lookup));
            if left.others != Others::None || right.others != Others::None {
                return either();
            }
            let pairs = left.values.iter().flat_map(|left| right.values.iter().map(move |right| (left, right)));
            let outcomes = pairs.map(|(left, right)| Scalar::Bool(compare(*comparison, left, right)));
            Possible::one_of(outcomes, "")
        }
    }
}

/// True or false: only a run knows which.
fn either() -> Possible {
    Possible::one_of([Scalar::Bool(true), Scalar::Bool(false)], "")
}

fn and(left: Possible, right: impl FnOnce() -> Possible) -> Possible {
    let mut result = Possible::none();
    if left.others != Others::None {
        result.add_others(Others::Falsy);
    }
    if left.others == Others::Any || left.values.iter().any(Scalar::is_true) {
        result.include(right());
    }
    left.values.into_iter().filter(|value| !value.is_true()).for_each(|value| result.add(value));
    result
}

fn or(left: Possible, right: impl FnOnce() -> Possible) -> Possible {
    if left.truth() == Some(true) {
        return left;
    }
    let may_be_false = left.others != Others::None || left.values.iter().any(|value| !value.is_true());
    let mut result = Possible::none();
    if left.others == Others::Any {
        result.add_others(Others::Any);
    }
    let falsy_alone = left.truth() == Some(false);
    left.values.into_iter().filter(Scalar::is_true).for_each(|value| result.add(value));
    if may_be_false {
        let right = right();
        if falsy_alone {
            return right;
        }
        result.include(right);
    }
    result
}

fn compare(comparison: Comparison, left: &Scalar, right: &Scalar) -> bool {
    let order = || match (left, right) {
        (Scalar::Text(a), Scalar::Text(b)) => Some(a.to_lowercase().cmp(&b.to_lowercase())),
        _ => left.number().partial_cmp(&right.number()),
    };
    match comparison {
        Comparison::Equal => left.equals(right),
        Comparison::NotEqual => !left.equals(right),
        Comparison::Less => order().is_some_and(std::cmp::Ordering::is_lt),
        Comparison::LessOrEqual => order().is_some_and(std::cmp::Ordering::is_le),
        Comparison::Greater => order().is_some_and(std::cmp::Ordering::is_gt),
        Comparison::GreaterOrEqual => order().is_some_and(std::cmp::Ordering::is_ge),
    }
}

/// A name, or a value of what `fromJSON` made. What a filter (`*`) selects is not followed.
fn index(of: &Expression, key: &Expression, lookup: &mut Lookup<'_>) -> Possible {
    if key.is_filter() {
        return Possible::unknown("");
    }
    match paths(of, lookup) {
        Some(paths) => {
            let mut result = Possible::none();
            let keys = evaluate(key, lookup);
            let Some(keys) = keys.choices() else { return Possible::unknown("") };
            let several = paths.len() * keys.len() != 1;
            for ((context, path), key) in paths.iter().flat_map(|path| keys.iter().map(move |key| (path, key))) {
                let name = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let found = lookup(context, &name);
                if !several {
                    return found;
                }
                result.include(found);
            }
            result
        }
        None => {
            let (of, key) = (evaluate(of, lookup), evaluate(key, lookup));
            if of.others != Others::None || key.others != Others::None {
                return Possible::unknown("");
            }
            let found = of.values.iter().flat_map(|of| key.values.iter().map(move |key| of.at(key)));
            Possible::one_of(found, "")
        }
    }
}

/// The contexts and names below which a key is looked up; `None`: the value is computed.
fn paths(of: &Expression, lookup: &mut Lookup<'_>) -> Option<Vec<(String, String)>> {
    match of {
        Expression::Context(context) => Some(vec![(context.clone(), String::new())]),
        Expression::Index(_, key) if key.is_filter() => None,
        Expression::Index(of, key) => {
            let below = paths(of, lookup)?;
            let keys = evaluate(key, lookup).choices()?;
            if below.len() * keys.len() > MAX_CHOICES {
                return None;
            }
            let join = |path: &str, key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            let all =
                below.iter().flat_map(|(context, path)| keys.iter().map(move |key| (context.clone(), join(path, key))));
            Some(all.collect())
        }
        _ => None,
    }
}

fn call(name: &str, arguments: &[Expression], lookup: &mut Lookup<'_>) -> Possible {
    match name {
        "always" | "success" => return Possible::known(Scalar::Bool(true)),
        "cancelled" => return Possible::known(Scalar::Bool(false)),
        "failure" => return either(),
        _ => {}
    }
    let values: Vec<Possible> = arguments.iter().map(|argument| evaluate(argument, lookup)).collect();
    let known: Option<Vec<&Scalar>> = values.iter().map(Possible::single).collect();
    let truth = |value: Option<bool>| value.map_or_else(either, |value| Possible::known(Scalar::Bool(value)));
    match name {
        "fromjson" => match &values[..] {
            [text] if text.others == Others::None => {
                let json = |value: &Scalar| serde_json::from_str(&value.text()?).ok().map(Scalar::from_json);
                let all: Option<Vec<Scalar>> = text.values.iter().map(json).collect();
                all.map_or_else(|| Possible::unknown(""), |all| Possible::one_of(all, ""))
            }
            _ => Possible::unknown(""),
        },
        "format" => known.and_then(|known| format(&known)).map_or_else(|| Possible::unknown(""), Possible::text),
        "contains" => truth(known.and_then(|known| contains(&known))),
        "startswith" => truth(known.and_then(|known| affix(&known, |text, part| text.starts_with(part)))),
        "endswith" => truth(known.and_then(|known| affix(&known, |text, part| text.ends_with(part)))),
        _ => Possible::unknown(""),
    }
}

fn affix(arguments: &[&Scalar], test: impl Fn(&str, &str) -> bool) -> Option<bool> {
    let [text, part] = arguments else { return None };
    Some(test(&text.text()?.to_lowercase(), &part.text()?.to_lowercase()))
}

fn contains(arguments: &[&Scalar]) -> Option<bool> {
    match arguments {
        [Scalar::Json(serde_json::Value::Array(items)), item] => {
            Some(items.iter().any(|other| Scalar::from_json(other.clone()).equals(item)))
        }
        _ => affix(arguments, |text, part| text.contains(part)),
    }
}

/// `format('{0}', …)`; `{{` and `}}` are braces.
fn format(arguments: &[&Scalar]) -> Option<String> {
    let (template, values) = arguments.split_first()?;
    let template = template.text()?;
    let mut text = String::new();
    let mut rest = &template[..];
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        let after = &rest[at + 1..];
        if let Some(after) = after.strip_prefix(brace) {
            text.push_str(brace);
            rest = after;
            continue;
        }
        let (index, after) = if brace == "{" { after.split_once('}')? } else { return None };
        text.push_str(&values.get(index.parse::<usize>().ok()?)?.text()?);
        rest = after;
    }
    Some(text + rest)
}
