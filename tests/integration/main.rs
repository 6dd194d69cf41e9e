//! The integration tests: one binary, one module a subject.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub, reason = "tests")]

#[path = "../stand_in/mod.rs"]
mod stand_in;

mod bad_inventory;
mod documentation;
mod laws;
mod plan_tests;
mod reported_cases;
mod schema;
mod stand_in_itself;
mod verdict_table;
