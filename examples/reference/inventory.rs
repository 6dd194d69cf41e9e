//! The keys of the inventory and the parameters of its sources, from the JSON Schema that the types generate.

use credential_health::inventory::{Inventory, Source};
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
    page.push_str(&format!(
        "\n## Sources\n\n`source` is one of these words, or a map of `kind` and parameters.\n\n{}",
        sources(&schema)
    ));
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
    let row = |kind: &&str| {
        let parameters: Vec<String> = parameters(schema, kind).into_iter().map(|key| format!("`{key}`")).collect();
        vec![format!("`{kind}`"), if parameters.is_empty() { "none".to_owned() } else { parameters.join(", ") }]
    };
    table(&["source", "parameters"], &Source::KINDS.iter().map(row).collect::<Vec<_>>())
}

/// The keys beside `kind` of the map whose `kind` is this word, wherever the schema has it.
fn parameters(schema: &Value, kind: &str) -> Vec<String> {
    if let Some(properties) = schema["properties"].as_object()
        && properties.get("kind").is_some_and(|word| word["const"] == kind)
    {
        return properties.keys().filter(|key| *key != "kind").cloned().collect();
    }
    let inner: Box<dyn Iterator<Item = &Value>> = match schema {
        Value::Object(fields) => Box::new(fields.values()),
        Value::Array(items) => Box::new(items.iter()),
        _ => Box::new(std::iter::empty()),
    };
    inner.map(|inner| parameters(inner, kind)).find(|found| !found.is_empty()).unwrap_or_default()
}
