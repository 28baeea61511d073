//! Tables for people. The last column takes what is left of the line and is cut where that is too little; free text
//! (titles, errors) belongs there.

use super::words::printable;

/// Between columns.
const GAP: &str = "  ";

/// Draws a table `width` columns wide at most, as far as the columns before the last allow.
pub fn table(head: &[&str], rows: &[Vec<String>], width: usize) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| printable(cell)).collect())
        .collect();
    let last = head.len().saturating_sub(1);
    let widths: Vec<usize> = head
        .iter()
        .enumerate()
        .map(|(column, title)| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let longest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
            longest.max(title.chars().count())
        })
        .collect();
    let before: usize = widths
        .iter()
        .take(last)
        .map(|width| width + GAP.len())
        .sum();
    let room = width.saturating_sub(before).max(16);
    let head: Vec<String> = head.iter().map(|title| (*title).to_owned()).collect();
    let mut drawn = String::new();
    for row in std::iter::once(&head).chain(&rows) {
        let mut text = String::new();
        for (column, cell) in row.iter().enumerate() {
            if column == last {
                text.push_str(&cut(cell, room));
            } else {
                let width = widths.get(column).copied().unwrap_or(0);
                text.push_str(&format!("{cell:<width$}{GAP}"));
            }
        }
        drawn.push_str(text.trim_end());
        drawn.push('\n');
    }
    drawn
}

/// The first `room` characters, with a mark if there are more.
pub fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept = text.chars().take(room.saturating_sub(1));
    kept.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_the_last_one_is_cut() {
        let rows = [
            vec!["mpv".to_owned(), "playing".to_owned(), "x".repeat(200)],
            vec![
                "VLC media player".to_owned(),
                "paused".to_owned(),
                String::new(),
            ],
        ];
        let drawn = table(&["PLAYER", "STATE", "WATCHING"], &rows, 80);
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines[0], "PLAYER            STATE    WATCHING");
        assert_eq!(lines[1].chars().count(), 80);
        assert!(lines[1].ends_with('…'));
        assert_eq!(lines[2], "VLC media player  paused");
    }

    #[test]
    fn what_a_player_says_cannot_steer_the_terminal() {
        let rows = [vec!["a\x1b[2Jb\r\nc\u{202e}d".to_owned()]];
        assert_eq!(table(&["X"], &rows, 80), "X\na�[2Jb��c�d\n");
    }
}
