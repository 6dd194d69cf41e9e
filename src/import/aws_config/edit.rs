//! A change to the text of a file of profiles: the `duration_seconds` of a role.

use crate::import::TextChange;
use crate::inventory::Seconds;
use crate::shared_config::{Base, Setting, SharedConfig};

/// The change after which a hop of this profile's path requests this long, with the index of its file; `None`: the
/// file is not written so that it can be changed safely. `text` has the text of a file by its index.
#[must_use]
pub fn duration_change<'a>(
    config: &SharedConfig,
    profile: &str,
    hop: usize,
    seconds: Seconds,
    text: impl Fn(usize) -> Option<&'a str>,
) -> Option<(usize, TextChange)> {
    let chain = config.chain(profile).ok()?;
    // The AWS CLI does not send it with a token.
    if hop == 0 && chain.base == Base::WebIdentity {
        return None;
    }
    let role = chain.roles.get(hop)?;
    let value = seconds.0.to_string();
    let change = match &role.duration_seconds {
        Some(written) => (written.place.file, replaced(text(written.place.file)?, written, value)?),
        None => {
            let arn = role.role_arn.as_ref()?;
            let text = text(arn.place.file)?;
            let key = key_of(text, arn)?;
            (arn.place.file, TextChange::line_before(text, key, &format!("duration_seconds = {value}"))?)
        }
    };
    Some(change)
}

fn replaced(text: &str, written: &Setting, value: String) -> Option<TextChange> {
    let offset = written.place.offset;
    let number = text.get(offset..)?.get(..written.len())? == &**written && written.seconds().is_some();
    number.then(|| TextChange { offset, removed: written.len(), inserted: value })
}

/// Where the key of this value begins.
fn key_of(text: &str, setting: &Setting) -> Option<usize> {
    let start = text.get(..setting.place.offset)?.rfind('\n').map_or(0, |end| end + 1);
    let line = &text[start..];
    let key = line.trim_start_matches([' ', '\t']);
    key.to_ascii_lowercase().starts_with("role_arn").then_some(start + line.len() - key.len())
}

#[cfg(test)]
mod tests {
    use super::duration_change;
    use crate::import::TextChange;
    use crate::inventory::Seconds;
    use crate::shared_config::{Kind, SharedConfig};

    fn changed(text: &str, profile: &str, hop: usize) -> Option<String> {
        let config = SharedConfig::parse([(Kind::Config, "config".to_owned(), Some(text.to_owned()))]);
        let (_, change) = duration_change(&config, profile, hop, Seconds(3600), |_| Some(text))?;
        Some(TextChange::apply_all(text, [&change]))
    }

    const CONFIG: &str = "[profile base]\nsso_session = s\nsso_account_id = 111111111111\nsso_role_name = d\n\
        [sso-session s]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\n\
        # nightly runs\n[profile hub]\n  role_arn = arn:aws:iam::222222222222:role/hub\n  source_profile = base\n\
        [profile etl]\nsource_profile=hub\n; keep\nrole_arn=arn:aws:iam::333333333333:role/etl\n\
        duration_seconds=7200\n";

    #[test]
    fn a_value_is_replaced_in_its_place() {
        let wanted = CONFIG.replace("duration_seconds=7200", "duration_seconds=3600");
        assert_eq!(changed(CONFIG, "etl", 1), Some(wanted));
    }

    #[test]
    fn a_new_key_comes_before_the_role_with_its_indentation() {
        let wanted = CONFIG.replace(
            "  role_arn = arn:aws:iam::222222222222",
            "  duration_seconds = 3600\n  role_arn = arn:aws:iam::222222222222",
        );
        assert_eq!(changed(CONFIG, "etl", 0), Some(wanted.clone()));
        assert_eq!(changed(CONFIG, "hub", 0), Some(wanted));
    }

    #[test]
    fn the_request_with_a_token_has_no_such_key() {
        let text = "[profile w]\nrole_arn = arn:aws:iam::222222222222:role/w\nweb_identity_token_file = /t\n";
        assert_eq!(changed(text, "w", 0), None);
    }
}
