//! credential-health finds jobs whose temporary AWS credentials expire before the jobs finish.
//!
//! Data flows one way: [`inventory`] (declared jobs) → [`plan`] (the calls of a run) → `aws` (calls to STS and IAM) →
//! [`facts`] → [`lease`] (sessions that AWS grants) → [`findings`] (problems) and [`fixes`] (least changes that solve
//! them) → [`report`] (one typed model, one file per form) → [`notify`] (messages and metrics).
//!
//! [`check`] runs this flow; `cli` and `lambda` call it. `import` makes inventories of AWS profiles, GitHub workflows
//! and templates. [`templates`] reads the roles of CloudFormation templates and Terraform plans. `shared_config` reads
//! AWS profile files for `import` and `doctor`, which diagnoses the credentials of a shell and needs no inventory.
//!
//! `cloudtrail` reads the sessions that CloudTrail recorded, [`measured`] the run histories of jobs.
//!
//! Modules without a `cfg` compile without the AWS SDK.

pub mod aws;
pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
pub mod cloudtrail;
#[cfg(feature = "cli")]
pub mod doctor;
pub mod facts;
pub mod findings;
pub mod fixes;
#[cfg(feature = "cli")]
pub mod import;
pub mod inventory;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod lease;
mod limited;
#[cfg(feature = "aws")]
mod live;
pub mod measured;
pub mod notify;
#[cfg(any(feature = "cli", feature = "lambda"))]
mod pages;
pub mod plan;
pub mod report;
pub mod s3_uri;
#[cfg(feature = "aws")]
pub mod settings;
#[cfg(feature = "cli")]
pub mod shared_config;
mod shell;
pub mod templates;
mod visible;
