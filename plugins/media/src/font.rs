//! A font of five by seven points, for short texts in capitals.

/// The height of a letter in points.
pub const HEIGHT: u32 = 7;
/// From one letter to the next in points: five for the letter, one between.
pub const ADVANCE: u32 = 6;
const WIDTH: u32 = 5;

/// One row of a letter per byte, its leftmost point first.
type Glyph = [u8; 7];

/// What a letter without a shape looks like.
const UNKNOWN: Glyph = [0b11111, 0b10001, 0b10101, 0b10001, 0b10101, 0b10001, 0b11111];

/// The points that are lit when `text` is written from (0, 0) on.
pub fn lit_points(text: &str) -> impl Iterator<Item = (u32, u32)> {
    let letters = (0..).zip(text.chars());
    letters.flat_map(|(place, letter)| lit_points_of(letter).map(move |(x, y)| (place * ADVANCE + x, y)))
}

fn lit_points_of(letter: char) -> impl Iterator<Item = (u32, u32)> {
    let rows = (0..HEIGHT).zip(glyph(letter));
    rows.flat_map(|(y, row)| {
        (0..WIDTH)
            .filter(move |x| row >> (WIDTH - 1 - x) & 1 == 1)
            .map(move |x| (x, y))
    })
}

fn glyph(letter: char) -> Glyph {
    match letter.to_ascii_uppercase() {
        ' ' => [0; 7],
        letter @ 'A'..='M' => a_to_m(letter),
        letter @ 'N'..='Z' => n_to_z(letter),
        letter @ '0'..='9' => digit(letter),
        letter => sign(letter),
    }
}

fn a_to_m(letter: char) -> Glyph {
    match letter {
        'A' => [0b01110, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001],
        'B' => [0b11110, 0b10001, 0b10001, 0b11110, 0b10001, 0b10001, 0b11110],
        'C' => [0b01110, 0b10001, 0b10000, 0b10000, 0b10000, 0b10001, 0b01110],
        'D' => [0b11110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b11110],
        'E' => [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111],
        'F' => [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b10000],
        'G' => [0b01110, 0b10001, 0b10000, 0b10111, 0b10001, 0b10001, 0b01110],
        'H' => [0b10001, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001],
        'I' => [0b01110, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
        'J' => [0b00111, 0b00010, 0b00010, 0b00010, 0b00010, 0b10010, 0b01100],
        'K' => [0b10001, 0b10010, 0b10100, 0b11000, 0b10100, 0b10010, 0b10001],
        'L' => [0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b11111],
        'M' => [0b10001, 0b11011, 0b10101, 0b10101, 0b10001, 0b10001, 0b10001],
        _ => UNKNOWN,
    }
}

fn n_to_z(letter: char) -> Glyph {
    match letter {
        'N' => [0b10001, 0b11001, 0b10101, 0b10101, 0b10011, 0b10001, 0b10001],
        'O' => [0b01110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110],
        'P' => [0b11110, 0b10001, 0b10001, 0b11110, 0b10000, 0b10000, 0b10000],
        'Q' => [0b01110, 0b10001, 0b10001, 0b10001, 0b10101, 0b10010, 0b01101],
        'R' => [0b11110, 0b10001, 0b10001, 0b11110, 0b10100, 0b10010, 0b10001],
        'S' => [0b01111, 0b10000, 0b10000, 0b01110, 0b00001, 0b00001, 0b11110],
        'T' => [0b11111, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100],
        'U' => [0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110],
        'V' => [0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01010, 0b00100],
        'W' => [0b10001, 0b10001, 0b10001, 0b10101, 0b10101, 0b11011, 0b10001],
        'X' => [0b10001, 0b10001, 0b01010, 0b00100, 0b01010, 0b10001, 0b10001],
        'Y' => [0b10001, 0b10001, 0b01010, 0b00100, 0b00100, 0b00100, 0b00100],
        'Z' => [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b10000, 0b11111],
        _ => UNKNOWN,
    }
}

fn digit(letter: char) -> Glyph {
    match letter {
        '0' => [0b01110, 0b10011, 0b10101, 0b10101, 0b10101, 0b11001, 0b01110],
        '1' => [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
        '2' => [0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111],
        '3' => [0b11111, 0b00010, 0b00100, 0b00010, 0b00001, 0b10001, 0b01110],
        '4' => [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010],
        '5' => [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110],
        '6' => [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110],
        '7' => [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000],
        '8' => [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110],
        '9' => [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100],
        _ => UNKNOWN,
    }
}

fn sign(letter: char) -> Glyph {
    match letter {
        '.' => [0, 0, 0, 0, 0, 0b01100, 0b01100],
        ',' => [0, 0, 0, 0, 0b00110, 0b00100, 0b01000],
        ':' => [0, 0b01100, 0b01100, 0, 0b01100, 0b01100, 0],
        '-' => [0, 0, 0, 0b11111, 0, 0, 0],
        '_' => [0, 0, 0, 0, 0, 0, 0b11111],
        '/' => [0b00001, 0b00010, 0b00010, 0b00100, 0b01000, 0b01000, 0b10000],
        '!' => [0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0, 0b00100],
        '?' => [0b01110, 0b10001, 0b00001, 0b00110, 0b00100, 0, 0b00100],
        '(' => [0b00010, 0b00100, 0b01000, 0b01000, 0b01000, 0b00100, 0b00010],
        ')' => [0b01000, 0b00100, 0b00010, 0b00010, 0b00010, 0b00100, 0b01000],
        '+' => [0, 0b00100, 0b00100, 0b11111, 0b00100, 0b00100, 0],
        '&' => [0b01100, 0b10010, 0b10100, 0b01000, 0b10101, 0b10010, 0b01101],
        '@' => [0b01110, 0b10001, 0b10111, 0b10101, 0b10111, 0b10000, 0b01110],
        '\u{b7}' => [0, 0, 0, 0b00100, 0, 0, 0],
        '\u{a9}' => [0b01110, 0b10001, 0b10111, 0b11001, 0b10111, 0b10001, 0b01110],
        _ => UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str, width: u32) -> Vec<String> {
        let lit: Vec<_> = lit_points(text).collect();
        let row = |y| {
            (0..width)
                .map(|x| if lit.contains(&(x, y)) { '#' } else { '.' })
                .collect()
        };
        (0..HEIGHT).map(row).collect()
    }

    #[test]
    fn letters_stand_side_by_side() {
        let expected = [
            "#...#..###.",
            "#...#...#..",
            "#...#...#..",
            "#####...#..",
            "#...#...#..",
            "#...#...#..",
            "#...#..###.",
        ];
        assert_eq!(drawn("hI", 11), expected);
    }

    #[test]
    fn every_letter_fits_and_none_looks_like_another() {
        let known: Vec<_> = ('A'..='Z')
            .chain('0'..='9')
            .chain(".,:-_/!?()+&@·© ".chars())
            .map(glyph)
            .collect();
        assert!(known.iter().flatten().all(|row| *row < 1 << WIDTH));
        for (place, glyph) in known.iter().enumerate() {
            assert!(!known[..place].contains(glyph) && *glyph != UNKNOWN, "number {place}");
        }
        assert_eq!(glyph('é'), UNKNOWN);
    }
}
