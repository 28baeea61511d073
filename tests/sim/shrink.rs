//! A failing script, cut down to what it takes to fail.

use crate::judge::judge;
use crate::library::FILMS;
use crate::script::{Kind, Script};

/// As small a script as can be found that fails in the same way.
pub fn shrink(mut script: Script) -> Script {
    let Some(complaint) = judge(&script, false)
        .complaints
        .first()
        .map(|text| sort(text))
    else {
        return script;
    };
    let fails = |script: &Script| {
        let complaints = judge(script, false).complaints;
        complaints
            .first()
            .is_some_and(|text| sort(text) == complaint)
    };
    loop {
        let before = script.size();
        for smaller in wholesale(&script) {
            if smaller != script && fails(&smaller) {
                script = smaller;
            }
        }
        script = pieces(script, &fails);
        if script.size() == before {
            return script;
        }
    }
}

/// What a complaint is about: its words, but for figures, titles and what was sent.
fn sort(complaint: &str) -> String {
    let words = complaint.split('{').next().unwrap_or_default();
    let titles = FILMS.iter().map(|film| film.title);
    let titles = titles.filter(|title| !title.is_empty());
    let words = titles.fold(words.to_owned(), |words, title| words.replace(title, ""));
    let is_word = |word: &&str| !word.contains(char::is_numeric);
    words.split_whitespace().filter(is_word).collect()
}

/// Everything of a kind at once.
fn wholesale(script: &Script) -> Vec<Script> {
    let mut all = Vec::new();
    let mut offer = |change: &dyn Fn(&mut Script)| {
        let mut smaller = script.clone();
        change(&mut smaller);
        all.push(smaller);
    };
    offer(&|script| script.requests.clear());
    offer(&|script| script.store.clear());
    offer(&|script| script.steps.iter_mut().for_each(|step| step.env.clear()));
    for slot in 0..script.setup.players.len() {
        offer(&|script| script.setup.players[slot] = Kind::Mpv);
    }
    offer(&|script| script.setup.wired = false);
    offer(&|script| script.setup.lag = 0);
    offer(&|script| script.setup.threshold = 85);
    offer(&|script| script.setup.progress_every = 30);
    offer(&|script| script.setup.linked = [true; 2]);
    offer(&|script| script.setup.tmdb = true);
    offer(&|script| script.setup.send_filename = false);
    all
}

/// Runs of steps, then single things.
fn pieces(mut script: Script, fails: &dyn Fn(&Script) -> bool) -> Script {
    let mut length = script.steps.len().max(1);
    while length > 0 {
        let mut at = 0;
        while at < script.steps.len() {
            let mut smaller = script.clone();
            let end = (at + length).min(smaller.steps.len());
            smaller.steps.drain(at..end);
            if fails(&smaller) {
                script = smaller;
            } else {
                at += length;
            }
        }
        length /= 2;
    }
    for step in 0..script.steps.len() {
        for env in (0..script.steps[step].env.len()).rev() {
            let mut smaller = script.clone();
            smaller.steps[step].env.remove(env);
            if fails(&smaller) {
                script = smaller;
            }
        }
    }
    for number in script.requests.keys().copied().collect::<Vec<_>>() {
        let mut smaller = script.clone();
        smaller.requests.remove(&number);
        if fails(&smaller) {
            script = smaller;
        }
    }
    for number in script.store.keys().copied().collect::<Vec<_>>() {
        let mut smaller = script.clone();
        smaller.store.remove(&number);
        if fails(&smaller) {
            script = smaller;
        }
    }
    script
}
