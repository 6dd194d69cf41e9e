//! Logins that are not in the repository's own files: actions and workflows of other repositories, and `run` steps.

use super::login::NotJudgedLogin;
use super::node::{entries, entry, text_of};
use crate::inventory::diagnostic::{Place, Placed};
use crate::inventory::yaml::{Node, Value};

/// Parts of the names of inputs and secrets by which a login is given its role or its keys, without the characters
/// between words.
const OF_A_LOGIN: [&str; 9] = [
    "roletoassume",
    "assumerole",
    "rolearn",
    "awsrole",
    "iamrole",
    "sessiontoken",
    "roleduration",
    "awsaccount",
    "awsoidc",
];
/// The same of a user's keys, which do not expire.
const OF_KEYS: [&str; 3] = ["accesskey", "awssecret", "secretkey"];
/// Parts of the names of inputs that are a script, such as `command` of nick-fields/retry.
const OF_SCRIPTS: [&str; 4] = ["command", "cmd", "run", "script"];
/// Owners whose workflows ask for identity tokens to sign what they publish, not to log in to AWS.
const SIGNERS: [&str; 5] = ["slsa-framework/", "actions/", "github/", "pypa/", "sigstore/"];
/// Actions that use AWS credentials that are there already, have inputs with such names for other clouds, or log in
/// for their own step alone (guardian/actions-riff-raff since v4).
const USERS_OF_CREDENTIALS: [&str; 11] = [
    "aws-actions/amazon-ecr-login",
    "aws-actions/amazon-ecs-deploy-task-definition",
    "aws-actions/amazon-ecs-render-task-definition",
    "aws-actions/aws-codebuild-run-build",
    "aws-actions/aws-cloudformation-github-deploy",
    "aws-actions/aws-secretsmanager-get-secrets",
    "aws-actions/setup-sam",
    "docker/login-action",
    "guardian/actions-riff-raff",
    "pulumi/actions",
    "hashicorp/setup-terraform",
];

/// The action that reads secrets of HashiCorp Vault.
const VAULT: &str = "hashicorp/vault-action";

/// Parts of the names of actions that log in.
const LOGINS: [&str; 7] = ["aws", "login", "log-in", "auth", "credential", "assume", "oidc"];

fn has_part(name: &str, parts: &[&str]) -> bool {
    let name = name.to_ascii_lowercase().replace(['_', '-'], "");
    parts.iter().any(|part| name.contains(part))
}

fn names_a_login(name: &str) -> bool {
    has_part(name, &OF_A_LOGIN) || has_part(name, &OF_KEYS)
}

/// Whether a step gives a user's keys to an action of others: the action may leave them to the steps after it.
pub(super) fn hands_keys_over(node: &Node) -> bool {
    entry(node, "uses").is_some() && entries(entry(node, "with")).any(|(name, _)| has_part(name, &OF_KEYS))
}

/// Whether a `run` step may leave a user's keys to the steps after it.
pub(super) fn exports_keys(node: &Node) -> bool {
    let script = entry(node, "run").and_then(text_of).map(|run| run.value).unwrap_or_default();
    let into_environment = script.contains("GITHUB_ENV") && script.contains("AWS_ACCESS_KEY_ID");
    into_environment || exports_profiles(node)
}

/// Whether a `run` step may write AWS profiles.
pub(super) fn exports_profiles(node: &Node) -> bool {
    let script = entry(node, "run").and_then(text_of).map(|run| run.value).unwrap_or_default();
    ["aws configure", ".aws/credentials", ".aws/config"].iter().any(|part| script.contains(part))
}

/// Whether a `run` step puts other keys into the environment than those of the login before: it names a secret, or
/// clears the session token.
pub(super) fn replaces_keys(node: &Node) -> bool {
    let script = entry(node, "run").and_then(text_of).map(|run| run.value).unwrap_or_default();
    let keys = script.lines().filter(|line| line.contains("GITHUB_ENV") && line.contains("AWS_"));
    keys.into_iter().any(|line| {
        let clears = line.split("AWS_SESSION_TOKEN=").nth(1).is_some_and(|rest| rest.starts_with(['"', '\'', ' ']));
        clears || (line.contains("AWS_ACCESS_KEY_ID=") && line.contains("secrets."))
    })
}

/// The scripts that an action is given.
pub(super) fn scripts_of_action(step: &Node) -> impl Iterator<Item = Placed<String>> {
    let scripts = entries(entry(step, "with")).filter(|(name, _)| has_part(name, &OF_SCRIPTS));
    scripts.filter_map(|(_, value)| text_of(value))
}

/// A step that may log in to AWS by other means than configure-aws-credentials. A user's keys alone are no session that
/// expires, unless the action is named after a login.
pub(super) fn step_that_may_log_in(node: &Node) -> Option<NotJudgedLogin> {
    let help = "if it assumes a role, declare the job in an inventory, with its whole path".to_owned();
    let not_judged = |place: Place, message: String| Some(NotJudgedLogin { place, message, help, cannot_work: false });
    if let Some(run) = entry(node, "run").and_then(text_of) {
        let message = "a `run` step calls `sts assume-role`: its role, its duration and its use are not known";
        return if calls_assume_role(&run.value) { not_judged(run.place, message.to_owned()) } else { None };
    }
    let uses = entry(node, "uses").and_then(text_of)?;
    let action = uses.value.split('@').next().unwrap_or_default().to_ascii_lowercase();
    for script in scripts_of_action(node) {
        if calls_assume_role(&script.value) {
            let message = format!(
                "`{}` runs a command that calls `sts assume-role`: its role, its duration and its use are not known",
                uses.value
            );
            return not_judged(script.place, message);
        }
    }
    if USERS_OF_CREDENTIALS.iter().any(|known| action == *known) {
        return None;
    }
    if action == VAULT {
        let secrets = entry(node, "with").and_then(|with| entry(with, "secrets")).and_then(text_of)?;
        let message = "HashiCorp Vault issues AWS credentials: how long they last is not in the workflow";
        return if issues_credentials(&secrets.value) { not_judged(uses.place, message.to_owned()) } else { None };
    }
    let given = entries(entry(node, "with")).find(|(name, value)| {
        // An input that is written empty is not given.
        let of_login = has_part(name, &OF_A_LOGIN) || (has_word(&action, &OF_LOGIN) && has_part(name, &OF_KEYS));
        of_login && text_of(value).is_none_or(|text| !text.value.is_empty())
    });
    let why = match given {
        Some((input, _)) => format!("is given `{input}`: it may log in to AWS"),
        None if is_named_after_a_login(&action) => "is named after a login to AWS".to_owned(),
        None => return None,
    };
    not_judged(
        uses.place,
        format!("the action `{}` {why}, and its role and duration are not in the workflow", uses.value),
    )
}

/// Whether Vault's secrets engine for AWS makes these: its paths `creds` and `sts` (Vault, "AWS secrets engine").
fn issues_credentials(secrets: &str) -> bool {
    let is_issued = |secret: &str| {
        let path = secret.split_whitespace().next().unwrap_or_default();
        path.contains("/creds/") || path.contains("/sts/")
    };
    secrets.split([';', '\n']).any(|secret| secret.contains("AWS_ACCESS_KEY_ID") && is_issued(secret))
}

/// Words in the names of actions that log in.
const OF_LOGIN: [&str; 7] = ["login", "auth", "authenticate", "oidc", "credentials", "creds", "assume"];

/// Whether an action's path, after its owner, has one of these words.
fn has_word(action: &str, words: &[&str]) -> bool {
    let path = action.split_once('/').map_or("", |(_, path)| path);
    path.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| words.contains(&word))
}

/// Whether the words of an action's path, after its owner, name a login to AWS.
fn is_named_after_a_login(action: &str) -> bool {
    has_word(action, &["aws"]) && has_word(action, &OF_LOGIN)
}

/// Whether an action of the repository that is a program may log in to AWS, by its inputs, its path and its name.
pub(super) fn program_may_log_in(path: &str, action: &Node, step: &Node) -> bool {
    let inputs = entries(entry(action, "inputs")).chain(entries(entry(step, "with")));
    let name = entry(action, "name").and_then(text_of).map(|name| name.value).unwrap_or_default();
    let text = format!("{path} {name}").to_ascii_lowercase();
    inputs.into_iter().any(|(name, _)| names_a_login(name)) || LOGINS.iter().any(|part| text.contains(part))
}

/// Whether a shell script calls AssumeRole or GetSessionToken; comments and texts that are only printed do not count.
fn calls_assume_role(script: &str) -> bool {
    // A command may go on in the next line.
    script.replace("\\\r\n", " ").replace("\\\n", " ").lines().any(|line| {
        let code = match line.find(" #") {
            Some(comment) => &line[..comment],
            None => line,
        };
        let code = code.trim_start();
        let prints = code.starts_with("echo ") || code.starts_with("printf ");
        let only_text = code.starts_with('#') || (prints && !code.contains("$(") && !code.contains('`'));
        let words: Vec<&str> = code.split_whitespace().collect();
        let words = words.join(" ");
        // Of the AWS CLI, with options before the service too, and of boto3.
        const CALLS: [&str; 5] = [
            "sts assume-role",
            "sts get-session-token",
            "sts get-federation-token",
            ".assume_role(",
            ".assume_role_with",
        ];
        !only_text && CALLS.iter().any(|call| words.contains(call))
    })
}

/// A workflow of another repository, where it can log in: it may ask for identity tokens, or it is given what a login
/// needs.
pub(super) fn workflow_that_may_log_in(uses: &Placed<String>, job: &Node, id_token: bool) -> Option<NotJudgedLogin> {
    let path = &uses.value;
    let given = |key: &str| entries(entry(job, key)).any(|(name, _)| names_a_login(name));
    let inherits = matches!(entry(job, "secrets").map(|secrets| &secrets.value), Some(Value::Text(_)));
    let signs = SIGNERS.iter().any(|owner| path.starts_with(owner));
    if !((id_token && !signs) || given("with") || given("secrets") || inherits) {
        return None;
    }
    Some(NotJudgedLogin {
        place: uses.place,
        message: format!("it calls a workflow of another repository, `{path}`, which is not read from here"),
        help: "import that file too, with --var inputs.NAME=VALUE for what it is given".to_owned(),
        cannot_work: false,
    })
}

#[cfg(test)]
mod tests {
    use super::{is_named_after_a_login, issues_credentials};

    #[test]
    fn an_action_is_known_to_log_in_by_the_words_of_its_path() {
        for (action, logs_in) in [
            ("boatsgroup/github-actions-aws/setup-aws-credentials", true),
            ("nordcloud/aws-assume-role", true),
            ("fc-actions/aws-login", true),
            ("aws-team/login", false),
            ("someone/install-aws-iam-authenticator", false),
            ("google-github-actions/auth", false),
            ("assume", false),
        ] {
            assert_eq!(is_named_after_a_login(action), logs_in, "{action}");
        }
    }

    #[test]
    fn a_script_that_an_action_runs_is_read_like_a_run_step() {
        let step = |input: &str| {
            let text = format!("uses: nick-fields/retry@v3\nwith:\n  {input}: aws sts assume-role --role-arn r\n");
            crate::inventory::yaml::parse(crate::inventory::yaml::Dialect::WORKFLOW, 0, &text, &mut Default::default())
        };
        assert!(super::step_that_may_log_in(&step("command").unwrap()).is_some());
        assert!(super::step_that_may_log_in(&step("title").unwrap()).is_none());
    }

    #[test]
    fn vault_issues_credentials_at_the_paths_of_its_aws_engine() {
        assert!(issues_credentials("aws/sts/deploy access_key | AWS_ACCESS_KEY_ID ;\n aws/sts/deploy secret_key | S"));
        assert!(!issues_credentials("secret/data/ci AWS_ACCESS_KEY_ID ;\naws/sts/deploy region | REGION"));
    }

    #[test]
    fn a_call_in_a_substitution_or_over_two_lines_is_a_call_and_a_printed_text_is_none() {
        for call in [
            "aws sts assume-role --role-arn x",
            "echo \"X=$(aws sts assume-role --duration-seconds 7200)\" >> $GITHUB_ENV",
            "aws sts \\\n  assume-role --role-arn x",
            "aws  sts  get-session-token",
            "aws --region eu-north-1 sts assume-role-with-web-identity --role-arn x",
            "creds = boto3.client('sts').assume_role(RoleArn=arn)",
        ] {
            assert!(super::calls_assume_role(call), "{call}");
        }
        for text in ["# aws sts assume-role", "echo \"run aws sts assume-role\"", "make # then sts assume-role"] {
            assert!(!super::calls_assume_role(text), "{text}");
        }
    }
}
