//! The words a name is made of beside its title. A new word is one entry in one list.

use std::borrow::Cow;
use std::sync::OnceLock;

use super::date::{MONTHS, month_names};

/// Technical wherever it stands.
pub(super) const TECH: u32 = 1;
/// Technical only beside other technical words.
pub(super) const WEAK: u32 = 1 << 1;
/// A language.
pub(super) const LANGUAGE: u32 = 1 << 2;
/// An edition.
pub(super) const EDITION: u32 = 1 << 3;
/// Counts only in capitals: it is also an everyday word or syllable.
pub(super) const CODE: u32 = 1 << 4;
pub(super) const SEASON: u32 = 1 << 5;
pub(super) const EPISODE: u32 = 1 << 6;
pub(super) const PART: u32 = 1 << 7;
pub(super) const COUNTRY: u32 = 1 << 8;
/// Binds the word behind it, so that this one belongs to the title: `The Italian`.
pub(super) const BINDS: u32 = 1 << 9;
/// Marks anime.
pub(super) const ANIME: u32 = 1 << 10;
/// `N of M`.
pub(super) const OF: u32 = 1 << 11;
pub(super) const DISC: u32 = 1 << 12;
/// Sound, which may have its channels behind it: `DD 5.1`.
pub(super) const SOUND: u32 = 1 << 13;
/// First word of a phrase.
pub(super) const HEAD: u32 = 1 << 14;
/// Last label of a site's name.
pub(super) const DOMAIN: u32 = 1 << 15;
/// Number word before which a number is no episode: `Movie 9`, `Vol. 2`.
pub(super) const COUNTED: u32 = 1 << 16;
/// Names a folder that names no work: `Movies`, `Downloads`.
pub(super) const PLACE: u32 = 1 << 17;
/// Made for television, so that `102` is season 1, episode 2.
pub(super) const BROADCAST: u32 = 1 << 18;
/// A word that may stand between the numbers of a range: `1 to 5`.
pub(super) const UNTIL: u32 = 1 << 19;
/// A word that says that everything is there: `Complete`.
pub(super) const WHOLE: u32 = 1 << 20;
/// Part of a technical bracket in a Chinese or Japanese name.
pub(super) const SCRIPT: u32 = 1 << 21;
/// An episode outside the seasons: `Christmas Special`.
pub(super) const SPECIAL: u32 = 1 << 22;

/// Last word of what says that this is an extra.
pub(super) const EXTRA: u32 = 1 << 23;
/// Also a show's name, where a season lies in it.
pub(super) const SHOW: u32 = 1 << 24;
/// First word of what says within a name that this is an extra.
pub(super) const ASIDE: u32 = 1 << 25;
/// First word of the names that cameras, telephones and recorders give.
pub(super) const MACHINE: u32 = 1 << 26;
/// The same where it stands alone: it may be a film's title too.
pub(super) const RECORDING: u32 = 1 << 27;
/// What private films are about, and hardly any other.
pub(super) const OCCASION: u32 = 1 << 28;
/// What is played in seasons that are years, written as one word.
pub(super) const LEAGUE: u32 = 1 << 29;
/// What private films are about, and many others too.
pub(super) const FEAST: u32 = 1 << 30;

/// A month. Their names stand in [`MONTHS`].
pub(super) const MONTH: u32 = 1 << 31;

/// Lists of words, and of phrases where words are joined by `+`; all in lower case without accents or apostrophes.
const LISTS: &[(u32, &str)] = &[
    // Pictures
    (
        TECH,
        "4k 8k uhd fhd qhd fullhd ultrahd hdr hdr10 hdr10plus hdr10p dovi hlg hdr+10 dolby+vision bt2020 hi10p hi10 hi444pp 10bits hevc10 1o8op 14oomb madvr mkv mp4 hd+remaster hd+remastered hd+remastering",
    ),
    (
        TECH,
        "x264 x265 x266 h264 h265 h263 h262 h266 hevc avc xvid divx vp9 vp8 vp7 av1 mpeg2 mpeg4 mpg2 vc1 wmv rv40 avchd vvc hi444 10+bit 8+bit 12+bit h+264 h+265 h+266 x+264 x+265 vc+1",
    ),
    (
        WEAK,
        "hd sd sdr+10 3d sbs tab mpeg full+hd half+sbs half+ou half+tab hsbs hou htab hfr halfsbs halfou h+sbs h+ou sdr upscaled upscale hq lq 50fps 60fps uncompressed",
    ),
    (WEAK | CODE, "dv sdr ws fs oar rc pal ntsc dvd5 secam rm"),
    (TECH, "ntsc ai+enhanced ai+upscaled ai+upscale open+matte"),
    // Sources
    (
        TECH,
        "bluray blu+ray blueray bdrip brrip bdr bd25 bd50 bd66 bdremux bdmux bdripmux brmux bdav bdiso bdmv uhdbd uhdremux remux blurayremux bluraymux blurayrip bd+rip br+rip bd+remux bdrmux",
    ),
    (
        TECH,
        "dvd dvdrip dvdr dvdscr dvdscreener dvd5 dvd9 dvdmux dvdivx dvdr5 dvdr9 dvd+rip dvd+r dvd+scr hddvd hd+dvd hd2dvd dvdremux dvd+remux full+dvd",
    ),
    (
        TECH,
        "hdrip webrip webdl webmux webhd webuhd webcap webdlrip webdlmux dlmux webdvdrip vodrip vod+rip vhsrip vhs+rip ppvrip web+dl web+dlrip web+dlmux web+rip web+hd web+mux web+cap webripmux hdlight microhd dcprip dmrip tvripmux hdts hdtc hdcam camrip hd+ts hd+tc hd+cam telesync telecine hqcam predvd predvdrip pre+dvd hd+rip ldrip laserdisc",
    ),
    (
        TECH | BROADCAST,
        "hdtv hdtvrip hdtvmux pdtv sdtv dsr dsrip dvb dvbrip dvb+rip satrip sat+rip tvrip tv+rip ahdtv uhdtv uhdrip iptvrip dthrip tvhdrip hd+tv dtvrip",
    ),
    (
        WEAK,
        "web cam vhs screener scr bd br tvr workprint r5 r6 mhd dtv preair stv docu doku documentary remuxed rip encode encoded reencoded re+encoded re+enc vod ppv",
    ),
    (WEAK | CODE, "ts tc wp tv hr"),
    (
        TECH,
        "amzn dsnp hmax atvp pcok pmtp netflixuhd netflixhd netflixuhdrip amazonhd ituneshd hditunes disneyhd nfhd amazon+hd netflix+hd vudu blutv",
    ),
    (
        WEAK,
        "netflix hulu itunes viki amazon disney crunchyroll funimation hbomax",
    ),
    (
        WEAK | CODE,
        "nf max cr ma ip iplayer hbo stan crav sho red tf1 atv dcu amc dsny hist cc stz apple adn vrv funi hidi bili baha b+global abema dm friday play myvideo now itv etv nick mtv cn cw syfy pbs cbs nbc abc bbc ard zdf all4 4od nhk tver",
    ),
    // Sound
    (
        TECH | SOUND,
        "aac ac3 eac3 dts dtshd dtsx dtsma truehd atmos flac mp3 dd dd5 dd51 dd2 ddp ddp5 ddp51 ddp2 ddpa ddpa5 vorbis lpcm pcm lame ac3d ac3ld dolbyd dolbydigital dolbyatmos heaac aaclc mp2 aac2 aac5 eac3d opus dts+hd dts+x dts+es dts+hd+ma dts+hd+hra dts+hd+hr e+ac3 ac+3 e+ac+3 true+hd he+aac aac+lc aac+he dd+ex ddex dtshdma dtshdhra dolby+digital dolby+digital+plus dolby+atmos dts+ma qaac dtses dtsexpress dolby+truehd",
    ),
    (WEAK | SOUND, "dolby ogg mono stereo surround"),
    (
        TECH,
        "dual+audio dualaudio dual+audios triple+audio multi+audio multi+lang multi+language hindi+dubbed org+auds line+audio clean+audio clean+aud mic+dubbed dubbed+audio original+audio",
    ),
    (WEAK, "dual line audio audios auds dub"),
    (WEAK | CODE, "md ld dl ml da"),
    // Releases
    (
        TECH,
        "repack repack2 repack3 rerip readnfo read+nfo nfofix dirfix prooffix proof+fix subfix obfuscated scrambled postbot asrequested untouched",
    ),
    (
        WEAK,
        "proper real internal int limited custom retail festival convert final fixed hybrid restored nfo xxx exclusive bonus untouched v0 v1 v2 v3 v4 2in1 3in1 quality hardcoded 1cd 2cd 3cd complet chaps chap",
    ),
    (WEAK | CODE, "hc qc cd rs2"),
    (
        WEAK | WHOLE,
        "complete completa completo complet integrale integral",
    ),
    (
        TECH,
        "complete+series complete+collection die+komplette+serie komplette+serie komplette+staffel boxset box+set season+pack",
    ),
    // Editions
    (
        WEAK | EDITION,
        "extended unrated uncut remastered theatrical imax criterion uncensored unedited rerated unaltered redux reconstructed recut deluxe ultimate anniversary collectors alternate alternative colorized 4k+remastered 4k+remaster 4k+restored 4k+restore 4k+remastering remaster",
    ),
    (WEAK | EDITION | CODE, "dc se ee cc om"),
    (
        TECH | EDITION,
        "special+edition edition+special extended+edition extended+cut extended+version directors+cut director+cut directors+edition final+cut theatrical+edition theatrical+cut theatrical+version unrated+edition unrated+cut unrated+directors+cut uncut+edition collectors+edition collector+edition edition+collector criterion+edition criterion+collection deluxe+edition edition+deluxe ultimate+edition ultimate+cut ultimate+collectors+edition ultimate+fan+edition ultimate+fan+collection ultimate+fan+edit fan+edition fan+edit imax+edition anniversary+edition limited+edition remastered+edition restored+edition alternative+cut alternate+cut alternative+version alternate+version alternative+extended+version integral+version version+longue versione+estesa version+extendida langfassung international+cut international+version black+and+chrome final+edition diamond+edition open+matte edition+directors+cut rogue+cut assembly+cut despecialized+edition superbit",
    ),
    // Languages
    (
        WEAK | LANGUAGE,
        "english eng french francais fre fra german ger deu deutsch spanish spa esp espanol castellano latino italian ita italiano russian rus ukrainian ukr polish pol czech cze hungarian hun dutch flemish swedish swe norwegian nor danish dan finnish nordic portuguese por portugues ptbr brazilian japanese jpn jap chinese chi chs cht mandarin cantonese korean kor hindi hin tamil telugu malayalam kannada bengali punjabi marathi urdu arabic ara hebrew heb turkish tur turkce greek gre romanian rum bulgarian bul serbian croatian slovak slovenian estonian latvian lithuanian thai vietnamese vie indonesian indonesia indo malay catalan swissgerman bokmal persian farsi filipino tagalog",
    ),
    (
        WEAK | LANGUAGE | CODE,
        "en fr de es it ru ua pl cz hu nl sv no dk fi pt jp ja zh ko kr tr ro gr he ar hi ta te tam tel mal kan vf vo vost vostf sc tc gb",
    ),
    (
        WEAK,
        "multi multisub multisubs multi+subs multi+sub multi+subtitles multiple+subtitle multiple+subtitles dubbed subbed subs sub subtitles subtitle subtitulado subtitulada legendado legendas dublado doblado subforced subfrench sub+french",
    ),
    (
        TECH,
        "truefrench vff vfq vfi vof vf2 vostfr vosta vostit stfr subforced subfrench fastsub hardsub hardsubs softsub softsubs hardsubbed softsubbed esub esubs msub msubs ensub ensubs nlsubs nlsub subita sub+ita ita+eng ita+ac3 dublado legendado legendas subtitulado lektor lektor+pl pldub multisubs fansub vostfr+hd eng+sub eng+subs english+sub english+subs sub+fr subfr english+dub english+dubbed eng+dub eng+dubbed german+dubbed german+dl multiple+subtitle multiple+subtitles",
    ),
    (
        SCRIPT,
        "big5 gb gb_jp jp_sc 简体 繁体 繁體 简繁 简体内嵌 简繁外挂 简繁内封 內嵌 内嵌 内封 外挂 招募 招募翻译 招募翻譯 国漫 国语 國語 粤语 双语 中字 字幕 简日双语 繁日雙語 简日 繁日 合集 完结 完結 月新番 新番 全集 剧场版 劇場版",
    ),
    // Seasons and episodes
    (
        SEASON,
        "season seasons saison saisons staffel staffeln temporada temporadas temp stagione stagioni seizoen seizoenen sezon sezonul sezona sezoni sezonas sasong saeson sæson sesong kausi evad serie series сезон сезоны сезона シーズン 시즌 tem hooaeg mua livre κύκλος σεζόν עונה فصل الموسم الجزء 期 季",
    ),
    (
        EPISODE,
        "episode episodes episodio episodios episodul epizod epizoda folge folgen capitulo capitulos cap aflevering afl серия серии серий эпизод выпуск серія серії bolum avsnitt jakso afsnit odcinek odc dil rezs resz epizodes ep eps epi cap tap episodi episodie puntata επεισοδιο επεισόδιο епизод seriya serija פרק قسمت الحلقة حلقة ตอนที่ ตอน 話 话 集 回 화 회",
    ),
    (PART, "part pt teil partie parte часть osa del parts"),
    (DISC, "cd disc disk dvd disco"),
    (OF, "of из iz von sur"),
    (UNTIL, "to a au bis al til ate до thru through"),
    (
        COUNTED,
        "movie film no number vol volume nr class area act top chapter level type phase season volumes gekijouban stage agent zone version ver round book tome apollo channel route district night oss ufc wwe bellator pelham",
    ),
    (ANIME, "ova oad ona vostfr fansub nced ncop bdrip"),
    (SPECIAL, "special specials sp speciale spezial especial"),
    (
        EXTRA,
        "trailer trailers teaser sample featurette featurettes interview interviews behindthescenes scenes of deleted scene deletedscene short other blooper bloopers reel extra extras clip music",
    ),
    // Private films, in the languages of those who make them
    (
        MACHINE,
        "vid vlc capcut inshot screenrec screenshot mvi img mov dsc dscn dscf pxl gopr dji obs bandicam screencast screenrecording screenrecorder bildschirmvideo kooha vokoscreen vokoscreenng dashcam bodycam simplescreenrecorder screencapture bildschirmaufnahme bildschirmaufzeichnung whatsapp telegram viber snapchat tiktok facetime skype webex gmt20",
    ),
    (
        RECORDING,
        "video movie film clip capture recording record rec aufzeichnung mitschnitt output untitled unbenannt render export signal zoom meet teams screen webcam camera kamera peek replay test timelapse aufnahme enregistrement grabacion registrazione",
    ),
    (
        OCCASION,
        "recital rehearsal baptism christening communion webinar lecture seminar recording screencast birthday+party zoom+meeting teams+meeting team+meeting screen+shot запись+экрана besprechung geburtstag geburtstagsfeier weihnachtsfeier sommerurlaub skiurlaub taufe einschulung konfirmation kommunion abiball klassenfahrt familienfeier familientreffen sommerfest schulfest vorlesung bapteme bautizo batizado battesimo cumpleanos compleanno verjaardag fodelsedag fodselsdag urodziny narozeniny szuletesnap рождения 誕生日 運動会 生日 생일",
    ),
    (
        FEAST,
        "birthday party wedding christmas xmas easter holidays vacation graduation honeymoon trip roadtrip meeting hochzeit weihnachten ostern silvester urlaub ferien ausflug",
    ),
    (
        FEAST,
        "anniversaire mariage noel paques vacances reveillon boda navidad vacaciones nochevieja aniversario casamento natal ferias matrimonio natale pasqua vacanza vacanze capodanno bruiloft kerst kerstmis vakantie sinterklaas brollop julafton bryllup ferie joulu wesele slub wigilia wakacje svatba vanoce dovolena eskuvo karacsony nyaralas dugun tatil свадьба отпуск каникулы 結婚式 婚礼 결혼식",
    ),
    (
        LEAGUE,
        "formula1 formulaone f1 formula2 formulae motogp moto2 moto3 nascar indycar wrc tennis boxing nba wnba nfl nhl mlb mls ncaa premierleague epl laliga bundesliga seriea ligue1 eredivisie championsleague uefachampionsleague europaleague uefaeuro fifaworldcup worldcup superbowl olympics olympicgames winterolympics summerolympics tourdefrance wimbledon rolandgarros usopen australianopen sixnations rugbyworldcup copaamerica dfbpokal facup",
    ),
    (
        ASIDE,
        "official theatrical trailer teaser sample featurette making behind deleted gag blooper bloopers outtakes bonus special extra extras alternate interview interviews tv clip bande zwiastun fragman трейлер тизер 予告編 予告 预告片 預告片 预告 예고편",
    ),
    (
        BINDS,
        "the a an of in le la les l un une der die das ein eine el los il lo gli my our your his her i to and & de du des van het en och at on for with from vs no speak speaking learning",
    ),
    // Where from
    (COUNTRY | CODE, "us usa uk au nz ca ie za"),
    (
        DOMAIN,
        "com net org ru info me tv cc to biz eu io xyz site club pl se it es fr de my mx am ag lt ws sbs cx vip party world show cam tel co in top pw lol ms life fun to re wtf",
    ),
    // Folders that name no work
    (
        PLACE,
        "movies movie films film filme filmes filmy pelis peliculas cine cinema kino фильмы video videos vids media mnt home volumes volume volume1 volume2 data downloads download torrents torrent complete completed incomplete finished public share shared users user root srv storage nas disk disk1 disk2 hdd usb run var opt tmp temp plex jellyfin kodi emby library libraries mediathek watch watched unwatched new old tv shows show series serie serien serier seriale series+tv tvshows tv+shows tv+series tvseries television сериалы animes anime mangas japanimation cartoons kids documentaries docs documentary dokus hd 4k uhd 1080p 720p sd bluray blu+ray dvd utorrent qbittorrent transmission sonarr radarr rtorrent deluge nzb usenet sabnzbd nzbget my+videos my+movies desktop documents dropbox extern external backup archive done seeding seed import inbox incoming videotheque peliculas+hd dorama dramas kdrama drama vod medias c d e f g z x foreign collection collections subs subtitles video_ts audio_ts bdmv stream video+ts audio+ts hdrip remux remuxes hdr 2160p lib schreibtisch telechargements escritorio descargas scaricati scrivania transferencias pobrane pulpit nedladdningar hamtningar lataukset overforsler stazene letoltesek dokumente documenti documentos bilder видео загрузки ダウンロード 下载 视频",
    ),
    // Folders of the same names that a season lies in are shows
    (
        SHOW,
        "show home run kids data root public foreign collection archive seed",
    ),
];

/// Folders that say what kind of thing is in them.
const SERIES_PLACES: &str = "tv series serie serien serier seriale seriali tvshows tvseries shows television anime animes сериалы dorama dramas kdrama kdramas cartoons japanimation fernsehserien 剧集 電視劇 电视剧 드라마 ドラマ アニメ 动漫";
const FILM_PLACES: &str = "movies movie films film filme filmes filmy peliculas pelis cinema cine kino filmer filmek filmovi filmi filmler filmai filmas elokuvat spielfilme kinofilme dvds blurays фильмы фильм кино фільми кинофильмы филми ταινιες ταινίες أفلام סרטים 电影 電影 映画 영화 radarr";
/// What such a folder may have beside that: whose, how sharp, for whom, of what kind.
const DECORATIONS: &str = "my our the all meine unsere mes mis moje mijn i le les die hd sd fhd uhd 4k 8k 3d hdr 480p 576p 720p 1080p 2160p bluray dvd new old neue alte english german deutsch deutsche french italian spanish foreign kids kinder family comedy action horror drama thriller animation animated classic classics collection library archive";

/// Folders of what people made themselves, also within those of films.
const HOMES: &[&str] = &[
    "home",
    "home videos",
    "home movies",
    "family",
    "family videos",
    "private",
    "privat",
    "prive",
    "privado",
    "personal",
    "familie",
    "famille",
    "familia",
    "eigene videos",
    "camera",
    "kamera",
    "dcim",
    "whatsapp video",
];

/// Whether a folder so named holds what people made themselves.
pub(super) fn place_is_private(key: &str) -> bool {
    HOMES.contains(&key)
}

/// What a word of a folder's name says of what is in it.
const OF_SERIES: u32 = 1;
const OF_FILMS: u32 = 2;
const DECORATION: u32 = 0;

/// Whether a folder so named holds series (`Some(true)`) or films (`Some(false)`).
pub(super) fn place_holds_series(key: &str) -> Option<bool> {
    static KINDS: OnceLock<Index> = OnceLock::new();
    let places = KINDS.get_or_init(|| {
        let mut places = Index::new();
        for (kind, list) in [
            (DECORATION, DECORATIONS),
            (OF_SERIES, SERIES_PLACES),
            (OF_FILMS, FILM_PLACES),
        ] {
            list.split(' ').for_each(|word| places.add(word, kind));
        }
        places
    });
    let kinds = key.split(' ').filter(|word| !word.is_empty());
    let mut kinds = kinds.map(|word| places.get(word));
    match kinds.try_fold(0, |all, kind| Some(all | kind?))? {
        OF_SERIES => Some(true),
        OF_FILMS => Some(false),
        _ => None,
    }
}

/// How many places a table has for its entries. So many stay empty that what is unknown mostly meets such a one at once.
const PLACES: usize = 4096;

/// What is known by key, found by the hash of the key: there, or behind it before the next empty place.
struct Index {
    /// Which entry is at each place, counted from one; 0 is none.
    places: Vec<u16>,
    entries: Vec<(&'static str, u32)>,
}

impl Index {
    fn new() -> Self {
        Self {
            places: vec![0; PLACES],
            entries: Vec::new(),
        }
    }

    fn get(&self, key: &str) -> Option<u32> {
        let mut place = hash(key) % PLACES;
        loop {
            let at = self.places.get(place)?.checked_sub(1)?;
            let (known, flags) = self.entries.get(usize::from(at))?;
            if *known == key {
                return Some(*flags);
            }
            place = (place + 1) % PLACES;
        }
    }

    fn add(&mut self, key: impl Into<Cow<'static, str>>, flags: u32) {
        let key = key.into();
        let mut place = hash(&key) % PLACES;
        while let Some(at) = self.places.get(place).and_then(|at| at.checked_sub(1)) {
            match self.entries.get_mut(usize::from(at)) {
                Some((known, all)) if *known == key => {
                    *all |= flags;
                    return;
                }
                _ => place = (place + 1) % PLACES,
            }
        }
        // Once in the life of a process.
        let key = match key {
            Cow::Borrowed(key) => key,
            Cow::Owned(key) => key.leak(),
        };
        self.entries.push((key, flags));
        if let Some(at) = self.places.get_mut(place) {
            *at = u16::try_from(self.entries.len()).unwrap_or(0);
        }
    }
}

/// Eight bytes at a time: the keys are short and fixed.
fn hash(key: &str) -> usize {
    let bytes = key.as_bytes();
    // What is left over is read again with some of what stands before it: as few steps as can be.
    let all = if let Some(last) = bytes.last_chunk::<8>() {
        let (chunks, _) = bytes.as_chunks::<8>();
        let all = chunks
            .iter()
            .fold(0, |all, chunk| mix(all ^ u64::from_le_bytes(*chunk)));
        all ^ u64::from_le_bytes(*last)
    } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        u64::from(first) << 32 | u64::from(last)
    } else {
        bytes.iter().fold(0, |n, byte| (n << 8) | u64::from(*byte))
    };
    mix(all) as usize
}

fn mix(bits: u64) -> u64 {
    let product = u128::from(bits) * 0x9e37_79b9_7f4a_7c15;
    (product as u64) ^ ((product >> 64) as u64)
}

/// Words and phrases, indexed once.
pub(super) struct Words {
    words: Index,
    phrases: Index,
}

/// All that is known.
pub(super) fn table() -> &'static Words {
    static TABLE: OnceLock<Words> = OnceLock::new();
    TABLE.get_or_init(|| {
        let (mut words, mut phrases) = (Index::new(), Index::new());
        for (flags, list) in LISTS {
            for entry in list.split_whitespace() {
                match entry.split_once('+') {
                    None => words.add(entry, *flags),
                    Some((head, _)) => {
                        words.add(head, HEAD);
                        phrases.add(entry.replace('+', " "), *flags);
                    }
                }
            }
        }
        for names in MONTHS {
            month_names(names).for_each(|name| words.add(name, MONTH));
        }
        Words { words, phrases }
    })
}

/// What is known about one word.
pub(super) fn word(key: &str) -> u32 {
    table().word(key)
}

/// What is known about several words joined by one space.
pub(super) fn phrase(key: &str) -> u32 {
    table().phrases.get(key).unwrap_or(0)
}

impl Words {
    /// What is known about one word.
    pub fn word(&self, key: &str) -> u32 {
        let known = self.words.get(key).unwrap_or(0);
        // "1080p" is also the name of a folder.
        if known == 0 || key.bytes().next().is_some_and(|byte| byte.is_ascii_digit()) {
            known | self.shaped(key)
        } else {
            known
        }
    }

    fn is(&self, key: &str, flags: u32) -> bool {
        self.words.get(key).is_some_and(|known| known & flags != 0)
    }

    /// Words known by their shape: `1080p`, `8bit`, `dtshdhra51`, `hebsubs`.
    fn shaped(&self, key: &str) -> u32 {
        let bytes = key.as_bytes();
        let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
            return 0;
        };
        if first.is_ascii_digit() {
            return counted_unit(key, bytes.iter().take_while(|b| b.is_ascii_digit()).count());
        }
        if (last.is_ascii_digit() || key.len() > 6)
            && let Some(flags) = self.with_tail(key)
        {
            return flags;
        }
        if !matches!(
            bytes,
            [.., b'u', b'x' | b'b'] | [.., b'b', b's'] | [.., b'e', b'd']
        ) {
            return 0;
        }
        let muxed = key
            .strip_suffix("mux")
            .is_some_and(|head| self.is(head, TECH));
        let tails = ["subs", "sub", "dubbed", "dub", "subbed"];
        let mut heads = tails.iter().filter_map(|tail| key.strip_suffix(tail));
        if muxed || heads.any(|head| self.is(head, LANGUAGE)) {
            return TECH;
        }
        0
    }

    /// A technical word with digits or another technical word glued to it: `hdtvx264`, `aacx2`, `ddp51`.
    fn with_tail(&self, key: &str) -> Option<u32> {
        let head = heads(key.bytes().next()?).iter().find(|head| {
            head.as_bytes().get(1) == key.as_bytes().get(1) && key.starts_with(**head)
        })?;
        let rest = key.get(head.len()..)?;
        let short = rest.trim_start_matches('x');
        let sound = matches!(
            *head,
            "aac" | "flac" | "ac3" | "eac3" | "ddp" | "dd" | "dts" | "truehd" | "atmos" | "opus"
        );
        let counted = !short.is_empty() && short.bytes().all(|b| b.is_ascii_digit());
        (counted || self.is(rest, TECH)).then_some(TECH | if sound { SOUND } else { 0 })
    }
}

/// `720p`, `24fps`, `5mbps`, `900mb`, `6ch`, `1280x720`.
fn counted_unit(key: &str, digits: usize) -> u32 {
    let Some(unit) = key.get(digits..) else {
        return 0;
    };
    match unit {
        "p" | "i" if digits >= 3 => TECH,
        "p10" | "p24" | "p25" | "p30" | "p50" | "p60" | "i50" | "i60" | "i25" => TECH,
        "bit" | "bits" | "fps" | "kbps" | "kbit" | "kbits" | "mbps" | "mbit" | "mbits" | "mb"
        | "gb" | "tb" | "mib" | "gib" | "khz" | "ch" => TECH,
        _ => match unit.strip_prefix('x') {
            Some(rest) if digits >= 3 => {
                let height = rest.trim_end_matches('p');
                if height.len() >= 3 && height.bytes().all(|b| b.is_ascii_digit()) {
                    TECH
                } else {
                    0
                }
            }
            _ => 0,
        },
    }
}

/// The words that others are glued to, by their first letter; the longer first.
fn heads(first: u8) -> &'static [&'static str] {
    match first {
        b'a' => &["aac", "ac3", "atmos"],
        b'b' => &["bluray", "bdrip", "brrip"],
        b'd' => &["dvdrip", "ddp", "dd", "dts", "divx"],
        b'e' => &["eac3"],
        b'f' => &["flac"],
        b'h' => &["hdtv", "h264", "h265", "hevc", "hdr10"],
        b'l' => &["lame"],
        b'o' => &["opus"],
        b'p' => &["pdtv"],
        b'r' => &["repack"],
        b's' => &["subx"],
        b't' => &["truehd"],
        b'w' => &["webdl", "webrip"],
        b'x' => &["x264", "x265", "xvid"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_known_of_bare_numbers_of_three_digits_which_are_not_looked_up() {
        for (_, list) in LISTS {
            for entry in list.split_whitespace() {
                let word = entry.split('+').next().unwrap_or(entry);
                let bare = word.len() > 2 && word.bytes().all(|b| b.is_ascii_digit());
                assert!(!bare, "{entry}");
            }
        }
        assert_eq!(["007", "720", "20141031"].map(word), [0; 3]);
    }

    #[test]
    fn the_tables_are_half_empty_so_that_every_search_ends_soon() {
        let known = table();
        for index in [&known.words, &known.phrases] {
            assert!(index.entries.len() < PLACES / 2, "{}", index.entries.len());
        }
    }
}
