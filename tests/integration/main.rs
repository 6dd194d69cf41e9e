//! The integration tests: one binary, one module for each subject.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

#[path = "../stand_in/mod.rs"]
mod stand_in;

mod bad_inventory;
mod blocks;
mod certificates;
mod chat;
mod check_live;
mod cloudtrail_readers;
mod command_line;
mod delivery;
mod doctor;
mod documentation;
mod emulator;
mod event_bus;
mod examples;
mod explain;
mod fault_matrix;
mod figures;
mod fit_laws;
mod fix_coverage;
mod fixes;
mod fixes_applied;
mod formats;
mod function_fuzz;
mod function_settings;
mod handover;
mod harness;
mod html_reader;
mod import_planned;
mod imports;
mod inventory_in_aws;
mod lambda_handler;
mod laws;
mod limits;
mod listing;
mod live_settings;
mod measure;
mod moto;
mod outlets;
mod packaging;
mod plan_tests;
mod privilege;
mod prove;
mod prove_command;
mod publishing;
mod quoted_secrets;
mod refusals;
mod remedies;
mod reported_cases;
mod role_tags;
mod safe_fixes;
mod schema;
mod second_reading;
mod servers;
mod sessions;
mod sessions_in_s3;
mod several_files;
mod shared_config;
mod signin;
mod stand_in_itself;
mod state_kept;
mod state_rules;
mod teams;
mod template_notes;
mod templates;
mod throttling;
mod trail_in_s3;
mod unconfirmed;
mod unreadable_answers;
mod week_of_changes;
mod widget;
mod workflow_cases;
mod workflow_environment;
mod workflow_flows;
mod workflow_logins;
mod workflows;
mod worst_day;
