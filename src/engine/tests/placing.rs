//! What waits is placed by a rule that is written later.

use super::rig::*;
use crate::engine::Input;
use crate::identify::rules;
use std::sync::Arc;

/// Watches a file to its end.
fn watch(rig: &mut Rig, player: &str, path: &str) {
    rig.open(player, path, 0.0);
    rig.wait(LENGTH + 5.0);
    rig.quit(player);
    rig.wait(5.0);
}

fn write(rig: &mut Rig, text: &str) {
    let rules = rules::parse(&format!("[[rule]]\n{text}"), None).unwrap();
    rig.tell(Input::Rules(Arc::new(rules)));
    rig.wait(5.0);
}

fn entries(rig: &Rig) -> Vec<String> {
    let history = rig.world.history.iter();
    history
        .map(|entry| entry.rsplit_once(' ').unwrap().0.to_owned())
        .collect()
}

#[test]
fn a_rule_that_is_written_later_gives_what_waits_its_id() {
    let mut rig = Rig::new(Machine::default());
    watch(&mut rig, "a", "/v/Sea Show S02E05.mkv");
    watch(&mut rig, "b", "/v/Sea Show S02E06.mkv");
    watch(&mut rig, "c", "/v/Other Show S01E01.mkv");
    assert_eq!(entries(&rig), Vec::<String>::new());
    write(
        &mut rig,
        "when = { title = \"sea show\" }\nset = { tmdb = 550 }",
    );
    let told = entries(&rig);
    assert!(
        told.len() == 2 && told.iter().all(|entry| entry.contains("550")),
        "{told:?}"
    );
}

#[test]
fn a_rule_that_maps_numbers_places_what_waits_even_in_the_next_run() {
    let mapped = "when = { title = \"umi\" }\nset = { tmdb = 550 }\nmap = [{ from = 1070, season = 20, episode = 4 }]";
    for restarted in [false, true] {
        let mut rig = Rig::new(Machine::default());
        watch(&mut rig, "a", "/v/[Kumo] Umi - 1071.mkv");
        watch(&mut rig, "b", "/v/[Kumo] Umi - 1072.mkv");
        write(&mut rig, "when = { title = \"umi\" }\nset = { tmdb = 550 }");
        assert_eq!(entries(&rig), Vec::<String>::new(), "an id is not enough");
        if restarted {
            rig.kill(1.0);
        }
        write(&mut rig, mapped);
        assert_eq!(entries(&rig), ["\"TV_550\" 5", "\"TV_550\" 6"]);
    }
}

#[test]
fn a_rule_of_another_type_or_for_a_path_or_to_ignore_places_nothing() {
    let mut rig = Rig::new(Machine::default());
    watch(&mut rig, "a", "/v/Sea Show S02E05.mkv");
    for rule in [
        "when = { title = \"sea show\" }\nset = { type = \"movie\", tmdb = 550 }",
        "when = { path = \"/v\" }\nset = { tmdb = 550 }",
        "when = { title = \"sea show\" }\nignore = true",
    ] {
        write(&mut rig, rule);
        assert_eq!(entries(&rig), Vec::<String>::new(), "{rule}");
    }
}
