//! Which jobs will outlive their temporary AWS credentials, told before they do.
//!
//! Data flows one way: [`inventory`] (what people declare) → `plan` (each distinct walk once) → `probe` (STS and IAM
//! answer: facts) → `lease` (what AWS grants: pure) → `fit` (what would make a job last: pure) → `fixes` (its words and
//! commands) → `findings` (is that a problem: pure) → `report` (one type, many forms) → `state` (what of it was told before)
//! → `notify` (SNS, metrics). [`check`] is the one function that goes this way, called by two thin doors, `lambda` and
//! `cli`. A room uses none that comes after it: a test reads this order, and that no rooms use each other in a circle.
//!
//! Side rooms join it in one place each: `import` makes inventories of what people have, [`templates`] brings facts that no
//! call does (roles as they will be), `shared_config` reads AWS profiles for `import` and for `doctor`, which is a flow of
//! its own: facts of this shell, judged, shown.
//!
//! What stands here without a feature builds without AWS.

pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod doctor;
pub mod facts;
pub mod failure;
pub mod findings;
pub mod fit;
pub mod fixes;
#[cfg(feature = "cli")]
pub mod import;
pub mod inventory;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod lease;
mod limited;
pub mod notify;
pub mod plan;
#[cfg(feature = "aws")]
pub mod probe;
pub mod report;
#[cfg(feature = "aws")]
pub mod settings;
#[cfg(feature = "cli")]
pub mod shared_config;
#[cfg(feature = "cli")]
mod shell;
pub mod state;
pub mod templates;

mod visible;
