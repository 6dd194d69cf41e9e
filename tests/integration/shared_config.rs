//! Shared configuration files: what is read of them, from where, and how a profile is followed to its first
//! credentials.

use credential_health::shared_config::{
    Base, CredentialSource, DifferenceKind, FaultKind, IneffectiveKind, Kind, SharedConfig, Trouble,
};

/// Stands wherever a secret would.
const CANARY: &str = "canary0wJalrXUtnFEMIK7MDENGbPxRfiCY";

fn config(text: &str) -> SharedConfig {
    SharedConfig::parse([(Kind::Config, "config".to_owned(), Some(text.to_owned()))])
}

fn both(config: &str, credentials: &str) -> SharedConfig {
    SharedConfig::parse([
        (Kind::Config, "config".to_owned(), Some(config.to_owned())),
        (Kind::Credentials, "credentials".to_owned(), Some(credentials.to_owned())),
    ])
}

/// `FILE:LINE: message`, of every problem.
fn problems(config: &SharedConfig) -> Vec<String> {
    config.problems().iter().map(|Trouble { remark, .. }| format!("{}: {}", remark.location, remark.message)).collect()
}

/// The names of the profiles whose roles are assumed, in the order of the calls.
fn roles(config: &SharedConfig, name: &str) -> Vec<String> {
    config.chain(name).unwrap().roles.iter().map(|profile| profile.name.clone()).collect()
}

#[test]
fn settings_come_with_the_place_of_their_value() {
    let config =
        config("# mine\n[default]\nregion = eu-west-1\n\n[profile etl]\nrole_arn =  arn:aws:iam::1:role/etl # prod\n");
    let profile = config.profile("etl").unwrap();
    assert_eq!((profile.location.line, profile.location.file.as_ref()), (5, "config"));
    let role_arn = profile.role_arn.as_ref().unwrap();
    assert_eq!(
        (&**role_arn, role_arn.without_comment()),
        ("arn:aws:iam::1:role/etl # prod", "arn:aws:iam::1:role/etl")
    );
    assert_eq!((role_arn.place.line, role_arn.place.column), (6, 13));
    assert_eq!(config.profile("default").unwrap().region.as_deref(), Some("eu-west-1"));
}

#[test]
fn the_credentials_file_wins_over_the_config_file_key_by_key() {
    let keys =
        format!("[etl]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {CANARY}\nregion = b\n");
    let config = both("[profile etl]\nregion = a\nmfa_serial = m\n", &keys);
    let profile = config.profile("etl").unwrap();
    assert!(profile.has_keys() && profile.session_token.is_none());
    assert_eq!((profile.region.as_deref(), profile.mfa_serial.as_deref()), (Some("b"), Some("m")));
    assert_eq!(profile.location.file.as_ref(), "config");
    assert_eq!(profile.keys.as_ref().unwrap().to_string(), "credentials:2");
}

#[test]
fn nothing_of_a_secret_is_in_debug_output() {
    let text = format!(
        "[profile a]\naws_access_key_id = {CANARY}\naws_secret_access_key = {CANARY}\naws_session_token = \
         {CANARY}\ncredential_process = /bin/x --password {CANARY}\n"
    );
    let config = config(&text);
    assert!(!format!("{config:?} {:?}", config.chain("a")).contains(CANARY));
}

#[test]
fn a_profile_without_its_prefix_is_ignored_by_sdks_and_told() {
    for (config, expected) in [
        (config("[etl]\nregion = a\n"), "config:1: AWS SDKs ignore [etl]"),
        (config("[profile my etl]\nregion = a\n"), "config:1: AWS SDKs ignore [profile my etl]"),
        (both("", "[profile etl]\nregion = a\n"), "credentials:1: AWS SDKs ignore [profile etl]"),
        (both("", "[sso-session etl]\nregion = a\n"), "credentials:1: AWS SDKs ignore [sso-session etl]"),
        (
            config("[default]\nregion = a\n[profile default]\nregion = b\n"),
            "config:1: the AWS CLI and boto3 ignore [default]: a later header of the profile `default` replaces it",
        ),
    ] {
        assert_eq!(problems(&config), [expected]);
        assert_eq!(config.profile("etl").map(|profile| &*profile.name), None);
    }
    let two = config("[default]\nregion = a\n[profile default]\nregion = b\n");
    assert_eq!(two.profile("default").unwrap().region.as_deref(), Some("b"));
    // Seen with botocore 1.44: the later of the two counts, whichever it is.
    let other = config("[profile default]\nregion = a\n[default]\nregion = b\n");
    assert_eq!(other.profile("default").unwrap().region.as_deref(), Some("b"));
}

#[test]
fn other_sections_of_the_config_file_are_nothing_to_tell() {
    let config =
        config("[services mine]\ns3 =\n  endpoint_url = http://localhost\n[plugins]\ncli_legacy_plugin_path = /p\n");
    assert_eq!(problems(&config), Vec::<String>::new());
    assert_eq!(config.profiles().count(), 0);
}

#[test]
fn every_line_that_the_parser_refuses_is_told_and_the_file_has_no_profile() {
    let config =
        config("[profile a]\n  role_arn = x\n[profile b\nregion\nmfa_serial = y\n= z\n[profile c]\nregion = d\n");
    let told = problems(&config);
    assert_eq!(told.len(), 4, "{told:#?}");
    for (told, start) in told.iter().zip(["config:2: ", "config:3: ", "config:4: ", "config:6: "]) {
        assert!(told.starts_with(start) && told.contains("refuse"), "{told}");
    }
    assert_eq!(config.profiles().count(), 0);
}

/// Each seen with the AWS CLI 1.45 (botocore 1.43): "Unable to parse config file".
#[test]
fn what_the_aws_cli_alone_refuses_is_told_at_its_place_and_sdks_read_it() {
    let twice = config("[profile a]\nregion = x\n[profile b]\nregion = x\n[profile a]\nmfa_serial = m\n");
    assert_eq!(
        problems(&twice),
        ["config:5: [profile a] is already written on line 1: the AWS CLI and boto3 refuse the whole file, \
             the SDK for Rust reads the two as one"]
    );
    let merged = twice.profile("a").unwrap();
    assert_eq!((merged.region.as_deref(), merged.mfa_serial.as_deref()), (Some("x"), Some("m")));
    let key =
        both("", &format!("[a]\naws_access_key_id = AKIA\naws_secret_access_key = {CANARY}\nAWS_access_key_id = B\n"));
    assert_eq!(
        problems(&key),
        ["credentials:4: `aws_access_key_id` is written twice in [a], first on line 2: the AWS CLI and boto3 refuse \
             the whole file, the SDK for Rust takes the last"]
    );
    let told = problems(&both("", &format!("[a]\n{CANARY} = x\n{CANARY} = x\n")));
    assert!(told.len() == 1 && !told[0].contains(CANARY), "{told:?}");
    // What the SDKs alone refuse, and what both do.
    for (text, expected) in [
        (
            "[profile a]\n  region = x\n",
            "AWS SDKs refuse this line and with it the whole file, the AWS CLI and boto3 do not",
        ),
        (
            "[profile a]\nregion: x\n",
            "AWS SDKs refuse this line and with it the whole file, the AWS CLI and boto3 do not",
        ),
        ("[profile a]\nregion\n", "AWS SDKs and the AWS CLI refuse this line"),
    ] {
        let told = problems(&config(text));
        assert!(told.len() == 1 && told[0].starts_with(&format!("config:2: {expected}")), "{told:?}");
    }
}

#[test]
fn names_of_several_words_are_told_with_what_each_tool_makes_of_them() {
    for (config, expected, help) in [
        (
            config("[profile \"my profile\"]\nregion = a\n"),
            "config:1: AWS SDKs ignore [profile \"my profile\"], and the AWS CLI and boto3 read it as profile `my \
             profile`",
            "my-profile",
        ),
        (
            config("[profile 'dev']\nregion = a\n"),
            "config:1: AWS SDKs ignore [profile 'dev'], and the AWS CLI and boto3 read it as profile `dev`",
            "`dev`",
        ),
        (config("[profile my profile]\nregion = a\n"), "config:1: AWS SDKs ignore [profile my profile]", "my-profile"),
        (
            both("", "[my profile]\nregion = a\n"),
            "credentials:1: AWS SDKs ignore [my profile], and the AWS CLI and boto3 read it as profile `my profile`",
            "my-profile",
        ),
    ] {
        assert_eq!(problems(&config), [expected]);
        assert!(config.problems()[0].remark.help.contains(help), "{:?}", config.problems());
    }
}

/// The kinds of refusal of a profile, with their lines.
fn refusals(config: &SharedConfig, name: &str) -> Vec<(FaultKind, usize)> {
    let chain = config.chain(name).unwrap();
    config.refusals(&chain).into_iter().map(|fault| (fault.kind, fault.remark.location.line)).collect()
}

/// Seen with the AWS CLI 1.46 and boto3 1.44: each value is sent with its comment or its marks, and refused.
#[test]
fn a_comment_or_quotation_marks_are_part_of_the_value_and_the_profile_can_never_work() {
    let keys = format!("[b]\naws_access_key_id = AKIA\naws_secret_access_key = {CANARY}\n");
    let role = "role_arn = arn:aws:iam::111111111111:role/a\nsource_profile = b\n";
    let session = "[sso-session s]\nsso_start_url = u\nsso_region = eu-west-1 ; Ireland\n";
    let sso = "sso_session = s\nsso_account_id = 1\nsso_role_name = r\n";
    let commented = |key, line| (FaultKind::Commented { key, line }, line);
    let quoted = |key, line| (FaultKind::Quoted { key, line }, line);
    for (profile, expected) in [
        (
            "role_arn = arn:aws:iam::111111111111:role/a # prod\nsource_profile = b\n".to_owned(),
            commented("role_arn", 2),
        ),
        ("role_arn = \"arn:aws:iam::111111111111:role/a\"\nsource_profile = b\n".to_owned(), quoted("role_arn", 2)),
        (format!("{role}mfa_serial = arn:aws:iam::111111111111:mfa/a\t# mine\n"), commented("mfa_serial", 4)),
        (format!("{role}role_session_name = 'a'\n"), quoted("role_session_name", 4)),
        (format!("{sso}{session}"), commented("sso_region", 7)),
    ] {
        let config = both(&format!("[profile a]\n{profile}"), &keys);
        assert_eq!(refusals(&config, "a"), [expected], "{profile}");
    }
    let source = both(&format!("[profile a]\n{}", role.replace("= b", "= b # base")), &keys).chain("a").unwrap_err();
    assert_eq!(source.kind, FaultKind::Commented { key: "source_profile", line: 3 });
    assert!(source.remark.cannot_work && source.remark.help.contains("comment"), "{source}");
    // No blank before the mark: it is part of the value for every tool.
    let fragment = "sso_start_url = https://x/start#/\nsso_region = r\nsso_account_id = 1\nsso_role_name = r\n";
    assert_eq!(refusals(&config(&format!("[profile a]\n{fragment}")), "a"), []);
}

#[test]
fn what_sts_refuses_whatever_else_is_done_is_named_at_its_line() {
    let keys = format!("[b]\naws_access_key_id = AKIA\naws_secret_access_key = {CANARY}\n");
    let role = "role_arn = arn:aws:iam::111111111111:role/a\nsource_profile = b\n";
    let sso = "[profile b]\nsso_start_url = u\nsso_region = r\nsso_account_id = 1\nsso_role_name = r\n";
    let second = format!("[profile b]\n{role}[c]\n").replace("= b", "= c");
    let session = format!("{keys}aws_session_token = {CANARY}\n");
    for (settings, credentials, expected) in [
        ("role_session_name = a/b\n".to_owned(), keys.clone(), vec![(FaultKind::SessionName, 4)]),
        ("role_session_name = a\n".to_owned(), keys.clone(), vec![(FaultKind::SessionName, 4)]),
        ("role_session_name = jane@corp.example\n".to_owned(), keys.clone(), vec![]),
        ("external_id = a b\n".to_owned(), keys.clone(), vec![(FaultKind::ExternalId, 4)]),
        (format!("mfa_serial = m\n{sso}"), String::new(), vec![(FaultKind::MfaWithSession, 4)]),
        ("mfa_serial = m\n".to_owned(), keys.clone(), vec![]),
        // The token of GetSessionToken is its user's, who may have a device.
        ("mfa_serial = m\n".to_owned(), session.replace("AKIA", "ASIA"), vec![]),
        (String::new(), session.clone(), vec![(FaultKind::TokenLeftOver { line: 4 }, 4)]),
        (String::new(), keys.replace("AKIA", "ASIA"), vec![(FaultKind::TokenMissing, 2)]),
        (String::new(), keys.replace("AKIA", "\"AKIA\""), vec![(FaultKind::QuotedKeys(vec![2]), 2)]),
        ("duration_seconds = -5\n".to_owned(), keys.clone(), vec![(FaultKind::NegativeDuration, 4)]),
        ("duration_seconds = -0\n".to_owned(), keys.clone(), vec![]),
    ] {
        let config = both(&format!("[profile a]\n{role}{settings}"), &credentials);
        assert_eq!(refusals(&config, "a"), expected, "{settings}{credentials}");
    }
    let chained = both(&format!("[profile a]\n{role}mfa_serial = m\n{second}"), &keys.replace("[b]", "[c]"));
    assert_eq!(refusals(&chained, "a"), [(FaultKind::MfaWithSession, 4)]);
    let china = format!("[profile a]\n{}{second}", role.replace("arn:aws:", "arn:aws-cn:"));
    assert_eq!(refusals(&both(&china, &keys.replace("[b]", "[c]")), "a"), [(FaultKind::OtherPartition, 2)]);
}

/// Each seen with the AWS CLI 1.46 and boto3 1.44.
#[test]
fn settings_without_effect_are_named_with_their_lines() {
    let keys = format!("[a]\naws_access_key_id = AKIA\naws_secret_access_key = {CANARY}\n");
    let base = keys.replace("[a]", "[b]");
    let role = "role_arn = arn:aws:iam::111111111111:role/a\n";
    let sso = "sso_start_url = u\nsso_region = r\nsso_account_id = 1\nsso_role_name = r\n";
    let no_role = |key| IneffectiveKind::NoRole { key };
    for (settings, credentials, expected) in [
        (
            "duration_seconds = 7200\nmfa_serial = m\n".to_owned(),
            &keys,
            vec![(no_role("duration_seconds"), 2), (no_role("mfa_serial"), 3)],
        ),
        ("credential_source = Environment\n".to_owned(), &keys, vec![(no_role("credential_source"), 2)]),
        (format!("{sso}duration_seconds = 7200\n"), &base, vec![(IneffectiveKind::DurationOfPermissionSet, 6)]),
        (
            format!("{role}web_identity_token_file = t\nduration_seconds = 7200\n"),
            &base,
            vec![(IneffectiveKind::DurationOfWebIdentity, 4)],
        ),
        (
            format!("{role}source_profile = b\nduration_seconds = 7200 # two\n"),
            &base,
            vec![(IneffectiveKind::DurationNotANumber { comment: true }, 4)],
        ),
        (
            format!("{role}source_profile = b\nduration_seconds = 2h\n"),
            &base,
            vec![(IneffectiveKind::DurationNotANumber { comment: false }, 4)],
        ),
        (
            format!("{role}source_profile = b\nduration_second = 7200\n"),
            &base,
            vec![(IneffectiveKind::Misspelt { written: "duration_second".to_owned(), meant: "duration_seconds" }, 4)],
        ),
        (
            format!("{role}source_profile = b\u{a0}\n"),
            &base,
            vec![(IneffectiveKind::OddBlank { key: "source_profile" }, 3)],
        ),
        (
            format!("{role}source_profile = b\nregion = x[new]\n"),
            &base,
            vec![(IneffectiveKind::GluedHeader { header: "[new]".to_owned() }, 4)],
        ),
        (format!("{role}source_profile = b\nduration_seconds = 7_200\n"), &base, vec![]),
    ] {
        let config = both(&format!("[profile a]\n{settings}"), credentials);
        let chain = config.chain("a").unwrap();
        let found = config.ineffective(chain.profile, Some(&chain));
        let found: Vec<_> = found.into_iter().map(|one| (one.kind, one.location.line)).collect();
        assert_eq!(found, expected, "{settings}");
    }
}

/// The AWS CLI and boto3 were run on each; Go, Java and .NET are read from their code.
#[test]
fn other_tools_that_read_a_profile_otherwise_are_named() {
    use DifferenceKind::{
        Capitals, Duration, KeysBeforeProcess, KeysBehindProcess, KeysBesideRoleOfSource, KeysBesideSso, Mfa,
        NoDuration, OldTokenName, ProcessBesideRole, ProcessBesideSso, SourceBesideWebIdentity, SsoSettingsRepeated,
    };
    let keys = format!("aws_access_key_id = AKIA\naws_secret_access_key = {CANARY}\n");
    let sso = "sso_account_id = 1\nsso_role_name = r\n";
    let role = "role_arn = arn:aws:iam::111111111111:role/a\nsource_profile = a\n";
    for (settings, credentials, expected) in [
        (format!("{sso}sso_session = s\nsso_start_url = u\n"), String::new(), vec![SsoSettingsRepeated]),
        ("credential_process = x\n".to_owned(), format!("[a]\n{keys}"), vec![KeysBeforeProcess]),
        (format!("credential_process = x\n{keys}"), String::new(), vec![KeysBehindProcess]),
        (
            format!("{sso}sso_session = s\ncredential_process = x\n"),
            format!("[a]\n{keys}"),
            vec![KeysBesideSso, ProcessBesideSso],
        ),
        (role.to_owned(), format!("[a]\n{keys}"), vec![NoDuration]),
        (format!("{role}duration_seconds = 7200\nmfa_serial = m\n"), format!("[a]\n{keys}"), vec![Duration, Mfa]),
        (format!("{role}duration_seconds = 3600\n"), format!("[a]\n{keys}"), vec![]),
        // A setting without effect, which is described as such.
        (format!("{role}duration_seconds = 7200 # two\n"), format!("[a]\n{keys}"), vec![]),
        (format!("{role}web_identity_token_file = t\n"), String::new(), vec![SourceBesideWebIdentity]),
        (
            format!("{}credential_process = x\n[profile b]\n{keys}", role.replace("= a\n", "= b\n")),
            String::new(),
            vec![ProcessBesideRole, NoDuration],
        ),
        (
            format!("{}[profile b]\n{role}{keys}", role.replace("= a\n", "= b\n")),
            String::new(),
            vec![KeysBesideRoleOfSource, NoDuration],
        ),
        (
            format!(
                "{}duration_seconds = 3600\n",
                role.to_uppercase()
                    .replace("ARN:AWS:IAM::111111111111:ROLE/A", "arn:aws:iam::111111111111:role/a")
                    .replace("= A", "= a")
            ),
            format!("[a]\n{keys}"),
            vec![Capitals],
        ),
        (
            String::new(),
            format!("[a]\n{}aws_security_token = {CANARY}\n", keys.replace("AKIA", "ASIA")),
            vec![OldTokenName],
        ),
    ] {
        let session = "[sso-session s]\nsso_start_url = u\nsso_region = r\n";
        let config = both(&format!("{session}[profile a]\n{settings}"), &credentials);
        let found = config.differences(&config.chain("a").unwrap());
        assert_eq!(found.into_iter().map(|one| one.kind).collect::<Vec<_>>(), expected, "{settings}{credentials}");
    }
}

/// Seen with the AWS CLI 1.46: the profile that the command names, and "profile cycle" in 2.36.
#[test]
fn a_process_that_exports_another_profile_is_followed_and_a_circle_is_named() {
    let sso = "[profile dev]\nsso_start_url = u\nsso_region = r\nsso_account_id = 1\nsso_role_name = r\n";
    let export = |name: &str| format!("credential_process = aws configure export-credentials --profile {name}\n");
    let config = config(&format!(
        "{sso}[profile a]\n{}[profile loop]\n{}[profile x]\n{}[profile y]\n{}",
        export("dev"),
        export("loop"),
        export("y"),
        export("x")
    ));
    let chain = config.chain("a").unwrap();
    assert_eq!((&*chain.base_profile.name, matches!(chain.base, Base::Sso(_)), chain.commands.len()), ("dev", true, 1));
    for (name, expected) in [("loop", "runs itself: loop -> loop"), ("x", "leads round in a circle: x -> y -> x")] {
        let fault = config.chain(name).unwrap_err();
        assert_eq!(fault.kind, FaultKind::ProcessCycle);
        assert!(fault.remark.message.ends_with(expected) && fault.remark.cannot_work, "{fault}");
    }
}

/// Seen with the AWS CLI 1.46 and boto3 1.44: which of a profile's settings gives the credentials.
#[test]
fn the_order_within_a_profile_is_that_of_the_aws_cli() {
    let keys = format!("aws_access_key_id = AKIA\naws_secret_access_key = {CANARY}\n");
    let sso = "sso_start_url = u\nsso_region = r\nsso_account_id = 1\nsso_role_name = r\n";
    let web = "role_arn = arn:aws:iam::111111111111:role/a\nweb_identity_token_file = t\n";
    for (settings, credentials, expected) in [
        (format!("{web}{sso}"), format!("[p]\n{keys}"), "WebIdentity"),
        (format!("{web}source_profile = p\n"), format!("[p]\n{keys}"), "WebIdentity"),
        (format!("{sso}credential_process = x\n"), format!("[p]\n{keys}"), "Sso("),
        ("credential_process = x\nlogin_session = y\n".to_owned(), format!("[p]\n{keys}"), "Keys"),
        (format!("credential_process = x\n{keys}"), String::new(), "Process("),
        (format!("login_session = y\ncredential_process = x\n{keys}"), String::new(), "LoginSession"),
        ("sso_start_url = u\n".to_owned(), format!("[p]\n{keys}"), "Keys"),
        ("credential_source = Nope\nsource_profile = q\n".to_owned(), format!("[p]\n{keys}"), "Keys"),
        ("credential_source = Environment\n".to_owned(), String::new(), "Nothing"),
        ("sso_session = s\n".to_owned(), String::new(), "Nothing"),
        (
            String::new(),
            "[p]\naws_access_key_id = ASIA\naws_secret_access_key = s\naws_security_token = \
            t\n"
            .to_owned(),
            "SessionKeys",
        ),
    ] {
        let config = both(&format!("[profile p]\n{settings}"), &credentials);
        let base = format!("{:?}", config.chain("p").unwrap().base);
        assert!(base.starts_with(expected), "{settings}{credentials}: {base}");
    }
}

#[test]
fn a_byte_order_mark_is_told_once_by_its_name_and_with_what_else_is_refused() {
    let keys = format!("\u{feff}[a]\naws_access_key_id = AKIA\naws_secret_access_key = {CANARY}\n");
    let mark = "AWS SDKs and the AWS CLI refuse the file: it begins with a byte order mark";
    for (config, expected) in [
        (both("", &keys), vec![format!("credentials:1: {mark}")]),
        (config("\u{feff}[profile a]\nregion = x\n"), vec![format!("config:1: {mark}")]),
        (config("\u{feff}# mine\n[profile a]\nregion = x\n"), vec![format!("config:1: {mark}")]),
    ] {
        assert_eq!(problems(&config), expected);
        assert_eq!(config.profiles().count(), 0);
    }
    let more = problems(&config("\u{feff}[profile a]\nregion\n"));
    assert!(more.len() == 2 && more[1].starts_with("config:2: "), "{more:?}");
}

#[test]
fn a_key_that_an_indented_line_swallows_spoils_its_profile_and_is_not_shown() {
    let config = config(&format!(
        "[profile a]\nrole_arn = arn:aws:iam::111111111111:role/a\n  aws_secret_access_key = {CANARY}\nsource_profile \
         = a\n"
    ));
    let told = problems(&config);
    assert_eq!(told, ["config:2: `role_arn` goes on in the indented lines below it"]);
    let refused = config.chain("a").unwrap_err();
    assert!(!refused.to_string().contains(CANARY));
}

#[test]
fn a_chain_of_source_profiles_is_assumed_from_its_far_end() {
    let config = config(
        "[profile base]\ncredential_source = Ec2InstanceMetadata\nrole_arn = arn:1\n\
         [profile middle]\nrole_arn = arn:2\nsource_profile = base\n\
         [profile last]\nrole_arn = arn:3\nsource_profile = middle\n",
    );
    assert_eq!(roles(&config, "last"), ["base", "middle", "last"]);
    let chain = config.chain("last").unwrap();
    assert_eq!(chain.base, Base::Named(CredentialSource::Ec2InstanceMetadata));
    assert_eq!(chain.base_profile.name, "base");
}

#[test]
fn a_profile_may_be_its_own_source_where_it_has_keys() {
    let own = "[profile a]\nrole_arn = arn:1\nsource_profile = a\n";
    let keys = format!("[a]\naws_access_key_id = AKIA\naws_secret_access_key = {CANARY}\n");
    let config = both(own, &keys);
    assert_eq!((roles(&config, "a"), config.chain("a").unwrap().base), (vec!["a".to_owned()], Base::Keys));
    let without = both(own, "").chain("a").unwrap_err().remark;
    assert!(without.message.contains("in a circle: a -> a"), "{without}");
}

#[test]
fn keys_behind_the_first_profile_win_over_its_role() {
    let keys =
        format!("[b]\naws_access_key_id = AKIA\naws_secret_access_key = {CANARY}\naws_session_token = {CANARY}\n");
    let config = both(
        "[profile a]\nrole_arn = arn:1\nsource_profile = b\n[profile b]\nrole_arn = arn:2\nsource_profile = c\n",
        &keys,
    );
    assert_eq!((roles(&config, "a"), config.chain("a").unwrap().base), (vec!["a".to_owned()], Base::SessionKeys));
}

#[test]
fn each_kind_of_first_credentials_is_told_apart() {
    for (settings, expected) in [
        ("web_identity_token_file = /t\nrole_arn = arn:1", "WebIdentity"),
        ("sso_session = s\nsso_account_id = 1\nsso_role_name = r", "Sso("),
        ("sso_start_url = u\nsso_region = r\nsso_account_id = 1\nsso_role_name = r", "Sso("),
        ("login_session = arn:aws:iam::1:user/a", "LoginSession"),
        ("credential_process = /bin/true", "Process("),
        ("role_arn = arn:1\ncredential_source = EcsContainer", "Named(EcsContainer)"),
        ("role_arn = arn:1\ncredential_source = Environment", "Named(Environment)"),
        ("region = eu-west-1", "Nothing"),
    ] {
        let config = config(&format!("[sso-session s]\nsso_start_url = u\nsso_region = r\n[profile p]\n{settings}\n"));
        let base = format!("{:?}", config.chain("p").unwrap().base);
        assert!(base.starts_with(expected), "{settings}: {base}");
    }
}

#[test]
fn what_keeps_an_sdk_from_following_a_profile_is_told_at_its_place() {
    for (settings, line, expected) in [
        ("role_arn = arn:1\nsource_profile = nobody", 6, "there is no source profile `nobody`"),
        ("role_arn = arn:1\nsource_profile = q\n[profile q]\nrole_arn = arn:2\nsource_profile = p", 6, "p -> q -> p"),
        ("role_arn = arn:1\nsource_profile = q\ncredential_source = Environment", 7, "both"),
        ("role_arn = arn:1", 5, "nothing to assume it with"),
        ("role_arn = arn:1\ncredential_source = Ec2", 6, "`Ec2` is not a credential_source"),
        ("web_identity_token_file = /t", 5, "no role_arn"),
        ("role_arn = arn:1\ncredential_source = ecscontainer", 6, "`ecscontainer` is not a credential_source"),
        ("sso_session = t\nsso_account_id = 1\nsso_role_name = r", 5, "there is no sso-session `t`"),
        ("sso_session = s\nsso_start_url = v\nsso_account_id = 1", 6, "differs from that of sso-session `s`"),
        ("sso_start_url = u\nsso_account_id = 1", 4, "has no sso_region"),
        ("so_start_url = u\nsso_region = r\nsso_account_id = 1\nsso_role_name = r", 4, "has no sso_start_url"),
        ("sso_session = s\nsso_account_id = 1", 4, "has no sso_role_name"),
        ("aws_access_key_id = AKIA", 5, "no aws_secret_access_key"),
        ("role_arn = arn:1\nsource_profile = q\n[profile q]\nregion = a", 7, "`q` gives no credentials"),
    ] {
        let config = config(&format!("[sso-session s]\nsso_start_url = u\nsso_region = r\n[profile p]\n{settings}\n"));
        let refused = config.chain("p").unwrap_err().remark;
        assert!(refused.message.contains(expected), "{settings}: {refused}");
        assert_eq!(refused.location.line, line, "{settings}: {refused}");
        assert!(!refused.help.is_empty());
    }
    let near = config("[profile p]\nrole_arn = arn:1\nsource_profile = bases\n[profile base]\nregion = a\n");
    assert_eq!(near.chain("p").unwrap_err().remark.help, "did you mean `base`?");
}

#[test]
fn the_files_are_those_that_the_environment_names_or_those_of_the_home_folder() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap().to_owned();
    std::fs::create_dir(folder.path().join(".aws")).unwrap();
    std::fs::write(folder.path().join(".aws/config"), "[profile home]\nregion = a\n").unwrap();
    std::fs::write(folder.path().join("elsewhere"), "[profile elsewhere]\nregion = a\n[oops]\nregion = b\n").unwrap();
    let load = |variables: &[(&str, &str)]| {
        SharedConfig::load(|name| {
            let given = variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            given.or_else(|| (name == "HOME").then(|| home.clone()))
        })
    };
    let names = |config: &SharedConfig| config.profiles().map(|profile| profile.name.clone()).collect::<Vec<_>>();
    let usual = load(&[]);
    assert_eq!((names(&usual), problems(&usual)), (vec!["home".to_owned()], vec![]));
    assert_eq!(usual.files().iter().map(|file| file.read).collect::<Vec<_>>(), [true, false]);
    let elsewhere = load(&[("AWS_CONFIG_FILE", "~/elsewhere")]);
    assert_eq!(names(&elsewhere), ["elsewhere"]);
    assert!(problems(&elsewhere)[0].ends_with("elsewhere:3: AWS SDKs ignore [oops]"), "{:?}", problems(&elsewhere));
    let missing = load(&[("AWS_SHARED_CREDENTIALS_FILE", "/no/such/file")]);
    assert_eq!(problems(&missing), ["/no/such/file:1: there is no such file"]);
    std::fs::write(folder.path().join(".aws/config"), b"[default]\nregion = \xff\n").unwrap();
    assert!(problems(&load(&[]))[0].ends_with("config:2: the file is not UTF-8 text"));
}

#[test]
fn a_named_pipe_or_a_folder_in_the_place_of_a_file_is_told_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [pipe.as_path(), folder.path()] {
        let path = path.to_str().unwrap().to_owned();
        let config = SharedConfig::load(|name| (name == "AWS_CONFIG_FILE").then(|| path.clone()));
        assert_eq!(problems(&config), [format!("{path}:1: it is a folder, a named pipe or a device, not a file")]);
    }
}

/// Each seen with the AWS CLI 1.46 and boto3 1.43.
#[test]
fn a_setting_without_a_value_is_set_for_the_aws_cli() {
    let keys = format!("aws_access_key_id = AKIA\naws_secret_access_key = {CANARY}\n");
    let sso = "sso_start_url = u\nsso_region = r\nsso_account_id = 1\nsso_role_name = r\n";
    let empty = |key, line| Some(FaultKind::EmptyValue { key, line });
    for (settings, credentials, expected) in [
        (format!("role_arn =\n{keys}"), "", empty("role_arn", 2)),
        (format!("sso_session =\n{sso}"), "", empty("sso_session", 2)),
        (format!("credential_process =\n{keys}"), "", empty("credential_process", 2)),
        (keys.clone(), "[a]\naws_access_key_id =\naws_secret_access_key =\n", empty("aws_access_key_id", 2)),
        (format!("aws_session_token =\n{keys}"), "", None),
    ] {
        let config = both(&format!("[profile a]\n{settings}"), credentials);
        let fault = config.chain("a").err().map(|fault| fault.kind);
        assert_eq!(fault, expected, "{settings}");
    }
}

/// Each seen with the AWS CLI 1.46 and boto3 1.43.
#[test]
fn headers_are_read_as_python_reads_them() {
    let keys = format!("aws_access_key_id = AKIA\naws_secret_access_key = {CANARY}\n");
    for (text, has_keys) in [
        (format!("[profile a]\n{keys}"), true),
        (format!("[profile\ta]\n{keys}"), true),
        (format!("[profile a ]\n{keys}"), true),
        (format!("[ profile a]\n{keys}"), false),
        (format!("[DEFAULT]\n{keys}[profile a]\nregion = r\n"), true),
    ] {
        let config = config(&text);
        assert_eq!(config.profile("a").is_some_and(|profile| profile.has_keys()), has_keys, "{text}");
    }
    let blank = problems(&config(&format!("[ profile a]\n{keys}")));
    assert_eq!(blank, ["config:1: the AWS CLI and boto3 ignore [ profile a]: a blank stands before the header"]);
    // One cause, one problem.
    assert_eq!(problems(&config(&format!("[profile a]\n{keys}[profile a]\n{keys}"))).len(), 1);
}

#[test]
fn a_file_that_is_both_files_is_reported_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("both");
    let keys = format!("aws_access_key_id = AKIA\naws_secret_access_key = {CANARY}\n");
    let load = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let path = file.to_str().unwrap().to_owned();
        SharedConfig::load(move |name| name.starts_with("AWS_").then(|| path.clone()))
    };
    assert_eq!(problems(&load("[default]\nregion = r\nnonsense\n")).len(), 1);
    let both = load(&format!("[default]\nregion = r\n[profile a]\nregion = r\n[b]\n{keys}"));
    assert!(problems(&both).is_empty(), "{:?}", problems(&both));
    assert!(both.profile("a").is_some() && both.profile("b").is_some_and(|profile| profile.has_keys()));
}

/// The stack and the time of a run do not grow with what a file names.
#[test]
fn a_long_way_to_the_credentials_is_not_followed_to_its_end() {
    let chain = |settings: &dyn Fn(usize) -> String| -> String {
        (0..5000).map(|number| format!("[profile p{number}]\n{}\n", settings(number + 1))).collect()
    };
    let role = "role_arn = arn:aws:iam::111111111111:role/a\nsource_profile = p";
    let export = "credential_process = aws configure export-credentials --profile p";
    for text in [chain(&|next| format!("{role}{next}")), chain(&|next| format!("{export}{next}"))] {
        let config = config(&text);
        assert_eq!(config.chain("p0").unwrap_err().kind, FaultKind::TooManyProfiles);
        assert!(matches!(config.chain("p4990"), Err(fault) if fault.kind != FaultKind::TooManyProfiles));
    }
    let keys: String = (0..100_000).map(|number| format!("key{number} = v\n")).collect();
    assert!(config(&format!("[profile a]\n{keys}")).profile("a").is_some());
}
