//! Quotes texts for commands that people paste into a POSIX shell.

/// Quotes any text as one word of the shell.
pub(crate) fn word(text: &str) -> String {
    let plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./@:+,%=".contains(c));
    if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// An option and its value. A program takes a value that begins with a dash for another option, in quotes too.
pub(crate) fn option(name: &str, value: &str) -> String {
    let separator = if value.starts_with('-') { '=' } else { ' ' };
    format!("{name}{separator}{}", word(value))
}

/// The path of a file, as an argument that is no option.
#[cfg(feature = "cli")]
pub(crate) fn file(path: &str) -> String {
    if path.starts_with('-') { word(&format!("./{path}")) } else { word(path) }
}

#[cfg(test)]
mod tests {
    use super::{option, word};

    #[test]
    fn a_value_that_begins_with_a_dash_is_no_option() {
        assert_eq!(option("--role-name", "hub"), "--role-name hub");
        assert_eq!(option("--profile", "my profile"), "--profile 'my profile'");
        assert_eq!(option("--role-name", "-x"), "--role-name=-x");
        assert_eq!(option("--job", "--help it"), "--job='--help it'");
        #[cfg(feature = "cli")]
        assert_eq!((super::file("-x"), super::file("a b")), ("./-x".to_owned(), "'a b'".to_owned()));
    }

    #[test]
    fn a_text_is_one_word_for_the_shell_whatever_is_in_it() {
        assert_eq!(word("team/prod-1"), "team/prod-1");
        assert_eq!(word("it's; rm -rf"), r"'it'\''s; rm -rf'");
        assert_eq!(word(""), "''");
    }
}
