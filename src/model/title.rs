//! Titles as keys.

use unicode_normalization::UnicodeNormalization;

/// A title without what people and release groups write differently: case, punctuation, spacing, accents' encoding.
#[must_use]
pub fn title_key(title: &str) -> String {
    let mut key = String::with_capacity(title.len());
    for c in title
        .nfkd()
        .filter(|c| c.is_alphanumeric() || *c == '&')
        .flat_map(char::to_lowercase)
    {
        if c == '&' {
            key.push_str("and")
        } else {
            key.push(c)
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::title_key;

    #[test]
    fn titles_that_people_take_for_the_same_have_the_same_key() {
        for (a, b) in [
            ("Don't Look Up", "dont look up"),
            ("Mr. & Mrs. Smith", "Mr and Mrs Smith"),
            ("Amélie", "Ame\u{301}lie"),
            ("２０１２", "2012"),
            ("WALL·E", "wall-e"),
        ] {
            assert_eq!(title_key(a), title_key(b));
        }
        assert_ne!(title_key("Alien"), title_key("Aliens"));
    }
}
