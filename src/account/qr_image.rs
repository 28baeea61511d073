//! Reading a QR code out of an image: Discovr gives its verification URL nowhere else.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use png::{ColorType, Decoder, Limits, Transformations};
use rqrr::PreparedImage;

/// A QR code of the largest version has 177 modules a side.
const LONGEST_SIDE: u32 = 2000;
const MOST_BYTES: usize = 16 << 20;

/// Finders need some light around the code and a few pixels a module.
const BORDER: usize = 32;
const COMFORTABLE_SIDE: usize = 400;

/// The text in the QR code of a `data:image/png;base64,…` URL.
#[must_use]
pub fn read(data_url: &str) -> Option<String> {
    let encoded = data_url.strip_prefix("data:image/png;base64,")?;
    let bytes = STANDARD.decode(encoded.trim()).ok()?;
    let picture = Picture::decode(&bytes)?;
    // The reader asserts what a hostile picture may not fulfil.
    catch_unwind(AssertUnwindSafe(|| picture.text())).ok()?
}

/// A grey picture, row by row.
struct Picture {
    width: usize,
    height: usize,
    grey: Vec<u8>,
}

impl Picture {
    fn decode(bytes: &[u8]) -> Option<Self> {
        let limits = Limits { bytes: MOST_BYTES };
        let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), limits);
        decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
        let mut reader = decoder.read_info().ok()?;
        let info = reader.info();
        if info.width > LONGEST_SIDE || info.height > LONGEST_SIDE {
            return None;
        }
        let mut pixels = vec![0; reader.output_buffer_size().filter(|n| *n <= MOST_BYTES)?];
        let frame = reader.next_frame(&mut pixels).ok()?;
        let samples = frame.color_type.samples();
        let grey = pixels
            .chunks_exact(samples)
            .map(|pixel| shade(frame.color_type, pixel))
            .collect();
        Some(Self {
            width: usize::try_from(frame.width).ok()?,
            height: usize::try_from(frame.height).ok()?,
            grey,
        })
    }

    fn text(&self) -> Option<String> {
        let scale = (COMFORTABLE_SIDE / self.width.max(1)).max(1);
        let padded = |side: usize| side * scale + 2 * BORDER;
        let mut image = PreparedImage::prepare_from_greyscale(
            padded(self.width),
            padded(self.height),
            |x, y| self.at(x, y, scale),
        );
        let grids = image.detect_grids();
        grids.iter().find_map(|grid| Some(grid.decode().ok()?.1))
    }

    /// The shade at a place of the enlarged picture; light around it.
    fn at(&self, x: usize, y: usize, scale: usize) -> u8 {
        let inside = |at: usize, side: usize| {
            let place = at.checked_sub(BORDER)? / scale;
            (place < side).then_some(place)
        };
        inside(x, self.width)
            .zip(inside(y, self.height))
            .and_then(|(x, y)| self.grey.get(y * self.width + x))
            .copied()
            .unwrap_or(u8::MAX)
    }
}

/// How light a pixel is; a transparent one is.
fn shade(colour: ColorType, pixel: &[u8]) -> u8 {
    let (light, alpha) = match (colour, pixel) {
        (ColorType::Rgb, [r, g, b]) => (mean(*r, *g, *b), u8::MAX),
        (ColorType::Rgba, [r, g, b, a]) => (mean(*r, *g, *b), *a),
        (ColorType::GrayscaleAlpha, [grey, a]) => (*grey, *a),
        (_, [grey, ..]) => (*grey, u8::MAX),
        (_, []) => (u8::MAX, u8::MAX),
    };
    if alpha < 128 { u8::MAX } else { light }
}

fn mean(r: u8, g: u8, b: u8) -> u8 {
    let sum = u16::from(r) + u16::from(g) + u16::from(b);
    u8::try_from(sum / 3).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use png::{BitDepth, Encoder};
    use proptest::prelude::*;
    use qrcode::{Color, QrCode};

    const URL: &str = "https://discovr.media/link?code=ABCD-1234&very=long#fragment";

    fn encoded(
        side: usize,
        colour: ColorType,
        depth: BitDepth,
        rows: &[u8],
        palette: &[u8],
    ) -> String {
        let mut bytes = Vec::new();
        let side = u32::try_from(side).unwrap();
        let mut encoder = Encoder::new(&mut bytes, side, side);
        encoder.set_color(colour);
        encoder.set_depth(depth);
        if !palette.is_empty() {
            encoder.set_palette(palette.to_vec());
        }
        encoder
            .write_header()
            .unwrap()
            .write_image_data(rows)
            .unwrap();
        format!("data:image/png;base64,{}", STANDARD.encode(bytes))
    }

    /// A picture of the code with so many pixels a module and so many light modules around it.
    fn dark(scale: usize, quiet: usize) -> (usize, impl Fn(usize, usize) -> bool) {
        let code = QrCode::new(URL).unwrap();
        let (width, colours) = (code.width(), code.to_colors());
        let side = (width + 2 * quiet) * scale;
        let at = move |x: usize, y: usize| {
            let module = |at: usize| (at / scale).checked_sub(quiet).filter(|at| *at < width);
            let place = module(x).zip(module(y));
            place.is_some_and(|(x, y)| colours[y * width + x] == Color::Dark)
        };
        (side, at)
    }

    fn pixels(side: usize, pixel: impl Fn(usize, usize) -> Vec<u8>) -> Vec<u8> {
        let place = |n: usize| pixel(n % side, n / side);
        (0..side * side).flat_map(place).collect()
    }

    #[test]
    fn a_code_is_read_in_every_size() {
        for (scale, quiet) in [(1, 4), (1, 0), (2, 4), (4, 4), (4, 0), (8, 1), (20, 4)] {
            let (side, dark) = dark(scale, quiet);
            let grey = pixels(side, |x, y| vec![if dark(x, y) { 0 } else { 255 }]);
            let url = encoded(side, ColorType::Grayscale, BitDepth::Eight, &grey, &[]);
            assert_eq!(
                read(&url).as_deref(),
                Some(URL),
                "scale {scale}, quiet zone {quiet}"
            );
        }
    }

    #[test]
    fn a_code_is_read_in_every_form_of_png() {
        let (side, dark) = dark(6, 4);
        let shade = |x, y| if dark(x, y) { 20 } else { 240 };
        let rgb = pixels(side, |x, y| vec![shade(x, y); 3]);
        let rgba = pixels(side, |x, y| vec![0, 0, 0, if dark(x, y) { 255 } else { 0 }]);
        let grey_alpha = pixels(side, |x, y| vec![shade(x, y), 255]);
        let deep = pixels(side, |x, y| vec![shade(x, y); 2]);
        let indexed = pixels(side, |x, y| vec![u8::from(dark(x, y))]);
        let mut bits = Vec::new();
        for y in 0..side {
            for x in (0..side).step_by(8) {
                let bit = |n: usize| u8::from(x + n < side && !dark(x + n, y)) << (7 - n);
                bits.push((0..8).map(bit).sum());
            }
        }
        let (eight, one) = (BitDepth::Eight, BitDepth::One);
        for (name, url) in [
            ("rgb", encoded(side, ColorType::Rgb, eight, &rgb, &[])),
            ("rgba", encoded(side, ColorType::Rgba, eight, &rgba, &[])),
            (
                "grey and alpha",
                encoded(side, ColorType::GrayscaleAlpha, eight, &grey_alpha, &[]),
            ),
            (
                "16 bits",
                encoded(side, ColorType::Grayscale, BitDepth::Sixteen, &deep, &[]),
            ),
            (
                "1 bit",
                encoded(side, ColorType::Grayscale, one, &bits, &[]),
            ),
            (
                "palette",
                encoded(
                    side,
                    ColorType::Indexed,
                    eight,
                    &indexed,
                    &[255, 255, 255, 0, 0, 90],
                ),
            ),
        ] {
            assert_eq!(read(&url).as_deref(), Some(URL), "{name}");
        }
    }

    #[test]
    fn what_holds_no_code_gives_nothing() {
        let blank = encoded(50, ColorType::Grayscale, BitDepth::Eight, &[255; 2500], &[]);
        let huge = encoded(
            2001,
            ColorType::Grayscale,
            BitDepth::One,
            &vec![0; 2001 * 251],
            &[],
        );
        for url in [
            "",
            "data:image/png;base64,",
            "data:image/png;base64,AAAA",
            "https://x",
            &blank,
            &huge,
        ] {
            assert_eq!(read(url), None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn a_damaged_code_is_read_or_not_but_never_panics(seed: u64, share in 0.0..0.6) {
            let (side, dark) = dark(3, 2);
            let mut random = crate::model::Random::seeded(seed);
            let mut grey = pixels(side, |x, y| vec![if dark(x, y) { 0 } else { 255 }]);
            for pixel in &mut grey {
                if random.fraction() < share {
                    *pixel = u8::try_from(random.bits() & 0xff).unwrap_or(0);
                }
            }
            let _ = Picture { width: side, height: side, grey }.text();
        }
    }
}
