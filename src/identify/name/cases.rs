//! Names and what they say, each with the reason why. A wrong case is mended by adding its row here first.

use std::fmt::Write as _;

use super::{MediaType, ParsedName, parse};

/// What was read, on one line: `episode Title (2011) S2 E5 abs 18 2021-03-17 "Name"`.
fn summary(name: &ParsedName) -> String {
    let mut out = String::from(match name.media_type {
        Some(MediaType::Movie) => "movie",
        Some(MediaType::Episode) => "episode",
        None => "nothing",
    });
    let list = |numbers: &[u32]| {
        numbers
            .iter()
            .map(u32::to_string)
            .collect::<Vec<_>>()
            .join(",")
    };
    let mut put = |text: String| {
        let _ = write!(out, " {text}");
    };
    name.title.iter().for_each(|title| put(title.clone()));
    name.alternative_title
        .iter()
        .for_each(|title| put(format!("= {title}")));
    name.year.iter().for_each(|year| put(format!("({year})")));
    if !name.season.is_empty() {
        put(format!("S{}", list(&name.season)));
    }
    if !name.episode.is_empty() {
        put(format!("E{}", list(&name.episode)));
    }
    if !name.absolute_episode.is_empty() && name.absolute_episode != name.episode {
        put(format!("abs {}", list(&name.absolute_episode)));
    }
    name.date.iter().for_each(|date| put(date.to_string()));
    name.episode_title
        .iter()
        .for_each(|title| put(format!("\"{title}\"")));
    name.part
        .iter()
        .for_each(|part| put(format!("part {part}")));
    name.extra
        .iter()
        .for_each(|extra| put(format!("[{extra:?}]")));
    out
}

fn check(rows: &[(&str, &str, &str)]) {
    let wrong: Vec<String> = rows
        .iter()
        .map(|(name, expected, reason)| (name, expected, reason, summary(&parse(name))))
        .filter(|(_, expected, _, got)| got != **expected)
        .map(|(name, expected, reason, got)| {
            format!("{name}\n    wanted {expected}\n    got    {got}\n    {reason}")
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
#[rustfmt::skip]
fn films_end_at_their_year_or_their_technical_part() {
    check(&[
        ("The.Quiet.Harbour.2016.1080p.BluRay.x264-GRP.mkv", "movie The Quiet Harbour (2016)", "the usual form"),
        ("The Quiet Harbour (2016) [1080p] [YTS.MX].mp4", "movie The Quiet Harbour (2016)", "a year in brackets"),
        ("The.Quiet.Harbour.1080p.WEB-DL.mkv", "movie The Quiet Harbour", "no year: the technical part ends the title"),
        ("The.Quiet.Harbour.EXTENDED.2016.1080p.mkv", "movie The Quiet Harbour (2016)", "an edition before the year is no title"),
        ("The.Quiet.Harbour.German.2016.1080p.BluRay.x264-GRP", "movie The Quiet Harbour (2016)", "nor is a language"),
        ("The.Italian.Harbour.2003.mkv", "movie The Italian Harbour (2003)", "but behind an article it is"),
        ("The.Italian.2003.1080p.mkv", "movie The Italian (2003)", "even right before the year"),
        ("Charlottes.Web.2006.1080p.mkv", "movie Charlottes Web (2006)", "a technical word before the year may be a title's"),
        ("The Final Cut (2004).mkv", "movie The Final Cut (2004)", "an edition's name as a title"),
        ("The Quiet Harbour (Director's Cut) (2016).mkv", "movie The Quiet Harbour (2016)", "an edition in brackets"),
        ("The Quiet Harbour (Mar de Plata) (2016).mkv", "movie The Quiet Harbour (2016)", "a second title in brackets is dropped"),
        ("The Quiet Harbour (AKA Mar de Plata) (2016).mkv", "movie The Quiet Harbour = Mar de Plata (2016)", "said to be one, it is kept aside"),
        ("The Quiet Harbour (Ann Author, 2016) [1080p].mkv", "movie The Quiet Harbour (2016)", "director and year in one bracket"),
        ("The Quiet Harbour - The Return (2018).mkv", "movie The Quiet Harbour - The Return (2018)", "a dash is part of a full title"),
        ("The.Quiet.Harbour.Part.Two.2024.2160p.mkv", "movie The Quiet Harbour Part Two (2024) part 2", "so is its part"),
        ("The Quiet Harbour (2016) - CD2.avi", "movie The Quiet Harbour (2016) part 2", "a disc is not"),
        ("2016 - The Quiet Harbour.mkv", "movie The Quiet Harbour (2016)", "shelved by year"),
        ("1. The Quiet Harbour (2016).mkv", "movie The Quiet Harbour (2016)", "also by one digit"),
        ("1 - The Quiet Harbour (2016).mkv", "movie The Quiet Harbour (2016)", "with a dash"),
        ("Harbour AKA Mar de Plata 2016 1080p.mkv", "movie Harbour AKA Mar de Plata = Mar de Plata (2016)", "two titles in one"),
        ("03 - The Quiet Harbour (2016).mkv", "movie The Quiet Harbour (2016)", "shelved by number"),
        ("Quiet Harbour, The (2016).mkv", "movie The Quiet Harbour (2016)", "an article moved to the end comes back"),
        ("S.H.I.P.S.2016.1080p.mkv", "movie S.H.I.P.S. (2016)", "dots of an acronym stay"),
        ("the-quiet-harbour-2016-1080p.mkv", "movie the quiet harbour (2016)", "hyphens for spaces"),
        ("Harbour Wars Episode IV - A New Tide (1977).mkv", "movie Harbour Wars Episode IV - A New Tide (1977)", "an episode that is a film"),
        ("www.site.com - The Quiet Harbour (2016).mkv", "movie The Quiet Harbour (2016)", "a site's name is no title"),
        ("The Quiet Harbour (2016)-trailer.mkv", "movie The Quiet Harbour (2016) [Trailer]", "a trailer"),
        ("quiet.harbour.2016.1080p.sample.mkv", "movie quiet harbour (2016) [Sample]", "a sample"),
        ("Trailer Park Harbour (2016).mkv", "movie Trailer Park Harbour (2016)", "a title with such a word in it"),
        ("Harbour Trailer German Deutsch (2016).mp4", "movie Harbour (2016) [Trailer]", "a trailer says its language before the year"),
        ("Harbour Trailer 2 [1080p].mp4", "movie Harbour [Trailer]", "or its number"),
        ("Harbour Trailer #2 [HD].mp4", "episode Harbour E2 [Trailer]", "with a sharp too"),
        ("Harbour Trailer #2 (2016).mp4", "movie Harbour (2016) [Trailer]", "and a year"),
        ("Harbour - Trailer 02.mkv", "movie Harbour [Trailer]", "which is no episode's"),
        ("[Kumo] Harbour Trailer - 02 [1080p].mkv", "episode Harbour Trailer E2", "but a series may be called so"),
        ("Harbour Trailer 02.mkv", "episode Harbour Trailer E2", "with nothing to tell"),
        ("/tv/Harbour/Season 1/03 - Trailer 2.mkv", "episode Harbour S1 E3 \"Trailer 2\"", "or an episode"),
        ("The Trailer (2016) [1080p].mkv", "movie The Trailer (2016)", "a title that is the word"),
        ("Harbour.1927.2010.Restored.1080p.mkv", "movie Harbour (1927)", "the year of a restoration is not the film's"),
        ("Harbour 1927 [2010 Remaster].mkv", "movie Harbour (1927)", "nor in brackets"),
        ("Harbour.of.1900.1998.Remastered.mkv", "movie Harbour of 1900 (1998)", "a year of the title stays"),
        ("Harbour - Longer & Uncut (1999).mkv", "movie Harbour - Longer & Uncut (1999)", "what is joined to the title is no edition"),
        ("The.Quiet.Harbour.25th.Anniversary.Edition.1991.mkv", "movie The Quiet Harbour (1991)", "an anniversary with its number"),
        ("Harbour or (The Quiet Sea) (2014).mkv", "movie Harbour or (The Quiet Sea) (2014)", "what the title goes on to in brackets"),
        ("Harbour #1 (2013).mkv", "movie Harbour #1 (2013)", "a number of a title, not of an episode"),
    ]);
}

#[test]
#[rustfmt::skip]
fn titles_that_are_numbers_or_years() {
    check(&[
        ("The.Gun.33.1.3.1994.1080p.mkv", "movie The Gun 33 1.3 (1994)", "a fraction behind a number"),
        ("1962 - Dr. No.mkv", "movie Dr. No (1962)", "a word, and no Norwegian"),
        ("1917.2019.1080p.BluRay.mkv", "movie 1917 (2019)", "the last year is the year"),
        ("2012 (2009).mkv", "movie 2012 (2009)", "the one in brackets is"),
        ("1917.mkv", "movie 1917", "the first word is never the year"),
        ("Blade.Harbour.2049.2017.1080p.mkv", "movie Blade Harbour 2049 (2017)", "a year to come is none"),
        ("Wonder.Harbour.1984.2020.2160p.mkv", "movie Wonder Harbour 1984 (2020)", "two years: the last"),
        ("9.2009.1080p.mkv", "movie 9 (2009)", "a digit alone"),
        ("(500) Days of Harbour (2009).mkv", "movie (500) Days of Harbour (2009)", "a number in brackets"),
        ("5x2 (2004).mkv", "movie 5x2 (2004)", "no episode without a series"),
        ("50-50.2011.mkv", "movie 50-50 (2011)", "no range"),
        ("Fahrenheit.9.11.2004.1080p.mkv", "movie Fahrenheit 9.11 (2004)", "known with a day in it"),
        ("11-11-11.2011.1080p.mkv", "movie 11-11-11 (2011)", "no date has a year of its own behind it"),
        ("[DEC] 2 (2009).mkv", "movie [DEC] 2 (2009)", "so does a sequel's number before the year"),
        ("Apollo 13.mkv", "movie Apollo 13", "two digits at the end are no episode"),
        ("1883.S01E03.1080p.mkv", "episode 1883 S1 E3", "a series that is a year"),
        ("The.4400.S02E05.720p.mkv", "episode The 4400 S2 E5", "four digits beside an episode"),
        ("Room.104.S01E05.mkv", "episode Room 104 S1 E5", "three digits beside an episode"),
        ("Harbour Season S01E02.mkv", "episode Harbour Season S1 E2", "a word for season that is the title's: the number says it itself"),
        ("The.Harbour.Season.S01E01.720p.mkv", "episode The Harbour Season S1 E1", "no other series"),
        ("The.Four.Seasons.S01E01.720p.mkv", "episode The Four Seasons S1 E1", "nor half a title"),
        ("Harbour Season 2006.mkv", "movie Harbour Season (2006)", "a film of that year"),
        ("Harbour.Season.2013.1080p.mkv", "movie Harbour Season (2013)", "the same of a release"),
        ("Harbour Lights Season 2014 Episode 5.mkv", "episode Harbour Lights S2014 E5", "a season where an episode follows"),
        ("Harbour Lights - Season 2014/05.mkv", "episode Harbour Lights S2014 E5", "or behind a dash"),
        ("/v/Harbour Lights Season 2014/05.mkv", "episode Harbour Lights S2014 E5", "or in a folder of numbers"),
        ("9-1-1.S05E03.720p.mkv", "episode 9-1-1 S5 E3", "digits and hyphens"),
        ("24 - S01E02.mkv", "episode 24 S1 E2", "two digits"),
        ("3x3 Eyes.mkv", "movie 3x3 Eyes", "no season 3"),
        ("[DEC]².2009.1080p.mkv", "movie [DEC]² (2009)", "a sign glued to a bracket belongs to it: it names no group"),
        ("Harbour - S02E05 - 1984.mkv", "episode Harbour S2 E5 \"1984\"", "behind a dash it is what the episode is called"),
        ("1883 - S01E01 - 1883.mkv", "episode 1883 S1 E1 \"1883\"", "in the first season both counts are the same"),
    ]);
}

#[test]
#[rustfmt::skip]
fn episodes_in_every_spelling() {
    check(&[
        ("Harbour.S02E01.Waiting.for.Dutch.1080p.mkv", "episode Harbour S2 E1 \"Waiting for Dutch\"", "for whom, and no language"),
        ("Harbour - S01E01 - The Trailer.mkv", "episode Harbour S1 E1 \"The Trailer\"", "an episode may be called so"),
        ("Harbour 1x01_02.mkv", "episode Harbour S1 E1,2", "the next one behind an underscore"),
        ("Harbour.s06e17.18.720p.mkv", "episode Harbour S6 E17,18", "and behind a dot"),
        ("Harbour.S01E23.24.Hours.Later.720p.mkv", "episode Harbour S1 E23 \"24 Hours Later\"", "unless it begins the title"),
        ("/tv/Harbour Lights (2001)/Part 5 - Crossroads.mkv", "episode Harbour Lights (2001) E5 \"Crossroads\"", "a part in a series' folder"),
        ("Space.1999.S01E04.mkv", "episode Space 1999 S1 E4", "a series known with a year in its name"),
        ("Harbour T20C05.mkv", "episode Harbour S20 E5", "Spanish"),
        ("/movies/The.Harbour.Part.1.PDTV.avi", "movie The Harbour Part 1 part 1", "but among films it is a film's"),
        ("The.Harbour.Part.3.HDTV.XviD.avi", "episode The Harbour E3", "a part on television is an episode"),
        ("The.Harbour.Part.2.720p.HDTV.x264.mkv", "movie The Harbour Part 2 part 2", "not so sharp: so are films recorded"),
        ("The.Harbour.Part.II.HDTV.XviD.avi", "movie The Harbour Part II part 2", "nor in letters"),
        ("Harbour_S01E09_10_Years_Later.mkv", "episode Harbour S1 E9 \"10 Years Later\"", "the next number begins the title"),
        ("Harbour.S03E09.10.000.Metres.720p.mkv", "episode Harbour S3 E9 \"10 000 Metres\"", "or is a larger one's"),
        ("Harbour.S01E05.06.12.2024.720p.mkv", "episode Harbour S1 E5 2024-12-06", "or a date's"),
        ("Harbour_S02E04_05_06_HDTV.avi", "episode Harbour S2 E4,5,6", "before a technical word it counts"),
        ("[Kumo] Umi - S01E13 - Ending.mkv", "episode Umi S1 E13 \"Ending\"", "with a season too"),
        ("Harbour_Lights_225_[DB].avi", "episode Harbour Lights E225", "nothing but a group behind it: counted on, as anime is"),
        ("[Kumo] Umi Lights OVA2 [1080p].mkv", "episode Umi Lights OVA E2", "as OVA 2 is"),
        ("[Kumo] Umi - S2E05 - 17 [1080p].mkv", "episode Umi S2 E5 abs 17", "counted on, beside the season"),
        ("[Kumo] Umi - S01E05 - 17 [1080p].mkv", "episode Umi S1 E5 \"17\"", "in the first season both counts are the same"),
        ("[Kumo] Umi (Season 1) - S01E05.mkv", "episode Umi S1 E5", "a season in brackets is no title"),
        ("[Kumo] Umi (The Final Season) - 60.mkv", "episode Umi (The Final Season) E60", "without its number it is"),
        ("[Kumo] Umi - 12 - Ending [1080p].mkv", "episode Umi E12 \"Ending\"", "an episode may be called so in anime"),
        ("Harbour S01E\u{660}\u{665}.mkv", "episode Harbour S1 E5", "Arabic digits"),
        ("[TGx]Harbour.S01E01.1080p.mkv", "episode Harbour S1 E1", "an index is no group"),
        ("Harbour.Lights.S02E05.The.Storm.720p.mkv", "episode Harbour Lights S2 E5 \"The Storm\"", "the usual form"),
        ("Harbour Lights - 2x05 - The Storm.mkv", "episode Harbour Lights S2 E5 \"The Storm\"", "the other one"),
        ("Harbour.Lights.2011.S02E05.mkv", "episode Harbour Lights (2011) S2 E5", "the show's year"),
        ("Harbour.Lights.US.S02E05.mkv", "episode Harbour Lights = Harbour Lights (US) S2 E5", "its country, which tells it from a namesake"),
        ("harbour.lights.us.s02e05.mkv", "episode harbour lights = harbour lights (US) S2 E5", "small as everything else"),
        ("we.are.us.s02e05.mkv", "episode we are us S2 E5", "a word of the title"),
        ("Harbour Lights s2.ep5.mkv", "episode Harbour Lights S2 E5", "a dot between"),
        ("Harbour Lights S02 - E05.mp4", "episode Harbour Lights S2 E5", "a dash between"),
        ("harbour.lights.s0205.hdtv.mkv", "episode harbour lights S2 E5", "nothing between"),
        ("Harbour Lights Season 2 Episode 5.mkv", "episode Harbour Lights S2 E5", "in words"),
        ("Harbour Lights (Season 2, Episode 5).mkv", "episode Harbour Lights S2 E5", "in words and brackets"),
        ("Harbour.Lights.S2014E18.720p.mkv", "episode Harbour Lights S2014 E18", "a season that is a year"),
        ("Harbour.Lights.S00E03.mkv", "episode Harbour Lights S0 E3", "season 0 is valid"),
        ("Harbour.Lights.S02E05E06.mkv", "episode Harbour Lights S2 E5,6", "two episodes"),
        ("Harbour.Lights.S02E05-07.mkv", "episode Harbour Lights S2 E5,6,7", "a range"),
        ("Harbour Lights 2x05-2x07.mkv", "episode Harbour Lights S2 E5,6,7", "a range, the season twice"),
        ("Harbour.Lights.S02E05+E07.mkv", "episode Harbour Lights S2 E5,7", "no range"),
        ("Harbour.Lights.S01-S03.1080p", "episode Harbour Lights S1,2,3", "several seasons"),
        ("Harbour Lights Seasons 1,2&3 Complete", "episode Harbour Lights S1,2,3", "a list of seasons"),
        ("Harbour.Lights.S02.COMPLETE.1080p", "episode Harbour Lights S2", "a whole season"),
        ("Harbour Lights - S16E03-04 - 313-314.mkv", "episode Harbour Lights S16 E3,4 abs 313,314", "counted over all seasons too"),
        ("harbour.lights.205.hdtv-grp.avi", "episode harbour lights S2 E5", "season 2, episode 5 in a broadcast's name"),
        ("harbour.lights.0205.hdtv-grp.avi", "episode harbour lights S2 E5", "the same with a zero"),
        ("Harbour.Lights.05.The.Storm.mkv", "episode Harbour Lights E5 \"The Storm\"", "a padded number in the middle"),
        ("Harbour.Lights.3of9.The.Storm.mkv", "episode Harbour Lights E3 \"The Storm\"", "of a known number"),
        ("Harbour.Lights.S02E05.1984.1080p.mkv", "episode Harbour Lights (1984) S2 E5", "a year beside the technical part"),
        ("Harbour.Lights.2013.Christmas.Special.HDTV.x264-GRP", "episode Harbour Lights (2013) \"Christmas Special\"", "a special without a number"),
        ("[Harbour Lights] [S02E05] The Storm.mkv", "episode Harbour Lights S2 E5 \"The Storm\"", "a title in brackets"),
        ("Harbour Lights - 205 - The Storm [HDTV].avi", "episode Harbour Lights S2 E5 \"The Storm\"", "a broadcast's number behind a dash"),
        ("Harbour.Lights.E05.1080p.mkv", "episode Harbour Lights E5", "without a season"),
        ("Harbour Lights - 2.05 - The Storm.mkv", "episode Harbour Lights S2 E5 \"The Storm\"", "a dot between, dashes around"),
        ("Harbour Lights - 2-05 - The Storm.mkv", "episode Harbour Lights S2 E5 \"The Storm\"", "a range would be padded alike"),
        ("Harbour Lights - 2x05a - The Storm.mkv", "episode Harbour Lights S2 E5 \"The Storm\"", "half of an episode"),
        ("Harbour Lights 2x05 & 06.mkv", "episode Harbour Lights S2 E5,6", "a sign with spaces around"),
        ("Harbour Lights Se 2 Ep 5.mkv", "episode Harbour Lights S2 E5", "cut short"),
        ("harbour.lights.205-206.hdtv.avi", "episode harbour lights S2 E5,6", "a range in a broadcast's name"),
        ("harbour.lights.1013.720p.hdtv.avi", "episode harbour lights S10 E13", "season 10 there"),
        ("Tatort.Harbour.E1170.The.Storm.German.2021.720p.mkv", "episode Tatort Harbour (2021) E1170 \"The Storm\"", "the language and the year end the episode's title"),
        ("Harbour.Lights.2005.2017.Christmas.Special.1080p.mkv", "episode Harbour Lights (2005) \"Christmas Special\"", "of two years the first is the show's"),
        ("Harbour Lights - 2x05 - On the Line.mkv", "episode Harbour Lights S2 E5 \"On the Line\"", "a technical word with nothing technical around ends the name"),
        ("Harbour.Lights.E20.END.1080p.mkv", "episode Harbour Lights E20", "the last one is not called so"),
        ("Harbour Lights - S00E05 - Behind the Scenes.mkv", "episode Harbour Lights S0 E5 \"Behind the Scenes\"", "a numbered episode is no extra, whatever it is called"),
    ]);
}

#[test]
#[rustfmt::skip]
fn daily_shows_are_known_by_their_date() {
    check(&[
        ("Late.Talk.2021.03.17.Guest.Name.720p.mkv", "episode Late Talk 2021-03-17 \"Guest Name\"", "year first"),
        ("Late Talk 17.03.2021.mkv", "episode Late Talk 2021-03-17", "day first"),
        ("Late.Talk.9.11.2023.720p.mkv", "episode Late Talk 2023-11-09", "a day like others"),
        ("Harbour.10.03.12.2024.720p.mkv", "episode Harbour 10 2024-12-03", "the year tells which three numbers are the day"),
        ("Harbour 11-11-11 (2011).avi", "episode Harbour (2011) 2011-11-11", "but a year in brackets is the show's"),
        ("60.Harbours.2.10.12.2003.mkv", "episode 60 Harbours 2 2003-12-10", "no fraction behind a number"),
        ("Late Talk 03-29-2012.mkv", "episode Late Talk 2012-03-29", "month first where it must be"),
        ("Late_Talk_20210317.mp4", "episode Late Talk 2021-03-17", "without signs"),
        ("Late Talk - March 17, 2021.mkv", "episode Late Talk 2021-03-17", "in words"),
        ("Late.Talk.S26E75.2021.03.17.Guest.mkv", "episode Late Talk S26 E75 2021-03-17 \"Guest\"", "beside numbers"),
        ("Late Talk 1st March 2021.mkv", "episode Late Talk 2021-03-01", "an ordinal"),
        ("Late-Talk vom 12.03.2021.mp4", "episode Late-Talk 2021-03-12", "the word before a date"),
        ("Late-Talk vom 12. März 2021.mp4", "episode Late-Talk 2021-03-12", "a month in German"),
        ("夕方 2021年03月06日.mp4", "episode 夕方 2021-03-06", "in Japanese"),
        ("Le Soir - 3 août 2021.mp4", "episode Le Soir 2021-08-03", "in French"),
        ("El Faro 15 de marzo de 2021.mp4", "episode El Faro 2021-03-15", "in Spanish, with its words between"),
        ("Late Talk 2021 Mar 15.mkv", "episode Late Talk 2021-03-15", "the year first"),
        ("Late Talk Royale 15.03.24.mp4", "episode Late Talk Royale 2024-03-15", "as a person writes it: the day first"),
        ("Late.Talk.24.03.15.720p.mkv", "episode Late Talk 2024-03-15", "as a release group does: the year first"),
        ("Precinct 110 - 2021-05-09 - Sabine.mp4", "episode Precinct 110 2021-05-09 \"Sabine\"", "a number of the title"),
        ("Late Talk - 110 (10) - 20211218 - Name.avi", "episode Late Talk S1 E10 2021-12-18 \"Name\"", "and one of the episode, behind a dash"),
    ]);
}

#[test]
#[rustfmt::skip]
fn languages_have_their_own_words() {
    check(&[
        ("Das Licht - Staffel 2 Folge 5.mkv", "episode Das Licht S2 E5", "German"),
        ("Le Phare - Saison 2 Épisode 05 VF.avi", "episode Le Phare S2 E5", "French"),
        ("Le Phare Saison sept.avi", "episode Le Phare S7", "a number in words"),
        ("El Faro 2ª Temporada Cap.05.avi", "episode El Faro S2 E5", "Spanish"),
        ("El Faro - Temporada 2 [HDTV][Cap.205][Castellano].avi", "episode El Faro S2 E5", "season and episode in one number"),
        ("Il.Faro.Stagione.2.Episodio.5.mkv", "episode Il Faro S2 E5", "Italian"),
        ("O Farol - 1ª a 3ª Temporada", "episode O Farol S1,2,3", "Portuguese, a range of ordinals"),
        ("Deniz 2. Sezon 5. Bölüm.mp4", "episode Deniz S2 E5", "Turkish, numbers first"),
        ("Latarnia sezon 2 odcinek 5.mkv", "episode Latarnia S2 E5", "Polish"),
        ("Torony 2. évad 5. rész.avi", "episode Torony S2 E5", "Hungarian"),
        ("Fyren - Säsong 2 - Avsnitt 5.mkv", "episode Fyren S2 E5", "Swedish"),
        ("Маяк 2 сезон 5 серия.mkv", "episode Маяк S2 E5", "Russian, numbers first"),
        ("Маяк / The Lighthouse / Сезон: 2 / Серии: 1-3 из 10 [2019, драма, WEB-DL]", "episode The Lighthouse = Маяк (2019) S2 E1,2,3", "Russian, with a Latin title"),
        ("Маяк (2006г) DVDRip.avi", "movie Маяк (2006)", "a unit glued to the year"),
        ("灯台 第2期 第05話.mkv", "episode 灯台 S2 E5", "Japanese"),
        ("灯塔.第二季.第05集.2160p.mkv", "episode 灯塔 S2 E5", "Chinese"),
        ("등대 시즌2 5화.mp4", "episode 등대 S2 E5", "Korean"),
        ("灯塔.The.Lighthouse.2019.1080p.mkv", "movie The Lighthouse = 灯塔 (2019)", "of two scripts the Latin one"),
        ("El.Faro.T02.E05.mkv", "episode El Faro S2 E5", "Spanish, cut short"),
        ("Il.Faro.La.Serie.S02E05.mkv", "episode Il Faro La Serie S2 E5", "a word for season that is the title's"),
        ("Mayak.(2.sezon.5.seriya).avi", "episode Mayak S2 E5", "Russian in Latin letters"),
        ("המגדלור עונה 2 פרק 5.mp4", "episode המגדלור S2 E5", "Hebrew"),
        ("المنارة الموسم 2 الحلقة 5.mp4", "episode المنارة S2 E5", "Arabic"),
        ("المنارة الموسم الخامس الحلقة 12.mp4", "episode المنارة S5 E12", "with the season in words"),
        ("فانوس فصل 1 قسمت 5.mp4", "episode فانوس S1 E5", "Persian"),
        ("Il Faro - Puntata 305.mp4", "episode Il Faro E305", "Italian, of a daily series"),
        ("Ngọn Hải Đăng - Tập 05.mp4", "episode Ngọn Hải Đăng E5", "Vietnamese"),
        ("등대 2기 5화.mp4", "episode 등대 S2 E5", "Korean, counted"),
        ("灯塔2.The.Lighthouse.II.2023.1080p.mkv", "movie The Lighthouse II = 灯塔2 (2023)", "a number glued to one script is no other's"),
        ("阳光www.site.com.灯塔.BD.1080p.mkv", "movie 灯塔", "a site with its name"),
    ]);
}

#[test]
#[rustfmt::skip]
fn anime_counts_on() {
    check(&[
        ("[Kumo-Subs] Hoshi no Umi - 13v2 [1080p][1A2B3C4D].mkv", "episode Hoshi no Umi E13", "the usual form"),
        ("[Kumo] Hoshi no Umi - OP 01 [1080p].mkv", "episode Hoshi no Umi E1 [Other]", "an opening"),
        ("[Kumo] Hoshi no Umi - Ending 02 [1080p].mkv", "episode Hoshi no Umi E2 [Other]", "an ending"),
        ("/anime/Hoshi no Umi/NCED/[Kumo] Hoshi no Umi - 02.mkv", "episode Hoshi no Umi E2 [Other]", "a folder of them"),
        ("[Kumo] Hoshi no Umi 13 (1280x720 x264).mkv", "episode Hoshi no Umi E13", "without a dash"),
        ("[Kumo] Hoshi no Umi - 1071 [1080p].mkv", "episode Hoshi no Umi E1071", "four digits"),
        ("[Kumo] Hoshi no Umi 2nd Season - 03.mkv", "episode Hoshi no Umi S2 E3", "an ordinal"),
        ("[Kumo] Hoshi no Umi S2 - 03 (28) [720p].mkv", "episode Hoshi no Umi S2 E3 abs 28", "season and total"),
        ("[Kumo] Hoshi no Umi 2 - 03.mkv", "episode Hoshi no Umi 2 E3", "a digit of the title"),
        ("[Kumo] 2.5 Jigen - 07.mkv", "episode 2.5 Jigen E7", "a title with a fraction"),
        ("[Kumo] Mob Study 100 - 05.mkv", "episode Mob Study 100 E5", "a title with a number"),
        ("[Kumo] Quest - 100 Years - 03.mkv", "episode Quest - 100 Years E3", "a number behind a dash that is no episode"),
        ("[Kumo] Hoshi no Umi [01-03][BD 1080p]", "episode Hoshi no Umi E1,2,3", "a batch"),
        ("[Kumo] Hoshi no Umi - SP2 [720p].mkv", "episode Hoshi no Umi S0 E2", "a special"),
        ("[Kumo] Hoshi no Umi Movie 3 - The Deep [BD].mkv", "movie Hoshi no Umi Movie 3 - The Deep", "a film with a number"),
        ("[Kumo] Hoshi no Umi NCOP1 [BD].mkv", "movie Hoshi no Umi [Other]", "an opening"),
        ("[雲][星の海][Hoshi no Umi][05][1080P][简体].mp4", "episode Hoshi no Umi E5", "everything in brackets"),
        ("One Umi - 102.mkv", "episode One Umi E102", "102 counts on, unlike in a broadcast's name"),
        ("[Kumo] Hoshi no Umi - The Final Season - 05 [720p].mkv", "episode Hoshi no Umi - The Final Season E5", "a season without a number belongs to the title"),
        ("[Kumo] Hoshi no Umi - 05 & 06 [720p].mkv", "episode Hoshi no Umi E5,6", "two numbers"),
        ("One Umi 1071.mkv", "episode One Umi E1071", "a series that has come far"),
        ("Hoshi.no.Umi.05.VOSTFR.1080p.mkv", "episode Hoshi no Umi E5", "subtitled in French"),
        ("(Kumo) Hoshi no Umi - 05 (720p).mkv", "episode Hoshi no Umi E5", "a group in round brackets"),
        ("[Kumo] Hoshi no Umi - 05 - 06 [720p].mkv", "episode Hoshi no Umi E5,6", "a pair with a dash between"),
        ("[Kumo] Hoshi no Umi - 43 (S2 - 20) [1080p].mkv", "episode Hoshi no Umi S2 E20 abs 43", "the season's count in brackets"),
        ("[Kumo] Hoshi no Umi OP2 [BD].mkv", "movie Hoshi no Umi [Other]", "a numbered opening"),
    ]);
}

#[test]
#[rustfmt::skip]
fn folders_tell_what_the_name_does_not() {
    check(&[
        ("/tv/Harbour Lights (2011) {tvdb-81189}/Season 02/Harbour Lights - S02E05 - The Storm.mkv", "episode Harbour Lights (2011) S2 E5 \"The Storm\"", "the year"),
        ("/tv/Harbour Lights/Season 2/05 - The Storm.mkv", "episode Harbour Lights S2 E5 \"The Storm\"", "show and season"),
        ("Harbour_Lights_Series_1_-_04._The_Storm_b04n6rq0_original.mp4", "episode Harbour Lights S1 E4 \"The Storm b04n6rq0 original\"", "underscores for spaces make no range"),
        ("/tv/Harbour Lights/Season 2/205.mkv", "episode Harbour Lights S2 E5", "a number with its season"),
        ("/tv/Space 1999/Season 1/Space 1999 03.mkv", "episode Space 1999 S1 E3", "a series that ends in a year keeps it before a bare number"),
        ("/tv/Harbour Lights/Season 2/The Storm.mkv", "episode Harbour Lights S2 \"The Storm\"", "an episode without a number"),
        ("/v/Harbour 101/Season 1/Harbour 101 05 The Storm.mkv", "episode Harbour 101 S1 E5 \"The Storm\"", "a number that is the series' own"),
        ("/v/Harbour/Season 4/Harbour 05 Flight 401.mkv", "episode Harbour S4 E5 \"Flight 401\"", "or the episode's title's"),
        ("/tv/Harbour Lights/Specials/03 - Making.mkv", "episode Harbour Lights S0 E3 \"Making\"", "season 0"),
        ("/tv/Harbour Lights (UK)/Season 2/05 - The Storm.mkv", "episode Harbour Lights = Harbour Lights (UK) S2 E5 \"The Storm\"", "a country on the folder"),
        ("D:\\TV\\Harbour Lights\\Staffel 2\\Folge 5.mkv", "episode Harbour Lights S2 E5", "backslashes and German"),
        ("/mnt/anime/Hoshi no Umi/Hoshi no Umi - 366.mkv", "episode Hoshi no Umi E366", "a mount point that says what is on it"),
        ("/media/tv/Harbour Lights/Harbour Lights - Part 3 - The Storm.mkv", "episode Harbour Lights E3 \"The Storm\" part 3", "a shelf of series there"),
        ("/media/ann/TV Shows/Harbour Lights/Harbour Lights - Part 3 - The Storm.mkv", "episode Harbour Lights E3 \"The Storm\" part 3", "or on a stick"),
        ("/anime/Hoshi no Umi/220.mkv", "episode Hoshi no Umi E220", "anime counts on"),
        ("/anime/Hoshi no Umi/Hoshi no Umi 220.mkv", "episode Hoshi no Umi E220", "no season 2"),
        ("/anime/Hoshi no Umi/05.mkv", "episode Hoshi no Umi E5", "a number alone"),
        ("/films/The Quiet Harbour (2016)/harbour-grp.mkv", "movie The Quiet Harbour (2016)", "a film's folder has the year"),
        ("/films/Quiet Harbour Trilogy/02 - The Loud Harbour (2018).mkv", "movie The Loud Harbour (2018)", "a collection's folder does not name the film"),
        ("/films/The.Quiet.Harbour.2016.1080p-GRP/0123456789abcdef0123.mkv", "movie The Quiet Harbour (2016)", "a name that is none"),
        ("/films/The Quiet Harbour (2016)/VIDEO_TS/VTS_01_1.VOB", "movie The Quiet Harbour (2016)", "a disc's files"),
        ("/v/The Quiet Harbour (2016)/VIDEO_TS/VTS_01_1.VOB", "movie The Quiet Harbour (2016)", "wherever it lies"),
        ("/v/The Quiet Harbour (2016)/VTS_02_3.VOB", "movie The Quiet Harbour (2016)", "without its folder"),
        ("/v/The.Quiet.Harbour.2016.BluRay-GRP/BDMV/STREAM/00001.m2ts", "movie The Quiet Harbour (2016)", "a Blu-ray's"),
        ("/v/Harbour Lights/Season 2/Disc 1/VIDEO_TS/VTS_01_2.VOB", "episode Harbour Lights S2", "a season's disc does not say which episode"),
        ("/films/The Quiet Harbour (2016)/Trailers/One.mkv", "movie The Quiet Harbour (2016) [Trailer]", "a folder of extras"),
        ("/tv/Harbour.Lights.S02E05.720p-GRP/grp-hl.205.mkv", "episode Harbour Lights S2 E5", "a release's folder under a short name"),
        ("/downloads/new/Harbour.Lights.S02E05.mkv", "episode Harbour Lights S2 E5", "folders that name no work"),
        ("file:///tv/Harbour%20Lights/Harbour%20Lights%20S02E05.mkv", "episode Harbour Lights S2 E5", "an address"),
        ("/tv/Harbour Lights/Season 2/The Storm - S02E05.mkv", "episode Harbour Lights S2 E5 \"The Storm\"", "the number behind the episode's title"),
        ("/v/Harbour Lights/Season 2/Harbour Lights - The Storm (2x05).mkv", "episode Harbour Lights S2 E5 \"The Storm\"", "and behind both titles"),
        ("/tv/Harbour Lights/Season 2/(05) The Storm.mkv", "episode Harbour Lights S2 E5 \"The Storm\"", "a number in brackets"),
        ("/tv/Harbour Lights/Series 2/Episode 5.mkv", "episode Harbour Lights S2 E5", "British"),
        ("/tv/Harbour Lights/Season 2 - The Return/05 - The Storm.mkv", "episode Harbour Lights S2 E5 \"The Storm\"", "a season's own title is not the show's"),
        ("/tv/Harbour Lights/The Complete Second Season/05.mkv", "episode Harbour Lights S2 E5", "an article is no title"),
        ("/tv/Harbour Lights Season 1-3/Season 2/05.mkv", "episode Harbour Lights S2 E5", "the nearest folder tells the season"),
        ("/tv/Harbour Lights/Harbour Lights - Part 3 - The Storm.mkv", "episode Harbour Lights E3 \"The Storm\" part 3", "a part among series is an episode"),
        ("/anime/Hoshi no Umi/Specials/OVA 1.mkv", "episode Hoshi no Umi S0 E1", "what specials are called is no title"),
        ("/v/Harbour Lights/Season 2/Chapter 5 - The Storm.mkv", "episode Harbour Lights S2 E5 \"The Storm\"", "a chapter of a season"),
        ("/tv/Harbour Lights/Series 2 - The Return/05 The Storm.mkv", "episode Harbour Lights S2 E5 \"The Storm\"", "and a British one's"),
        ("/dl/The.Quiet.Harbour.2016.1080p.x264-GRP/abc123xyz.mkv", "movie The Quiet Harbour (2016)", "a random name in a release's folder"),
        ("/dl/The.Quiet.Harbour.2016.1080p.x264-GRP/yRWOJ7kLp2q.mkv", "movie The Quiet Harbour (2016)", "another"),
        ("/dl/The.Quiet.Harbour.2016.1080p.x264-GRP/RARBG.mkv", "movie The Quiet Harbour (2016)", "where it is listed is not what it is"),
        ("/v/Harbour Lights/Season 2/D1/05.mkv", "episode Harbour Lights S2 E5", "a disc's folder names nothing"),
    ]);
}

#[test]
#[rustfmt::skip]
fn ids_are_read_from_every_part_of_a_path() {
    let ids = |name: &str| {
        let read = parse(name);
        let ids = read.shelved_with.map_or(read.ids, |work| work.ids);
        (ids.tmdb, ids.imdb, ids.tvdb, read.ids_are_series)
    };
    let imdb = Some("tt0137523".to_owned());
    assert_eq!(ids("Film (1999) {tmdb-550}.mkv"), (Some(550), None, None, false));
    assert_eq!(ids("/films/Film (1999) [tmdbid=550]/film.mkv"), (Some(550), None, None, false));
    assert_eq!(ids("Film (1999) [imdbid-tt0137523].mkv"), (None, imdb.clone(), None, false));
    assert_eq!(ids("Film (1999) [tt0137523].mkv"), (None, imdb, None, false));
    assert_eq!(ids("Film (1999) tmdb-550.mkv"), (Some(550), None, None, false));
    // The folder calls it otherwise, in another language
    assert_eq!(ids("/films/Der Film (1999) {tmdb-550}/The.Film.1999.1080p.mkv"), (Some(550), None, None, false));
    assert_eq!(ids("/films/Der Film (1999) {tmdb-550}/Another.Story.2004.1080p.mkv"), (None, None, None, false));
    assert_eq!(ids("/films/Vaiana (2016) {tmdb-550}/Moana.2016.1080p.mkv"), (Some(550), None, None, false));
    // A remake, sequels
    assert_eq!(ids("/films/Harbour (2021) {tmdb-550}/Harbour.1984.mkv"), (None, None, None, false));
    assert_eq!(ids("/films/Harbour (2021) {tmdb-550}/Harbour.2020.mkv"), (Some(550), None, None, false));
    assert_eq!(ids("/films/Harbour (2021) {tmdb-550}/Harbour.2.1080p.mkv"), (None, None, None, false));
    assert_eq!(ids("/films/Harbour (2021) {tmdb-550}/Harbours.mkv"), (None, None, None, false));
    assert_eq!(ids("/films/Harbour (2021) {tmdb-550}/Harbour.Of.the.Sea.mkv"), (Some(550), None, None, false));
    // On its shelf, whatever the group calls it
    assert_eq!(ids("/anime/Sea {tvdb-81189}/Season 01/[Kumo] Umi no Koe - 05 [1080p].mkv"), (None, None, Some(81189), false));
    assert_eq!(ids("/anime/Sea {tvdb-81189}/[Kumo] Umi no Koe - 05 [1080p].mkv"), (None, None, Some(81189), false));
    assert_eq!(ids("/anime/Sea {tvdb-81189}/Season 01/[Kumo] Other - 05 [1080p].mkv"), (None, None, Some(81189), false));
    assert_eq!(ids("/tv/Sea {tvdb-81189}/Other - S01E05.mkv"), (None, None, None, false));
    assert_eq!(ids("/tv/Show {tvdb-81189}/Season 1/Show - S01E02.mkv"), (None, None, Some(81189), true));
    assert_eq!(ids("/tv/Show/Season 1/Show - S01E02 [tvdbid-349232].mkv"), (None, None, Some(349_232), false));
}

#[test]
#[rustfmt::skip]
fn words_of_other_kinds_belong_to_titles_where_they_stand_so() {
    check(&[
        ("Harbour.German.2010.mkv", "movie Harbour (2010)", "the language of the film, far more often than the end of its title"),
        ("[Group] 16bit Sensation - 01 [1080p].mkv", "episode 16bit Sensation E1", "nobody opens a name by the colour's bits"),
        ("16bit.Sensation.S01E02.1080p.WEB-DL.mkv", "episode 16bit Sensation S1 E2", "without a group too"),
        ("www.site.com - 8-Bit Harbour (2021).mkv", "movie 8-Bit Harbour (2021)", "and behind a site"),
        ("Harbour.2021.1080p.10bit.x265-GRP.mkv", "movie Harbour (2021)", "behind the title it is technical"),
        ("Harbour - S01E01 - The Final Cut.mkv", "episode Harbour S1 E1 \"The Final Cut\"", "an episode is called so"),
        ("Harbour.S01E05.The.Final.Cut.1080p.WEB.x264-GRP.mkv", "episode Harbour S1 E5 \"The Final Cut\"", "in a release too"),
        ("Harbour.1982.The.Final.Cut.1080p.mkv", "movie Harbour (1982)", "a film comes in editions"),
        ("Élite - T3 - Cap 05.mkv", "episode Élite S3 E5", "temporada"),
        ("Elite.T3.E05.720p.mkv", "episode Elite S3 E5", "with any sign for the episode"),
        ("Elite.T1.C05.mkv", "episode Elite S1 E5", "capítulo"),
        ("Harbour.Model.T4.Episode.05.mkv", "episode Harbour Model T4 E5", "this is no Spanish"),
        ("Johnny.English.2003.1080p.mkv", "movie Johnny English (2003)", "the one title that ends so, among thousands that do not"),
        ("Harbour T3 (2003).mkv", "movie Harbour T3 (2003)", "without an episode it is none"),
        ("22 July (2018).mkv", "movie 22 July (2018)", "the year stands apart: a day that is the whole name is what a film is about"),
        ("/movies/22 July (2018)/22.July.2018.1080p.mkv", "movie 22 July (2018)", "so it is in a release"),
        ("22.July.2018.mkv", "episode 2018-07-22", "this may be anybody's"),
        ("/tv/Late Talk/22.July.2018.1080p.mkv", "episode Late Talk 2018-07-22", "or a show's"),
        ("/tv/Late Talk/Season 2018/22 July (2018).mkv", "episode Late Talk 2018-07-22", "among series it is no film's"),
        ("Late Talk 22 July 2018 1080p.mkv", "episode Late Talk 2018-07-22", "behind a title it is the day"),
        ("/movies/Harbour (1999)/Harbour_t00.mkv", "movie Harbour (1999)", "a disc's title, as MakeMKV calls it"),
        ("/movies/Harbour (1999)/title_t00.mkv", "movie Harbour (1999)", "it may have no name at all"),
        ("/movies/Harbour (1999)/C1_t00.mkv", "movie Harbour (1999)", "or a counted one"),
        ("/movies/Harbour (1999)/h-1080p.mkv", "movie Harbour (1999)", "a letter is no name either"),
        ("11-11-11 (2011).mkv", "movie 11-11-11 (2011)", "there is no other name"),
        ("09.03.08.Harbour.(1991).mkv", "movie Harbour (1991)", "here there is"),
        ("Formula.1.2024x02.1080p.mkv", "episode Formula 1 S2024 E2", "the year is the season"),
        ("[Group] Harbour - OVA 2 [1080p].mkv", "episode Harbour - OVA E2", "such are counted by one digit"),
        ("[Group] Harbour Movie 2 - The Island [1080p].mkv", "movie Harbour Movie 2 - The Island", "films of a series are not"),
    ]);
}

#[test]
#[rustfmt::skip]
fn places_of_a_user_and_a_machine_are_no_titles() {
    check(&[
        ("/home/ann/Videos/03 - The Quiet Harbour (2016).mkv", "movie The Quiet Harbour (2016)", "a home"),
        ("/home/ann/Downloads/S01E02.mkv", "episode S1 E2", "it names nobody"),
        ("/run/media/ann/USBSTICK/S01E02.mkv", "episode S1 E2", "nor does a stick"),
        ("/media/ann/3A1B-22F0/S01E02.mkv", "episode S1 E2", "or its number"),
        ("/media/nas/Quiet Harbour/S01E02.mkv", "episode Quiet Harbour S1 E2", "what lies in it is a title"),
        ("/home/ann/Quiet Harbour/S01E02.mkv", "episode Quiet Harbour S1 E2", "and at home"),
        ("/home/ann/Téléchargements/S01E02.mkv", "episode S1 E2", "folders in other languages"),
        ("home/Season 1/02.mkv", "episode home S1 E2", "a show may be called so"),
        ("/home/ann/Videos/24/Season 1/03.mkv", "episode 24 S1 E3", "or be a number"),
        ("/srv/tv/1883/Season 1/1883 - S01E03 - River.mkv", "episode 1883 S1 E3 \"River\"", "or a year"),
        ("Show/Season 1/02 - Name.mkv", "episode Show S1 E2 \"Name\"", "or a word for shows"),
        ("TV Shows/Season 1/02.mkv", "episode S1 E2", "that is more than one"),
    ]);
}
