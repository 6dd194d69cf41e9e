//! The JSON Schema of the shapes that a derive cannot know: short forms, patterns, values with places.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::diagnostic::Placed;
use super::raw::{Date, Hop, Reader, Refresh, Version};
use super::{Seconds, Source, SourceKind, Takes};
use crate::findings::FindingId;
use crate::measured::{HistoryKind, MeasuredBy};

macro_rules! schema {
    ($type:ty, $name:literal, $generator:ident => $schema:expr) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

impl<T: JsonSchema> JsonSchema for Placed<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// What the reader accepts as a duration, as a regular expression.
const DURATION: &str = concat!(
    r"^((?=[0-9])([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?",
    r"|P(?=[0-9T])([0-9]+W)?([0-9]+D)?(T(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+S)?)?)$",
);

schema!(Version, "Version", _generator => json_schema!({ "const": 1 }));
schema!(Date, "Date", _generator => json_schema!({
    "type": "string",
    "format": "date",
    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
}));
schema!(FindingId, "FindingId", _generator => json_schema!({
    "enum": FindingId::ALL.iter().map(|id| id.as_str()).collect::<Vec<_>>(),
}));
schema!(Seconds, "Duration", _generator => json_schema!({
    "type": "string",
    "description": "Whole days, hours, minutes, seconds in that order (1h30m, 43200s), or ISO 8601 (PT4H).",
    "pattern": DURATION,
    "examples": ["4h", "1h30m", "43200s", "PT4H"],
}));
schema!(Reader, "Reader", _generator => json_schema!({
    "description": "An ARN, an alias, or a map with the external ID that the reader's trust policy asks for.",
    "anyOf": [
        { "type": "string" },
        {
            "type": "object",
            "properties": { "role": { "type": "string" }, "external_id": { "type": ["string", "null"] } },
            "required": ["role"],
            "additionalProperties": false,
        },
    ],
}));
schema!(Hop, "Hop", generator => json_schema!({
    "description": "An alias, an ARN, or a map with the DurationSeconds that the job's client sends.",
    "anyOf": [
        { "type": "string" },
        {
            "type": "object",
            "properties": {
                "role": { "type": "string", "description": "The role, by alias or ARN." },
                "duration": generator.subschema_for::<Option<Seconds>>(),
                "copied": {
                    "description": "true: this hop's session is taken once and handed on.",
                    "type": ["boolean", "null"],
                },
            },
            "required": ["role"],
            "additionalProperties": false,
        },
    ],
}));
schema!(MeasuredBy, "MeasuredBy", _generator => {
    let mut properties: serde_json::Map<String, serde_json::Value> = HistoryKind::ALL
        .iter()
        .map(|kind| {
            let description = format!("A glob: {}.", kind.named());
            (kind.as_str().to_owned(), serde_json::json!({ "type": ["string", "null"], "description": description }))
        })
        .collect();
    let scope = "A glob: ACCOUNT/REGION, or OWNER/REPO/WORKFLOW on GitHub, where several have the name.";
    properties.insert("scope".to_owned(), serde_json::json!({ "type": ["string", "null"], "description": scope }));
    let named = |kind: HistoryKind| {
        let text = serde_json::json!({ kind.as_str(): { "type": "string" } });
        serde_json::json!({ "properties": text, "required": [kind.as_str()] })
    };
    json_schema!({
        "description": "The run history of the job: one kind, with the name of the job there.",
        "type": "object",
        "properties": properties,
        "oneOf": HistoryKind::ALL.map(named),
        "additionalProperties": false,
    })
});
schema!(Refresh, "Refresh", generator => json_schema!({
    "description":
        "none: the first credentials must last; auto: the SDK renews them; every: the job's own loop renews them.",
    "anyOf": [
        { "enum": ["none", "auto"] },
        {
            "type": "object",
            "properties": { "every": generator.subschema_for::<Seconds>() },
            "required": ["every"],
            "additionalProperties": false,
        },
    ],
}));
schema!(Source, "Source", generator => {
    // A kind with a required parameter has no short form.
    let short = |kind: &SourceKind| kind.parameters().iter().all(|parameter| !parameter.required);
    let short: Vec<&str> = SourceKind::ALL.iter().filter(|kind| short(kind)).map(|kind| kind.as_str()).collect();
    json_schema!({
        "description": "A kind, or a map with the kind and its parameters.",
        "anyOf": [
            { "enum": short },
            { "oneOf": SourceKind::ALL.map(|kind| of_kind(kind, generator)) },
        ],
    })
});

/// A job states its length, or its source names a function.
pub(super) fn require_length(job: &mut Schema) {
    let function = serde_json::json!({ "type": "object", "required": ["function"] });
    let function = serde_json::json!({ "properties": { "source": function }, "required": ["source"] });
    let length = serde_json::json!({ "properties": { "length": { "type": "string" } }, "required": ["length"] });
    job.insert("anyOf".to_owned(), serde_json::json!([length, function]));
}

fn of_kind(kind: SourceKind, generator: &mut SchemaGenerator) -> Schema {
    let mut properties =
        serde_json::Map::from_iter([("kind".to_owned(), serde_json::json!({ "const": kind.as_str() }))]);
    let mut required = vec!["kind"];
    for parameter in kind.parameters() {
        let schema = match (parameter.takes, parameter.required) {
            (Takes::Duration, false) => generator.subschema_for::<Option<Seconds>>(),
            (Takes::Duration, true) => generator.subschema_for::<Seconds>(),
            (Takes::Flag, _) => json_schema!({ "type": ["boolean", "null"] }),
            (Takes::Role | Takes::PermissionSet | Takes::Function, _) => json_schema!({ "type": ["string", "null"] }),
        };
        properties.insert(parameter.name.to_owned(), schema.into());
        if parameter.required {
            required.push(parameter.name);
        }
    }
    json_schema!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}
