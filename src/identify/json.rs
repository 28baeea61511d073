//! An identity as JSON: `reeld identify --json` and `reeld explain --json`.

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::{Identity, Verdict};
use crate::model::{Entries, Fields, MediaJson};

/// What it is, who said so, and what is done with it.
#[derive(Debug)]
pub struct IdentityJson<'a>(pub &'a Identity);

impl IdentityJson<'_> {
    /// Its fields, in their order.
    ///
    /// # Errors
    /// As what takes the fields.
    pub fn put_into<F: Fields>(&self, to: &mut F) -> Result<(), F::Error> {
        let Identity {
            media,
            verdict,
            evidence,
        } = self.0;
        let (verdict, reason) = match verdict {
            Verdict::Track => ("send", None),
            Verdict::Local(why) => ("keep", Some(why.as_str())),
            Verdict::Ignore(why) => ("ignore", Some(why.as_str())),
        };
        MediaJson(media).put_into(to)?;
        to.put("evidence", evidence)?;
        to.put("verdict", verdict)?;
        to.put("reason", reason)
    }
}

impl Serialize for IdentityJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entries = Entries(serializer.serialize_map(None)?);
        self.put_into(&mut entries)?;
        entries.0.end()
    }
}
