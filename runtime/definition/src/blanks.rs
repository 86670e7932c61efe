//! A text with the blanks put in that are missing behind its colons, so that what stands behind them is checked too.
//!
//! **Invariant:** every place is told as it is in the file; how often a file is read because of them is bounded.

use crate::source::{Source, Span};

/// How many blanks are put in at most.
const BLANKS_MAX: usize = 10;

/// How many bytes are read at most because of them.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// A file's text with blanks.
#[derive(Debug)]
pub(crate) struct Blanked<'s> {
    file: &'s Source,
    /// Before which bytes of the file a blank is put, in order.
    before: Vec<usize>,
    /// The text, where it is not that of the file.
    text: Option<Source>,
}

impl<'s> Blanked<'s> {
    /// A file's text as it is.
    pub(crate) fn of(file: &'s Source) -> Self {
        let (before, text) = (Vec::new(), None);
        Self { file, before, text }
    }

    /// The file.
    pub(crate) fn file(&self) -> &'s Source {
        self.file
    }

    /// The text that is read.
    pub(crate) fn read(&self) -> &Source {
        self.text.as_ref().unwrap_or(self.file)
    }

    /// Whether one more blank may be put in.
    pub(crate) fn has_room(&self) -> bool {
        let bytes = self.file.text().len().max(1);
        self.before.len() < (BYTES_MAX / bytes).min(BLANKS_MAX)
    }

    /// Puts a blank before an offset of the file.
    pub(crate) fn put(&mut self, offset: usize) {
        let at = self.before.partition_point(|before| *before < offset);
        self.before.insert(at, offset);
        let mut text = String::with_capacity(self.file.text().len() + self.before.len());
        let mut start = 0;
        for before in &self.before {
            text.push_str(self.file.slice(Span::new(start, *before)));
            text.push(' ');
            start = *before;
        }
        text.push_str(self.file.text().get(start..).unwrap_or_default());
        self.text = Some(Source::new(self.file.name(), text));
    }

    /// The place in the file of one in the text that is read.
    pub(crate) fn place(&self, span: Span) -> Span {
        Span::new(self.offset(span.start), self.offset(span.end))
    }

    fn offset(&self, offset: usize) -> usize {
        let blank_before = |(put, before): &(usize, &usize)| **before + put < offset;
        let blanks = self.before.iter().enumerate().take_while(blank_before).count();
        (offset - blanks).min(self.file.text().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_the_file() {
        let file = Source::new("f", "a:1\nb:2\n");
        let mut blanked = Blanked::of(&file);
        blanked.put(6);
        blanked.put(2);
        assert_eq!(blanked.read().text(), "a: 1\nb: 2\n");
        let places = (0..=10).map(|at| blanked.place(Span::at(at)).start);
        assert_eq!(places.collect::<Vec<_>>(), [0, 1, 2, 2, 3, 4, 5, 6, 6, 7, 8]);
        assert!(blanked.has_room());
        (0..8).for_each(|_| blanked.put(2));
        assert!(!blanked.has_room());
    }
}
