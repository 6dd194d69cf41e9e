//! `schema`: the JSON Schema of the inventory.

use std::path::Path;

use super::output;
use super::status::ExitStatus;
use crate::inventory::Inventory;

pub(super) fn run(to: Option<&Path>) -> ExitStatus {
    let text = serde_json::to_string_pretty(&Inventory::json_schema()).unwrap_or_default();
    output::write(&text, to).unwrap_or(ExitStatus::Healthy)
}
