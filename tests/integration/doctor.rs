//! `doctor` in broken and in healthy shells: the built command, with files as the tools write them below a HOME of its
//! own, asking the stand-in. Each case names the diagnosis, the command that fixes it, and how the command ends; that
//! no credential leaves is the harness's to check, so every secret here carries a canary.
//!
//! The files are in the forms that botocore, the AWS CLI and aws-config write and read: config and credentials as in
//! the AWS CLI User Guide ("Configuration and credential file settings"), `sso/cache` as botocore's `SSOTokenFetcher`,
//! `cli/cache` as its `JSONFileCache`, `login/cache` as aws-config's `login/cache.rs`.

use std::io::{Read as _, Write as _};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha1::Digest as _;

use crate::harness::{Cli, REGION, Ran, assert_no_credential, world};
use crate::stand_in::{Answer, Credentials, Fault, Role, StandIn, refusal};

/// A long-term key and a session's, as they stand in files.
const KEY: &str = "aws_access_key_id = AKIACANARY0000009999\naws_secret_access_key = canary-secret-of-a-file\n";
const SESSION_KEY: &str = "aws_access_key_id = ASIACANARY0000008888\naws_secret_access_key = \
    canary-secret-of-a-file\naws_session_token = canary-token-of-a-file\n";
const SSO: &str = "[profile dev]\nsso_session = corp\nsso_account_id = 222222222222\nsso_role_name = \
    Developer\nregion = eu-west-1\n\n[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = \
    eu-west-1\nsso_registration_scopes = sso:account:access\n";
const LEGACY: &str = "[profile dev]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = \
    eu-west-1\nsso_account_id = 222222222222\nsso_role_name = Developer\n";
const SSO_ROLE: &str =
    "arn:aws:iam::222222222222:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Developer_0123456789abcdef";
const UNSET: &str = "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN";

/// A shell: its variables, its files, and the arguments of `doctor`.
#[derive(Clone, Default)]
struct Shell {
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    files: Vec<(String, Vec<u8>)>,
}

impl Shell {
    fn at(aws: &StandIn) -> Self {
        Self::default().env("AWS_ENDPOINT_URL", &aws.url()).env("AWS_REGION", REGION).env("AWS_DEFAULT_REGION", REGION)
    }

    fn offline() -> Self {
        Self::default().argument("--offline").env("AWS_REGION", REGION).env("AWS_DEFAULT_REGION", REGION)
    }

    fn offline_without_region() -> Self {
        Self::default().argument("--offline")
    }

    fn write_files(&self, home: &std::path::Path) {
        for (name, content) in &self.files {
            let path = home.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
    }

    fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn file(mut self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.files.push((name.to_owned(), content.as_ref().to_vec()));
        self
    }

    fn config(self, content: &str) -> Self {
        self.file(".aws/config", content)
    }

    fn credentials(self, content: &str) -> Self {
        self.file(".aws/credentials", content)
    }

    fn profile(self, name: &str) -> Self {
        self.env("AWS_PROFILE", name)
    }

    /// The variables of these credentials.
    fn keys(self, keys: &Credentials) -> Self {
        keys.environment().iter().fold(self, |shell, (name, value)| shell.env(name, value))
    }

    /// A login in the SSO cache: of a session's name, or of a start URL.
    fn login(self, identifier: &str, fields: Value) -> Self {
        let mut login = json!({
            "startUrl": "https://corp.awsapps.com/start",
            "region": "eu-west-1",
            "accessToken": "canary-token-of-the-portal",
            "expiresAt": from_now(240),
        });
        login.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let name = format!("{:x}", sha1::Sha1::digest(identifier));
        self.file(&format!(".aws/sso/cache/{name}.json"), login.to_string())
    }

    fn cli(&self, format: &str) -> Cli {
        let mut arguments = vec!["doctor", "--format", format];
        arguments.extend(self.arguments.iter().map(String::as_str));
        let cli = self.files.iter().fold(Cli::new(&arguments), |cli, (name, content)| cli.file(name, content));
        self.variables.iter().fold(cli, |cli, (name, value)| cli.env(name, value))
    }

    async fn report(&self) -> (Ran, Value) {
        let ran = self.cli("json").run().await;
        let report = ran.report();
        (ran, report)
    }
}

/// So many minutes from now, as the caches write it.
fn from_now(minutes: i64) -> String {
    let moment = Timestamp::now().checked_add(SignedDuration::from_mins(minutes)).unwrap();
    format!("{moment:.0}")
}

/// A refresh token and its client, registered until so many minutes from now.
fn refreshable(expires: i64, registered: i64) -> Value {
    json!({
        "expiresAt": from_now(expires),
        "refreshToken": "canary-token-to-refresh",
        "clientId": "client",
        "clientSecret": "canary-secret-of-the-client",
        "registrationExpiresAt": from_now(registered),
    })
}

/// A JSON Web Token that ends so many minutes from now.
fn token(minutes: i64) -> String {
    let claims = json!({"iss": "https://issuer.example", "exp": Timestamp::now().as_second() + minutes * 60});
    let part = |value: &Value| {
        let text = aws_smithy_types::base64::encode(value.to_string());
        text.trim_end_matches('=').replace('+', "-").replace('/', "_")
    };
    format!("{}.{}.canary-token-signature", part(&json!({"alg": "RS256"})), part(&claims))
}

/// A broken shell and what is to be said of it.
struct Case {
    name: &'static str,
    shell: Shell,
    status: i32,
    /// The diagnosis, its level and a part of its command.
    said: (&'static str, &'static str, &'static str),
}

fn case(name: &'static str, shell: Shell, status: i32, said: (&'static str, &'static str, &'static str)) -> Case {
    Case { name, shell, status, said }
}

/// Runs each case, as JSON and as text.
async fn check(cases: Vec<Case>) {
    for Case { name, shell, status, said: (id, level, command) } in cases {
        let (json, text) = (shell.cli("json"), shell.cli("text"));
        let (ran, text) = tokio::join!(json.run(), text.run());
        let all = format!("{name}:\n{}\n{}{}", ran.stdout, text.stdout, ran.stderr);
        assert_eq!((ran.status, text.status), (status, status), "{all}");
        let report = ran.report();
        assert_eq!(report["schema_version"], 1, "{all}");
        let diagnoses = report["diagnoses"].as_array().unwrap();
        let found: Vec<&Value> = diagnoses.iter().filter(|found| found["id"] == id).collect();
        assert_eq!(found.len(), 1, "{id} once in {all}");
        assert_eq!(found[0]["level"], level, "{all}");
        let mends = found[0]["command"].as_str().unwrap_or_default();
        assert!(mends.contains(command), "{mends} has not {command} in {all}");
        // Each run has a folder of its own.
        let shown = mends.split(" /tmp/").next().unwrap();
        assert!(text.stdout.contains(&format!("$ {shown}")), "{all}");
        for found in diagnoses {
            let mended = found["command"].is_string();
            assert_eq!(mended, found["level"] != "ok", "a command for all but what is right: {all}");
            assert!(!found["what"].as_str().unwrap().is_empty(), "{all}");
        }
        let healthy = report["verdict"] == "healthy" || report["verdict"] == "not-asked";
        assert_eq!(healthy, status == 0, "{all}");
    }
}

/// A stand-in with a user and a role that the user may assume, and their credentials.
async fn account() -> (StandIn, Credentials, Credentials) {
    let (mut world, session) = world();
    let user = world.user("arn:aws:iam::999999999999:user/team/jane");
    (StandIn::start(world).await, user, session)
}

/// The same key with something else in a part of it.
fn with(keys: &Credentials, secret: Option<&str>, token: Option<&str>) -> Credentials {
    let mut keys = keys.clone();
    if let Some(secret) = secret {
        keys.secret_access_key = secret.to_owned();
    }
    keys.session_token = token.map(str::to_owned).or(keys.session_token);
    keys
}

#[tokio::test]
async fn variables_that_are_incomplete_spoilt_or_in_the_way_are_diagnosed() {
    let (aws, user, session) = account().await;
    let (key, secret) = (user.access_key_id.as_str(), user.secret_access_key.as_str());
    let at = || Shell::at(&aws);
    let keys = |shell: Shell| shell.env("AWS_ACCESS_KEY_ID", key).env("AWS_SECRET_ACCESS_KEY", secret);
    let session_key = |shell: Shell| {
        shell.env("AWS_ACCESS_KEY_ID", &session.access_key_id).env("AWS_SECRET_ACCESS_KEY", &session.secret_access_key)
    };
    let two = "[profile a]\nregion = eu-west-1\n[profile b]\nregion = eu-west-1\n";
    let dev = format!("[dev]\n{KEY}");
    let token = session.session_token.clone().unwrap();
    check(vec![
        case("key without secret", at().env("AWS_ACCESS_KEY_ID", key), 1, ("environment-incomplete", "problem", UNSET)),
        case(
            "secret without key",
            at().env("AWS_SECRET_ACCESS_KEY", secret),
            1,
            ("environment-incomplete", "problem", UNSET),
        ),
        case("session key without token", session_key(at()), 1, ("token-missing", "problem", UNSET)),
        case(
            "session key with an empty token",
            session_key(at()).env("AWS_SESSION_TOKEN", ""),
            1,
            ("token-missing", "problem", UNSET),
        ),
        case("the same, offline", session_key(Shell::offline()), 1, ("token-missing", "problem", UNSET)),
        case(
            "long-term key with a token left over",
            keys(at()).env("AWS_SESSION_TOKEN", &token),
            1,
            ("token-left-over", "problem", "unset AWS_SESSION_TOKEN"),
        ),
        case(
            "long-term key with an empty token",
            keys(at()).env("AWS_SESSION_TOKEN", ""),
            0,
            ("token-empty", "note", "unset AWS_SESSION_TOKEN"),
        ),
        case(
            "token alone",
            keys(at()).env("AWS_ACCESS_KEY_ID", "").env("AWS_SECRET_ACCESS_KEY", "").env("AWS_SESSION_TOKEN", &token),
            4,
            ("token-alone", "note", "unset AWS_SESSION_TOKEN"),
        ),
        case(
            "a blank behind the key",
            at().env("AWS_ACCESS_KEY_ID", &format!("{key} ")).env("AWS_SECRET_ACCESS_KEY", secret),
            1,
            ("variable-malformed", "problem", "export AWS_ACCESS_KEY_ID="),
        ),
        case(
            "a line break behind the secret",
            at().env("AWS_ACCESS_KEY_ID", key).env("AWS_SECRET_ACCESS_KEY", &format!("{secret}\r\n")),
            1,
            ("variable-malformed", "problem", "export AWS_SECRET_ACCESS_KEY="),
        ),
        case(
            "quotation marks around the key",
            at().env("AWS_ACCESS_KEY_ID", &format!("\"{key}\"")).env("AWS_SECRET_ACCESS_KEY", secret),
            1,
            ("variable-malformed", "problem", "tr -cd"),
        ),
        case(
            "direction characters in the key",
            at().env("AWS_ACCESS_KEY_ID", &format!("{key}\u{202e}")).env("AWS_SECRET_ACCESS_KEY", secret),
            1,
            ("variable-malformed", "problem", "LC_ALL=C tr -cd '[:alnum:]'"),
        ),
        case(
            "key and secret exchanged",
            Shell::offline()
                .env("AWS_ACCESS_KEY_ID", "canary0rXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLE")
                .env("AWS_SECRET_ACCESS_KEY", key),
            1,
            ("keys-exchanged", "problem", "unset x"),
        ),
        case(
            "no key id",
            Shell::offline().env("AWS_ACCESS_KEY_ID", "CANARY").env("AWS_SECRET_ACCESS_KEY", secret),
            1,
            ("no-access-key-id", "problem", UNSET),
        ),
        case(
            "flaws in two variables",
            Shell::offline()
                .env("AWS_ACCESS_KEY_ID", &format!(" {key}"))
                .env("AWS_SECRET_ACCESS_KEY", &format!("{secret}\n")),
            1,
            ("variable-malformed", "problem", "LC_ALL=C tr -cd '[:alnum:]')\"; export AWS_SECRET_ACCESS_KEY="),
        ),
        case(
            "a blank in the Region",
            keys(at()).env("AWS_REGION", "eu west-1"),
            1,
            (
                "region-malformed",
                "problem",
                "export AWS_REGION=\"$(printf %s \"$AWS_REGION\" | LC_ALL=C tr -cd \
             '[:alnum:]-')\"",
            ),
        ),
        case(
            "a blank behind the Region",
            keys(Shell::offline()).env("AWS_REGION", "eu-west-1 "),
            1,
            ("region-malformed", "problem", "export AWS_REGION="),
        ),
        case(
            "a profile's Region that is none",
            Shell::default()
                .argument("--offline")
                .config("[profile dev]\nregion = eu_west\n")
                .credentials(&dev)
                .profile("dev"),
            1,
            ("region-malformed", "problem", "aws configure set region REGION --profile dev"),
        ),
        case(
            "an endpoint that is no URL",
            keys(Shell::offline()).env("AWS_ENDPOINT_URL", "localhost:4566"),
            1,
            ("endpoint-malformed", "problem", "unset AWS_ENDPOINT_URL"),
        ),
        case(
            "no certificates",
            keys(Shell::offline()).env("AWS_CA_BUNDLE", "/no/such/ca.pem"),
            1,
            ("ca-bundle-missing", "problem", "unset AWS_CA_BUNDLE"),
        ),
        case(
            "keys before AWS_PROFILE",
            keys(at()).credentials(&dev).profile("dev"),
            0,
            ("environment-shadows-profile", "warning", UNSET),
        ),
        case(
            "two profile variables",
            keys(at()).config(two).profile("a").env("AWS_DEFAULT_PROFILE", "b"),
            0,
            ("two-profile-variables", "warning", "unset AWS_DEFAULT_PROFILE"),
        ),
        case(
            "AWS_DEFAULT_PROFILE alone",
            keys(at()).config(two).env("AWS_DEFAULT_PROFILE", "b"),
            0,
            ("default-profile-variable", "warning", "export AWS_PROFILE=b"),
        ),
        case(
            "AWS_PROFILE is empty",
            keys(at()).profile(""),
            1,
            ("profile-variable-empty", "problem", "unset AWS_PROFILE"),
        ),
        case(
            "the token's older name",
            at().keys(&session).env("AWS_SECURITY_TOKEN", "canary-token-of-old"),
            1,
            ("old-token-variable", "warning", "unset AWS_SECURITY_TOKEN"),
        ),
        case(
            "the token's older name, which AWS refuses",
            at().keys(&session).env("AWS_SECURITY_TOKEN", "canary-token-of-old"),
            1,
            ("credentials-unknown", "problem", "unset AWS_SECURITY_TOKEN"),
        ),
        case("a copied session", at().keys(&session), 0, ("copied-session", "warning", "; aws login")),
        case(
            "a copied session before a profile that renews",
            at().keys(&session).credentials(&format!("[default]\n{KEY}")),
            0,
            ("copied-session", "warning", UNSET),
        ),
        case(
            "the stated end has passed",
            Shell::offline().keys(&session).env("AWS_CREDENTIAL_EXPIRATION", &from_now(-30)),
            1,
            ("session-ended", "problem", "; aws login"),
        ),
        case(
            "the stated end is in five minutes",
            at().keys(&session).env("AWS_CREDENTIAL_EXPIRATION", &from_now(5)),
            1,
            ("session-ends-soon", "problem", "; aws login"),
        ),
        case(
            "the stated end is no time",
            at().keys(&session).env("AWS_CREDENTIAL_EXPIRATION", "soon"),
            1,
            ("expiration-unreadable", "problem", "unset AWS_CREDENTIAL_EXPIRATION"),
        ),
        case(
            "a key that the CLI's cache has with its end",
            Shell::offline().keys(&session).file(
                ".aws/cli/cache/0a.json",
                json!({"Credentials": {
                    "AccessKeyId": session.access_key_id, "SecretAccessKey": "canary-secret-x",
                    "SessionToken": "canary-token-x", "Expiration": from_now(7),
                }})
                .to_string(),
            ),
            1,
            ("session-ends-soon", "problem", "; aws login"),
        ),
        case(
            "no Region",
            Shell::default().env("AWS_ENDPOINT_URL", &aws.url()).keys(&user),
            0,
            ("no-region", "note", "export AWS_REGION="),
        ),
        case("nothing at all", at(), 4, ("no-credentials", "problem", "aws login")),
        case("nothing at all, offline", Shell::offline(), 4, ("no-credentials", "problem", "aws login")),
        case(
            "profiles that nothing selects",
            Shell::offline().config(
                "[profile dev]\nrole_arn = arn:aws:iam::111111111111:role/dev\ncredential_source = EcsContainer\n",
            ),
            4,
            ("no-credentials", "problem", "export AWS_PROFILE=NAME"),
        ),
        case(
            "profiles without credentials",
            Shell::offline().config("[profile dev]\nregion = eu-west-1\n"),
            4,
            ("no-credentials", "problem", "aws login"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn profiles_that_lead_nowhere_or_will_fail_are_diagnosed_at_their_place() {
    let (aws, ..) = account().await;
    let at = |config: &str, credentials: &str| Shell::at(&aws).config(config).credentials(credentials).profile("dev");
    let offline = |config: &str| Shell::offline().config(config).profile("dev");
    let role = "role_arn = arn:aws:iam::222222222222:role/etl\n";
    let base = format!("[base]\n{KEY}");
    let copied = format!("[base]\n{SESSION_KEY}");
    let half = "[dev]\naws_access_key_id = AKIACANARY0000009999\n";
    check(vec![
        case(
            "no such profile",
            at("[profile prod]\nregion = eu-west-1\n", ""),
            1,
            ("profile-missing", "problem", "unset AWS_PROFILE"),
        ),
        case(
            "nearly such a profile",
            at("[profile devel]\nregion = eu-west-1\n", ""),
            1,
            ("profile-missing", "problem", "export AWS_PROFILE=NAME"),
        ),
        case(
            "one letter from such a profile",
            at("[profile devs]\nregion = eu-west-1\n", ""),
            1,
            ("profile-missing", "problem", "export AWS_PROFILE=devs"),
        ),
        case(
            "no such profile, by the option",
            Shell::offline().argument("--profile").argument("dve").config("[profile dev]\nregion = eu-west-1\n"),
            1,
            ("profile-missing", "problem", "doctor --profile dev"),
        ),
        case(
            "a header without its prefix",
            at("[dev]\nregion = eu-west-1\n", ""),
            1,
            ("wrong-header", "problem", r"sed 's/^\[dev\]/[profile dev]/'"),
        ),
        case(
            "a header with a prefix too many",
            at("", &format!("[profile dev]\n{KEY}")),
            1,
            ("wrong-header", "problem", r"sed 's/^\[profile dev\]/[dev]/'"),
        ),
        case(
            "a byte order mark",
            at("\u{feff}[profile dev]\nregion = eu-west-1\n", ""),
            1,
            ("byte-order-mark", "problem", r"\357\273\277"),
        ),
        case(
            "a line that is none",
            at("[profile dev]\nregion eu-west-1\n", ""),
            1,
            ("file-refused", "problem", "EDITOR"),
        ),
        case(
            "a profile without credentials",
            at("[profile dev]\nregion = eu-west-1\n", ""),
            1,
            ("profile-without-credentials", "problem", "aws configure --profile dev"),
        ),
        case(
            "no such source profile",
            at(&format!("[profile dev]\n{role}source_profile = gone\n"), ""),
            1,
            ("source-profile-missing", "problem", "aws configure --profile gone"),
        ),
        case(
            "nearly such a source profile",
            at(&format!("[profile dev]\n{role}source_profile = bsae\n"), &base),
            1,
            ("source-profile-missing", "problem", "aws configure set source_profile base --profile dev"),
        ),
        case(
            "a source profile that is nearest to the profile itself",
            at(&format!("[profile dev]\n{role}source_profile = de\n"), ""),
            1,
            ("source-profile-missing", "problem", "aws configure --profile de"),
        ),
        case(
            "a source profile that is a guess",
            at(&format!("[profile dev]\n{role}source_profile = ba\n"), &base),
            1,
            ("source-profile-missing", "problem", "aws configure set source_profile NAME --profile dev"),
        ),
        case(
            "the environment as a source, without keys",
            offline(&format!("[profile dev]\n{role}credential_source = Environment\n")),
            1,
            ("credential-source-empty", "problem", "source_profile = NAME"),
        ),
        case(
            "a container as a source, without one",
            offline(&format!("[profile dev]\n{role}credential_source = EcsContainer\n")),
            1,
            ("credential-source-empty", "problem", "source_profile = NAME"),
        ),
        case(
            "a device without a serial",
            offline(&format!("[profile dev]\n{role}source_profile = base\nmfa_serial =\n[profile base]\n{KEY}")),
            1,
            ("empty-value", "problem", "mfa_serial"),
        ),
        case(
            "no seconds",
            offline(&format!("[profile dev]\n{role}source_profile = base\nduration_seconds = 0\n")).credentials(&base),
            1,
            ("duration-refused", "problem", "aws configure set duration_seconds 3600 --profile dev"),
        ),
        case(
            "a second too few",
            offline(&format!("[profile dev]\n{role}source_profile = base\nduration_seconds = 899\n"))
                .credentials(&base),
            1,
            ("duration-refused", "problem", "aws configure set duration_seconds 3600 --profile dev"),
        ),
        case(
            "a second too many",
            offline(&format!("[profile dev]\n{role}source_profile = base\nduration_seconds = 43201\n"))
                .credentials(&copied),
            1,
            ("duration-refused", "problem", "aws configure set duration_seconds 3600 --profile dev"),
        ),
        case(
            "a role in no account",
            offline("[profile dev]\nrole_arn = arn:aws:iam::1111:role/etl\nsource_profile = base\n").credentials(&base),
            1,
            (
                "role-arn-malformed",
                "problem",
                "aws configure set role_arn arn:aws:iam::ACCOUNT:role/NAME --profile dev",
            ),
        ),
        case(
            "keys in quotation marks",
            Shell::offline()
                .credentials(
                    "[dev]\naws_access_key_id = \"AKIACANARY0000009999\"\n\
                     aws_secret_access_key = 'canary-secret-of-a-file'\n",
                )
                .profile("dev"),
            1,
            ("quoted-keys", "problem", r#"s/["'\'']//g;}'"#),
        ),
        case(
            "both headers of the default profile",
            Shell::offline()
                .config("[default]\nregion = eu-west-1\n[profile default]\nregion = eu-west-1\n")
                .credentials(&format!("[default]\n{KEY}")),
            0,
            ("wrong-header", "warning", "${EDITOR:-vi}"),
        ),
        case(
            "itself as a source, with SSO settings",
            offline(&format!("{}{role}source_profile = dev\n", LEGACY)),
            1,
            ("source-profile-cycle", "problem", "aws configure set source_profile NAME --profile dev"),
        ),
        case(
            "a circle",
            at(&format!("[profile dev]\n{role}source_profile = b\n[profile b]\n{role}source_profile = dev\n"), ""),
            1,
            ("source-profile-cycle", "problem", "aws configure set source_profile NAME --profile b"),
        ),
        case(
            "a source profile that goes on below its line",
            at(&format!("[profile dev]\n{role}source_profile = base\n  region = eu-west-1\n"), &base),
            1,
            ("profile-broken", "problem", "${EDITOR:-vi}"),
        ),
        case(
            "a role without source",
            at(&format!("[profile dev]\n{role}"), ""),
            1,
            ("role-without-source", "problem", "aws configure set source_profile NAME --profile dev"),
        ),
        case(
            "a role with two sources",
            at(&format!("[profile dev]\n{role}source_profile = base\ncredential_source = Environment\n"), &base),
            1,
            ("role-with-two-sources", "problem", "EDITOR"),
        ),
        case("half a key", at("", half), 1, ("profile-key-incomplete", "problem", "aws configure --profile dev")),
        case(
            "no such sso-session",
            at("[profile dev]\nsso_session = corp\nsso_account_id = 222222222222\nsso_role_name = Developer\n", ""),
            1,
            ("sso-session-missing", "problem", "aws configure sso-session"),
        ),
        case(
            "SSO without its role",
            at(
                "[profile dev]\nsso_session = corp\nsso_account_id = 222222222222\n[sso-session corp]\n\
                 sso_start_url = https://corp.awsapps.com/start\nsso_region = eu-west-1\n",
                "",
            ),
            1,
            ("sso-settings-incomplete", "problem", "aws configure sso --profile dev"),
        ),
        case(
            "two hours for a chained role",
            offline(&format!("[profile dev]\n{role}source_profile = base\nduration_seconds = 7200\n"))
                .credentials(&copied),
            1,
            ("chained-duration", "problem", "aws configure set duration_seconds 3600 --profile dev"),
        ),
        case(
            "MFA",
            offline(&format!(
                "[profile dev]\n{role}source_profile = base\nmfa_serial = arn:aws:iam::111111111111:mfa/jane\n"
            ))
            .credentials(&base),
            0,
            ("mfa-needs-a-person", "warning", "aws sts get-caller-identity --profile dev"),
        ),
        case(
            "a copied session in a file",
            Shell::offline().credentials(&format!("[dev]\n{SESSION_KEY}")).profile("dev"),
            0,
            ("copied-session", "warning", "aws configure sso --profile dev"),
        ),
        case(
            "a program that is not there",
            offline("[profile dev]\ncredential_process = /opt/no/such-helper --canary-secret-argument\n"),
            1,
            ("process-missing", "problem", "\"${EDITOR:-vi}\""),
        ),
        case(
            "a source that has no credentials",
            offline(&format!("[profile dev]\n{role}source_profile = empty\n[profile empty]\nregion = eu-west-1\n")),
            1,
            ("profile-without-credentials", "problem", "aws configure --profile empty"),
        ),
        case(
            "keys beside a process",
            offline("[profile dev]\ncredential_process = /bin/sh helper\n").credentials(&format!("[dev]\n{KEY}")),
            0,
            ("tools-disagree", "warning", ".aws/credentials"),
        ),
    ])
    .await;
}

/// Seen with the AWS CLI 1.45: "Unable to parse config file", also where the environment has keys.
#[tokio::test]
async fn files_that_tools_refuse_or_read_differently_are_diagnosed_at_their_place_and_never_healthy() {
    let (aws, user, _) = account().await;
    let at = || Shell::at(&aws).profile("dev");
    let offline = || Shell::offline().profile("dev");
    let dev = format!("[dev]\n{KEY}");
    let twice = "[profile dev]\nregion = eu-west-1\n[profile b]\nregion = eu-west-1\n[profile dev]\noutput = json\n";
    let not_text = |start: &[u8]| [start, b"[profile dev]\nregion = \xff\n"].concat();
    let commented = "[profile dev]\nrole_arn = arn:aws:iam::222222222222:role/etl # prod\nsource_profile = base\n";
    let spaced = "[profile \"my profile\"]\nregion = eu-west-1\n";
    check(vec![
        case(
            "a section twice",
            offline().config(twice).credentials(&dev),
            1,
            ("file-refused-by-cli", "problem", "EDITOR"),
        ),
        case(
            "a section twice, beside keys that AWS takes",
            at().keys(&user).config(twice),
            1,
            ("file-refused-by-cli", "problem", "EDITOR"),
        ),
        case(
            "a key twice",
            offline().credentials(&format!("{dev}AWS_ACCESS_KEY_ID = AKIACANARY0000009998\n")),
            1,
            ("file-refused-by-cli", "problem", "EDITOR"),
        ),
        case(
            "a line that the SDKs alone refuse",
            offline().config("[profile dev]\n  region = eu-west-1\n").credentials(&dev),
            0,
            ("file-refused", "warning", "EDITOR"),
        ),
        case(
            "the same behind the environment's keys",
            at().keys(&user).config("[profile dev]\n  region = eu-west-1\n").credentials(&dev),
            0,
            ("file-refused", "warning", "EDITOR"),
        ),
        case(
            "no text",
            offline().file(".aws/config", not_text(b"")).credentials(&dev),
            1,
            ("file-not-text", "problem", "iconv -f WINDOWS-1252 -t UTF-8"),
        ),
        case(
            "no text, beside keys that AWS takes",
            at().keys(&user).file(".aws/credentials", not_text(b"")).config("[profile dev]\nregion = eu-west-1\n"),
            1,
            ("file-not-text", "problem", "iconv -f WINDOWS-1252 -t UTF-8"),
        ),
        case(
            "UTF-16",
            offline().file(".aws/config", not_text(b"\xff\xfe")),
            1,
            ("file-not-text", "problem", "iconv -f UTF-16 -t UTF-8"),
        ),
        case(
            "a byte order mark in credentials",
            offline().credentials(&format!("\u{feff}{dev}")),
            1,
            ("byte-order-mark", "problem", r"\357\273\277"),
        ),
        case(
            "a comment behind a value",
            offline().config(commented).credentials(&format!("[base]\n{KEY}")),
            1,
            ("comment-behind-value", "problem", r"sed '2{/"),
        ),
        case(
            "a name with a blank",
            Shell::offline().config(spaced).profile("my profile"),
            1,
            ("wrong-header", "warning", r#"sed 's/^\[profile "my profile"\]/[profile my-profile]/'"#),
        ),
        case(
            "a name with a blank, of keys",
            Shell::offline().credentials(&format!("[my profile]\n{KEY}")).profile("my profile"),
            0,
            ("wrong-header", "warning", r"sed 's/^\[my profile\]/[my-profile]/'"),
        ),
        case(
            "quotation marks around a name",
            offline().config("[profile 'dev']\nregion = eu-west-1\n"),
            1,
            ("wrong-header", "warning", "/[profile dev]/"),
        ),
        case(
            "a file that is not there",
            offline().env("AWS_CONFIG_FILE", "/no/such/file"),
            1,
            ("file-trouble", "problem", "unset AWS_CONFIG_FILE"),
        ),
        case(
            "AWS_CONFIG_FILE is empty",
            offline().env("AWS_CONFIG_FILE", ""),
            1,
            ("file-trouble", "problem", "unset AWS_CONFIG_FILE"),
        ),
        case("keys without any header", offline().credentials(KEY), 1, ("file-refused", "problem", "EDITOR")),
        case(
            "a session's key without its token in a file",
            offline().credentials(&format!("[dev]\n{}", SESSION_KEY.split_inclusive('\n').take(2).collect::<String>())),
            1,
            ("token-missing", "problem", "aws configure sso --profile dev"),
        ),
        case(
            "a long-term key with a token in a file",
            offline().credentials(&format!("[dev]\n{KEY}aws_session_token = canary-token-of-a-file\n")),
            1,
            ("token-left-over", "problem", "sed"),
        ),
        case(
            "HOME is empty",
            Shell::offline().env("HOME", ""),
            1,
            ("home-not-set", "problem", "eval \"export HOME=~$(id -un)\""),
        ),
        case(
            "HOME is empty, beside keys",
            Shell::offline().keys(&user).env("HOME", ""),
            0,
            ("home-not-set", "warning", "eval \"export HOME=~$(id -un)\""),
        ),
    ])
    .await;
    let (_, report) = offline().credentials(&format!("\u{feff}{dev}")).report().await;
    assert_eq!(report["diagnoses"].as_array().unwrap().len(), 1, "one cause, told once: {report:#}");
}

#[tokio::test]
async fn without_home_the_shell_is_not_called_one_without_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let ran = std::process::Command::new(crate::harness::COMMAND)
        .args(["doctor", "--offline", "--format", "json"])
        .env_clear()
        .env("USERPROFILE", folder.path())
        .current_dir(folder.path())
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(
        (report["diagnoses"][0]["id"].as_str(), ran.status.code()),
        (Some("home-not-set"), Some(1)),
        "{report:#}"
    );
}

#[tokio::test]
async fn logins_and_tokens_that_are_over_are_diagnosed_offline() {
    let sso = || Shell::offline().config(SSO).profile("dev");
    let legacy = || Shell::offline().config(LEGACY).profile("dev");
    let start = "https://corp.awsapps.com/start";
    let arn = "arn:aws:iam::222222222222:user/jane";
    let login = |fields: Value| {
        let name = hex(&<sha2::Sha256 as sha2::Digest>::digest(arn));
        let file = format!(".aws/login/cache/{name}.json");
        Shell::offline().config(&format!("[default]\nlogin_session = {arn}\n")).file(&file, fields.to_string())
    };
    let session = |minutes| {
        json!({
            "accessKeyId": "ASIACANARY0000007777",
            "secretAccessKey": "canary-secret-l",
            "sessionToken": "canary-token-l",
            "expiresAt": from_now(minutes),
        })
    };
    let web = |file: &str| {
        Shell::offline()
            .env("AWS_WEB_IDENTITY_TOKEN_FILE", file)
            .env("AWS_ROLE_ARN", "arn:aws:iam::222222222222:role/ci")
    };
    let unset_web = "unset AWS_WEB_IDENTITY_TOKEN_FILE";
    check(vec![
        case("never logged in", sso(), 1, ("sso-login-missing", "problem", "aws sso login --profile dev")),
        case(
            "login over, nothing to renew it",
            sso().login("corp", json!({"expiresAt": from_now(-60)})),
            1,
            ("sso-login-expired", "problem", "aws sso login --profile dev"),
        ),
        case(
            "login and registration over",
            sso().login("corp", refreshable(-60, -30)),
            1,
            ("sso-registration-expired", "problem", "aws sso login --profile dev"),
        ),
        case(
            "login over, to be renewed",
            sso().login("corp", refreshable(-60, 90_000)),
            0,
            ("sso-login-stale", "warning", "aws sso login --profile dev"),
        ),
        case(
            "login as older versions write it",
            sso().login("corp", json!({"expiresAt": from_now(-60).replace('Z', "UTC")})),
            1,
            ("sso-login-expired", "problem", "aws sso login"),
        ),
        case(
            "login ends in ten minutes",
            legacy().login(start, json!({"expiresAt": from_now(10)})),
            1,
            ("sso-login-ends-soon", "problem", "aws sso login --profile dev"),
        ),
        case(
            "a login that is no login",
            sso().login("corp", json!({"expiresAt": 7})),
            1,
            ("sso-login-unreadable", "problem", "aws sso login --profile dev"),
        ),
        case(
            "the older form",
            legacy().login(start, json!({})),
            0,
            ("sso-legacy", "warning", "aws configure sso --profile dev"),
        ),
        case(
            "aws login, never",
            Shell::offline().config(&format!("[default]\nlogin_session = {arn}\n")),
            1,
            ("login-missing", "problem", "aws login"),
        ),
        case(
            "aws login, over",
            login(json!({"accessToken": session(-60)})),
            1,
            ("login-expired", "problem", "aws login"),
        ),
        case("no token", web("/no/such/token"), 1, ("web-identity-token-missing", "problem", unset_web)),
        case(
            "a token that has ended",
            web("token").file("token", token(-9)),
            1,
            ("web-identity-token-expired", "problem", unset_web),
        ),
        case(
            "a token that is none",
            web("token").file("token", "canary-token-not-a-jwt"),
            1,
            ("web-identity-token-unreadable", "problem", "ls -l token"),
        ),
        case(
            "a token without its role",
            Shell::offline().env("AWS_WEB_IDENTITY_TOKEN_FILE", "token").file("token", token(9)),
            1,
            ("web-identity-incomplete", "problem", "export AWS_ROLE_ARN="),
        ),
        case(
            "a token and a profile",
            web("token").file("token", token(9)).credentials(&format!("[default]\n{KEY}")),
            0,
            ("tools-disagree", "warning", unset_web),
        ),
        case(
            "a role that is none",
            web("token").file("token", token(9)).env("AWS_ROLE_ARN", "ci"),
            1,
            ("role-arn-malformed", "problem", "export AWS_ROLE_ARN=arn:aws:iam::ACCOUNT:role/NAME"),
        ),
        case(
            "a container's endpoint anywhere",
            Shell::offline().env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/credentials"),
            1,
            ("container-uri-refused", "problem", "AWS_CONTAINER_CREDENTIALS_FULL_URI; aws login"),
        ),
        case(
            "no token of Pod Identity",
            Shell::offline()
                .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials")
                .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/no/such/token"),
            1,
            ("container-token-missing", "problem", "kubectl rollout restart"),
        ),
    ])
    .await;
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn each_answer_of_aws_is_told_by_its_class() {
    let (aws, user, session) = account().await;
    let over = aws.world(|world| world.role_session_for("arn:aws:sts::999999999999:assumed-role/checker/old", -60));
    let other = aws.world(|world| world.role_session("arn:aws:sts::999999999999:assumed-role/checker/other"));
    let gone = aws.world(|world| world.user("arn:aws:iam::999999999999:user/gone"));
    aws.world(|world| world.deactivate(&gone));
    let at = || Shell::at(&aws);
    check(vec![
        case("ended", at().keys(&over), 1, ("session-expired", "problem", "; aws login")),
        case("an unknown key", at().keys(&gone), 1, ("credentials-unknown", "problem", "aws configure")),
        case(
            "the token of another session",
            at().keys(&with(&session, None, other.session_token.as_deref())),
            1,
            ("credentials-unknown", "problem", "; aws login"),
        ),
        case(
            "the wrong secret",
            at().keys(&with(&user, Some("canary-secret-of-another-key"), None)),
            1,
            ("wrong-secret", "problem", "aws configure"),
        ),
        case(
            "a Region that is none",
            at().keys(&user).env("AWS_REGION", "nowhere"),
            1,
            ("wrong-region", "problem", "export AWS_REGION="),
        ),
    ])
    .await;
    for (name, said) in [
        ("region-disabled", ("region-disabled", "problem", "export AWS_REGION=")),
        ("clock-slow", ("clock-refused", "problem", "chronyd -q")),
        ("clock-fast", ("clock-refused", "problem", "chronyd -q")),
    ] {
        aws.script(Fault::on("GetCallerIdentity").then(refusal(name)));
        check(vec![case(name, at().keys(&user), 1, said)]).await;
        aws.clear_script();
    }
    let denied = "User: arn:aws:iam::999999999999:user/team/jane is not authorized to perform: sts:GetCallerIdentity \
        with an explicit deny in a service control policy";
    aws.script(Fault::on("GetCallerIdentity").then(Answer::error(403, "AccessDenied", denied)));
    check(vec![case(
        "an SCP",
        at().keys(&user),
        1,
        ("denied", "problem", "aws organizations list-policies-for-target --target-id 999999999999"),
    )])
    .await;
}

#[tokio::test]
async fn no_answer_is_never_healthy_and_ends_with_4() {
    let (aws, user, _) = account().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = format!("http://127.0.0.1:{port}");
    let shell = Shell::at(&aws).keys(&user).env("AWS_ENDPOINT_URL", &nobody);
    check(vec![case("refused connections", shell, 4, ("no-answer", "problem", "unset AWS_ENDPOINT_URL"))]).await;
    for (name, answer) in [
        ("a page of a proxy", Answer::Html(200)),
        ("an error of AWS's", Answer::error(503, "ServiceUnavailable", "Service Unavailable")),
        ("resets", Answer::Reset),
    ] {
        aws.script(Fault::on("GetCallerIdentity").then(answer));
        check(vec![case(name, Shell::at(&aws).keys(&user), 4, ("no-answer", "problem", "unset AWS_ENDPOINT_URL"))])
            .await;
        aws.clear_script();
    }
}

/// A cause on this machine is certain without AWS: it comes first, and no missing answer stands over it.
#[tokio::test]
async fn without_a_network_a_cause_on_this_machine_comes_first() {
    let (aws, _, session) = account().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = format!("http://127.0.0.1:{port}");
    let at = || Shell::at(&aws).env("AWS_ENDPOINT_URL", &nobody);
    let no_login = ("sso-login-missing", "broken", 1);
    for (name, shell, (id, verdict, status)) in [
        ("no such profile", at().config(SSO).profile("nope"), ("profile-missing", "broken", 1)),
        ("a broken file", at().config("[profile a\nfoo"), ("file-refused", "broken", 1)),
        ("no login", at().config(SSO).profile("dev"), no_login),
        ("no login, the older form", at().config(LEGACY).profile("dev"), no_login),
        (
            "no source profile",
            at().config("[profile a]\nrole_arn = arn:aws:iam::222222222222:role/a\nsource_profile = b\n").profile("a"),
            ("source-profile-missing", "broken", 1),
        ),
        ("an empty shell", at(), ("no-credentials", "no-credentials", 4)),
    ] {
        let (ran, report) = shell.report().await;
        let diagnoses: Vec<&str> =
            report["diagnoses"].as_array().unwrap().iter().map(|found| found["id"].as_str().unwrap()).collect();
        assert_eq!((diagnoses[0], &report["verdict"], ran.status), (id, &json!(verdict), status), "{name}: {report:#}");
        assert!(!diagnoses.contains(&"no-answer"), "{name}: {report:#}");
        let not_checked = report["not_checked"].to_string();
        assert!(not_checked.contains("AWS did not answer"), "{name}: {report:#}");
        let text = shell.cli("text").run().await.stdout;
        assert!(!text.contains("No answer from AWS"), "{name}: {text}");
    }
    // A login that has to be renewed needs the network: it may be the cause.
    let renewed = at().config(SSO).profile("dev").login("corp", refreshable(-10, 60 * 24));
    let (ran, report) = renewed.report().await;
    assert_eq!((&report["verdict"], ran.status), (&json!("no-answer"), 4), "{report:#}");
    // Credentials that nobody confirmed, and a fault that is certain.
    let (ran, report) = at().keys(&session).env("AWS_SESSION_EXPIRATION", &from_now(-120)).report().await;
    assert_eq!((&report["verdict"], ran.status), (&json!("broken"), 1), "{report:#}");
    assert_ne!(report["diagnoses"][0]["id"], "no-answer");
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_told_also_where_the_sdk_corrects_for_it_and_without_credentials() {
    let (aws, user, _) = account().await;
    for minutes in [20, -20] {
        aws.set_clock_offset(SignedDuration::from_mins(minutes));
        let wrong = ("clock-wrong", "problem", "sudo chronyd -q");
        check(vec![
            case("with credentials", Shell::at(&aws).keys(&user), 1, wrong),
            case("with none", Shell::at(&aws), 1, wrong),
        ])
        .await;
    }
    aws.set_clock_offset(SignedDuration::from_mins(6));
    let (ran, report) = Shell::at(&aws).keys(&user).report().await;
    ran.assert_status(0);
    assert_eq!(report["diagnoses"][0]["id"], "clock-drifts");
    let offset = report["clock_offset_seconds"].as_i64().unwrap();
    assert!((-362..=-358).contains(&offset), "{offset}");
}

// --- Endpoints and programs ---

/// A server that gives the same answer to every request; it ends with the test.
fn endpoint(status: &'static str, body: String) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 16_384]);
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: \
                 close\r\n"
            );
            let error: Value = serde_json::from_str(&body).unwrap();
            let code = error["__type"].as_str().map(|code| format!("x-amzn-errortype: {code}\r\n")).unwrap_or_default();
            let _ = write!(stream, "{head}{code}\r\n{body}");
        }
    });
    url
}

/// As the container's endpoint and a `credential_process` print them.
fn printed(keys: &Credentials, token: &str, expires: &str) -> String {
    json!({
        "Version": 1,
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key,
        token: keys.session_token,
        "Expiration": expires,
    })
    .to_string()
}

/// The metadata service of an instance, as IMDSv2: a token for a PUT, the role's name, then its credentials.
fn instance(keys: &Credentials) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let credentials = json!({
        "Code": "Success",
        "Type": "AWS-HMAC",
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key,
        "Token": keys.session_token,
        "Expiration": from_now(300),
    });
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 16_384];
            let read = stream.read(&mut request).unwrap_or_default();
            let line = String::from_utf8_lossy(&request[..read]).lines().next().unwrap_or_default().to_owned();
            let body = match line {
                line if line.starts_with("PUT") => "canary-token-of-the-instance".to_owned(),
                line if line.contains("security-credentials/checker") => credentials.to_string(),
                _ => "checker".to_owned(),
            };
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nx-aws-ec2-metadata-token-ttl-seconds: 21600\r\ncontent-length: \
                 {length}\r\nconnection: close\r\n\r\n{body}"
            );
        }
    });
    url
}

fn sso_world() -> (crate::stand_in::World, Credentials) {
    let (mut world, _) = world();
    world.role(Role::new(SSO_ROLE));
    let session = "arn:aws:sts::222222222222:assumed-role/AWSReservedSSO_Developer_0123456789abcdef/jane@corp.example";
    let keys = world.role_session(session);
    (world, keys)
}

#[tokio::test]
async fn what_endpoints_and_programs_give_or_refuse_is_told() {
    let (aws, _, session) = account().await;
    let process = |command: &str| {
        let config = format!("[profile dev]\ncredential_process = {command}\n");
        Shell::at(&aws).config(&config).profile("dev").env("PATH", "/usr/bin:/bin")
    };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let container = |url: &str| Shell::at(&aws).env("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
    let over = printed(&session, "SessionToken", &from_now(-5));
    let unauthorized = json!({"__type": "UnauthorizedException", "message": "Session token not found or invalid"});
    let portal = endpoint("401 Unauthorized", unauthorized.to_string());
    let sso = Shell::at(&aws).config(SSO).profile("dev").login("corp", refreshable(240, 90_000));
    let forbidden =
        endpoint("403 Forbidden", json!({"__type": "ForbiddenException", "message": "No access"}).to_string());
    let mends = "aws configure get credential_process --profile dev";
    check(vec![
        case(
            "a program that is not there, online",
            process("no-such-helper --canary-secret-argument"),
            1,
            ("process-missing", "problem", "\"${EDITOR:-vi}\""),
        ),
        case(
            "a program that fails",
            process("sh -c 'echo canary-secret-on-stderr >&2; exit 3'"),
            1,
            ("process-failed", "problem", mends),
        ),
        case(
            "a program that prints no JSON",
            process("echo canary-secret-printed"),
            1,
            ("process-output", "problem", mends),
        ),
        case(
            "a program that prints what has ended",
            process("cat over.json").file("over.json", &over),
            1,
            ("session-ended", "problem", mends),
        ),
        case(
            "no container",
            container(&format!("http://127.0.0.1:{port}/canary-token-path")),
            1,
            ("container-unreachable", "problem", "unset AWS_CONTAINER_CREDENTIALS"),
        ),
        case(
            "a container without a role",
            container(&endpoint("404 Not Found", "{}".to_owned())),
            1,
            ("container-unreachable", "problem", "unset AWS_CONTAINER_CREDENTIALS"),
        ),
        case(
            "the portal refuses a login that the cache calls good",
            sso.clone().env("AWS_ENDPOINT_URL_SSO", &portal),
            1,
            ("sso-login-refused", "problem", "aws sso login --profile dev"),
        ),
        case(
            "a permission set that is not assigned",
            sso.env("AWS_ENDPOINT_URL_SSO", &forbidden),
            1,
            ("sso-role-denied", "problem", "aws configure sso --profile dev"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_is_told_by_its_cause() {
    let (aws, user, _) = account().await;
    aws.world(|world| {
        world.role(Role::new("arn:aws:iam::222222222222:role/etl"));
    });
    let keys = format!(
        "[base]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        user.access_key_id, user.secret_access_key
    );
    let config = "[profile dev]\nrole_arn = arn:aws:iam::222222222222:role/etl\nsource_profile = base\n";
    let shell = |more: &str| Shell::at(&aws).config(&format!("{config}{more}")).credentials(&keys).profile("dev");
    check(vec![
        case("denied", shell(""), 1, ("assume-denied", "problem", "aws iam get-role --role-name etl")),
        case(
            "with MFA",
            shell("mfa_serial = arn:aws:iam::999999999999:mfa/jane\n"),
            1,
            ("mfa-needed", "problem", "aws sts get-caller-identity --profile dev"),
        ),
    ])
    .await;
}

// --- Healthy ---

#[tokio::test]
async fn healthy_credentials_are_called_healthy_and_whose_they_are() {
    let (mut world, sso_keys) = sso_world();
    let user = world.user("arn:aws:iam::999999999999:user/team/jane");
    let root = world.user("arn:aws:iam::999999999999:root");
    let session = world.role_session("arn:aws:sts::999999999999:assumed-role/checker/tests");
    world.role(Role::new("arn:aws:iam::222222222222:role/etl").trusts("arn:aws:iam::999999999999:user/team/jane"));
    let aws = StandIn::start(world).await;
    aws.world(|world| {
        let jane = crate::stand_in::User::new("arn:aws:iam::999999999999:user/team/jane");
        world.user(jane.may_assume("arn:aws:iam::222222222222:role/etl"))
    });
    let file = |keys: &Credentials| {
        format!("aws_access_key_id = {}\r\naws_secret_access_key = {}\r\n", keys.access_key_id, keys.secret_access_key)
    };
    let role_credentials = json!({
        "accessKeyId": sso_keys.access_key_id,
        "secretAccessKey": sso_keys.secret_access_key,
        "sessionToken": sso_keys.session_token,
        "expiration": (Timestamp::now().as_second() + 3000) * 1000,
    });
    let portal = endpoint("200 OK", json!({"roleCredentials": role_credentials}).to_string());
    let container = endpoint("200 OK", printed(&session, "Token", &from_now(200)));
    let at = || Shell::at(&aws);
    let chain = "[profile dev]\nrole_arn = arn:aws:iam::222222222222:role/etl\nsource_profile = base\n";
    for (name, shell, provider, kind, renewed) in [
        ("a user", at().keys(&user), "environment", "user", None),
        ("the root user", at().keys(&root), "environment", "root-user", None),
        ("a role", at().keys(&session), "environment", "assumed-role", None),
        (
            "a default profile, with Windows line ends",
            at().credentials(&format!("[default]\r\n{}", file(&user))),
            "profile",
            "user",
            None,
        ),
        (
            "a role of a profile",
            at().config(chain).credentials(&format!("[base]\n{}", file(&user))).profile("dev"),
            "profile",
            "assumed-role",
            Some(true),
        ),
        (
            "the option before the environment",
            at().keys(&session).credentials(&format!("[dev]\n{}", file(&user))).argument("--profile").argument("dev"),
            "profile",
            "user",
            None,
        ),
        (
            "IAM Identity Center",
            at().config(SSO)
                .profile("dev")
                .login("corp", refreshable(240, 90_000))
                .env("AWS_ENDPOINT_URL_SSO", &portal),
            "profile",
            "sso-role",
            Some(true),
        ),
        (
            "a container",
            at().env("AWS_CONTAINER_CREDENTIALS_FULL_URI", &container),
            "container",
            "assumed-role",
            Some(true),
        ),
        (
            "an instance",
            at().env("AWS_EC2_METADATA_DISABLED", "false")
                .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &instance(&session)),
            "instance-metadata",
            "assumed-role",
            Some(true),
        ),
        (
            "a program",
            at().config("[profile dev]\ncredential_process = cat out.json\n")
                .profile("dev")
                .env("PATH", "/usr/bin:/bin")
                .file("out.json", printed(&session, "SessionToken", &from_now(60))),
            "profile",
            "assumed-role",
            Some(true),
        ),
        (
            "a session with a stated end",
            at().keys(&session).env("AWS_CREDENTIAL_EXPIRATION", &from_now(40)),
            "environment",
            "assumed-role",
            Some(false),
        ),
    ] {
        let (ran, report) = shell.report().await;
        let all = format!("{name}: {report:#}");
        assert_eq!(ran.status, 0, "{all}");
        assert_eq!(report["verdict"], "healthy", "{all}");
        assert_eq!(
            (report["winner"].as_str(), report["principal"]["kind"].as_str()),
            (Some(provider), Some(kind)),
            "{all}"
        );
        assert_eq!(report["session"]["renewed"].as_bool(), renewed, "{all}");
        assert_eq!(report["not_checked"], json!([]), "{all}");
        let problems = report["diagnoses"].as_array().unwrap().iter().filter(|found| found["level"] == "problem");
        assert_eq!(problems.count(), 0, "{all}");
    }
}

#[tokio::test]
async fn offline_asks_nobody_runs_nothing_and_says_what_is_not_known() {
    let (aws, user, _) = account().await;
    let shell = Shell::at(&aws).argument("--offline");
    let (ran, report) = shell.clone().keys(&user).report().await;
    ran.assert_status(0);
    assert_eq!((report["verdict"].as_str(), report["offline"].as_bool()), (Some("not-asked"), Some(true)));
    assert_eq!(report["principal"]["kind"], "long-term-key");
    assert!(report["not_checked"][0].as_str().unwrap().contains("--offline"), "{report:#}");
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("ran");
    let config = format!("[profile dev]\ncredential_process = touch {}\n", trace.display());
    let program = shell.config(&config).profile("dev").env("PATH", "/usr/bin:/bin");
    program.cli("json").run().await.assert_status(0);
    assert!(!trace.exists(), "the program was run");
    assert_eq!(aws.calls().len(), 0);
}

#[tokio::test]
async fn a_named_pipe_in_the_place_of_a_file_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("config");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let pipe = pipe.to_str().unwrap();
    let (aws, user, _) = account().await;
    let not_a_file = "a named pipe or a device, not a file";
    let keys = format!(
        "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        user.access_key_id, user.secret_access_key
    );
    let role = "arn:aws:iam::222222222222:role/ci";
    let web = format!("[default]\nweb_identity_token_file = {pipe}\nrole_arn = {role}\n");
    let container = "http://169.254.170.23/v1/credentials";
    for (shell, status, said) in [
        (Shell::offline().env("AWS_CONFIG_FILE", pipe), 1, not_a_file),
        (Shell::at(&aws).env("AWS_CONFIG_FILE", pipe), 1, not_a_file),
        (Shell::at(&aws).env("AWS_SHARED_CREDENTIALS_FILE", "/dev/zero"), 1, not_a_file),
        (Shell::at(&aws).env("AWS_CONFIG_FILE", pipe).credentials(&keys), 0, not_a_file),
        (Shell::at(&aws).env("AWS_CONFIG_FILE", pipe).keys(&user), 0, not_a_file),
        (
            Shell::at(&aws).env("AWS_CONFIG_FILE", pipe).credentials(&keys).argument("--profile").argument("default"),
            0,
            not_a_file,
        ),
        (Shell::at(&aws).config(&web), 1, "web-identity-token-unreadable"),
        (
            Shell::at(&aws).env("AWS_WEB_IDENTITY_TOKEN_FILE", pipe).env("AWS_ROLE_ARN", role),
            1,
            "web-identity-token-unreadable",
        ),
        (
            Shell::at(&aws)
                .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", container)
                .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", pipe),
            1,
            "container-token-missing",
        ),
    ] {
        let run = tokio::time::timeout(std::time::Duration::from_secs(60), shell.report());
        let (ran, report) = run.await.expect("doctor waits for the pipe");
        assert!(report.to_string().contains(said), "{report:#}");
        assert_eq!(ran.status, status, "{report:#}");
    }
}

#[tokio::test]
async fn bad_usage_ends_with_2() {
    for arguments in [&["doctor", "--format", "xml"][..], &["doctor", "--profile"], &["doctor", "extra"]] {
        let ran = Cli::new(arguments).run().await;
        ran.assert_status(2);
        assert_eq!(ran.stdout, "");
    }
}

#[tokio::test]
async fn no_credential_leaves_at_the_most_talkative_setting() {
    let (aws, user, session) = account().await;
    let process = "[profile dev]\ncredential_process = echo canary-secret-printed\n";
    for shell in [
        Shell::at(&aws).keys(&session).env("AWS_SECURITY_TOKEN", "canary-token-of-old"),
        Shell::at(&aws).keys(&with(&user, Some("canary-secret-of-another-key"), None)),
        Shell::at(&aws).config(process).profile("dev").env("PATH", "/usr/bin:/bin"),
        Shell::at(&aws).config(SSO).profile("dev").login("corp", refreshable(240, 90_000)),
        Shell::at(&aws)
            .env("AWS_ACCESS_KEY_ID", &session.secret_access_key)
            .env("AWS_SECRET_ACCESS_KEY", &session.access_key_id),
    ] {
        for format in ["json", "text"] {
            // The harness looks for canaries in both streams.
            let ran = shell.clone().env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full").cli(format).run().await;
            assert!(!ran.stdout.is_empty());
            assert_no_credential(&ran.stdout);
        }
    }
}

/// A key or a token in the place of a name or a path: nothing of it is shown.
#[tokio::test]
async fn a_credential_in_the_wrong_setting_is_not_shown() {
    const WRONG: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    const WEB_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJqYW5lIn0.c2lnbmF0dXJl";
    let role = "[profile dev]\nrole_arn = arn:aws:iam::222222222222:role/etl\n";
    let with = |settings: &str| Shell::offline().config(&format!("{role}{settings}\n")).profile("dev");
    let mut shells = vec![
        with(&format!("source_profile = {WRONG}")),
        with(&format!("credential_source = {WRONG}")),
        with(&format!("web_identity_token_file = {WEB_TOKEN}")),
        with(&format!("source_profile = k\nrole_session_name = {WRONG}\n[profile k]\n{KEY}")),
        with(&format!("region = {WRONG}\nsource_profile = k\n[profile k]\n{KEY}")),
        Shell::offline().config(&format!("[profile dev]\nsso_session = {WRONG}\nsso_account_id = 1\n")).profile("dev"),
        Shell::offline()
            .config(&format!("[profile dev]\nrole_arn = {WRONG}\nsource_profile = dev\n{KEY}"))
            .profile("dev"),
        Shell::offline()
            .config(&format!(
                "[profile dev]\ncredential_process = aws configure export-credentials --profile {WRONG}\n"
            ))
            .profile("dev"),
        Shell::offline().config(&format!("[{WRONG}]\n{KEY}")),
    ];
    let names = [
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_ROLE_ARN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CA_BUNDLE",
        "AWS_CONFIG_FILE",
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
    ];
    for name in names {
        let shell = Shell::offline().env("AWS_WEB_IDENTITY_TOKEN_FILE", "/no/such/file");
        shells.push(shell.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost:1/").env(name, WRONG));
    }
    for shell in shells {
        for format in ["json", "text"] {
            let ran = shell.cli(format).run().await;
            for part in [&WRONG[..13], &WRONG[14..21], &WEB_TOKEN[21..]] {
                let all = format!("{}{}", ran.stdout, ran.stderr);
                assert!(!ran.stdout.is_empty() && !all.contains(part), "{part} in {all}");
            }
        }
    }
    for command in [&["lint", "--aws-config", "c"][..], &["import", "aws-config", "c"]] {
        let wrong = format!("{role}source_profile = {WRONG}\n[profile b]\nsso_session = {WRONG}\nsso_account_id = 1\n");
        let ran = Cli::new(command).file("c", wrong).run().await;
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains(&WRONG[..13]), "{}{}", ran.stdout, ran.stderr);
    }
}

// --- The page ---

/// The ids in the source of the diagnoses.
fn ids_of_diagnoses() -> std::collections::BTreeSet<String> {
    let folder = std::path::Path::new(crate::harness::ROOT).join("src/doctor/diagnose");
    let mut ids = std::collections::BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
        // An id is the first argument of what makes a diagnosis, or the first of a pair or triple that leads to one.
        for word in source.split('"').skip(1).step_by(2) {
            let kebab = word.contains('-')
                && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
                && !word.starts_with('-')
                && !word.ends_with('-');
            ids.extend(kebab.then(|| word.to_owned()));
        }
    }
    ids
}

/// The shells that docs/doctor.md shows: two sessions mixed up, and a login that is over.
async fn shown() -> Vec<String> {
    let (aws, _, session) = account().await;
    let other = aws.world(|world| world.role_session("arn:aws:sts::999999999999:assumed-role/checker/other"));
    let config = format!(
        "{SSO}\n[profile deploy]\nrole_arn = arn:aws:iam::333333333333:role/deploy\nsource_profile = \
         dev\nduration_seconds = 7200\n"
    );
    let mixed = Shell::at(&aws)
        .keys(&with(&session, None, other.session_token.as_deref()))
        .config(SSO)
        .profile("dev")
        .login("corp", refreshable(240, 90_000));
    let over = Shell::offline().config(&config).env("AWS_CONFIG_FILE", ".aws/config").profile("deploy");
    let over = over.login("corp", refreshable(-60, -30));
    let mut texts = Vec::new();
    for shell in [mixed, over] {
        texts.push(fixed(&shell.cli("text").run().await.stdout));
    }
    texts
}

/// With one time for every time.
fn fixed(text: &str) -> String {
    let mut fixed = String::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let (word, blank) = word.split_at(word.trim_end().len());
        let end = word.len() - word.chars().rev().take_while(|c| ".,;".contains(*c)).count();
        let is_time = word[..end].parse::<Timestamp>().is_ok();
        let shown = if is_time { format!("2026-11-23T03:45:00Z{}", &word[end..]) } else { word.to_owned() };
        fixed.push_str(&shown);
        fixed.push_str(blank);
    }
    fixed
}

#[tokio::test]
async fn the_page_shows_what_the_command_prints_and_names_every_diagnosis() {
    let path = std::path::Path::new(crate::harness::ROOT).join("docs/doctor.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let texts = shown().await;
    let mut blocks = page.split("```text\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let mut parts: Vec<String> = page.split("```text\n").map(str::to_owned).collect();
        for (text, part) in texts.iter().zip(&mut parts[1..]) {
            let (_, after) = part.split_once("```").unwrap();
            *part = format!("{text}```{after}");
        }
        std::fs::write(&path, parts.join("```text\n")).unwrap();
        return;
    }
    for text in &texts {
        assert_eq!(blocks.next(), Some(text.as_str()), "UPDATE_DOCS=1 writes it anew");
    }
    let ids = ids_of_diagnoses();
    assert!(ids.len() > 50, "{ids:?}");
    let missing: Vec<&String> = ids.iter().filter(|id| !page.contains(&format!("`{id}`"))).collect();
    assert!(missing.is_empty(), "docs/doctor.md does not name {missing:?}");
}

// --- Every fix is applied, and the shell diagnosed again ---

/// The parts of the AWS CLI that fixes call, as far as they write files: `configure set`, `configure` with keys,
/// `login` and `sso login`. A profile is in the section that has it, else in a new one.
const AWS: &str = r#"#!/bin/sh
name=default last=
for word; do
    [ "$last" = --profile ] && name=$word
    case $word in --profile=*) name=${word#--profile=} ;; esac
    last=$word
done
put() {
    file="$HOME/.aws/$3"
    mkdir -p "$HOME/.aws" && touch "$file"
    awk -v h="$4" -v k="$1" -v v="$2" '
        /^\[/ { if (inside && !done) { print k " = " v; done = 1 } inside = ($0 == h) }
        inside && $0 ~ "^" k "[ =]" { print k " = " v; done = 1; next }
        { print }
        END { if (!done) { if (!inside) print h; print k " = " v } }' "$file" >"$file.new" && mv "$file.new" "$file"
}
header="[profile $name]" in=config
if grep -qF "[$name]" "$HOME/.aws/credentials" 2>/dev/null && ! grep -qF "$header" "$HOME/.aws/config" 2>/dev/null; then
    in=credentials header="[$name]"
elif [ "$name" = default ]; then header="[default]"; fi
end=$(date -u -d '+8 hours' +%Y-%m-%dT%H:%M:%SZ)
case "$1 $2" in
"configure set") put "$3" "$4" $in "$header" ;;
"configure " | "configure --profile"*)
    put aws_access_key_id AKIACANARY0000001111 credentials "[$name]"
    put aws_secret_access_key canary-secret-of-a-person credentials "[$name]" ;;
"login "*)
    arn=arn:aws:iam::222222222222:user/jane
    put login_session $arn $in "$header"
    mkdir -p "$HOME/.aws/login/cache"
    printf '{"accessToken": {"accessKeyId": "ASIACANARY0000007777", "secretAccessKey": "canary-secret-l",
        "sessionToken": "canary-token-l", "accountId": "222222222222", "expiresAt": "%s"}, "tokenType": "aws_sigv4",
        "refreshToken": "canary-token-r", "clientId": "c", "dpopKey": "canary-token-d"}' "$end" \
        >"$HOME/.aws/login/cache/$(printf %s $arn | sha256sum | cut -d' ' -f1).json" ;;
"sso login")
    key=$(sed -n "/^\[profile $name\]/,/^\[profile/s/^sso_session = //p" "$HOME/.aws/config" | head -n 1)
    [ -n "$key" ] || key=$(sed -n 's/^sso_start_url = //p' "$HOME/.aws/config" | head -n 1)
    mkdir -p "$HOME/.aws/sso/cache"
    printf '{"startUrl": "https://corp.awsapps.com/start", "region": "eu-west-1", "accessToken": "canary-token-p",
        "expiresAt": "%s", "refreshToken": "canary-token-q", "clientId": "c", "clientSecret": "canary-secret-c",
        "registrationExpiresAt": "%s"}' "$end" "$end" \
        >"$HOME/.aws/sso/cache/$(printf %s "$key" | sha1sum | cut -d' ' -f1).json" ;;
esac
"#;

/// Runs the command of a diagnosis in the shell that it is about, and diagnoses again in the same shell.
fn diagnosed_after(home: &std::path::Path, shell: &Shell, command: &str) -> Value {
    let program = crate::harness::COMMAND;
    let script = format!("{command}\n'{program}' doctor --format json {}", shell.arguments.join(" "));
    let bin = home.join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::write(bin.join("aws"), AWS).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(bin.join("aws"), executable).unwrap();
    let mut run = std::process::Command::new("sh");
    run.args(["-c", &script]).current_dir(home).env_clear().env("HOME", home).env("AWS_EC2_METADATA_DISABLED", "true");
    // Nobody is there to edit a file.
    run.env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .env("EDITOR", "false")
        .stdin(std::process::Stdio::null());
    run.envs(shell.variables.iter().map(|(name, value)| (name, value)));
    let output = run.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let start =
        text.find("{\n").unwrap_or_else(|| panic!("{command}\n{text}{}", String::from_utf8_lossy(&output.stderr)));
    serde_json::from_str(&text[start..]).unwrap()
}

type Files = std::collections::BTreeMap<String, Vec<u8>>;

/// The files of a folder, by their names.
fn files_below(folder: &std::path::Path) -> Files {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(Result::unwrap);
    let files = entries.filter(|entry| entry.path().is_file());
    files.map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap())).collect()
}

/// The shells whose fixes a test applies, each with the diagnosis.
fn shells_with_a_fix() -> Vec<(&'static str, Shell)> {
    let role = "role_arn = arn:aws:iam::222222222222:role/etl\n";
    let base = format!("[base]\n{KEY}");
    let dev = || Shell::offline().profile("dev");
    let profile = |settings: &str| dev().config(&format!("[profile dev]\n{settings}")).credentials(&base);
    let keys =
        |key: &str| Shell::offline().env("AWS_ACCESS_KEY_ID", key).env("AWS_SECRET_ACCESS_KEY", "canary-secret-e");
    let assumes = format!("{role}source_profile = base\n");
    let session = format!("{KEY}aws_session_token = canary-token-of-a-file\n");
    let web_identity = |minutes: i64| {
        let shell = Shell::offline().file("token", token(minutes)).env("AWS_WEB_IDENTITY_TOKEN_FILE", "token");
        shell.env("AWS_ROLE_ARN", "arn:aws:iam::222222222222:role/ci")
    };
    vec![
        ("environment-incomplete", Shell::offline().env("AWS_ACCESS_KEY_ID", "AKIACANARY0000009999")),
        ("token-missing", keys("ASIACANARY0000008888")),
        ("token-left-over", keys("AKIACANARY0000009999").env("AWS_SESSION_TOKEN", "canary-token-e")),
        ("token-alone", Shell::offline().env("AWS_SESSION_TOKEN", "canary-token-e")),
        ("variable-malformed", keys("AKIACANARY0000009999 ")),
        (
            "keys-exchanged",
            keys("canary0rXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "AKIACANARY0000009999"),
        ),
        ("no-access-key-id", keys("CANARY")),
        ("expiration-unreadable", keys("AKIACANARY0000009999").env("AWS_CREDENTIAL_EXPIRATION", "soon")),
        (
            "expiration-without-zone",
            keys("AKIACANARY0000009999").env(
                "AWS_CREDENTIAL_EXPIRATION",
                "2099-01-01 \
            00:00:00",
            ),
        ),
        (
            "environment-shadows-profile",
            keys("AKIACANARY0000009999")
                .config(&format!(
                    "[profile \
            dev]\n{assumes}"
                ))
                .credentials(&base)
                .profile("dev"),
        ),
        ("two-profile-variables", profile(&assumes).env("AWS_DEFAULT_PROFILE", "base")),
        ("default-profile-variable", Shell::offline().credentials(&base).env("AWS_DEFAULT_PROFILE", "base")),
        ("profile-variable-empty", keys("AKIACANARY0000009999").profile("")),
        // The shell has a program of this name in its PATH.
        ("process-missing", dev().config("[profile dev]\ncredential_process = /opt/no/aws --json\n")),
        (
            "copied-session",
            Shell::offline()
                .env("AWS_ACCESS_KEY_ID", "ASIACANARY0000008888")
                .env("AWS_SECRET_ACCESS_KEY", "canary-secret-e")
                .env("AWS_SESSION_TOKEN", "canary-token-e")
                .config(&format!("[profile NAME]\n{assumes}"))
                .credentials(&base),
        ),
        ("region-malformed", keys("AKIACANARY0000009999").env("AWS_REGION", "eu west-1")),
        ("endpoint-malformed", keys("AKIACANARY0000009999").env("AWS_ENDPOINT_URL", "localhost:1")),
        ("ca-bundle-missing", keys("AKIACANARY0000009999").env("AWS_CA_BUNDLE", "/no/such/file")),
        ("wrong-header", dev().config(&format!("[dev]\n{assumes}")).credentials(&base)),
        (
            "wrong-header",
            Shell::offline()
                .profile("my dev")
                .config(&format!(
                    "[profile my \
            dev]\n{assumes}"
                ))
                .credentials(&base),
        ),
        ("wrong-header", dev().credentials(&format!("[profile dev]\n{KEY}"))),
        ("byte-order-mark", dev().credentials(&format!("\u{feff}[dev]\n{KEY}"))),
        (
            "file-not-text",
            dev()
                .file(
                    ".aws/config",
                    b"[profile dev]\n# \
            caf\xe9\n",
                )
                .credentials(&format!("[dev]\n{KEY}")),
        ),
        ("profile-missing", Shell::offline().profile("bas").credentials(&base)),
        ("profile-missing", Shell::offline().profile("nope")),
        ("profile-missing", Shell::offline().profile("nope").credentials(&format!("[NAME]\n{KEY}"))),
        ("profile-missing", Shell::offline().profile("nope").credentials(&format!("[default]\n{KEY}"))),
        ("profile-missing", keys("AKIACANARY0000009999").profile("nope")),
        ("profile-missing", Shell::offline().profile("nope").env("AWS_DEFAULT_PROFILE", "base").credentials(&base)),
        ("profile-variable-empty", Shell::offline().profile("")),
        ("profile-variable-empty", Shell::offline().profile("").credentials(&format!("[NAME]\n{KEY}"))),
        ("profile-variable-empty", Shell::offline().env("AWS_DEFAULT_PROFILE", "")),
        ("web-identity-token-expired", web_identity(-60)),
        ("web-identity-token-expired", web_identity(-60).credentials(&format!("[NAME]\n{KEY}"))),
        ("web-identity-token-expired", web_identity(-60).credentials(&format!("[default]\n{KEY}"))),
        ("web-identity-token-missing", web_identity(60).env("AWS_WEB_IDENTITY_TOKEN_FILE", "no-token")),
        (
            "credential-source-empty",
            dev()
                .config(&format!("[profile dev]\n{role}credential_source = Environment\n"))
                .credentials(&format!("[NAME]\n{KEY}")),
        ),
        (
            "container-uri-refused",
            Shell::offline().env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://198.51.100.7/credentials"),
        ),
        ("profile-without-credentials", dev().config("[profile dev]\nregion = eu-west-1\n")),
        ("profile-key-incomplete", dev().credentials("[dev]\naws_access_key_id = AKIACANARY0000009999\n")),
        ("no-credentials", Shell::offline()),
        ("no-credentials", Shell::offline().credentials(&format!("[NAME]\n{KEY}"))),
        ("sso-login-missing", dev().config(SSO)),
        ("sso-login-expired", dev().config(SSO).login("corp", json!({"expiresAt": from_now(-60)}))),
        ("sso-login-ends-soon", dev().config(SSO).login("corp", json!({"expiresAt": from_now(5)}))),
        ("login-missing", dev().config("[profile dev]\nlogin_session = arn:aws:iam::222222222222:user/jane\n")),
        (
            "session-ended",
            keys("ASIACANARY0000008888")
                .env("AWS_SESSION_TOKEN", "canary-token-e")
                .env("AWS_SESSION_EXPIRATION", &from_now(-60)),
        ),
        ("no-region", Shell::offline_without_region().profile("dev").credentials(&format!("[dev]\n{KEY}"))),
        (
            "source-profile-cycle",
            dev()
                .config(&format!("[profile dev]\n{role}source_profile = b\n[profile b]\n{role}source_profile = dev\n"))
                .credentials(&format!("[NAME]\n{KEY}")),
        ),
        ("empty-value", dev().config("[profile dev]\nrole_arn =\n").credentials(&format!("[dev]\n{KEY}"))),
        ("comment-behind-value", profile(&format!("{assumes}duration_seconds = 3600 # an hour\n"))),
        (
            "comment-behind-value",
            profile(
                "role_arn = arn:aws:iam::222222222222:role/etl # prod\nsource_profile = \
            base\n",
            ),
        ),
        ("quoted-value", profile("role_arn = \"arn:aws:iam::222222222222:role/etl\"\nsource_profile = base\n")),
        (
            "quoted-keys",
            dev().credentials(
                "[dev]\naws_access_key_id = \"AKIACANARY0000009999\"\naws_secret_access_key \
            = 'canary-secret-f'\n",
            ),
        ),
        ("token-left-over", dev().credentials(&format!("[dev]\n{session}"))),
        ("session-name-malformed", profile(&format!("{assumes}role_session_name = a/b\n"))),
        (
            "mfa-with-session",
            dev()
                .config(&format!(
                    "{LEGACY}[profile job]\n{role}source_profile = dev\nmfa_serial = \
            m\n"
                ))
                .env("AWS_PROFILE", "job")
                .login("https://corp.awsapps.com/start", json!({})),
        ),
        ("duration-refused", profile(&format!("{assumes}duration_seconds = 60\n"))),
        (
            "chained-duration",
            dev()
                .config(&format!(
                    "[profile dev]\n{assumes}duration_seconds = \
            7200\n"
                ))
                .credentials(&format!("[base]\n{SESSION_KEY}")),
        ),
        ("duration-differs", profile(&assumes)),
        ("duration-not-a-number", profile(&format!("{assumes}duration_seconds = 2h\n"))),
        (
            "setting-without-effect",
            dev()
                .config(
                    "[profile dev]\nmfa_serial = m\nduration_seconds = \
            900\n",
                )
                .credentials(&format!("[dev]\n{KEY}")),
        ),
        ("misspelt-key", profile(&format!("{assumes}mfa_seriel = m\n"))),
        ("source-profile-missing", profile(&format!("{role}source_profile = bsae\n"))),
        (
            "tools-disagree",
            dev()
                .config(&SSO.replacen(
                    "region = eu-west-1\n",
                    "region = eu-west-1\nsso_start_url = \
            https://corp.awsapps.com/start\n",
                    1,
                ))
                .login("corp", json!({})),
        ),
        (
            "tools-disagree",
            dev().credentials(
                "[dev]\naws_access_key_id = ASIACANARY0000008888\naws_secret_access_key \
            = canary-secret-g\naws_security_token = canary-token-g\n",
            ),
        ),
        (
            "tools-disagree",
            dev()
                .credentials(&format!("[dev]\n{KEY}"))
                .env("AWS_WEB_IDENTITY_TOKEN_FILE", "token")
                .env("AWS_ROLE_ARN", "arn:aws:iam::222222222222:role/ci")
                .file("token", token(60)),
        ),
        (
            "old-token-variable",
            keys("ASIACANARY0000008888")
                .env("AWS_SESSION_TOKEN", "canary-token-e")
                .env("AWS_SECURITY_TOKEN", "canary-token-f"),
        ),
        (
            "region-variable",
            Shell::offline_without_region()
                .env("AWS_REGION", REGION)
                .profile("dev")
                .credentials(&format!("[dev]\n{KEY}")),
        ),
        ("token-empty", keys("AKIACANARY0000009999").env("AWS_SESSION_TOKEN", "")),
        (
            "session-ends-soon",
            keys("ASIACANARY0000008888")
                .env("AWS_SESSION_TOKEN", "canary-token-e")
                .env("AWS_SESSION_EXPIRATION", &from_now(5)),
        ),
        (
            "sso-registration-expired",
            dev().config(SSO).login(
                "corp",
                json!({"expiresAt": from_now(-60), "refreshToken": "canary-token-q", "clientId": "client",
                    "clientSecret": "canary-secret-of-the-client", "registrationExpiresAt": from_now(-1)}),
            ),
        ),
        ("role-without-source", dev().config(&format!("[profile dev]\n{role}")).credentials(&format!("[NAME]\n{KEY}"))),
        ("external-id-malformed", profile(&format!("{assumes}external_id = a b\n"))),
    ]
}

#[test]
fn every_fix_that_needs_no_person_is_applied_and_the_diagnosis_is_gone() {
    for (id, shell) in shells_with_a_fix() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        shell.write_files(home);
        let of_id =
            |report: &Value| report["diagnoses"].as_array().unwrap().iter().find(|one| one["id"] == id).cloned();
        let before = diagnosed_after(home, &shell, ":");
        let found = of_id(&before).unwrap_or_else(|| panic!("{id} is not in {before:#}"));
        let command = found["command"].as_str().unwrap();
        let old = files_below(&home.join(".aws"));
        let after = diagnosed_after(home, &shell, command);
        assert_eq!(of_id(&after), None, "{id}: {command}\n{after:#}");
        // A second run changes nothing, and what an editor overwrote is still there.
        let once = files_below(&home.join(".aws"));
        for (name, content) in &old {
            let changed = once.get(name) != Some(content);
            let is_copied = copies_of(name, &once).any(|copy| copy == content);
            assert!(!changed || is_copied || command.contains("aws "), "{id}: {command} keeps no {name}.bak");
        }
        let without_copies =
            |files: Files| -> Files { files.into_iter().filter(|(name, _)| !name.contains(".bak.")).collect() };
        diagnosed_after(home, &shell, command);
        assert_eq!(without_copies(files_below(&home.join(".aws"))), without_copies(once), "{id}: {command}");
        let problems = |report: &Value| {
            let all = report["diagnoses"].as_array().unwrap().iter();
            all.filter(|one| one["level"] == "problem").map(|one| one["id"].to_string()).collect::<Vec<_>>()
        };
        let new: Vec<String> = problems(&after).into_iter().filter(|one| !problems(&before).contains(one)).collect();
        assert_eq!(new, Vec::<String>::new(), "{id}: {command}\n{after:#}");
    }
}

/// The diagnoses whose fix no test applies, with the reason.
const NOT_APPLIED: &[(&str, &[&str])] = &[
    (
        "only an answer shows it, and only AWS or a login changes it",
        &[
            "assume-denied",
            "clock-drifts",
            "clock-refused",
            "clock-wrong",
            "container-unreachable",
            "credentials-unknown",
            "identity-provider",
            "identity-token-expired",
            "login-refused",
            "mfa-needed",
            "no-answer",
            "process-failed",
            "process-output",
            "process-without-expiration",
            "provider-failed",
            "region-disabled",
            "root-user",
            "session-expired",
            "sso-login-refused",
            "sso-login-stale",
            "sso-role-denied",
            "wrong-region",
            "wrong-secret",
        ],
    ),
    (
        "a person edits the file: nobody else knows what is meant",
        &[
            "file-refused",
            "file-refused-by-cli",
            "file-trouble",
            "process-cycle",
            "profile-broken",
            "role-of-another-partition",
            "role-with-two-sources",
        ],
    ),
    (
        "a person writes the value, or answers questions",
        &[
            "credential-source-unknown",
            "role-arn-malformed",
            "sso-legacy",
            "sso-session-missing",
            "sso-settings-incomplete",
            "web-identity-incomplete",
            "web-identity-token-not-a-file",
            "web-identity-without-role",
        ],
    ),
    (
        "the platform writes the file or the variable",
        &["container-token-expired", "container-token-missing", "home-not-set", "web-identity-token-unreadable"],
    ),
    (
        "a login, as for login-missing and sso-login-missing",
        &["login-expired", "login-unreadable", "sso-login-unreadable"],
    ),
    ("nothing is wrong", &["sso-login", "web-identity-token"]),
];

#[test]
fn every_diagnosis_has_a_shell_whose_fix_is_applied_or_a_reason_why_none_is() {
    let applied: std::collections::BTreeSet<&str> = shells_with_a_fix().into_iter().map(|(id, _)| id).collect();
    let listed: Vec<&str> = NOT_APPLIED.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
    let both: Vec<&&str> = listed.iter().filter(|id| applied.contains(**id)).collect();
    assert!(both.is_empty(), "{both:?}");
    let ids = ids_of_diagnoses();
    let missing: Vec<&String> =
        ids.iter().filter(|id| !applied.contains(&***id) && !listed.contains(&&***id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let unknown: Vec<&&str> = listed.iter().filter(|id| !ids.contains(**id)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// What is left of a file beside it, by the commands that changed it.
fn copies_of<'a>(name: &str, files: &'a Files) -> impl Iterator<Item = &'a Vec<u8>> {
    let prefix = format!("{name}.bak.");
    files.iter().filter(move |(name, _)| name.starts_with(&prefix)).map(|(_, content)| content)
}

/// The files of people: one edit after another, keys in capitals, a file that is a symbolic link.
#[test]
fn an_edit_keeps_every_earlier_state_and_the_link_and_finds_keys_in_any_case() {
    let config = "[profile dev]\nRole_Arn = arn:aws:iam::222222222222:role/etl\nSource_Profile = base\n\
        Duration_Seconds = 3600 # an hour\nRegoin = eu-west-1\n";
    let shell = Shell::offline_without_region().argument("--profile dev").credentials(&format!("[base]\n{KEY}"));
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    shell.write_files(home);
    std::fs::create_dir(home.join("dotfiles")).unwrap();
    std::fs::write(home.join("dotfiles/aws-config"), config).unwrap();
    std::os::unix::fs::symlink("../dotfiles/aws-config", home.join(".aws/config")).unwrap();
    let of_edit = |report: &Value| {
        let all = report["diagnoses"].as_array().unwrap().clone();
        let edits = all.into_iter().filter(|one| one["command"].as_str().is_some_and(|text| text.contains("sed ")));
        edits.map(|one| (one["id"].to_string(), one["command"].as_str().unwrap().to_owned())).collect::<Vec<_>>()
    };
    let mut states = vec![config.as_bytes().to_vec()];
    let edits = of_edit(&diagnosed_after(home, &shell, ":"));
    assert_eq!(edits.len(), 2, "{edits:?}");
    for (id, command) in &edits {
        let after = of_edit(&diagnosed_after(home, &shell, command));
        assert!(after.iter().all(|(left, _)| left != id), "{command}\n{after:?}");
        states.push(std::fs::read(home.join("dotfiles/aws-config")).unwrap());
    }
    assert!(std::fs::symlink_metadata(home.join(".aws/config")).unwrap().is_symlink(), "{edits:?}");
    let files = files_below(&home.join(".aws"));
    for earlier in &states[..edits.len()] {
        assert!(copies_of("config", &files).any(|copy| copy == earlier), "{:?}", files.keys());
    }
    let last = String::from_utf8(states.pop().unwrap()).unwrap();
    assert!(last.contains("Duration_Seconds = 3600\n") && last.contains("region = eu-west-1"), "{last}");
}

/// `aws configure set` would write a second key, and the file would be refused.
#[test]
fn a_duration_with_capital_letters_is_changed_in_its_line() {
    let config = "[profile dev]\nrole_arn = arn:aws:iam::222222222222:role/etl\nsource_profile = base\n\
        Duration_Seconds=900000\n";
    let shell = Shell::offline_without_region().argument("--profile dev").config(config);
    let shell = shell.credentials(&format!("[base]\n{KEY}"));
    let folder = tempfile::tempdir().unwrap();
    shell.write_files(folder.path());
    let of_id = |report: &Value| {
        report["diagnoses"].as_array().unwrap().iter().find(|one| one["id"] == "duration-refused").cloned()
    };
    let found = of_id(&diagnosed_after(folder.path(), &shell, ":")).unwrap();
    let command = found["command"].as_str().unwrap();
    let after = diagnosed_after(folder.path(), &shell, command);
    assert_eq!(of_id(&after), None, "{command}\n{after:#}");
    let changed = std::fs::read_to_string(folder.path().join(".aws/config")).unwrap();
    assert_eq!(changed, config.replace("Duration_Seconds=900000", "Duration_Seconds= 3600"));
}

/// The commands of one diagnosis, in the printed order, neither undo nor break each other.
#[test]
fn all_fixes_applied_one_after_the_other_leave_nothing_of_what_they_fix() {
    let role = "role_arn = arn:aws:iam::222222222222:role/etl\n";
    let base = format!("[base]\n{KEY}");
    let x = || Shell::offline_without_region().argument("--profile x");
    for (name, shell) in [
        ("a misspelt Region", x().config("[profile x]\nregoin = eu-west-1\n").credentials(&format!("[x]\n{KEY}"))),
        (
            "a misspelt Region above a role",
            x().config(&format!("[profile x]\nregoin = eu-west-1\n{role}source_profile = base\n")).credentials(&base),
        ),
        (
            "settings without effect above a comment and a misspelt key",
            x().config(&format!(
                "[profile x]\nregion = eu-west-1\nsource_profile = y\n{role}duration_seconds = 3600\n\
                 [profile y]\nmfa_serial = m\nexternal_id = abc\nduration_seconds = 900\nregoin = eu-west-1\n"
            ))
            .credentials(&format!("[y]\n{KEY}")),
        ),
        (
            "a setting without effect and keys in quotation marks",
            x().config("[profile x]\nduration_seconds = 900\nregion = eu-west-1\n").credentials(
                "[x]\naws_access_key_id = \"AKIACANARY0000009999\"\n\
                 aws_secret_access_key = 'canary-secret-of-a-file'\n",
            ),
        ),
        (
            "two names of one token",
            x().config("[profile x]\nregion = eu-west-1\n")
                .credentials(&format!("[x]\n{SESSION_KEY}aws_security_token = canary-token-of-a-file\n")),
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        shell.write_files(home);
        let before = diagnosed_after(home, &shell, ":");
        let fixes = |report: &Value| -> Vec<String> {
            let commands = report["diagnoses"].as_array().unwrap().iter().filter_map(|one| one["command"].as_str());
            let by_itself =
                |command: &&str| command.starts_with("(b=$(mktemp") || command.starts_with("aws configure set");
            commands.filter(by_itself).map(str::to_owned).collect()
        };
        let all = fixes(&before);
        assert!(!all.is_empty() || name.starts_with("two names"), "{name}: {before:#}");
        let after = diagnosed_after(home, &shell, &all.join("\n"));
        assert_eq!(fixes(&after), Vec::<String>::new(), "{name}: {all:#?}\n{after:#}");
        let refused = |one: &Value| one["id"].as_str().unwrap().starts_with("file-");
        assert!(!after["diagnoses"].as_array().unwrap().iter().any(refused), "{name}: {all:#?}\n{after:#}");
    }
}

/// A role by a web identity needs no MFA code: no tool sends one.
#[tokio::test]
async fn settings_beside_a_web_identity_have_no_effect_and_each_is_shown_once() {
    let config = "[profile job]\nrole_arn = arn:aws:iam::222222222222:role/etl\nweb_identity_token_file = token\n\
        mfa_serial = arn:aws:iam::111111111111:mfa/jane\nregion = eu-west-1\n";
    let (ran, report) = Shell::offline().config(config).file("token", token(60)).profile("job").report().await;
    let of_id = |report: &Value, id: &str| -> Vec<Value> {
        report["diagnoses"].as_array().unwrap().iter().filter(|one| one["id"] == id).cloned().collect()
    };
    assert_eq!(of_id(&report, "mfa-needs-a-person"), Vec::<Value>::new(), "{}", ran.stdout);
    let without_effect = of_id(&report, "setting-without-effect");
    assert!(without_effect[0]["why"].as_str().unwrap().contains("config:4: mfa_serial"), "{without_effect:?}");
    // The source assumes a role itself.
    let config = "[profile x]\nrole_arn = arn:aws:iam::222222222222:role/etl\nweb_identity_token_file = token\n\
        region = eu-west-1\nduration_seconds = 900\n[profile y]\nrole_arn = arn:aws:iam::222222222222:role/b\n\
        source_profile = x\nregion = eu-west-1\n";
    let (_, report) = Shell::offline().config(config).file("token", token(60)).profile("y").report().await;
    let found = of_id(&report, "setting-without-effect");
    let (why, command) = (found[0]["why"].as_str().unwrap(), found[0]["command"].as_str().unwrap());
    assert_eq!((why.matches(":5: ").count(), command.matches("5s/").count()), (1, 1), "{why}\n{command}");
}

/// The keys of the environment are the profile's own source: no command removes them.
#[tokio::test]
async fn no_command_removes_the_variables_that_the_selected_profile_lives_on() {
    let config = "[profile dev]\nrole_arn = arn:aws:iam::222222222222:role/etl\ncredential_source = Environment\n";
    let keys = |key: &str| {
        let shell = Shell::offline().config(config).profile("dev").env("AWS_ACCESS_KEY_ID", key);
        shell.env("AWS_SECRET_ACCESS_KEY", "canary-secret-e")
    };
    for shell in [
        keys("AKIACANARY0000009999"),
        keys("ASIACANARY0000008888").env("AWS_SESSION_TOKEN", "canary-token-e"),
        keys("ASIACANARY0000008888")
            .env("AWS_SESSION_TOKEN", "canary-token-e")
            .env("AWS_SESSION_EXPIRATION", &from_now(-9)),
        keys("ASIACANARY0000008888"),
    ] {
        let (ran, _) = shell.report().await;
        assert!(!ran.stdout.contains("unset AWS_ACCESS_KEY_ID"), "{}", ran.stdout);
    }
}

#[tokio::test]
async fn a_copied_session_that_has_ended_is_said_once() {
    let file = |minutes| {
        Shell::offline().credentials(&format!("[default]\n{SESSION_KEY}expiration = {}\n", from_now(minutes)))
    };
    for (minutes, id) in [(-60, "session-ended"), (60, "copied-session")] {
        let report = file(minutes).cli("json").run().await.report();
        let ids: Vec<&str> =
            report["diagnoses"].as_array().unwrap().iter().filter_map(|one| one["id"].as_str()).collect();
        let said: Vec<&&str> = ids.iter().filter(|id| ["session-ended", "copied-session"].contains(id)).collect();
        assert_eq!(said, [&id], "{ids:?}");
    }
}

/// The end that other programs state in variables and files of their own.
#[tokio::test]
async fn stated_ends_are_read() {
    let keys = || {
        let shell = Shell::offline().env("AWS_ACCESS_KEY_ID", "ASIACANARY0000008888");
        shell.env("AWS_SECRET_ACCESS_KEY", "canary-secret-e").env("AWS_SESSION_TOKEN", "canary-token-e")
    };
    let no_zone = from_now(-60).replace('Z', "");
    let file =
        |key: &str| Shell::offline().credentials(&format!("[default]\n{SESSION_KEY}{key} = {}\n", from_now(-60)));
    let pod = Shell::offline()
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials")
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "token")
        .file("token", token(-60));
    check(vec![
        case(
            "aws-vault and granted",
            keys().env("AWS_SESSION_EXPIRATION", &from_now(-60)),
            1,
            ("session-ended", "problem", "; aws login"),
        ),
        case("awsume", keys().env("AWSUME_EXPIRATION", &no_zone), 1, ("session-ended", "problem", "; aws login")),
        case("saml2aws", file("x_security_token_expires"), 1, ("session-ended", "problem", "aws configure sso")),
        case("gsts", file("aws_session_expiration"), 1, ("session-ended", "problem", "aws configure sso")),
        case("aws-mfa", file("expiration"), 1, ("session-ended", "problem", "aws configure sso")),
        case("aws_expiration", file("aws_expiration"), 1, ("session-ended", "problem", "aws configure sso")),
        case(
            "aws_credential_expiration",
            file("aws_credential_expiration"),
            1,
            (
                "session-ended",
                "problem",
                "aws \
            configure sso",
            ),
        ),
        case("EKS Pod Identity", pod, 1, ("container-token-expired", "problem", "kubectl rollout restart")),
    ])
    .await;
}
