//! The layout of every record on disk, byte for byte: what version 1 wrote must be read for ever.

use std::fmt::Write;

use super::support::*;
use crate::model::Action::*;
use crate::model::{Date, DeliveryId, EventId, Ids, Lifecycle, Process, Random, Wall};
use crate::outbox::record::*;
use crate::outbox::{Note, TitleKey};
use crate::service::{Call, Frozen};

fn ids() -> Ids {
    Ids {
        tmdb: Some(949),
        imdb: Some("tt0113277".into()),
        tvdb: Some(3),
    }
}

fn event() -> Lifecycle {
    let bench = Bench::both();
    let mut watch = Watch::episode(7, "Lost", 1, &[2, 3]);
    watch.viewing.media.ids = ids();
    watch.viewing.media.date = Some(Date {
        year: 2026,
        month: 11,
        day: 22,
    });
    watch.viewing.media.absolute_episode = vec![12];
    let mut event = watch.step(Stop, true, bench.now).event.unwrap();
    event.file_name = Some("lost.mkv".into());
    event
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

fn check<T>(record: &T, expected: &str)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let bytes = encode(record).unwrap();
    assert_eq!(
        hex(&bytes),
        expected,
        "{record:?}: the layout changed; see record.rs"
    );
    assert_eq!(decode::<T>(&bytes).as_ref(), Ok(record));
}

#[test]
fn records_of_version_1_keep_their_layout() {
    let bench = Bench::both();
    let watch = Watch::film(7, "Heat").tmdb(949);
    let mut span = watch.span(bench.now);
    span.playback.process = Some(Process {
        pid: 4711,
        started: 99,
    });
    check(
        &Tally {
            next: 1,
            touch: 2,
            deliveries: 3,
            sum: 4,
            viewings: 5,
            spans: 6,
        },
        "01010203040506",
    );
    check(&discovr(), "0101013901027031");
    check(&vec![discovr()], "010101013901027031");
    let made = Made {
        boot_id: 1,
        at: 5_000_000,
    };
    let entry = Entry {
        account: 1,
        kind: Kind::History,
        action: Stop,
        watched: true,
        viewing: watch.viewing.id,
        session: watch.session,
        title: Some(TitleKey(8)),
        tmdb: Some(949),
        made: Some(made),
        undated: false,
    };
    check(
        &Block(vec![(DeliveryId(17), entry)]),
        "01011101020401071000000000000000070000000000000000010801b5070101c096b10200",
    );
    let payload = Payload {
        account: 1,
        title: Some(TitleKey(8)),
        tmdb: Some(949),
        boot_id: 1,
        event_id: EventId::random(&mut Random::seeded(1)),
        call: Call::History {
            episode: Some((1, 2)),
        },
        event: event(),
    };
    check(
        &payload,
        "0101010801b5070110a833bdcdb6d14eb188dc97e5aab5fe3d020101020488270088270080c4da8fc068071000000000000000070000000000000000010101044c6f737400000101020203010c01ea0f0b1600000001b50701097474303131333237370103000000000000000000002440000000000070b74001036d707601086c6f73742e6d6b76",
    );
    check(
        &Attempts {
            count: 2,
            begun: true,
            in_doubt: true,
            dead: false,
            needs_id: false,
            request: Some(Frozen {
                method: "POST".into(),
                path: "/p".into(),
                body: "{}".into(),
            }),
            first_attempt_at: Some(NOW),
            last_error: Some("no".into()),
        },
        "0102010100000104504f5354022f70027b7d0180c4da8fc06801026e6f",
    );
    let mut viewing = watch.viewing.clone();
    viewing.completed = Some(Wall(5));
    viewing.local_only = Some("why".into());
    check(
        &Remembrance { touch: 4, viewing },
        "0104070100000000046865617401cf0f00000000000001000104486561740001cf0f0000000000000001b507000000000000036d707680c4da8fc06880c4da8fc0680000000000000000000000000070b740000000000000000000010a0103776879",
    );
    check(
        &Outcomes(vec![Outcome {
            account: 1,
            completion: true,
            delivered: false,
            answer: Some("no".into()),
        }]),
        "010101010001026e6f",
    );
    check(
        &span,
        "01100000000000000007000000000000000007056d70762d31036d70760101e724630101000104486561740001cf0f0000000000000001b5070000000000000001000000000000f03f0000000000002440000000000070b74088270088270080c4da8fc06880c4da8fc068",
    );
    check(
        &Known {
            touch: 4,
            ids: ids(),
        },
        "010401b50701097474303131333237370103",
    );
    check(&77_u64, "014d");
    check(&(), "01");
    check(
        &Note {
            event: event(),
            viewing: watch.viewing.clone(),
            accounts: vec![discovr()],
        },
        "010488270088270080c4da8fc068071000000000000000070000000000000000010101044c6f737400000101020203010c01ea0f0b1600000001b50701097474303131333237370103000000000000000000002440000000000070b74001036d707601086c6f73742e6d6b76070100000000046865617401cf0f00000000000001000104486561740001cf0f0000000000000001b507000000000000036d707680c4da8fc06880c4da8fc0680000000000000000000000000070b74000000000000000000000000101013901027031",
    );
}
