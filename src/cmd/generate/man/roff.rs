//! Writes a manual page as roff: paragraphs, tagged paragraphs and commands.

use std::fmt::Write as _;

/// Width in columns of a line of the source.
const WIDTH: usize = 78;

/// Holds the source of a page.
#[derive(Debug, Default)]
pub struct Roff {
    text: String,
    /// Whether the next paragraph is the first below its heading, where roff needs no mark.
    fresh: bool,
}

/// Holds text in a font.
#[derive(Debug, Clone, Copy)]
pub enum Span<'a> {
    /// Plain text.
    Plain(&'a str),
    /// Text to be typed.
    Bold(&'a str),
    /// A placeholder.
    Italic(&'a str),
}

impl Roff {
    /// Starts a page with its name, its section and its description.
    pub fn new(name: &str, section: u8, about: &str) -> Roff {
        let mut page = Roff::default();
        let version = env!("CARGO_PKG_VERSION");
        let title = escaped(&name.to_ascii_uppercase());
        let _ = writeln!(page.text, ".TH {title} {section} {} \"dhan {version}\" \"dhan manual\"", super::DATE);
        page.heading("NAME");
        let mut about = about.chars();
        let first = about.next().map(|c| c.to_ascii_lowercase()).unwrap_or_default();
        let _ = writeln!(page.text, "{} \\- {first}{}", escaped(name), escaped(about.as_str()));
        page
    }

    /// Returns the source.
    pub fn finish(self) -> String {
        self.text
    }

    /// Starts a section.
    pub fn heading(&mut self, title: &str) {
        let _ = writeln!(self.text, ".SH {}", quoted(title));
        self.fresh = true;
    }

    /// Starts a subsection.
    pub fn subheading(&mut self, title: &str) {
        let _ = writeln!(self.text, ".SS {}", quoted(title));
        self.fresh = true;
    }

    /// Adds a paragraph.
    pub fn paragraph(&mut self, text: &str) {
        self.separate();
        self.flow(text);
    }

    /// Adds lines that are not filled, in these fonts.
    pub fn lines(&mut self, lines: &[Vec<Span<'_>>]) {
        self.separate();
        for (number, line) in lines.iter().enumerate() {
            if number > 0 {
                self.text.push_str(".br\n");
            }
            self.spans(line);
        }
    }

    /// Adds a paragraph with a tag.
    pub fn tagged(&mut self, tag: &[Span<'_>], text: &str) {
        self.text.push_str(".TP\n");
        self.spans(tag);
        self.flow(text);
        self.fresh = false;
    }

    /// Adds commands.
    pub fn commands(&mut self, lines: &[&str]) {
        self.text.push_str(".PP\n.RS 4\n.nf\n");
        for line in lines {
            let _ = if line.is_empty() {
                writeln!(self.text, ".sp")
            } else {
                writeln!(self.text, "\\fB{}\\fR", escaped(line))
            };
        }
        self.text.push_str(".fi\n.RE\n");
        self.fresh = false;
    }

    /// Adds references to other pages, separated by commas.
    pub fn references(&mut self, pages: &[(String, u8)]) {
        self.separate();
        for (number, (name, section)) in pages.iter().enumerate() {
            let comma = if number + 1 < pages.len() { "," } else { "" };
            let _ = writeln!(self.text, ".BR {} ({section}){comma}", escaped(name));
        }
    }

    fn separate(&mut self) {
        if !std::mem::take(&mut self.fresh) {
            self.text.push_str(".PP\n");
        }
    }

    fn spans(&mut self, spans: &[Span<'_>]) {
        for span in spans {
            let _ = match span {
                Span::Plain(text) => write!(self.text, "{}", escaped(text)),
                Span::Bold(text) => write!(self.text, "\\fB{}\\fR", escaped(text)),
                Span::Italic(text) => write!(self.text, "\\fI{}\\fR", escaped(text)),
            };
        }
        self.text.push('\n');
    }

    /// Adds text that is filled. Every sentence begins a line, as roff expects.
    fn flow(&mut self, text: &str) {
        let mut line = String::new();
        for word in text.split_whitespace() {
            let word = escaped(word);
            let ends = line.ends_with(['.', '?', '!']) && word.starts_with(|c: char| c.is_ascii_uppercase());
            if !line.is_empty() && (ends || line.len() + 1 + word.len() > WIDTH) {
                self.line(&line);
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
        self.line(&line);
    }

    fn line(&mut self, line: &str) {
        // A dot at the beginning of a line would make it a command.
        let guard = if line.starts_with('.') { "\\&" } else { "" };
        let _ = writeln!(self.text, "{guard}{line}");
    }
}

fn quoted(title: &str) -> String {
    let title = escaped(title);
    if title.contains(' ') { format!("\"{title}\"") } else { title }
}

/// Returns text in ASCII, escaped for roff.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\e"),
            '-' => out.push_str("\\-"),
            '\'' => out.push_str("\\(aq"),
            '"' => out.push_str("\\(dq"),
            '`' => out.push_str("\\(ga"),
            '^' => out.push_str("\\(ha"),
            '~' => out.push_str("\\(ti"),
            c if c.is_ascii() => out.push(c),
            c => drop(write!(out, "\\[u{:04X}]", u32::from(c))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_taken_for_a_command() {
        let mut page = Roff::new("dhan-x", 1, "it's");
        page.heading("FILES");
        page.paragraph(".gz and '.zst' and a\\b … done. Next");
        page.commands(&["echo \"~^`\""]);
        let text = page.finish();
        assert!(text.contains("\n\\&.gz and \\(aq.zst\\(aq and a\\eb \\[u2026] done.\nNext\n"), "{text}");
        assert!(text.contains("\\fBecho \\(dq\\(ti\\(ha\\(ga\\(dq\\fR"), "{text}");
        assert!(text.is_ascii());
    }

    #[test]
    fn the_first_paragraph_below_a_heading_has_no_mark() {
        let mut page = Roff::default();
        page.heading("A B");
        page.paragraph("one");
        page.paragraph("two");
        assert_eq!(page.finish(), ".SH \"A B\"\none\n.PP\ntwo\n");
    }
}
