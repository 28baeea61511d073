//! An identity as JSON: `reeld identify --json` and `reeld explain --json`.

use serde_json::Value;

use super::{Identity, Verdict};
use crate::model::{Line, key, put_media};

/// What it is, who said so, and what is done with it.
#[must_use]
pub fn identity_json(identity: &Identity) -> Value {
    Line::value(|line| put_identity(identity, line))
}

/// The same, for writing many of them without a tree in between.
pub fn put_identity(identity: &Identity, line: &mut Line) {
    let (verdict, reason) = match &identity.verdict {
        Verdict::Track => ("send", None),
        Verdict::Local(why) => ("keep", Some(why.as_str())),
        Verdict::Ignore(why) => ("ignore", Some(why.as_str())),
    };
    put_media(&identity.media, line);
    line.objects(key!("evidence"), &identity.evidence, |line, evidence| {
        line.word(key!("source"), Some(evidence.source));
        line.text(key!("said"), Some(&evidence.said));
        line.word(key!("disputes"), evidence.disputes);
    });
    line.word(key!("verdict"), Some(verdict));
    line.text(key!("reason"), reason);
}
