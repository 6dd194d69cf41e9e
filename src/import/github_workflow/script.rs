//! What a `run` step does with AWS credentials: sessions that it sets by itself, outputs that hand keys over, and
//! identity tokens that it fetches. The script is read line by line, not run.

use super::hand_over::other_means;
use super::login::NotJudgedLogin;
use super::node::{entry, text_of};
use super::scope::Scope;
use crate::inventory::diagnostic::Placed;
use crate::inventory::yaml::Node;

/// The variable of a session's token.
const TOKEN: &str = "AWS_SESSION_TOKEN";
/// The variables and the audience of a role that is assumed with an identity token.
const OF_WEB_IDENTITY: [&str; 3] = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "sts.amazonaws.com"];

/// A session that a script sets for itself or for later steps.
#[derive(Debug, PartialEq)]
pub(super) struct SetSession {
    /// The expression whose value the token is; `None`: the script makes it.
    pub(super) expression: Option<String>,
    /// Later steps have it too.
    pub(super) exported: bool,
}

/// The script of a `run` step.
pub(super) fn script_of(step: &Node) -> Option<Placed<String>> {
    entry(step, "run").and_then(text_of)
}

/// What a script does with sessions.
pub(super) struct ScriptSessions {
    /// Those that it sets.
    pub(super) set: Vec<SetSession>,
    /// The outputs to which it hands the session of the environment or of an expression, with that expression.
    pub(super) handed: Vec<(String, Option<String>)>,
}

impl ScriptSessions {
    /// `None`: it sets none and hands none over.
    pub(super) fn read(script: &Placed<String>, scope: &Scope<'_>) -> Option<Placed<Self>> {
        let (set, handed) = (set_sessions(&script.value, scope), handed_outputs(&script.value));
        (!set.is_empty() || !handed.is_empty()).then_some(Placed { value: Self { set, handed }, place: script.place })
    }
}

/// The sessions that a script sets. A token that is empty, a literal or that of the environment makes none.
fn set_sessions(script: &str, scope: &Scope<'_>) -> Vec<SetSession> {
    let mut found = Vec::new();
    for line in lines(script).filter(|line| !line.contains("GITHUB_OUTPUT")) {
        let upper = line.to_ascii_uppercase();
        let mut from = 0;
        while let Some(at) = upper[from..].find(TOKEN) {
            from += at + TOKEN.len();
            let Some(value) = assigned(&line[from..]) else { continue };
            let expression = match token_value(value, scope) {
                TokenValue::NoSession => continue,
                TokenValue::Expression(expression) => Some(expression),
                TokenValue::Script => None,
            };
            let exported = line.contains("GITHUB_ENV") || upper.contains("AWS CONFIGURE SET");
            found.push(SetSession { expression, exported });
        }
    }
    found
}

/// The outputs to which a script hands the session of the environment or of an expression, with that expression.
fn handed_outputs(script: &str) -> Vec<(String, Option<String>)> {
    let output = |line: &str| {
        let (_, pair) = line.split_once("::set-output name=").unwrap_or(("", line.trim_start_matches("echo ")));
        let (name, value) = pair.split_once("::").filter(|_| line.contains("::set-output")).or(pair.split_once('='))?;
        let name = name.trim_matches(['"', '\'', ' ', '{']).to_owned();
        let of_environment = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", TOKEN].iter().any(|key| {
            value.contains(&format!("${key}"))
                || value.contains(&format!("${{{key}"))
                || value.contains(&format!(":{key}"))
        });
        let expression = expression_in(value).filter(|_| !of_environment);
        (of_environment || expression.is_some()).then_some((name, expression))
    };
    lines(script)
        .filter(|line| line.contains("GITHUB_OUTPUT") || line.contains("::set-output"))
        .filter_map(output)
        .collect()
}

/// A login of a script by other means than `sts assume-role`: with an identity token, by a profile with a role, or with
/// a session that a script of an action exports.
pub(super) fn other_login(script: &Placed<String>, scope: &Scope<'_>) -> Option<NotJudgedLogin> {
    let file = scope.env_as_left_out(OF_WEB_IDENTITY[0]);
    if let Some(file) = file.filter(|file| file.value.as_text().is_none_or(|text| !text.is_empty())) {
        let what = "AWS_WEB_IDENTITY_TOKEN_FILE is set, with which the AWS CLI and SDKs assume a role";
        return Some(other_means(file.place, what));
    }
    let has = |parts: &[&str]| lines(&script.value).any(|line| parts.iter().any(|part| line.contains(part)));
    let of_aws = |name: &&str| script.value.contains(name) || scope.env(name).is_some();
    let what = if has(&["ACTIONS_ID_TOKEN_REQUEST_URL", "getIDToken("]) && OF_WEB_IDENTITY.iter().any(of_aws) {
        "a script fetches an identity token to assume a role"
    } else if has(&["exportVariable('AWS_SESSION_TOKEN", "exportVariable(\"AWS_SESSION_TOKEN"]) {
        "a script exports a session"
    } else if writes_role_profile(&script.value) {
        "a script writes a profile with a role, which the AWS CLI and SDKs assume"
    } else {
        return None;
    };
    Some(other_means(script.place, what))
}

/// Whether a script writes an AWS profile with a role.
fn writes_role_profile(script: &str) -> bool {
    let is_role = |line: &str| {
        let line = line.trim_start_matches("echo ").trim_start_matches(['"', '\'']);
        line.strip_prefix("role_arn").is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let is_set = |line: &str| line.contains("aws configure set") && line.contains("role_arn ");
    let to_config = script.contains(".aws/") || script.contains("AWS_CONFIG_FILE");
    lines(script).any(|line| is_set(line) || to_config && is_role(line))
}

/// The lines of a script without its comments.
pub(super) fn lines(script: &str) -> impl Iterator<Item = &str> {
    script.lines().map(str::trim).filter(|line| !line.starts_with('#'))
}

/// The value that is assigned to the name before this text: `=value`, or ` value` of `aws configure set`.
fn assigned(rest: &str) -> Option<&str> {
    let after = rest.trim_start();
    let value = match after.strip_prefix('=') {
        Some(value) if !value.starts_with('=') => value.trim_start_matches(' '),
        None if rest.starts_with([' ', '\t']) && after.starts_with(['$', '"', '\'']) => after,
        _ => return None,
    };
    let mut depth = 0_usize;
    let mut quote = None;
    for (index, c) in value.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') if index == 0 => quote = Some(c),
            (Some(open), _) if c == open => return value.get(1..index),
            (_, '{' | '(') => depth += 1,
            (_, '}' | ')') => depth = depth.saturating_sub(1),
            (None, ' ' | '\t' | ';' | '"' | '\'' | '|' | '&' | '>') if depth == 0 => return value.get(..index),
            _ => {}
        }
    }
    Some(value.trim_start_matches(['"', '\'']))
}

/// Where the value of a token comes from.
enum TokenValue {
    NoSession,
    Expression(String),
    Script,
}

fn token_value(value: &str, scope: &Scope<'_>) -> TokenValue {
    if value.to_ascii_uppercase().contains(TOKEN) {
        return TokenValue::NoSession;
    }
    if let Some(expression) = expression_in(value) {
        return match scope.fill_as_left_out(&expression).as_text() {
            Some(_) => TokenValue::NoSession,
            None => TokenValue::Expression(expression),
        };
    }
    if !value.contains(['$', '`', '%']) {
        return TokenValue::NoSession;
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let variable = value.trim_start_matches("$env:").trim_matches(['$', '{', '}']);
    let declared = scope.env_as_left_out(variable).filter(|_| variable.chars().all(is_name));
    match declared.map(|written| written.value) {
        Some(value) if value.as_text().is_some() => TokenValue::NoSession,
        Some(value) => TokenValue::Expression(value.expression().to_owned()),
        None => TokenValue::Script,
    }
}

/// The first expression of a text.
fn expression_in(text: &str) -> Option<String> {
    let (_, after) = text.split_once("${{")?;
    let (inner, _) = after.split_once("}}")?;
    Some(format!("${{{{ {} }}}}", inner.trim()))
}

#[cfg(test)]
mod tests {
    use super::{assigned, handed_outputs, writes_role_profile};

    #[test]
    fn the_value_of_a_variable_ends_with_its_word() {
        for (rest, value) in [
            ("=$T; make", Some("$T")),
            ("=\"${{ secrets.T }}\" >> $GITHUB_ENV", Some("${{ secrets.T }}")),
            ("=${{ secrets.T }}\" >> $GITHUB_ENV", Some("${{ secrets.T }}")),
            ("=$(jq -r .a c) make", Some("$(jq -r .a c)")),
            (" = $T", Some("$T")),
            (" $T", Some("$T")),
            ("== a", None),
            (" is empty", None),
            ("}", None),
        ] {
            assert_eq!(assigned(rest), value, "{rest}");
        }
    }

    #[test]
    fn a_profile_with_a_role_is_found() {
        for (script, found) in [
            ("aws configure set role_arn arn:aws:iam::111111111111:role/a --profile x", true),
            ("aws configure set profile.x.role_arn $ROLE", true),
            ("cat <<EOF > ~/.aws/config\n[profile x]\nrole_arn = $ROLE\nEOF", true),
            ("echo \"role_arn=$ROLE\" >> ~/.aws/config", true),
            ("aws configure set region eu-north-1", false),
            ("echo \"role_arn=$ROLE\" >> terraform.tfvars", false),
        ] {
            assert_eq!(writes_role_profile(script), found, "{script}");
        }
    }

    #[test]
    fn an_output_of_keys_is_found_in_every_form() {
        let output = |name: &str, expression: Option<&str>| vec![(name.to_owned(), expression.map(str::to_owned))];
        for (line, found) in [
            ("echo \"token=$AWS_SESSION_TOKEN\" >> $GITHUB_OUTPUT", output("token", None)),
            ("echo \"::set-output name=token::${AWS_SESSION_TOKEN}\"", output("token", None)),
            ("echo token=$(echo $AWS_SESSION_TOKEN | base64) >> \"$GITHUB_OUTPUT\"", output("token", None)),
            (
                "echo \"t=${{ steps.a.outputs.aws-session-token }}\" >> $GITHUB_OUTPUT",
                output("t", Some("${{ steps.a.outputs.aws-session-token }}")),
            ),
            ("echo \"tag=$TAG\" >> $GITHUB_OUTPUT", Vec::new()),
        ] {
            assert_eq!(handed_outputs(line), found, "{line}");
        }
    }
}
