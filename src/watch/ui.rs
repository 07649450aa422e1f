//! Holds the state of the user interface: keys in, actions out.

use super::model::{Model, TableRow};
use crate::model::{InstrumentKey, Micros};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::cmp::Ordering;

/// Names what fills the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScreenKind {
    /// One row for each instrument.
    Table,
    /// The five levels of one instrument of the table.
    Ladder(InstrumentKey),
    /// The order book of a depth stream.
    Depth,
    /// One row for each order.
    Orders,
}

/// Says how the table is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// In the order of subscription.
    #[default]
    Given,
    /// By symbol.
    Symbol,
    /// The largest gain in percent first.
    Change,
    /// The largest volume first.
    Volume,
    /// The newest packet first.
    Age,
}

impl Sort {
    const ALL: [Sort; 5] = [Sort::Given, Sort::Symbol, Sort::Change, Sort::Volume, Sort::Age];

    /// Returns the word on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Sort::Given => "as given",
            Sort::Symbol => "symbol",
            Sort::Change => "change",
            Sort::Volume => "volume",
            Sort::Age => "age",
        }
    }

    fn next(self) -> Sort {
        let at = Sort::ALL.iter().position(|sort| *sort == self).unwrap_or(0);
        Sort::ALL[(at + 1) % Sort::ALL.len()]
    }
}

/// Says what is being typed at the bottom of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextInput {
    /// The filter (`/`).
    Filter,
    /// An instrument to add (`a`).
    Add(String),
}

/// A request of the user to the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UiAction {
    /// End the run.
    Quit,
    /// Stop the process like Ctrl-Z.
    Suspend,
    /// Subscribe to the instruments that these words name.
    Add(String),
    /// Unsubscribe from an instrument in all its modes.
    Drop(InstrumentKey),
    /// Subscribe to an instrument's full packets, because its ladder is shown.
    Full(InstrumentKey),
    /// Unsubscribe from an instrument's full packets, because its ladder is closed.
    NotFull(InstrumentKey),
    /// Draw everything anew.
    Redraw,
}

/// Holds what the user looks at.
#[derive(Debug, Clone)]
pub struct Ui {
    /// What fills the screen.
    pub screen: ScreenKind,
    /// The selected row of the table.
    pub selected: Option<InstrumentKey>,
    /// The selected row of other screens, from 0.
    pub line: usize,
    /// Index of the first row shown.
    pub offset: usize,
    /// Number of optional columns that are scrolled out on the left.
    pub scroll: usize,
    /// The sort order of the table.
    pub sort: Sort,
    /// Text that a row's symbol or `SEGMENT:ID` must contain, in upper case.
    pub filter: String,
    /// What is being typed, if anything.
    pub input: Option<TextInput>,
    /// Whether the help is shown.
    pub help: bool,
    /// The rows as they were when the view was paused.
    pub paused: Option<Box<Model>>,
    /// Whether instruments can be added and dropped: not in a replay, and not among orders.
    pub may_change: bool,
    /// The instrument whose full packets only its ladder needs.
    full: Option<InstrumentKey>,
    /// Indices of the shown rows, in order.
    visible: Vec<usize>,
    /// The inputs from which [`Ui::visible`] was computed.
    made: Made,
}

#[derive(Debug, Clone, PartialEq, Default)]
struct Made {
    arrangement: u64,
    sort: Sort,
    filter: String,
    second: i64,
}

impl Ui {
    /// Creates the state for a screen. `may_change`: whether instruments can be added and dropped.
    pub fn new(screen: ScreenKind, may_change: bool) -> Ui {
        Ui {
            screen,
            selected: None,
            line: 0,
            offset: 0,
            scroll: 0,
            sort: Sort::default(),
            filter: String::new(),
            input: None,
            help: false,
            paused: None,
            may_change,
            full: None,
            visible: Vec::new(),
            made: Made::default(),
        }
    }

    /// Returns the indices of the rows that pass the filter, sorted. `now` limits the age of an order by changing
    /// figures to a second.
    pub fn visible(&mut self, model: &Model, now: Micros, is_open: bool) -> &[usize] {
        let rows = model.rows();
        let made = Made {
            arrangement: model.arrangement,
            sort: self.sort,
            filter: self.filter.clone(),
            second: if matches!(self.sort, Sort::Given) { 0 } else { now.seconds() },
        };
        if made != self.made {
            let passes = |row: &TableRow| {
                self.filter.is_empty()
                    || row.symbol.to_uppercase().contains(&self.filter)
                    || row.instrument.to_string().contains(&self.filter)
            };
            self.visible = (0..rows.len()).filter(|at| passes(&rows[*at])).collect();
            let change = |row: &TableRow| row.previous_close(is_open).map(|close| row.ltp / close);
            let descending = |a: Option<f32>, b: Option<f32>| match (a, b) {
                (Some(a), Some(b)) => b.total_cmp(&a),
                // Unknown values come last.
                (a, b) => b.is_some().cmp(&a.is_some()),
            };
            self.visible.sort_by(|a, b| {
                let (a, b) = (&rows[*a], &rows[*b]);
                match self.sort {
                    Sort::Given => Ordering::Equal,
                    Sort::Symbol => a.symbol.cmp(&b.symbol),
                    Sort::Change => descending(change(a), change(b)),
                    Sort::Volume => b.volume.cmp(&a.volume),
                    Sort::Age => b.recv.cmp(&a.recv),
                }
            });
            self.made = made;
        }
        &self.visible
    }

    /// Returns the index of the selected row among the visible ones, or 0 if it is not among them.
    pub fn selected_line(&mut self, model: &Model) -> usize {
        let place = self.selected.and_then(|key| model.place(key));
        let line = place.and_then(|place| self.visible.iter().position(|at| *at == place));
        let line = line.unwrap_or(0);
        self.selected = self.visible.get(line).and_then(|at| model.rows().get(*at)).map(|row| row.instrument);
        line
    }

    /// Handles a key. `page`: number of rows on the screen.
    pub fn key(&mut self, key: KeyEvent, model: &Model, page: usize) -> Option<UiAction> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        if key.modifiers.contains(KeyModifiers::ALT) {
            // Escape and a key that arrive together, as over a slow line, look like one key with Alt.
            let escaped = self.key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE), model, page);
            let plain = KeyEvent { modifiers: key.modifiers - KeyModifiers::ALT, ..key };
            return self.key(plain, model, page).or(escaped);
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            match (key.code, self.typed_text()) {
                (KeyCode::Char('c'), _) => return Some(UiAction::Quit),
                (KeyCode::Char('z'), _) => return Some(UiAction::Suspend),
                (KeyCode::Char('l'), _) => return Some(UiAction::Redraw),
                (KeyCode::Char('u'), Some(text)) => text.clear(),
                (KeyCode::Char('w'), Some(text)) => remove_last_word(text),
                _ => {}
            }
            return None;
        }
        if self.input.is_some() {
            return self.typed(key.code);
        }
        if self.help {
            self.help = !matches!(key.code, KeyCode::Esc | KeyCode::Char('?' | 'q') | KeyCode::Enter);
            return None;
        }
        match key.code {
            KeyCode::Char('q') => return Some(UiAction::Quit),
            KeyCode::Char('?') => self.help = true,
            KeyCode::Char('p') => {
                self.paused = if self.paused.is_none() { Some(Box::new(model.clone())) } else { None }
            }
            // A paused view shows other rows than the run has.
            _ => match self.paused.take() {
                Some(paused) => {
                    let action = self.command(key.code, &paused, page);
                    self.paused = Some(paused);
                    return action;
                }
                None => return self.command(key.code, model, page),
            },
        }
        None
    }

    /// Handles a key that moves the selection or belongs to the screen.
    fn command(&mut self, code: KeyCode, model: &Model, page: usize) -> Option<UiAction> {
        match code {
            KeyCode::Up | KeyCode::Char('k') => self.step(model, -1),
            KeyCode::Down | KeyCode::Char('j') => self.step(model, 1),
            KeyCode::PageUp => self.step(model, -(page.max(1) as isize)),
            KeyCode::PageDown => self.step(model, page.max(1) as isize),
            KeyCode::Home | KeyCode::Char('g') => self.step(model, isize::MIN),
            KeyCode::End | KeyCode::Char('G') => self.step(model, isize::MAX),
            _ => return self.of_screen(code, model),
        }
        None
    }

    fn of_screen(&mut self, code: KeyCode, model: &Model) -> Option<UiAction> {
        match (self.screen, code) {
            (ScreenKind::Table, KeyCode::Char('s')) => self.sort = self.sort.next(),
            (ScreenKind::Table, KeyCode::Char('/')) => self.input = Some(TextInput::Filter),
            (ScreenKind::Table, KeyCode::Esc) => self.filter.clear(),
            (ScreenKind::Table, KeyCode::Left | KeyCode::Char('h')) => self.scroll = self.scroll.saturating_sub(1),
            (ScreenKind::Table, KeyCode::Right | KeyCode::Char('l')) => {
                self.scroll = (self.scroll + 1).min(super::view::SCROLL_LIMIT);
            }
            (ScreenKind::Table, KeyCode::Char('a')) if self.may_change => {
                self.input = Some(TextInput::Add(String::new()))
            }
            (ScreenKind::Table, KeyCode::Char('d')) if self.may_change => {
                let line = self.selected_line(model);
                let removed = self.selected?;
                // Select the row below, or the one above if it was the last.
                let next = self.visible.get(line + 1).or(self.visible.get(line.wrapping_sub(1)));
                self.selected = next.map(|at| model.rows()[*at].instrument);
                return Some(UiAction::Drop(removed));
            }
            (ScreenKind::Table, KeyCode::Enter) => {
                self.selected_line(model);
                let instrument = self.selected?;
                self.screen = ScreenKind::Ladder(instrument);
                let has_full = model.row(instrument).is_none_or(|row| row.modes & 1 << 2 != 0);
                if self.may_change && !has_full && instrument.segment != crate::model::Segment::IDX_I {
                    self.full = Some(instrument);
                    return Some(UiAction::Full(instrument));
                }
            }
            (ScreenKind::Ladder(_), KeyCode::Esc | KeyCode::Enter | KeyCode::Backspace) => {
                self.screen = ScreenKind::Table;
                return self.full.take().map(UiAction::NotFull);
            }
            _ => {}
        }
        None
    }

    /// Handles a paste: where something is typed it is text, whose lines become words.
    ///
    /// # Errors
    /// Says why the paste is ignored; its characters are no keys.
    pub fn paste(&mut self, pasted: &str) -> Result<(), &'static str> {
        let is_filter = self.input == Some(TextInput::Filter);
        let can_be_typed = match (self.screen, self.may_change) {
            (ScreenKind::Table, true) => {
                "the paste is ignored: press a to add instruments or / to filter, and paste again"
            }
            (ScreenKind::Table, false) => "the paste is ignored: press / to filter, and paste again",
            _ => "the paste is ignored: nothing can be typed here",
        };
        let text = self.typed_text().ok_or(can_be_typed)?;
        let pasted = pasted.replace(|c: char| c.is_control(), " ");
        let words: Vec<&str> = pasted.split_whitespace().collect();
        // The first word is one of its own if the paste begins with a line end.
        if pasted.starts_with(' ') && !text.is_empty() {
            text.push(' ');
        }
        let words = words.join(" ");
        text.push_str(&if is_filter { words.to_uppercase() } else { words });
        // What is typed next is another word if the paste ends with a line end.
        if pasted.ends_with(' ') && !is_filter {
            text.push(' ');
        }
        Ok(())
    }

    /// Returns the text that is being typed.
    fn typed_text(&mut self) -> Option<&mut String> {
        match &mut self.input {
            Some(TextInput::Filter) => Some(&mut self.filter),
            Some(TextInput::Add(text)) => Some(text),
            None => None,
        }
    }

    /// Handles a key while something is typed.
    fn typed(&mut self, code: KeyCode) -> Option<UiAction> {
        match (&mut self.input, code) {
            (Some(TextInput::Filter), KeyCode::Esc) => {
                self.filter.clear();
                self.input = None;
            }
            (Some(TextInput::Filter), KeyCode::Enter) | (Some(TextInput::Add(_)), KeyCode::Esc) => self.input = None,
            (Some(TextInput::Filter), KeyCode::Backspace) => drop(self.filter.pop()),
            (Some(TextInput::Filter), KeyCode::Char(c)) => self.filter.extend(c.to_uppercase()),
            (Some(TextInput::Add(text)), KeyCode::Enter) => {
                let text = std::mem::take(text);
                self.input = None;
                return (!text.trim().is_empty()).then_some(UiAction::Add(text));
            }
            (Some(TextInput::Add(text)), KeyCode::Backspace) => drop(text.pop()),
            (Some(TextInput::Add(text)), KeyCode::Char(c)) => text.push(c),
            _ => {}
        }
        None
    }

    fn step(&mut self, model: &Model, by: isize) {
        if self.screen == ScreenKind::Table {
            let line = self.selected_line(model).saturating_add_signed(by).min(self.visible.len().saturating_sub(1));
            self.selected = self.visible.get(line).and_then(|at| model.rows().get(*at)).map(|row| row.instrument);
        } else {
            // The view clamps it.
            self.line = self.line.saturating_add_signed(by);
        }
    }

    /// Adjusts the first shown row so that `line` of `count` is among `height` rows.
    pub fn scroll_to(&mut self, line: usize, count: usize, height: usize) -> usize {
        let height = height.max(1);
        self.offset = self.offset.clamp((line + 1).saturating_sub(height), line).min(count.saturating_sub(height));
        self.offset
    }
}

/// Removes the last word of a text, and the spaces behind it.
fn remove_last_word(text: &mut String) {
    let space = text.trim_end().char_indices().rfind(|(_, c)| c.is_whitespace());
    text.truncate(space.map_or(0, |(at, c)| at + c.len_utf8()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Segment;
    use crate::pipeline::item::Event;
    use crate::protocol::Mode;

    const SHARES: [(u32, &str); 3] = [(2885, "RELIANCE"), (1333, "HDFCBANK"), (11536, "TCS")];

    fn key(id: u32) -> InstrumentKey {
        InstrumentKey::new(Segment::NSE_EQ, id)
    }

    fn model() -> Model {
        let mut model = Model::default();
        model.event(&Event::Symbols(SHARES.iter().map(|(id, name)| (key(*id), (*name).into())).collect()));
        let instruments = SHARES.iter().map(|(id, _)| (key(*id), Some(Mode::Quote))).collect();
        model.event(&Event::Subscribed { conn: 1, instruments });
        model
    }

    fn press(ui: &mut Ui, model: &Model, keys: &str) -> Vec<UiAction> {
        let mut actions = Vec::new();
        for c in keys.chars() {
            ui.visible(model, Micros::EPOCH, true);
            let code = match c {
                '\n' => KeyCode::Enter,
                '\x1b' => KeyCode::Esc,
                '\x08' => KeyCode::Backspace,
                c => KeyCode::Char(c),
            };
            actions.extend(ui.key(KeyEvent::new(code, KeyModifiers::NONE), model, 10));
        }
        ui.visible(model, Micros::EPOCH, true);
        actions
    }

    fn names(ui: &mut Ui, model: &Model) -> Vec<String> {
        ui.visible(model, Micros::EPOCH, true).to_vec().iter().map(|at| model.rows()[*at].symbol.to_string()).collect()
    }

    #[test]
    fn keys_move_sort_filter_and_ask() {
        let model = model();
        let mut ui = Ui::new(ScreenKind::Table, true);
        assert_eq!(press(&mut ui, &model, "jj"), []);
        assert_eq!(ui.selected, Some(key(11536)));
        press(&mut ui, &model, "s");
        assert_eq!(names(&mut ui, &model), ["HDFCBANK", "RELIANCE", "TCS"]);
        // The selection stays with its instrument.
        assert_eq!((ui.selected, ui.selected_line(&model)), (Some(key(11536)), 2));
        press(&mut ui, &model, "/reli\n");
        assert_eq!(names(&mut ui, &model), ["RELIANCE"]);
        assert_eq!(press(&mut ui, &model, "d"), [UiAction::Drop(key(2885))]);
        press(&mut ui, &model, "\x1b");
        assert_eq!(names(&mut ui, &model).len(), 3);
        assert_eq!(press(&mut ui, &model, "aTCX\x08S@full\n"), [UiAction::Add("TCS@full".to_owned())]);
        assert_eq!(press(&mut ui, &model, "a\x1bq"), [UiAction::Quit]);
    }

    #[test]
    fn a_ladder_asks_for_full_packets_only_while_it_is_shown_and_only_where_they_are_not_asked_for() {
        let mut model = model();
        let mut ui = Ui::new(ScreenKind::Table, true);
        assert_eq!(press(&mut ui, &model, "\n\x1b"), [UiAction::Full(key(2885)), UiAction::NotFull(key(2885))]);
        model.event(&Event::Subscribed { conn: 1, instruments: vec![(key(2885), Some(Mode::Full))] });
        assert_eq!(press(&mut ui, &model, "\n\x1b"), []);
    }

    #[test]
    fn what_cannot_be_changed_has_no_keys_for_it() {
        let model = model();
        let mut ui = Ui::new(ScreenKind::Table, false);
        assert_eq!(press(&mut ui, &model, "ad\n"), []);
        assert_eq!(ui.screen, ScreenKind::Ladder(key(2885)));
    }

    #[test]
    fn escape_closes_help_and_filter_and_nothing_else() {
        let model = model();
        let mut ui = Ui::new(ScreenKind::Table, true);
        press(&mut ui, &model, "?");
        assert!(ui.help);
        assert_eq!(press(&mut ui, &model, "\x1b\x1b\x1b"), []);
        assert!(!ui.help);
        press(&mut ui, &model, "/x\x1b");
        assert_eq!((ui.filter.as_str(), ui.input), ("", None));
    }

    #[test]
    fn a_paste_is_text_where_something_is_typed_and_never_keys() {
        let model = model();
        let mut ui = Ui::new(ScreenKind::Table, true);
        let ignored = ui.paste("infy\nq").unwrap_err();
        assert!(ignored.contains("press a"), "{ignored}");
        assert_eq!((ui.input.clone(), names(&mut ui, &model).len()), (None, 3));
        press(&mut ui, &model, "a");
        assert_eq!(ui.paste("infy\r\n\thdfcbank\x1b\nsbin\n"), Ok(()));
        assert_eq!(press(&mut ui, &model, "q\n"), [UiAction::Add("infy hdfcbank sbin q".to_owned())]);
        press(&mut ui, &model, "/r");
        assert_eq!(ui.paste("eli\n"), Ok(()));
        assert_eq!((names(&mut ui, &model), ui.filter.as_str()), (vec!["RELIANCE".to_owned()], "RELI"));
        let mut orders = Ui::new(ScreenKind::Orders, false);
        assert!(orders.paste("q").unwrap_err().contains("nothing can be typed here"));
    }

    #[test]
    fn a_typed_text_is_cut_by_words_and_cleared_as_in_a_shell() {
        let model = model();
        let mut ui = Ui::new(ScreenKind::Table, true);
        let control = |ui: &mut Ui, c| ui.key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL), &model, 10);
        press(&mut ui, &model, "ainfy “tcs  ");
        assert_eq!(control(&mut ui, 'w'), None);
        assert_eq!(ui.input, Some(TextInput::Add("infy ".to_owned())));
        control(&mut ui, 'w');
        control(&mut ui, 'w');
        press(&mut ui, &model, "sbin");
        control(&mut ui, 'u');
        assert_eq!(ui.input, Some(TextInput::Add(String::new())));
        press(&mut ui, &model, "\x1b/tcs");
        control(&mut ui, 'u');
        assert_eq!((names(&mut ui, &model).len(), ui.filter.as_str()), (3, ""));
        assert_eq!(control(&mut ui, 'c'), Some(UiAction::Quit));
    }

    #[test]
    fn a_paused_view_keeps_its_figures_but_not_the_rows_that_are_dropped() {
        let mut model = model();
        let mut ui = Ui::new(ScreenKind::Table, true);
        press(&mut ui, &model, "p");
        // The run loses its first row; what is selected is what the paused view shows.
        let unsubscribed = |id| Event::Unsubscribed { instruments: vec![(key(id), None)] };
        model.event(&unsubscribed(2885));
        let mut paused = ui.paused.take().unwrap();
        assert_eq!(names(&mut ui, &paused), ["RELIANCE", "HDFCBANK", "TCS"]);
        ui.paused = Some(paused.clone());
        ui.visible(&paused, Micros::EPOCH, true);
        let down = KeyEvent::new(KeyCode::Char('j'), KeyModifiers::NONE);
        assert_eq!(ui.key(down, &model, 10), None);
        let drop = KeyEvent::new(KeyCode::Char('d'), KeyModifiers::NONE);
        assert_eq!(ui.key(drop, &model, 10), Some(UiAction::Drop(key(1333))));
        model.event(&unsubscribed(1333));
        model.event(&Event::Subscribed { conn: 1, instruments: vec![(key(1594), Some(Mode::Full))] });
        paused.follow_rows(&model);
        assert_eq!(names(&mut ui, &paused), ["TCS", "NSE_EQ:1594"]);
        assert!(paused.row(key(1594)).is_some() && paused.row(key(1333)).is_none());
    }

    #[test]
    fn any_keys_in_any_order_do_no_harm() {
        let model = model();
        let all = "qjkpsdahlgG?/x\n\x1b\x08";
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..200 {
            let mut ui = Ui::new(ScreenKind::Table, true);
            for _ in 0..60 {
                let at = random.usize(..all.len());
                let empty = Model::default();
                press(&mut ui, if random.bool() { &model } else { &empty }, &all[at..=at]);
            }
        }
    }
}
