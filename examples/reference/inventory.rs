//! The keys of the inventory and the parameters of its sources, from the JSON Schema that the types generate.

use credential_health::inventory::Inventory;
use serde_json::Value;

use crate::{MARK, paragraphs, table};

/// The schema as the file `docs/inventory.schema.json` holds it.
pub(crate) fn schema_file() -> String {
    let schema = serde_json::to_string_pretty(&Inventory::json_schema()).expect("a schema is JSON");
    format!("{schema}\n")
}

/// The page with one table for each type of the schema that has keys, and one for the sources.
pub(crate) fn keys() -> String {
    let schema = Inventory::json_schema();
    let about = "Every key, from the JSON Schema [inventory.schema.json](../inventory.schema.json). \
        [The inventory](../inventory.md) explains them with examples.";
    let mut page = format!("# Keys of the inventory\n\n{MARK}\n\n{}", paragraphs(&[about]));
    page.push_str(&format!("\n## The file\n\n{}", rows(&schema)));
    for (name, part) in schema["$defs"].as_object().expect("the schema has types") {
        if let Some(keyed) = keyed(part) {
            let about = part["description"].as_str().unwrap_or_default();
            page.push_str(&format!("\n## {name}\n\n{}\n{}", paragraphs(&[about]), rows(keyed)));
        }
    }
    let about = "`source` is one of these words, or a map of `kind` and parameters. A kind with a required parameter \
                 is always a map.";
    page.push_str(&format!("\n## Sources\n\n{}\n{}", paragraphs(&[about]), sources(&schema)));
    page
}

/// The schema itself or the alternative of it that is a map with known keys.
fn keyed(part: &Value) -> Option<&Value> {
    let alternatives = ["anyOf", "oneOf"].iter().filter_map(|key| part[key].as_array()).flatten();
    std::iter::once(part).chain(alternatives).find(|part| part["properties"].is_object())
}

fn rows(part: &Value) -> String {
    let required = part["required"].as_array().cloned().unwrap_or_default();
    let properties = part["properties"].as_object().expect("the type has keys");
    let row = |(key, about): (&String, &Value)| {
        let needed = if required.contains(&Value::from(key.as_str())) { "required" } else { "" };
        vec![
            format!("`{key}`"),
            needed.to_owned(),
            about["description"].as_str().unwrap_or_default().replace('\n', " "),
        ]
    };
    table(&["key", "", "meaning"], &properties.iter().map(row).collect::<Vec<_>>())
}

fn sources(schema: &Value) -> String {
    let mut kinds = Vec::new();
    collect_sources(schema, &mut kinds);
    assert!(!kinds.is_empty(), "the schema has maps with the kind of a source");
    let row = |source: &&Value| {
        let required = source["required"].as_array().cloned().unwrap_or_default();
        let properties = source["properties"].as_object().expect("a source has keys");
        let parameter = |key: &String| {
            let note = if required.contains(&Value::from(key.as_str())) { " (required)" } else { "" };
            format!("`{key}`{note}")
        };
        let parameters: Vec<String> = properties.keys().filter(|key| *key != "kind").map(parameter).collect();
        let parameters = if parameters.is_empty() { "none".to_owned() } else { parameters.join(", ") };
        vec![format!("`{}`", properties["kind"]["const"].as_str().unwrap_or_default()), parameters]
    };
    table(&["source", "parameters"], &kinds.iter().map(row).collect::<Vec<_>>())
}

/// Adds each map of the schema that has a fixed `kind`, in the schema's order.
fn collect_sources<'a>(schema: &'a Value, found: &mut Vec<&'a Value>) {
    if schema["properties"]["kind"]["const"].is_string() {
        found.push(schema);
        return;
    }
    match schema {
        Value::Object(fields) => fields.values().for_each(|inner| collect_sources(inner, found)),
        Value::Array(items) => items.iter().for_each(|inner| collect_sources(inner, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
