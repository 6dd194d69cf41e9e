//! Findings that people have accepted for a time.

use jiff::civil::Date;

use super::Location;
use crate::findings::FindingId;

/// A finding that someone has accepted for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// The finding.
    pub finding: FindingId,
    /// A glob of job names.
    pub job: Option<String>,
    /// A glob of role aliases or ARNs.
    pub role: Option<String>,
    /// The last day it holds (UTC).
    pub until: Date,
    /// Why.
    pub reason: String,
    /// Who accepted it.
    pub approver: Option<String>,
    /// Where it is declared.
    pub location: Location,
}
