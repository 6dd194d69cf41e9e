//! A machine on which no root certificate can be used: a sentence and a status, and no panic.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::Command;

use crate::harness::{COMMAND, FUNCTION, INVENTORY, REGION, account};
use crate::prove_command::COMMAND as PROVE;
use crate::stand_in::{Credentials, StandIn};

/// Nothing listens there.
const NOWHERE: &str = "https://127.0.0.1:9";

/// Places without a certificate, as the variables that name them.
struct Places {
    folder: TempDir,
}

impl Places {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("empty")).unwrap();
        let frame = |content: &str| format!("-----BEGIN CERTIFICATE-----\n{content}\n-----END CERTIFICATE-----\n");
        std::fs::write(folder.path().join("no-der.pem"), frame("AAAA")).unwrap();
        std::fs::write(folder.path().join("no-content.pem"), frame("")).unwrap();
        std::fs::write(folder.path().join("jobs.yaml"), INVENTORY).unwrap();
        Self { folder }
    }

    fn variables(&self) -> Vec<(&'static str, PathBuf)> {
        let path = |name: &str| self.folder.path().join(name);
        vec![
            ("SSL_CERT_DIR", path("empty")),
            ("SSL_CERT_FILE", path("no-der.pem")),
            ("SSL_CERT_FILE", path("no-content.pem")),
        ]
    }

    async fn run(&self, program: &str, arguments: &[&str], variable: (&str, &Path), calls: Calls<'_>) -> (i32, String) {
        let Calls { aws, caller, url } = calls;
        let output = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(aws.environment(caller, REGION))
            .env("AWS_ENDPOINT_URL", url)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("INVENTORY", self.folder.path().join("jobs.yaml"))
            .env("HOME", self.folder.path())
            .env(variable.0, variable.1)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap_or(-1), String::from_utf8(text).unwrap())
    }
}

/// Who calls AWS, and where.
#[derive(Clone, Copy)]
struct Calls<'a> {
    aws: &'a StandIn,
    caller: &'a Credentials,
    /// The endpoint of all services.
    url: &'a str,
}

const CHECK: [&str; 3] = ["check", "--inventory", "jobs.yaml"];

#[tokio::test]
async fn without_a_usable_certificate_every_program_says_so_before_it_calls_aws() {
    let (aws, caller) = account().await;
    let places = Places::new();
    let programs: [(&str, &[&str], i32); 4] =
        [(COMMAND, &CHECK, 2), (COMMAND, &["doctor"], 2), (PROVE, &["--yes"], 2), (FUNCTION, &[], 1)];
    let calls = Calls { aws: &aws, caller: &caller, url: NOWHERE };
    for (name, path) in places.variables() {
        for (program, arguments, expected) in programs {
            let (status, text) = places.run(program, arguments, (name, &path), calls).await;
            let sentence = format!("{name}: no CA certificate there can be used");
            assert!(text.contains(&sentence) && !text.contains("panicked"), "{name} {path:?} {arguments:?}: {text}");
            assert_eq!(status, expected, "{name} {path:?} {arguments:?}: {text}");
        }
    }
    assert!(aws.calls().is_empty());
}

#[tokio::test]
async fn endpoints_without_tls_need_no_certificate() {
    let (aws, caller) = account().await;
    let places = Places::new();
    let url = aws.url();
    let calls = Calls { aws: &aws, caller: &caller, url: &url };
    for (name, path) in places.variables() {
        let (status, text) = places.run(COMMAND, &CHECK, (name, &path), calls).await;
        assert!(status == 1 && text.contains("nightly-etl"), "{status}: {text}");
        let (status, text) = places.run(COMMAND, &["doctor"], (name, &path), calls).await;
        assert_eq!(status, 0, "{text}");
    }
}
