//! The request of one login: its role, its DurationSeconds, its external ID and the names of its sessions.

use super::action::{DEFAULT_SESSION_NAME, Duration, LoginWay};
use super::login::{LoginStep, NotJudgedLogin};
use super::not_judged::only_a_run_knows;
use crate::import::expression::{Possible, parse_number};
use crate::import::{DraftHop, DraftRole};
use crate::inventory::Seconds;
use crate::inventory::diagnostic::{Place, Placed};
use crate::lease::rules::{ASSUME_ROLE_RANGE, DEFAULT_DURATION};

impl LoginStep<'_, '_> {
    /// The hop that the step adds after these.
    pub(super) fn hop(
        &self,
        role: Placed<Possible>,
        way: LoginWay,
        before: &[DraftHop],
    ) -> Result<DraftHop, NotJudgedLogin> {
        let place = role.place;
        let role = self.role(role, way, before)?;
        let text = |name: &str| {
            let input = self.value(name, |text| self.scope.fill(text))?;
            Some(Placed { value: input.value.as_text()?.trim().to_owned(), place: input.place })
        };
        let sessions = match self.value("role-session-name", |text| self.scope.fill(text)) {
            None => DEFAULT_SESSION_NAME.to_owned(),
            Some(name) => as_glob(&name.value.as_text().unwrap_or_else(|| name.value.expression().to_owned())),
        };
        let session_name = text("role-session-name");
        let RequestedDuration { duration, misread } = self.duration(place, way)?;
        let external_id = text("role-external-id");
        Ok(DraftHop { role, duration, misread, external_id, session_name, sessions: Some(sessions) })
    }

    fn role(&self, role: Placed<Possible>, way: LoginWay, before: &[DraftHop]) -> Result<DraftRole, NotJudgedLogin> {
        let place = role.place;
        let Some(text) = role.value.as_text() else {
            let value = role.value.expression().to_owned();
            let (why, help) = only_a_run_knows("role-to-assume", &value, self.scope);
            return Ok(DraftRole::Expression { role: Placed { value, place }, why, help });
        };
        let value = text.trim().to_owned();
        // The action takes what does not begin so for a name in the caller's account.
        if value.starts_with("arn:aws") {
            return Ok(DraftRole::Arn(Placed { value, place }));
        }
        if matches!(way, LoginWay::IdentityToken | LoginWay::TokenFile) {
            return Err(NotJudgedLogin {
                place,
                message: format!(
                    "role-to-assume `{value}` is a name: without keys the action does not know its account, \
                     and the step fails"
                ),
                help: "write the role's ARN".to_owned(),
                cannot_work: true,
            });
        }
        let account = before.last().and_then(|hop| hop.role.account());
        Ok(match account {
            Some(account) => DraftRole::Arn(Placed { value: format!("arn:aws:iam::{account}:role/{value}"), place }),
            None => {
                let why = format!(
                    "role-to-assume `{value}` is a name: its account is the caller's, which is not in the workflow"
                );
                let help = "write the role's ARN".to_owned();
                DraftRole::Expression { role: Placed { value, place }, why, help }
            }
        })
    }

    fn duration(&self, place: Place, way: LoginWay) -> Result<RequestedDuration, NotJudgedLogin> {
        let default = self.version().default_duration(way);
        let Some(written) = self.option("role-duration-seconds") else {
            return Ok(RequestedDuration { duration: default.map(|value| Placed { value, place }), misread: None });
        };
        let place = written.place;
        let Some(choices) = written.value.choices() else {
            let (message, help) = only_a_run_knows("role-duration-seconds", written.value.expression(), self.scope);
            return Err(NotJudgedLogin { place, message, help, cannot_work: false });
        };
        let mut stated = Vec::new();
        for text in &choices {
            match self.version().duration(text.trim()) {
                Duration::Default => stated.push((text, default)),
                Duration::Stated(seconds) => stated.push((text, Some(seconds))),
                Duration::Refused => {
                    return Err(NotJudgedLogin {
                        place,
                        message: format!("role-duration-seconds is `{text}`, which this version of the action refuses"),
                        help: "write a whole number of seconds, 900 to 43200".to_owned(),
                        cannot_work: true,
                    });
                }
            }
        }
        // Of several, STS refuses the one out of range, the shortest expires first, and a chained request is refused by
        // the longest.
        let seconds = |(_, duration): &(&String, Option<Seconds>)| duration.unwrap_or(DEFAULT_DURATION);
        let out_of_range = stated.iter().find(|one| !ASSUME_ROLE_RANGE.contains(&seconds(one))).copied();
        let by_length = || match way {
            LoginWay::SessionKeys | LoginWay::Chained => stated.iter().copied().max_by_key(seconds),
            LoginWay::IdentityToken | LoginWay::TokenFile | LoginWay::Keys => {
                stated.iter().copied().min_by_key(seconds)
            }
        };
        let Some((text, duration)) = out_of_range.or_else(by_length) else { return Ok(RequestedDuration::default()) };
        let is_misread = self.version().misread_duration(text.trim()).is_some()
            && Seconds::parse(text.trim()).ok() != Some(duration.unwrap_or(DEFAULT_DURATION));
        Ok(RequestedDuration {
            duration: duration.map(|value| Placed { value, place }),
            misread: is_misread.then(|| text.trim().to_owned()),
        })
    }
}

/// The duration that a login requests.
#[derive(Debug, Default)]
struct RequestedDuration {
    /// `None`: the hour that STS gives.
    duration: Option<Placed<Seconds>>,
    /// The text of `role-duration-seconds`, where the action reads another duration than it states.
    misread: Option<String>,
}

impl LoginStep<'_, '_> {
    /// What people should know of a `role-duration-seconds` that the action reads otherwise than it is written.
    pub(super) fn misread_duration(&self) -> Option<NotJudgedLogin> {
        let written = self.option("role-duration-seconds")?;
        let choices = written.value.choices()?;
        let misread = |text: &String| Some((text.clone(), self.version().misread_duration(text.trim())?));
        let (text, read) = choices.iter().find_map(misread)?;
        let shown = match read {
            Duration::Stated(seconds) => format!("{} second{}", seconds.0, if seconds.0 == 1 { "" } else { "s" }),
            Duration::Default | Duration::Refused => "no number, and asks for its default".to_owned(),
        };
        let message = format!(
            "role-duration-seconds is `{text}`, and the action reads {shown}: JavaScript's parseInt stops at the \
             first character that is no digit"
        );
        let number = parse_number(text.trim()).filter(|number| number.fract() == 0.0 && *number > 0.0);
        let meant = Seconds::parse(text.trim()).ok().or(number.map(|number| Seconds(number as u64)));
        let meant = meant.unwrap_or(DEFAULT_DURATION);
        let help = format!("write a whole number of seconds: role-duration-seconds: {}", meant.0);
        Some(NotJudgedLogin { place: written.place, message, help, cannot_work: false })
    }
}

/// A text with `*` for each expression that only a run knows.
fn as_glob(text: &str) -> String {
    let mut glob = String::new();
    let mut rest = text.trim();
    while let Some((before, after)) = rest.split_once("${{") {
        glob.push_str(before);
        glob.push('*');
        rest = after.split_once("}}").map_or("", |(_, after)| after);
    }
    glob + rest
}
