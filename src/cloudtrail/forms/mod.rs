//! Forms of the sessions for people and spreadsheets: pure functions from the sessions to their text.

pub mod csv;
pub mod html;
pub mod text;
