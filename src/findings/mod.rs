//! The problems of a run: from verdicts and facts to findings. Pure: no clock, no network, no printing.
//!
//! One file per finding, named by its id, holds its severity, rule, evidence, wording, page and change key.
//! `registry` lists the findings. `judged` and `refused` hold the shared parts of the two large families, `trail` and
//! `measured` those of findings about recorded runs.

mod cautions;
pub mod change_key;
mod completeness;
mod detect;
pub mod evidence;
mod judged;
mod measured;
mod model;
mod onboarding;
mod planned;
mod refused;
mod registry;
mod subject;
mod trail;
mod waivers;
mod ways;

mod assume_denied;
mod cached_platform_credentials;
mod chain_caps_session;
mod clock_skew;
mod credentials_expired;
mod credentials_invalid;
mod default_duration_too_short;
mod duration_above_chain_cap;
mod duration_above_max_session;
mod duration_out_of_range;
mod duration_refused;
mod expired_token_observed;
mod inventory_broken;
mod job_exceeds_any_session;
mod length_exceeded;
mod length_guessed_high;
mod max_session_drift;
mod max_session_over_provisioned;
mod max_session_too_short;
mod max_session_unknown;
mod max_session_unreachable;
mod not_checked;
mod path_undeclared;
mod refresh_slower_than_session;
mod region_disabled;
mod requested_duration_too_short;
mod role_missing;
mod role_tag_invalid;
mod session_used_to_its_end;
mod signature_mismatch;
mod source_cannot_assume;
mod source_session_ends_first;
mod thin_margin;
mod waiver_expired;
mod waiver_unused;

pub use change_key::ChangeKey;
#[cfg(feature = "cli")]
pub(crate) use model::UNCONFIRMED;
pub use model::{Finding, SHARED, UNOWNED, Waived};
pub(crate) use planned::notes as planned_notes;
pub use registry::{Ending, FindingId, Severity};
pub use subject::Subject;
