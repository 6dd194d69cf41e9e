//! A strict stand-in for AWS STS, IAM, SNS and two calls of S3, in this process: one HTTP server on the loopback interface that
//! speaks their protocols to the real SDK clients, checks what AWS checks in AWS's order, and remembers every call.
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
//! The rooms: `server` → `connection` → `request` → `fault` (what the test scripted) → `authentication` and `signature` →
//! `sts`, `iam`, `sns`, `s3` (each: schema, `authorization`, answer) over `world` (what exists), with `policy`, `constraint`,
//! `message` and `xml` below them; `journal` is what the tests read, `errors` the verbatim texts.
//!
//! `itself` holds its own tests, which `tests/integration/stand_in_itself.rs` runs through the SDK clients.
//!
//! It must not know the package under test: what it enforces comes from AWS alone, so that it can disagree.
//!
//! What it does not enforce: MFA codes (only that both halves are there), session tags beyond the permission to pass
//! them, the packed size of policies, key policies, conditions in session policies (an allowing statement with one never allows, a
//! denying one always denies), permissions boundaries, subscriptions and their filters, quotas that no test set, opt-in Regions, and the
//! one Region that IAM is signed for (a client with a custom endpoint signs for its own Region).

// The integration tests and the demo each use a part of it.
#![allow(dead_code, unused_imports, reason = "each includer uses a part")]
#![allow(unreachable_pub, reason = "`pub` marks what the includers use; the module itself is private to each")]

mod arn;
mod authentication;
mod authorization;
mod clock;
mod connection;
mod constraint;
mod credentials;
mod errors;
mod fault;
mod iam;
mod journal;
mod message;
mod policy;
mod request;
mod role;
mod s3;
mod server;
mod signature;
mod sns;
mod sts;
mod topic;
mod world;
mod xml;

pub use credentials::Credentials;
pub use errors::{REFUSALS, Refusal, refusal};
pub use fault::{Answer, Fault, FaultOn, Limit};
pub use journal::Call;
pub use message::{Attribute, Delivery, Message};
pub use role::{Role, User, Wording};
pub use s3::Bucket;
pub use server::StandIn;
pub use topic::Topic;
pub use world::World;
