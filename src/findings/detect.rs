//! The findings of a run: runs the registry, then applies waivers and cautions.

use super::evidence::Provenance;
use super::model::Finding;
use super::registry::{Detect, FindingId};
use super::subject::Subject;
use super::{cautions, refused, waivers};
use crate::facts::Mode;
use crate::inventory::Location;

impl Subject<'_> {
    /// Every finding, the worst first, in a stable order.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        match &self.facts.mode {
            // Such a run reports one call. The scheduled run reports the jobs' verdicts.
            Mode::Observed(observed) => findings.extend(detections().filter_map(|(_, detect)| match detect {
                Detect::Observation(describe) => Some(describe(self, observed)),
                _ => None,
            })),
            // Such a run reports no verdicts: `check` does, with AWS's answers.
            Mode::Recorded => self.detect_in_sessions(&mut findings),
            Mode::Offline | Mode::Planned(_) | Mode::Live => {
                // A run history then adds nothing that CloudTrail shows too.
                self.detect_in_sessions(&mut findings);
                self.detect(&mut findings);
                findings.iter_mut().for_each(|finding| self.name_planned_file(finding));
            }
        }
        let unused = waivers::apply(self, &mut findings);
        if matches!(self.facts.mode, Mode::Live) && !self.filtered && self.is_complete(&findings) {
            for (_, detect) in detections() {
                if let Detect::UnusedWaivers(find) = detect {
                    find(self, &unused, &mut findings);
                }
            }
            waivers::apply(self, &mut findings);
        }
        cautions::add(&mut findings);
        findings.iter_mut().filter(|finding| finding.location.is_none()).for_each(|f| f.location = self.location_of(f));
        findings.sort_by(|a, b| a.rank().cmp(&b.rank()));
        findings
    }

    fn detect(&self, findings: &mut Vec<Finding>) {
        let refusals = refused::refusals(self);
        for (id, detect) in detections() {
            match detect {
                Detect::Verdict { describe, .. } => {
                    let described = self.judged_with(id).filter_map(|job| {
                        let finding = job.noting_possible_refusal(describe(&job)?);
                        Some(if job.judgement.confirmed { finding } else { finding.unconfirmed() })
                    });
                    findings.extend(described);
                }
                Detect::Refusal { describe, .. } => {
                    let about = refusals.iter().filter(|((of, _), _)| *of == id);
                    findings.extend(about.filter_map(|(_, refused)| describe(self, refused, &refusals)));
                }
                Detect::Facts(find) => find(self, findings),
                Detect::Sessions(_) | Detect::Observation(_) | Detect::UnusedWaivers(_) => {}
            }
        }
    }

    fn detect_in_sessions(&self, findings: &mut Vec<Finding>) {
        let Some(sessions) = &self.facts.trail else { return };
        for (_, detect) in detections() {
            if let Detect::Sessions(find) = detect {
                find(self, sessions, findings);
            }
        }
    }

    /// Names the template or plan of a number, because no account has that number yet.
    fn name_planned_file(&self, finding: &mut Finding) {
        let Some(planned) = finding.role.as_ref().and_then(|role| self.planned(role)) else { return };
        let from = Provenance::Planned(planned.max_session_from.clone());
        let stands_on = finding.evidence.iter().any(|evidence| evidence.provenance == from);
        if stands_on && !finding.detail.contains(&planned.max_session_from) {
            finding.detail.push_str(&format!(" The MaxSessionDuration is from {}.", planned.max_session_from));
        }
    }

    /// The place that declares the finding's role, or the first job that names the role.
    fn location_of(&self, finding: &Finding) -> Option<Location> {
        let role = finding.role.as_ref()?;
        let (first, _) = self.users_of(role).first()?;
        let declared = self.inventory.declared_for(first, role).and_then(|role| role.location.clone());
        Some(declared.unwrap_or_else(|| first.location.clone()))
    }
}

fn detections() -> impl Iterator<Item = (FindingId, &'static Detect)> {
    FindingId::ALL.iter().flat_map(|id| id.definition().detect.iter().map(|detect| (*id, detect)))
}
