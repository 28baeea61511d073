//! Which profile to report to. Pure.

use serde_json::Value;

use super::error::LoginError;
use crate::service::answer::{Answer, printable, text};

/// A profile of an account at Discovr.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The service's id.
    pub id: String,
    /// As people know it; need not be unique.
    pub name: String,
}

/// `GET /profiles`, newest first; `None` if that is not what it is.
pub(super) fn profiles(answer: &Answer) -> Option<Vec<Profile>> {
    let body = answer.object()?;
    let list = body.get("profiles")?.as_array()?;
    Some(list.iter().filter_map(profile).collect())
}

fn profile(value: &Value) -> Option<Profile> {
    let id = value.get("id").and_then(text)?;
    let name = value.get("name").and_then(text);
    Some(Profile {
        name: printable(&name.unwrap_or_else(|| id.clone())),
        id,
    })
}

/// The profile that is meant: by id, by name, or by its number in the list, counted from 1. With nothing asked for,
/// the only one there is; never one of several.
///
/// # Errors
/// If none is meant, or more than one.
pub fn choose<'a>(profiles: &'a [Profile], asked: &str) -> Result<&'a Profile, LoginError> {
    let asked = asked.trim();
    let known = || listed(profiles);
    match profiles {
        [] => return Err(LoginError::NoProfile),
        [only] if asked.is_empty() => return Ok(only),
        _ if asked.is_empty() => return Err(LoginError::ProfileNotChosen { known: known() }),
        _ => {}
    }
    let folded = asked.to_lowercase();
    let exact = named(profiles, |name| name == asked);
    let alike = named(profiles, |name| name.to_lowercase() == folded);
    match (&exact[..], &alike[..]) {
        ([profile], _) | ([], [profile]) => return Ok(profile),
        ([], []) => {}
        _ => {
            return Err(LoginError::AmbiguousProfile {
                asked: printable(asked),
                known: known(),
            });
        }
    }
    let number = asked.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
    let by_number = number.and_then(|n| profiles.get(n));
    // An id that is a number as well is not what somebody means who reads the list.
    let by_id = || profiles.iter().find(|profile| profile.id == asked);
    let found = by_number.or_else(by_id);
    found.ok_or_else(|| LoginError::UnknownProfile {
        asked: printable(asked),
        known: known(),
    })
}

fn named(profiles: &[Profile], is: impl Fn(&str) -> bool) -> Vec<&Profile> {
    let mut found: Vec<&Profile> = profiles.iter().collect();
    found.retain(|profile| is(&profile.name));
    found
}

/// `1 Ann (p1), 2 Bob (p2)`
fn listed(profiles: &[Profile]) -> String {
    let line = |(n, profile): (usize, &Profile)| {
        format!("{} {} ({})", n + 1, profile.name, printable(&profile.id))
    };
    let lines: Vec<String> = profiles.iter().enumerate().map(line).collect();
    lines.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(list: &[(&str, &str)]) -> Vec<Profile> {
        let profile = |(id, name): &(&str, &str)| Profile {
            id: (*id).to_owned(),
            name: (*name).to_owned(),
        };
        list.iter().map(profile).collect()
    }

    #[test]
    fn where_ids_are_numbers_the_number_in_the_list_is_meant() {
        let some = of(&[("2", "Kids"), ("1", "Ann"), ("70", "Bob")]);
        for (asked, expected) in [("2", "1"), ("1", "2"), ("3", "70"), ("70", "70")] {
            assert_eq!(choose(&some, asked).unwrap().id, expected, "{asked}");
        }
    }

    #[test]
    fn a_profile_is_chosen_by_id_name_or_number() {
        let some = of(&[
            ("p1", "Ann"),
            ("p2", "Bob"),
            ("p3", "bob"),
            ("p4", "2"),
            ("p5", "Zoë"),
        ]);
        let chosen = |asked| match choose(&some, asked) {
            Ok(profile) => profile.id.clone(),
            Err(LoginError::UnknownProfile { .. }) => "unknown".to_owned(),
            Err(LoginError::AmbiguousProfile { .. }) => "ambiguous".to_owned(),
            Err(LoginError::ProfileNotChosen { .. }) => "not chosen".to_owned(),
            Err(other) => other.to_string(),
        };
        for (asked, expected) in [
            ("p2", "p2"),
            ("Ann", "p1"),
            (" ann ", "p1"),
            ("Bob", "p2"),
            ("bob", "p3"),
            ("BOB", "ambiguous"),
            ("zoË", "p5"),
            ("1", "p1"),
            // A name comes before a number.
            ("2", "p4"),
            ("5", "p5"),
            ("0", "unknown"),
            ("6", "unknown"),
            ("-1", "unknown"),
            ("Carol", "unknown"),
            ("", "not chosen"),
        ] {
            assert_eq!(chosen(asked), expected, "{asked:?}");
        }
    }

    #[test]
    fn nobody_is_asked_where_there_is_no_choice() {
        assert_eq!(choose(&of(&[("p1", "Ann")]), "").unwrap().id, "p1");
        assert!(choose(&of(&[("p1", "Ann")]), "Bob").is_err());
        assert!(matches!(choose(&[], ""), Err(LoginError::NoProfile)));
        assert!(matches!(choose(&[], "Ann"), Err(LoginError::NoProfile)));
    }

    #[test]
    fn two_profiles_of_one_name_are_told_apart_by_number() {
        let twins = of(&[("p1", "Ann"), ("p2", "Ann")]);
        let error = choose(&twins, "Ann").unwrap_err();
        assert!(
            error.to_string().contains("1 Ann (p1), 2 Ann (p2)"),
            "{error}"
        );
        assert_eq!(choose(&twins, "2").unwrap().id, "p2");
    }

    #[test]
    fn the_list_is_read_tolerantly() {
        let read = |body: &str| {
            profiles(&Answer {
                body: body.to_owned(),
                ..Answer::default()
            })
        };
        let body =
            r#"{"profiles":[{"id":1,"name":"A\u001b","avatarUrl":null},{"name":"x"},{"id":"p2"}]}"#;
        assert_eq!(read(body).unwrap(), of(&[("1", "A"), ("p2", "p2")]));
        assert_eq!(read(r#"{"profiles":[]}"#).unwrap(), []);
        assert_eq!(read("[]"), None);
    }
}
