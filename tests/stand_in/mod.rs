//! A strict stand-in for AWS STS, IAM, SNS, two calls of S3, three of IAM Identity Center, one of Lambda and one of
//! EventBridge, in this process: one HTTP server on the loopback interface. It speaks their protocols to the real SDK
//! clients, makes AWS's checks in AWS's order, and records every call.
//!
//! ```text
//! let mut world = World::new();
//! world.role(Role::new("arn:aws:iam::222222222222:role/etl").trusts("arn:aws:iam::999999999999:role/checker"));
//! world.role(Role::new("arn:aws:iam::999999999999:role/checker").may_assume("*"));
//! let caller = world.role_session("arn:aws:sts::999999999999:assumed-role/checker/lambda");
//! let aws = StandIn::start(world).await;      // endpoint_url = aws.url()
//! aws.script(Fault::on("AssumeRole").times(2).then(Answer::Throttle));
//! ```
//!
//! The modules: `server` → `connection` → `request` → `fault` (scripted by the test) → `authentication` and
//! `signature` → `sts`, `iam`, `sns`, `s3`, `lambda`, `ssm`, `sso_admin`, `events` (each: schema, `authorization`,
//! answer) over `world` (roles, users, topics, keys), with `policy`, `constraint`, `message` and `xml` below them.
//! Tests read `journal`; `errors` has the verbatim texts.
//!
//! `itself` holds the tests of the stand-in. `tests/integration/stand_in_itself.rs` runs them through the SDK clients.
//!
//! The stand-in must not use the package under test: its rules come from AWS alone, so that the two can disagree.
//!
//! Not enforced: MFA codes (only that both parameters are present), session tags beyond the permission to pass them,
//! the packed size of policies, key policies, conditions in session policies (an allowing statement with a condition
//! never allows, a denying statement always denies), permissions boundaries, subscriptions and their filters, quotas
//! that no test sets, opt-in Regions, and the one Region that IAM is signed for (a client with a custom endpoint signs
//! for its configured Region).

// The integration tests and the demo each use a part of it.
#![allow(dead_code, unused_imports, reason = "each includer uses a part")]
#![allow(unreachable_pub, reason = "`pub` marks what the includers use; the module itself is private to each")]

mod arn;
mod authentication;
mod authorization;
mod clock;
mod connection;
mod consistency;
mod constraint;
mod credentials;
mod errors;
mod events;
mod fault;
mod iam;
mod iam_changes;
mod journal;
mod lambda;
mod message;
mod policy;
mod request;
mod role;
mod rules;
mod s3;
mod server;
mod signature;
mod sns;
mod ssm;
mod sso_admin;
mod sts;
mod topic;
mod trail;
mod world;
mod xml;

pub use credentials::Credentials;
pub use errors::{REFUSALS, Refusal, refusal};
pub use events::Bus;
pub use fault::{Answer, Fault, FaultOn, Limit};
pub use journal::Call;
pub use message::{Attribute, Delivery, Message};
pub use role::{Role, User, Wording};
pub use rules::Rules;
pub use s3::Bucket;
pub use server::StandIn;
pub use ssm::Parameter;
pub use sso_admin::IdentityCenter;
pub use topic::Topic;
pub use world::World;
