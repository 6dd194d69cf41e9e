//! Everything that talks to AWS. Returns facts and error classes, never a verdict or a finding.
//!
//! `settings` checks the SDK's variables, `client` makes the clients (retries, timeouts), `http` the connections,
//! `pace` learns the limits of each quota, `walk` makes the calls of a plan in order, `live_settings` those for
//! permission sets and functions, `inventory` those for the sources of an inventory.
//!
//! `sts`, `iam`, `lambda`, `sso_admin`, `sns`, `eventbridge`, `ssm`, `s3`, `s3_list`, `s3_object` and `s3_logs` hold
//! the calls of one service each, `signin` reads one more setting of roles. `answer` reads error answers, `secrets`
//! removes held credentials from them, `errors` classifies their codes, `clock` reads the Date header. `certificates`
//! says whether TLS can work, `sendable` bounds the provider of credentials. Only `errors` and `certificates` compile
//! without the feature `aws`.

#[cfg(feature = "aws")]
mod answer;
#[cfg(feature = "aws")]
mod calls;
#[cfg(feature = "certificates")]
pub mod certificates;
#[cfg(feature = "aws")]
mod client;
#[cfg(feature = "aws")]
mod clock;
#[cfg(feature = "cli")]
pub mod config_files;
#[cfg(feature = "cli")]
pub(crate) mod credentials;
#[cfg(feature = "aws")]
mod discover;
pub mod errors;
#[cfg(feature = "lambda")]
pub(crate) mod eventbridge;
#[cfg(feature = "aws")]
mod http;
#[cfg(feature = "aws")]
mod iam;
#[cfg(any(feature = "cli", feature = "lambda"))]
pub mod inventory;
#[cfg(feature = "aws")]
mod lambda;
#[cfg(feature = "aws")]
mod live_settings;
#[cfg(feature = "aws")]
mod pace;
#[cfg(feature = "aws")]
mod probe;
#[cfg(any(feature = "cli", feature = "lambda"))]
#[cfg_attr(not(feature = "cli"), allow(unreachable_pub, reason = "s3_logs exports its types"))]
mod s3;
#[cfg(any(feature = "cli", feature = "lambda"))]
#[cfg_attr(not(feature = "cli"), allow(unreachable_pub, reason = "s3_logs exports its types"))]
mod s3_list;
#[cfg(feature = "cli")]
pub mod s3_logs;
#[cfg(any(feature = "cli", feature = "lambda"))]
pub(crate) mod s3_object;
#[cfg(feature = "aws")]
mod secrets;
#[cfg(feature = "aws")]
mod sendable;
#[cfg(feature = "cli")]
mod sent;
#[cfg(feature = "aws")]
pub mod settings;
#[cfg(feature = "aws")]
mod signin;
#[cfg(feature = "aws")]
pub(crate) mod sns;
#[cfg(any(feature = "cli", feature = "lambda"))]
mod ssm;
#[cfg(feature = "aws")]
mod sso_admin;
#[cfg(feature = "aws")]
mod sts;
#[cfg(feature = "aws")]
pub(crate) mod tasks;
#[cfg(feature = "aws")]
mod views;
#[cfg(feature = "aws")]
mod walk;

#[cfg(feature = "aws")]
pub(crate) use answer::ErrorAnswer;
#[cfg(feature = "aws")]
pub use client::Aws;
#[cfg(feature = "aws")]
pub use probe::{DEFAULT_CONCURRENCY, Probe, Progress};
#[cfg(feature = "lambda")]
pub(crate) use s3::{Bucket, NotReadObject};
