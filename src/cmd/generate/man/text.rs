//! Parses the texts of [`manual`](crate::cli::manual) into sections of paragraphs, tagged paragraphs and commands.

use super::roff::{Roff, Span};

/// Holds a part of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// Text that is filled.
    Paragraph(String),
    /// A term and its meaning.
    Tagged(String, String),
    /// Lines to be typed.
    Commands(Vec<String>),
}

/// Holds a heading and its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The heading, without its colon.
    pub title: String,
    /// Its content.
    pub blocks: Vec<Block>,
}

/// Parses a text.
pub fn sections(text: &str) -> Vec<Section> {
    let mut all: Vec<Section> = Vec::new();
    let mut is_new = true;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let words = line.trim();
        let Some(section) = all.last_mut().filter(|_| indent > 0 || words.is_empty()) else {
            all.push(Section { title: words.trim_end_matches(':').to_owned(), blocks: Vec::new() });
            is_new = true;
            continue;
        };
        if words.is_empty() {
            match section.blocks.last_mut() {
                // A blank line within or behind commands.
                Some(Block::Commands(lines)) => lines.push(String::new()),
                _ => is_new = true,
            }
            continue;
        }
        let tag = words.split_once("   ").filter(|_| indent == 2);
        match (section.blocks.last_mut(), tag) {
            (_, Some((term, meaning))) => {
                section.blocks.push(Block::Tagged(term.to_owned(), meaning.trim().to_owned()));
            }
            (Some(Block::Tagged(_, meaning)), None) if !is_new && indent > 2 => *meaning += &format!(" {words}"),
            (Some(Block::Commands(lines)), None) if !is_new && indent >= 4 => lines.push(line[4..].to_owned()),
            (_, None) if indent >= 4 => section.blocks.push(Block::Commands(vec![line[4..].to_owned()])),
            (Some(Block::Paragraph(text)), None) if !is_new => *text += &format!(" {words}"),
            (_, None) => section.blocks.push(Block::Paragraph(words.to_owned())),
        }
        is_new = false;
    }
    all
}

impl Section {
    /// Returns whether these are the examples, which end a text.
    pub fn is_examples(&self) -> bool {
        self.title == "Examples"
    }

    /// Writes the section into a page.
    pub fn write(&self, page: &mut Roff) {
        page.heading(&self.title.to_uppercase());
        for block in &self.blocks {
            match block {
                Block::Paragraph(text) => page.paragraph(text),
                Block::Tagged(term, meaning) => page.tagged(&[Span::Bold(term)], meaning),
                Block::Commands(lines) => {
                    let end = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
                    page.commands(&lines[..end].iter().map(String::as_str).collect::<Vec<_>>());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::manual::TEXTS;

    #[test]
    fn terms_paragraphs_and_commands_are_told_apart() {
        let text =
            "One:\n  a b\n  c\n\n  term   meaning\n         goes on\n\nExamples:\n  Say it:\n    x \\\n      y\n";
        let all = sections(text);
        let tagged = Block::Tagged("term".into(), "meaning goes on".into());
        assert_eq!(all[0].blocks, [Block::Paragraph("a b c".into()), tagged]);
        let commands = Block::Commands(vec!["x \\".into(), "  y".into()]);
        assert_eq!(all[1].blocks, [Block::Paragraph("Say it:".into()), commands]);
    }

    #[test]
    fn every_text_ends_in_at_least_three_examples_and_fits_a_terminal() {
        for (name, text) in TEXTS {
            let all = sections(text);
            let examples = all.last().filter(|section| section.is_examples()).expect(name);
            let commands = examples.blocks.iter().filter(|block| matches!(block, Block::Commands(_))).count();
            assert!(commands >= 3 && commands * 2 == examples.blocks.len(), "{name}: {commands}");
            for line in text.lines() {
                assert!(
                    line.chars().count() <= 80 && !line.contains('\t') && line.trim_end() == line,
                    "{name}: {line}"
                );
            }
        }
    }
}
