//! How players show themselves on the bus: what their sources say and their traces show (`tests/traces`), as a table.

use crate::library::Film;
use crate::script::Kind;

/// One player's ways on the bus.
#[derive(Debug)]
pub struct Habits {
    /// After `org.mpris.MediaPlayer2.`; `#` becomes the number of the process. One connection has them all.
    pub names: &'static [&'static str],
    pub number: Number,
    pub place: Place,
    pub title: Title,
    pub track: Track,
    /// From opening until the length is told, milliseconds; before, it is 0, or that of what was open before.
    pub length_after: u64,
    pub length_lingers: bool,
    /// What it says of one that it does not know, seconds.
    pub unknown_length: f64,
    /// The status while it fills its buffer.
    pub buffering: &'static str,
    pub between: Between,
    pub stop: Stop,
    pub seeked: Seeked,
    /// Every change carries the position along.
    pub pushes_position: bool,
}

/// The type of lengths and positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    I64,
    U64,
    F64,
}

/// `xesam:url`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Percent-encoded.
    Uri,
    /// The bare path.
    Path,
    /// Absent.
    None,
}

/// `xesam:title`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Title {
    /// Absent, unless the file is tagged, and none is.
    None,
    /// The name of the file.
    Name,
    /// The same words for everything.
    Unknown,
    /// What a media server calls it: an episode's own title, the series as its artist.
    Served,
}

/// `mpris:trackid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Track {
    None,
    /// VLC's, which names an entry of its playlist.
    Entry,
    /// The place in the playlist: the same for the next file.
    Constant,
    /// The same as text, which is no object path.
    Text,
    /// A hash of the file.
    Hash,
    /// There is none, says the path that the specification has for that.
    Nowhere,
}

/// What is said between one file and the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Between {
    Nothing,
    /// `Stopped`, at position 0.
    Stopped,
    /// `Stopped` for the time of loading, with what was open before still there.
    Loading,
}

/// How it stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// `Stopped`; the metadata stays.
    Plain,
    /// Position 0 some time before `Stopped`, and with it.
    Zeroed,
    /// `Stopped`, and the metadata emptied in the same signal.
    Cleared,
    /// Paused, and put to its beginning: what is open stays open.
    Rewound,
}

/// Who hears of a jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seeked {
    Never,
    Always,
    WhilePlaying,
    /// At jumps, and whenever somebody asks.
    AllTheTime,
}

const PLAIN: Habits = Habits {
    names: &["player"],
    number: Number::I64,
    place: Place::Uri,
    title: Title::Name,
    track: Track::Constant,
    length_after: 0,
    length_lingers: false,
    unknown_length: 0.0,
    buffering: "Playing",
    between: Between::Stopped,
    stop: Stop::Plain,
    seeked: Seeked::Always,
    pushes_position: false,
};

static MPV: Habits = Habits {
    names: &["mpv.instance-#"],
    place: Place::Path,
    length_after: 60,
    between: Between::Nothing,
    ..PLAIN
};
static VLC: Habits = Habits {
    names: &["vlc", "vlc.instance#"],
    title: Title::None,
    track: Track::Entry,
    length_after: 1_500,
    unknown_length: -1e-6,
    stop: Stop::Zeroed,
    seeked: Seeked::WhilePlaying,
    ..PLAIN
};
static CELLULOID: Habits = Habits {
    names: &["io.github.celluloid_player.Celluloid"],
    title: Title::None,
    length_after: 600,
    length_lingers: true,
    buffering: "Paused",
    between: Between::Nothing,
    ..PLAIN
};
static SMPLAYER: Habits = Habits {
    names: &["smplayer.instance#"],
    number: Number::F64,
    place: Place::Path,
    track: Track::Hash,
    buffering: "Buffering",
    seeked: Seeked::Never,
    ..PLAIN
};
/// Position is 0 for ever.
static MUTE: Habits = Habits {
    names: &["stremio"],
    number: Number::U64,
    seeked: Seeked::Never,
    ..PLAIN
};
static CHATTY: Habits = Habits {
    names: &["parole"],
    between: Between::Nothing,
    seeked: Seeked::AllTheTime,
    ..PLAIN
};
static HARUNA: Habits = Habits {
    names: &["haruna"],
    number: Number::F64,
    track: Track::Text,
    length_after: 100,
    length_lingers: true,
    between: Between::Loading,
    seeked: Seeked::Never,
    ..PLAIN
};
static CLAPPER: Habits = Habits {
    names: &["com.github.rafostar.Clapper"],
    title: Title::None,
    track: Track::Text,
    length_after: 400,
    buffering: "Paused",
    seeked: Seeked::Never,
    pushes_position: true,
    ..PLAIN
};
static SHOWTIME: Habits = Habits {
    names: &["org.gnome.Showtime"],
    title: Title::Unknown,
    track: Track::None,
    stop: Stop::Rewound,
    ..PLAIN
};
static TOTEM: Habits = Habits {
    names: &["totem"],
    place: Place::None,
    title: Title::None,
    track: Track::Nowhere,
    seeked: Seeked::AllTheTime,
    ..PLAIN
};
static JELLYFIN: Habits = Habits {
    names: &["JellyfinDesktop.profile_#"],
    place: Place::None,
    title: Title::Served,
    track: Track::Hash,
    stop: Stop::Cleared,
    ..PLAIN
};
/// The rate is 0 while it buffers.
static JELLYFIN_NEW: Habits = Habits {
    names: &["jellyfin"],
    place: Place::None,
    title: Title::Served,
    stop: Stop::Cleared,
    ..PLAIN
};

impl Kind {
    /// Its ways on the bus.
    pub fn habits(self) -> &'static Habits {
        match self {
            Self::Mpv | Self::MpvTwice => &MPV,
            Self::Vlc => &VLC,
            Self::Celluloid => &CELLULOID,
            Self::Silent => &SMPLAYER,
            Self::Mute => &MUTE,
            Self::Chatty => &CHATTY,
            Self::Haruna => &HARUNA,
            Self::Clapper => &CLAPPER,
            Self::Showtime => &SHOWTIME,
            Self::Totem => &TOTEM,
            Self::Jellyfin => &JELLYFIN,
            Self::JellyfinNew => &JELLYFIN_NEW,
        }
    }

    /// It has a socket.
    pub fn is_mpv(self) -> bool {
        matches!(self, Self::Mpv | Self::MpvTwice)
    }

    /// It fills its buffer before it plays; mpv does where that comes from the network.
    pub fn buffers(self, film: &Film) -> bool {
        let always = [
            Self::Celluloid,
            Self::Silent,
            Self::Clapper,
            Self::JellyfinNew,
        ];
        always.contains(&self) || (self.is_mpv() && film.is_stream())
    }

    /// Its length is known so long after it was opened, milliseconds.
    pub fn ready_after(self) -> u64 {
        self.habits().length_after
    }
}
