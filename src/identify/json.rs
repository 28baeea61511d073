//! An identity as JSON: `reeld identify --json` and `reeld explain --json`.

use serde::Serialize;

use super::{Evidence, Identity, Verdict};
use crate::model::MediaJson;

/// What it is, who said so, and what is done with it.
#[derive(Debug, Serialize)]
pub struct IdentityJson<'a> {
    #[serde(flatten)]
    media: MediaJson<'a>,
    evidence: &'a [Evidence],
    verdict: &'static str,
    reason: Option<&'a str>,
}

impl<'a> From<&'a Identity> for IdentityJson<'a> {
    fn from(identity: &'a Identity) -> Self {
        let (verdict, reason) = match &identity.verdict {
            Verdict::Track => ("send", None),
            Verdict::Local(why) => ("keep", Some(why.as_str())),
            Verdict::Ignore(why) => ("ignore", Some(why.as_str())),
        };
        Self {
            media: MediaJson::from(&identity.media),
            evidence: &identity.evidence,
            verdict,
            reason,
        }
    }
}
