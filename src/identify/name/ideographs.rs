//! Numbers with the counters of Chinese, Japanese and Korean.

use super::reading::Reading;
use super::spoken::{list, range_before};
use super::token::{Mark, Text};

/// Digits in the order of their value.
const KANJI: &[char] = &['〇', '一', '二', '三', '四', '五', '六', '七', '八', '九'];

/// `第01話`, `第二季`, `2期`, `シーズン2`, `全26集`.
pub(super) fn find_ideographs(reading: &mut Reading) {
    if reading.text.ascii {
        return;
    }
    for at in 0..reading.text.len() {
        if reading.text.raw(at).starts_with('第') {
            ideographs_at(reading, at);
        } else if reading.text.raw(at).starts_with('全')
            && reading.text.number(at + 1).is_some()
            && counter(&reading.text, at + 2).is_some()
        {
            reading.text.set(at, at + 3, Mark::Noise);
        } else if reading.text.raw(at).starts_with("月新番") && reading.text.gap_before(at) == 0
        {
            // "★04月新番": when the series began
            reading.text.set(at.saturating_sub(1), at + 1, Mark::Noise);
        } else if reading.text.number(at).is_some()
            && reading.text.gap_after(at) == 0
            && reading.text.is_free(at)
        {
            counted_here(reading, at);
        }
    }
}

/// Whether a token opens with a counter of seasons (`true`) or of episodes.
fn counter(text: &Text, at: usize) -> Option<bool> {
    if text.gap_before(at) != 0 {
        return None;
    }
    counter_sign(text.raw(at).chars().next()?)
}

fn counter_sign(c: char) -> Option<bool> {
    match c {
        '季' | '期' | '部' | '기' => Some(true),
        '话' | '話' | '集' | '回' | '화' | '회' => Some(false),
        _ => None,
    }
}

fn ideographs_at(reading: &mut Reading, at: usize) {
    let text = &reading.text;
    let raw = text.raw(at);
    if raw.chars().count() == 1 {
        let Some(list) = list(text, at + 1, false) else {
            return;
        };
        let Some(season) = counter(text, list.until) else {
            return;
        };
        reading.text.set(at, list.until + 1, Mark::Number);
        // Only anime is counted so far in that way.
        let talk = reading.text.raw(list.until).starts_with(['話', '话']);
        reading.anime |= talk && list.values.iter().any(|value| *value >= 100);
        let target = if season {
            &mut reading.season
        } else {
            &mut reading.episode
        };
        *target = list.values;
        return;
    }
    let mut value = 0;
    for c in raw.chars().skip(1) {
        if let Some(digit) = KANJI
            .iter()
            .position(|k| *k == c)
            .and_then(|i| u32::try_from(i).ok())
        {
            value += digit;
        } else if c == '十' {
            value = value.max(1) * 10;
        } else {
            let season = counter_sign(c).filter(|_| value > 0);
            if let Some(season) = season {
                reading.text.set(at, at + 1, Mark::Number);
                let target = if season {
                    &mut reading.season
                } else {
                    &mut reading.episode
                };
                *target = vec![value];
            }
            return;
        }
    }
}

/// `05話`, `2期` without 第; not `2部` alone.
fn counted_here(reading: &mut Reading, at: usize) {
    let Some(season) = counter(&reading.text, at + 1) else {
        return;
    };
    let Some(number) = reading.text.number(at).filter(|n| n.digits <= 4) else {
        return;
    };
    if number.digits > 2 && season {
        return;
    }
    let (from, list) = range_before(&reading.text, at, number.value, at + 2);
    reading.text.set(from, at + 2, Mark::Number);
    let target = if season {
        &mut reading.season
    } else {
        &mut reading.episode
    };
    if target.is_empty() {
        *target = list.values;
    }
}
