//! Quotes texts for commands that people paste into a POSIX shell.

/// Quotes any text as one word of the shell.
pub(crate) fn word(text: &str) -> String {
    let plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./@:+,%=".contains(c));
    if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn a_text_is_one_word_for_the_shell_whatever_is_in_it() {
        assert_eq!(word("team/prod-1"), "team/prod-1");
        assert_eq!(word("it's; rm -rf"), r"'it'\''s; rm -rf'");
        assert_eq!(word(""), "''");
    }
}
