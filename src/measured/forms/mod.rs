//! The forms of `measure`: text, JSON and lines of JSON, CSV.

pub mod csv;
pub mod json;
pub mod text;
