//! Makes texts safe to show. Other people write names, paths and answers. Control characters, and characters that
//! change the direction of text or have no width, are escaped as `\u{1b}`. So are the first characters of commands that
//! GitHub Actions, Azure Pipelines and TeamCity read in a log. Every form for people uses this module; JSON does not.

/// The text on one line, line breaks escaped.
#[must_use]
pub(crate) fn line(text: &str) -> String {
    escape(text, changes_display)
}

/// The text with its line breaks.
#[must_use]
pub(crate) fn block(text: &str) -> String {
    escape(text, |c| c != '\n' && changes_display(c))
}

fn escape(text: &str, must_escape: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut starts_word = true;
    for (at, c) in text.char_indices() {
        if starts_command(&text[at..], starts_word) {
            shown.extend(c.escape_unicode());
        } else if must_escape(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
        starts_word = c.is_whitespace() || starts_word && changes_display(c);
    }
    shown
}

/// Whether a pipeline could read the text as a command in its log: `::error::` at the start of a line (GitHub Actions,
/// where wrapping can move each word to), `##[error]` and `##vso[` anywhere (GitHub Actions, Azure Pipelines),
/// `##teamcity[` (TeamCity).
fn starts_command(text: &str, starts_word: bool) -> bool {
    match text.as_bytes() {
        [b':', b':', ..] => starts_word,
        [b'#', b'#', rest @ ..] => [&b"["[..], b"vso[", b"teamcity["].iter().any(|name| rest.starts_with(name)),
        _ => false,
    }
}

/// Makes an answer of AWS safe to show: no control or format character, a bounded length, and no part of a signed
/// request. AWS's SignatureDoesNotMatch holds the canonical request with the session token after a blank line.
#[must_use]
pub fn printable(text: &str) -> String {
    const LONGEST: usize = 1000;
    const REQUEST: [&str; 3] = ["\n\n", "The Canonical String", "The String-to-Sign"];
    let end = REQUEST.iter().filter_map(|start| text.find(start)).min().unwrap_or(text.len());
    let clean: String = text[..end].chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    line(&mask_secrets(clean.trim()))
}

/// The first `most` names, and how many more there are: `a, b and 3 more`.
pub(crate) fn first_of(names: &[impl AsRef<str>], most: usize) -> String {
    let first = names.iter().take(most).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(most) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// Makes the value of a setting of AWS profiles or of a variable safe to show. A key or a token that somebody wrote
/// into the wrong setting is replaced by its length.
#[cfg(feature = "cli")]
#[must_use]
pub(crate) fn configured(value: &str) -> String {
    if looks_like_credential(value) {
        format!("<{} characters that look like a credential>", value.trim().chars().count())
    } else {
        printable(value)
    }
}

/// Whether a text has the form of an access key id, a secret access key, a session token or a web token.
#[cfg(feature = "cli")]
#[must_use]
pub(crate) fn looks_like_credential(text: &str) -> bool {
    text.split(is_between_words).any(is_credential)
}

/// The text without the words that look like a credential.
#[must_use]
pub(crate) fn without_credentials(text: &str) -> String {
    let words = text.split_inclusive(is_between_words);
    let shown = words.map(|word| match word.char_indices().next_back() {
        Some((at, last)) if is_between_words(last) && is_credential(&word[..at]) => format!("…{last}"),
        _ if is_credential(word) => "…".to_owned(),
        _ => word.to_owned(),
    });
    shown.collect()
}

fn is_between_words(c: char) -> bool {
    c.is_whitespace() || "\"'`,;=".contains(c)
}

fn is_credential(word: &str) -> bool {
    const KEY_IDS: [&str; 4] = ["AKIA", "ASIA", "ABIA", "ACCA"];
    /// How session tokens of STS and access tokens of IAM Identity Center begin.
    const TOKENS: [&str; 4] = ["IQoJb3JpZ2lu", "FwoGZXIvYXdz", "FQoGZXIvYXdz", "aoaAAAA"];
    const SECRET_LENGTH: usize = 40;
    // Names of profiles and sessions are shorter, or have other characters.
    const LONG_WORD: usize = 30;
    const LONGEST_NAME: usize = 128;
    let word = word.trim_matches(['[', ']', '(', ')', '<', '>', '{', '}']);
    let in_key_id = |rest: &str| rest.chars().take_while(|c| c.is_ascii_uppercase() || c.is_ascii_digit()).count();
    let has_key_id = KEY_IDS.iter().filter_map(|begin| word.split_once(begin)).any(|(_, rest)| in_key_id(rest) >= 12);
    let is_token = TOKENS.iter().any(|begin| word.starts_with(begin));
    let is_web_token = word.len() >= 16 && (word.starts_with("eyJ") || word.contains(".eyJ"));
    // A random text changes between small letters, capital letters and digits more often than words do.
    let class = |byte: &u8| (byte.is_ascii_uppercase(), byte.is_ascii_lowercase());
    let classes: Vec<_> = word.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| class(&byte)).collect();
    let changes = classes.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let has = |is_of_class: fn(&u8) -> bool| word.bytes().any(|byte| is_of_class(&byte));
    let has_all = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
    let is_mixed = has_all && changes * 4 > word.len();
    let is_base64 = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/');
    let is_path_or_arn = word.starts_with(['/', '~', '.', '\\']) || word.contains(":\\") || word.contains(":/");
    let is_path_or_arn = is_path_or_arn || word.starts_with("arn:");
    let is_secret =
        is_base64 && is_mixed && (word.len() == SECRET_LENGTH || (word.len() >= LONG_WORD && !is_path_or_arn));
    has_key_id || is_token || is_web_token || is_secret || (word.len() > LONGEST_NAME && !is_path_or_arn)
}

/// Replaces the value after each name of a secret in a signed request.
fn mask_secrets(text: &str) -> String {
    const SECRETS: [&str; 4] = ["x-amz-security-token:", "x-amz-security-token=", "credential=", "signature="];
    let mut shown = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        let lower = word.to_ascii_lowercase();
        match SECRETS.iter().filter_map(|name| lower.find(name).map(|at| at + name.len())).min() {
            Some(end) => {
                shown.push_str(&word[..end]);
                shown.push_str("… ");
            }
            None => shown.push_str(word),
        }
    }
    shown.trim_end().to_owned()
}

/// Whether a character can change how other text appears: control and format characters (Unicode 16,
/// DerivedGeneralCategory.txt, Cf), separators of lines and paragraphs (Zl, Zp), and characters that XML 1.0 refuses.
pub(crate) const fn changes_display(c: char) -> bool {
    // Most characters of every text.
    if matches!(c, ' '..='~') {
        return false;
    }
    matches!(
        c,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{fffe}'..='\u{ffff}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0001}'
            | '\u{e0020}'..='\u{e007f}'
    )
}

/// Escapes a text so that no spreadsheet reads it as a formula: OWASP, "CSV Injection", names the characters and the
/// apostrophe. This program's numbers, including negative ones, stay numbers.
#[cfg(feature = "cli")]
pub(crate) fn spreadsheet_cell(text: &str) -> String {
    // Some programs ignore leading blanks.
    let first = text.trim_start_matches(' ').chars().next();
    let formula = first.is_some_and(|c| "=+-@＝＋－＠\t\r\n".contains(c));
    format!("{}{}", if formula { "'" } else { "" }, line(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "cli")]
    #[test]
    fn keys_and_tokens_are_told_from_names_paths_and_arns() {
        let token = format!("IQoJb3JpZ2luX2Vj{}", "x".repeat(300));
        for credential in [
            "AKIAIOSFODNN7EXAMPLE",
            "id=ASIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "/JalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "wJalrXUtnFEMIzK7MDENGzbPxRfiCYEXAMPLEKEY # comment",
            "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
            "\"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl\"",
            &token,
        ] {
            assert!(looks_like_credential(credential), "{credential}");
            assert!(configured(credential).contains("look like a credential"), "{credential}");
        }
        let refusal =
            "no: eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl, wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY end";
        assert_eq!(without_credentials(refusal), "no: …, … end");
        let path = format!("/var/{}/token", "Folder1".repeat(40));
        for name in [
            "default",
            "AdministratorAccess-123456789012",
            "granted/Prod/AdministratorAccess1",
            "arn:aws:iam::222222222222:role/MyServiceTaskDefTaskRole1A2B3C4D5E6F7G8H9",
            "/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
            "https://example.awsapps.com/start#/Console1",
            "C:\\Users\\Jane1\\AppData\\Local\\Temp\\WebIdentityToken1",
            "5d41402abc4b2a76b9719d911017c592aabbccdd",
            &path,
        ] {
            assert!(!looks_like_credential(name), "{name}");
        }
    }

    #[test]
    fn no_text_of_others_is_a_command_of_a_pipeline() {
        for command in [
            "::error::x",
            "::stop-commands::t",
            " ::add-mask::x",
            "a ::set-output name=x::y",
            "##[error]x",
            "a##[group]",
            "##vso[task.setvariable]x",
            "##teamcity[message]",
            "\u{1b}::error::x",
        ] {
            for shown in [line(command), block(command), block(&format!("first\n{command}"))] {
                let words = shown.split_whitespace();
                assert!(words.clone().all(|word| !word.starts_with("::")), "{shown}");
                assert!(
                    !shown.contains("##[") && !shown.contains("##vso[") && !shown.contains("##teamcity["),
                    "{shown}"
                );
            }
        }
    }

    #[test]
    fn arns_and_types_of_cloudformation_are_unchanged() {
        for text in ["arn:aws:iam::111111111111:role/x", "Type: AWS::IAM::Role", "arn:aws:s3:::bucket", "# a comment"] {
            assert_eq!(line(text), text);
        }
    }
}
