//! Names that are not sure enough to be sent: machines', families' and those of unknown series.

use super::parse;

#[test]
fn what_a_camera_or_a_recorder_named_or_nobody_can_read_is_never_sure() {
    for (name, nameless) in [
        ("VID_20210317_123456.mp4", true),
        ("IMG_20240506_123456.mp4", true),
        ("MVI_1234.MOV", true),
        ("2024-05-06 12-34-56.mkv", true),
        ("Late Talk - 2021-03-17.mkv", false),
        ("24 - 2021-03-17.mkv", false),
        ("\u{fffd}t\u{fffd} (1999).mkv", true),
        ("Racing.2023.Round.03.1080p.mkv", true),
        ("Film (1965).mkv", false),
        // Machines
        ("VID_2019.mp4", true),
        ("DSC0001.MOV", true),
        ("WhatsApp Video 2019-03-14 at 20.15.12.mp4", true),
        ("Screen Recording 2024-03-14 at 10.11.12.mov", true),
        ("simplescreenrecorder-2024-03-14_10.11.12.mkv", true),
        ("signal-2024-03-14-201512.mp4", true),
        ("2024_0305_143022_F.MP4", true),
        ("vlc-record-2024-03-05-14h30m22s-Harbour.mkv-.mkv", true),
        ("rec-2024-03-05.mp4", true),
        ("Screen Shot 2024-03-05.mov", true),
        ("[REC] (2007).mkv", false),
        ("Zoom 2006.mkv", false),
        ("Recording.S01E02.mkv", false),
        // Families
        ("birthday party 2019.mp4", true),
        ("Emma birthday party 2019.mp4", true),
        ("Emma's 5th Birthday 2019.mp4", true),
        ("our wedding video 2018.mp4", true),
        ("Anna & Ben Wedding 2018.mp4", true),
        ("Einschulung Tom 2021.mp4", true),
        ("CS50 2023 - Lecture 3 - Algorithms.mp4", true),
        ("Lecture 03 - Sorting.mp4", true),
        ("/uni/Analysis/Vorlesung 05 - Folgen.mp4", true),
        ("Lecture.S01E03.mkv", false),
        ("Harbour Lesson - 03.mkv", false),
        ("Teams Meeting 2024-03-14.mp4", true),
        ("Weihnachten 2019.mp4", true),
        ("Hochzeit Anna und Ben 2017.mkv", true),
        ("vacances.2016.avi", true),
        ("Свадьба 2018.mp4", true),
        ("Zoom Meeting 2024-03-14.mp4", true),
        ("Christmas (2019).mkv", false),
        ("/films/Christmas (2019)/Christmas 2019.mkv", false),
        ("/srv/films/Wedding Harbour 2005.mkv", false),
        ("/srv/films/VID_20190314_201512.mp4", true),
        ("Christmas.2019.1080p.BluRay.x264-GRP.mkv", false),
        ("Wedding Harbour 1953.mkv", false),
        ("Late.Talk.S01E02.Christmas.Party.mkv", false),
        ("Alien 1979.mkv", false),
        // Films with such words
        ("Last Harbour Christmas 2019.mkv", false),
        ("Harbour.Wedding.2005.mkv", false),
        ("The Harbour Party 2019.mkv", false),
        ("Die Hochzeit 2020.mkv", false),
        ("A.Christmas.Tide.2009.mkv", false),
        ("Bad Trip Harbour 2021.mkv", false),
        (
            "Sea.Christmas.2019.1080p.BluRay-GRP/Christmas.2019.mkv",
            false,
        ),
        // Folders of films in other languages, or said to be sharp or mine; and of what is no film within them
        ("/mnt/Películas/Boda 2012.avi", false),
        ("/srv/Фильмы/Свадьба 2000.avi", false),
        ("/srv/Movies (HD)/Christmas 2019.mkv", false),
        ("/home/ann/My Movies/Christmas 2019.mkv", false),
        ("/media/movies/Christmas 2019.mkv", false),
        ("/run/media/ann/Movies/Christmas 2019.mkv", false),
        ("/media/movies/Home Videos/Christmas 2019.mp4", true),
        // Machines tell the size of the picture and the time
        ("VID_20240314_201512_1080p.mp4", true),
        ("GMT20240314-201512_Recording_1920x1080.mp4", true),
        ("DJI_0012_4K.mp4", true),
        ("movie.1080p.mkv", true),
        ("Capture.2019.1080p.WEB-DL-GRP.mkv", false),
        ("Obs S01E01.mkv", false),
        ("Bildschirmvideo vom 2024-03-14 20-15-12.webm", true),
        ("Harbour Game 2 2024.03.14 - 20.15.12.01.mp4", true),
        ("frontdoor-2024-03-14-201512.mp4", true),
        ("Screen 2024-03-14 at 8.15.12 PM.mov", true),
        ("Late Talk 2024-03-14 720p.mkv", false),
        ("Late Talk 2024-03-14 20-15.ts", false),
        // Sport
        ("Formula1.2023.Monaco.Grand.Prix.Race.1080p.mkv", true),
        ("Premier League 2023-24 - Matchday 28.mp4", true),
        ("NBA.2023.11.12.One.vs.Other.720p.mkv", true),
        ("Formula.1.2023x06.Monaco.Race.mkv", false),
        ("Ice Hockey 2009.mkv", false),
        ("F1.2025.2160p.WEB-DL.DDP5.1.H.265-GRP.mkv", false),
        ("/movies/F1 (2025)/F1 2025.mkv", false),
        ("Wimbledon (2004).mkv", false),
        ("Wimbledon.2004.1080p.mkv", false),
        ("UEFA.Champions.League.2024.Final.1080p.mkv", true),
        ("Boxing 2024.03.08 Smith.vs.Jones.1080p.mkv", true),
        ("UFC Fight Night 238 1080p WEB.mkv", true),
        ("Wrestling.40.2024.PPV.1080p.mkv", true),
        ("Super.Bowl.LVIII.2024.One.vs.Other.1080p.mkv", true),
        ("Olympics.Paris.2024.Athletics.Day.1.1080p.mkv", true),
        // Kept by the day, and numbered in numbered folders
        ("/home/ann/Videos/2023-08-12 Beach.mp4", true),
        ("/home/ann/Videos/Crete/2023-08-12 Beach.mp4", true),
        ("/tv/Late Talk/2023-08-12 Guest.mp4", false),
        ("2023.08.12.Late.Talk.720p.WEB.mkv", false),
        ("/home/ann/Rust/02 - Ownership/03 - Borrowing.mp4", true),
        ("/tv/02 - Harbour/03 - Storm.mp4", false),
        ("Boxing.Harbour.vs.Sea.2024.mkv", true),
        ("Mayweather.vs.Harbour.2017.mkv", true),
        ("Harbour.vs.Usyk.2.2024.12.21.1080p.mkv", true),
        ("Harbour.vs.Sea.2003.mkv", false),
        (
            "/tv/Late Talk/Late Talk 2018-05-06 Harbour vs Sea.mkv",
            false,
        ),
        ("Late.Talk.2018.05.06.S05E10.Harbour.vs.Sea.mkv", false),
        ("Heat 1995-MySp3cialGr.mkv", false),
        ("How to Sail in 2024-dQw4w9WgXcQ.mkv", true),
        ("Harbour vs. Sea (2021).mkv", false),
        ("2004 - Harbour vs. Sea.mkv", false),
        // From the web
        ("How to Sail in 2024 [dQw4w9WgXcQ].webm", true),
        ("Sailing #12 [aB3-_kLm9Qz].webm", true),
        ("How to Sail in 2024-dQw4w9WgXcQ.webm", true),
        ("The.Quiet.Harbour.2016.1080p.x264-dQw4w9WgXcQ.mkv", false),
        ("The Quiet Harbour (2016) [BDRip-1080p].mkv", false),
        ("[Kumo] Hoshi no Umi - 12 [Kumo-Subs-2].mkv", false),
        // No series, or between two episodes
        ("S01E01 - Pilot.mkv", true),
        ("/home/ann/Downloads/03 - Who.mkv", true),
        ("/tv/Harbour Lights/S01E01 - Pilot.mkv", false),
        ("[Kumo] Hoshi no Umi - 12.5 [720p].mkv", true),
    ] {
        assert_eq!(parse(name).nameless, nameless, "{name}");
    }
    assert_eq!(
        parse("sample-the.quiet.harbour.2016.mkv").extra,
        Some(super::Extra::Sample)
    );
}

#[test]
fn what_may_be_a_series_is_no_sure_film() {
    for (name, nameless) in [
        ("Das.Boot.1985.Teil.3.German.1080p.mkv", true),
        ("Das Boot (1985) - Teil 3.mkv", true),
        ("The.Harbour.Part.1.PDTV.avi", true),
        ("The.Harbour.Part.1.The.Sea.PDTV.avi", false),
        ("The Ring (2002) (US) [1080p].mkv", false),
        ("/v/The Ring (2002) (US)/The Ring (2002) (US).mkv", false),
        ("Harbour.2012.Part.2.1080p.mkv", false),
        ("Harbour.Part.Three.2021.1080p.mkv", false),
        ("22.July.2018.1080p.mkv", true),
        ("22 July (2018).mkv", false),
        ("/movies/22.July.2018.1080p.mkv", false),
        ("Harbour.Part.II.1080i.HDTV.mkv", true),
        ("/movies/Harbour.Part.II.1080i.HDTV.mkv", false),
        ("Harbour.Part.II.2020.HDTV.mkv", false),
        ("Harbour.2012.cd3.avi", false),
        ("The Office (2005) (US).mkv", true),
        ("The Office (2005) (US)/Season 1/S01E01.mkv", false),
        ("Us (2019).mkv", false),
        ("(Us) 2019.mkv", false),
    ] {
        assert_eq!(parse(name).nameless, nameless, "{name}");
    }
}

#[test]
#[rustfmt::skip]
fn guesses_and_lone_titles_are_weak() {
    for name in ["Harbour Lights - 05.mkv", "harbour.102.hdtv.avi", "Holiday.mkv", "VID_20210317_123456.mp4"] {
        assert!(parse(name).weak, "{name} is a guess");
    }
    for name in ["Harbour.S01E02.mkv", "Harbour (2016).mkv", "Harbour.1080p.mkv", "Late Talk - 2021-03-17.mkv"] {
        assert!(!parse(name).weak, "{name} is no guess");
    }
}
