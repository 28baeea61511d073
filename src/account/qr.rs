//! A QR code as text: two modules a character, drawn with half blocks.

use qrcode::{Color, QrCode};

/// Light modules around the code, without which few cameras find it.
const QUIET: usize = 2;

/// Draws a QR code for a terminal: the light modules are drawn, so that it reads right on a dark background, and with
/// `colour` on any. `None` if the text is too long for one.
#[must_use]
pub fn draw(text: &str, colour: bool) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, qrcode::EcLevel::L).ok()?;
    let width = code.width();
    let colours = code.to_colors();
    let light = |x: usize, y: usize| {
        let inside = (QUIET..QUIET + width).contains(&x) && (QUIET..QUIET + width).contains(&y);
        let module = inside.then(|| colours.get((y - QUIET) * width + x - QUIET));
        module.flatten() != Some(&Color::Dark)
    };
    let side = width + 2 * QUIET;
    let mut drawn = String::new();
    for y in (0..side).step_by(2) {
        if colour {
            drawn.push_str("\x1b[97;40m");
        }
        for x in 0..side {
            // Below an odd last row there is nothing, which is dark on the screen.
            let below = y + 1 < side && light(x, y + 1);
            drawn.push(match (light(x, y), below) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        if colour {
            drawn.push_str("\x1b[0m");
        }
        drawn.push('\n');
    }
    Some(drawn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_drawn_in_a_square_of_half_blocks() {
        let drawn = draw("https://punchplay.tv/link?code=ABCD-1234", false).unwrap();
        let lines: Vec<&str> = drawn.lines().collect();
        let width = lines[0].chars().count();
        assert!(lines.iter().all(|line| line.chars().count() == width));
        assert_eq!(lines.len(), width.div_ceil(2));
        assert!(
            lines[0].chars().all(|c| c == '█'),
            "the quiet zone is light"
        );
        assert!(drawn.chars().all(|c| " █▀▄\n".contains(c)));
    }

    #[test]
    fn a_text_too_long_for_a_code_draws_nothing() {
        assert_eq!(draw(&"x".repeat(10_000), false), None);
    }
}
