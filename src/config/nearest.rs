//! The known word that a mistyped one was probably meant to be.

/// The nearest of `known`, if it is near enough to be offered.
#[must_use]
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    // What is far longer than any key is no mistyped key; comparing it would only cost time.
    if word.len() > 64 {
        return None;
    }
    let allowed = (word.len() / 3).max(2);
    known
        .iter()
        .map(|candidate| (distance(word, candidate), *candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's: insertions, deletions and replacements.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut left = i + 1;
        let mut above_left = i;
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let above = *cell;
            *cell = (above_left + usize::from(x != *y)).min(above.min(left) + 1);
            above_left = above;
            left = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted_in_changed_letters() {
        for (a, b, wanted) in [
            ("", "", 0),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("settle", "setle", 1),
            ("same", "same", 0),
        ] {
            assert_eq!(distance(a, b), wanted, "{a} {b}");
            assert_eq!(distance(b, a), wanted, "{b} {a}");
        }
    }

    #[test]
    fn only_a_near_word_is_offered() {
        let known = ["watched.movie_percent", "debounce.settle"];
        assert_eq!(nearest("watched.movie_procent", &known), Some(known[0]));
        assert_eq!(nearest("debounce.setle", &known), Some(known[1]));
        assert_eq!(nearest("zzz", &known), None);
        assert_eq!(nearest(&"a".repeat(1000), &known), None);
    }
}
