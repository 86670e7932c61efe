//! Where output goes, and what can be drawn there.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use stepwell_definition::{Characters, Colour, Drawing};

/// What can be drawn on standard error.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether a tree can be drawn and redrawn in place.
    pub live: bool,
    /// Whether colours are wanted.
    pub colour: bool,
    /// Whether characters beyond ASCII are understood.
    pub unicode: bool,
    /// Columns and rows of the terminal.
    pub size: fn() -> (usize, usize),
}

/// The two streams of a program, and what can be drawn on the second.
pub struct Console {
    out: Box<dyn Write + Send>,
    error: Box<dyn Write + Send>,
    style: Style,
    /// Why the output is not where it should be.
    lost: Option<io::Error>,
}

impl fmt::Debug for Console {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Console")
            .field("style", &self.style)
            .finish_non_exhaustive()
    }
}

impl Style {
    /// Plain lines of ASCII, 100 columns wide.
    pub const PLAIN: Self = Self {
        live: false,
        colour: false,
        unicode: false,
        size: || (100, 40),
    };

    /// What standard error can show, by what the environment says of it.
    #[must_use]
    pub fn of_standard_error(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let bare = !io::stderr().is_terminal() || set("TERM").is_none_or(|term| term == "dumb");
        let live = !bare && set("NO_COLOR").is_none();
        let locale = set("LC_ALL")
            .or_else(|| set("LC_CTYPE"))
            .or_else(|| set("LANG"))
            .unwrap_or_default();
        let unicode = !bare && locale.to_ascii_lowercase().replace('-', "").contains("utf8");
        Self {
            live,
            colour: live,
            unicode,
            size: size_of_standard_error,
        }
    }

    /// How diagnostics are drawn.
    pub(crate) fn drawing(self) -> Drawing {
        let (width, _) = (self.size)();
        Drawing {
            characters: if self.unicode {
                Characters::Unicode
            } else {
                Characters::Ascii
            },
            colour: if self.colour { Colour::Ansi } else { Colour::None },
            width: width.clamp(40, 120),
        }
    }
}

fn size_of_standard_error() -> (usize, usize) {
    let size = terminal_size::terminal_size_of(io::stderr());
    size.map_or((80, 24), |(width, height)| {
        (usize::from(width.0), usize::from(height.0))
    })
}

impl Console {
    /// A console over two streams.
    pub fn new(out: impl Write + Send + 'static, error: impl Write + Send + 'static, style: Style) -> Self {
        Self {
            out: Box::new(out),
            error: Box::new(error),
            style,
            lost: None,
        }
    }

    /// The program's own streams.
    #[must_use]
    pub fn standard(style: Style) -> Self {
        Self::new(io::stdout(), io::stderr(), style)
    }

    /// What can be drawn on standard error.
    #[must_use]
    pub fn style(&self) -> Style {
        self.style
    }

    /// Writes to standard output. A reader that has gone, such as `head`, is no error.
    pub(crate) fn out(&mut self, text: &str) {
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        let lost = written.err().filter(|error| error.kind() != io::ErrorKind::BrokenPipe);
        self.lost = self.lost.take().or(lost);
    }

    /// Why something that was to be written to standard output is lost, if it is.
    pub(crate) fn lost(&mut self) -> Option<io::Error> {
        self.lost.take()
    }

    /// Writes a line of JSON to standard output.
    pub(crate) fn json(&mut self, value: &impl serde::Serialize) -> Result<(), crate::HostError> {
        let text = serde_json::to_string(value).map_err(anyhow::Error::new)?;
        self.out(&(text + "\n"));
        Ok(())
    }

    /// Writes to standard error.
    pub fn error(&mut self, text: &str) {
        // Nobody is left to be told.
        _ = self.error.write_all(text.as_bytes()).and_then(|()| self.error.flush());
    }

    /// Writes a line to standard error, in which nothing steers the terminal.
    pub fn say(&mut self, line: &str) {
        self.error(&format!("{}\n", drawable(line)));
    }
}

impl Console {
    /// Says a line, if there is one.
    pub(crate) fn say_if(&mut self, line: Option<String>) {
        if let Some(line) = line {
            self.say(&line);
        }
    }
}

/// The text without anything that a terminal would obey; lines stay lines.
pub(crate) fn drawable(text: &str) -> String {
    text.chars()
        .map(|character| if obeyed(character) { '\u{fffd}' } else { character })
        .collect()
}

/// The text as one line, short enough for a line.
pub(crate) fn one_line(text: &str, characters_max: usize) -> String {
    let mut line: String = text
        .chars()
        .take(characters_max)
        .map(|c| if c == '\n' || c == '\t' { ' ' } else { c })
        .collect();
    if text.chars().nth(characters_max).is_some() {
        line.push_str("...");
    }
    drawable(&line)
}

fn obeyed(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        _ => character.is_control(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What was written.
    #[derive(Clone, Default)]
    pub(crate) struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Written {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    /// A plain console, and what is written to its two streams.
    pub(crate) fn plain() -> (Console, Written, Written) {
        let (out, error) = (Written::default(), Written::default());
        (Console::new(out.clone(), error.clone(), Style::PLAIN), out, error)
    }

    #[test]
    fn nothing_that_is_said_steers_the_terminal() {
        let (mut console, out, error) = plain();
        console.say("a\u{1b}[2J\u{202e}b\nc");
        assert_eq!(
            (out.text(), error.text()),
            (String::new(), "a\u{fffd}[2J\u{fffd}b\nc\n".to_owned())
        );
        assert_eq!(one_line("a\nbcd", 4), "a bc...");
    }
}
