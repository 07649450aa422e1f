//! Draws the lines on top: what is shown, the market, every connection, and the losses.

use super::text::wrapped;
use super::{Ambient, numbers};
use crate::console::untrusted;
use crate::model::Micros;
use crate::record::control::StatusEvent;
use crate::watch::model::{ConnectionState, Model};
use crate::watch::ui::Ui;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

/// Returns the number of lines for one statement, at most: three markets that are closed need four lines of 80.
fn most_lines(area: Rect) -> usize {
    if area.height < 20 { 2 } else { 4 }
}

/// Holds the lines on top of the body.
pub(super) struct Header {
    title: Line<'static>,
    middle: Vec<Line<'static>>,
    losses: Line<'static>,
}

impl Header {
    /// Creates the lines for a screen.
    pub(super) fn of(model: &Model, ui: &Ui, ambient: &Ambient<'_>, area: Rect) -> Header {
        let market = ambient.market.map(|market| (market.to_owned(), ambient.warning()));
        let state = if ambient.is_replay { replay(model, ambient) } else { connections(model, ambient) };
        let middle = market.into_iter().chain([state]).flat_map(|(text, style)| {
            wrapped(&text, usize::from(area.width), most_lines(area))
                .into_iter()
                .map(move |line| Line::styled(line, style))
        });
        Header { title: title(ui, ambient), middle: middle.collect(), losses: losses(model, ambient) }
    }

    /// Returns the number of lines.
    pub(super) fn height(&self) -> u16 {
        self.middle.len() as u16 + 2
    }

    /// Draws the lines. The position among the rows is shown completely: behind the title, or at the end of the losses.
    pub(super) fn draw(self, frame: &mut Frame<'_>, position: &str, area: Rect) {
        let width = usize::from(area.width);
        let length = position.chars().count() + 2;
        let (mut title, mut losses) = (self.title, self.losses);
        if title.width() + length <= width {
            title += Span::raw(format!("  {position}"));
        } else if losses.width() + length <= width {
            let room = width - losses.width();
            losses += Span::raw(format!("{position:>room$}"));
        }
        let lines = [title].into_iter().chain(self.middle).chain([losses]);
        for (y, line) in (area.y..).zip(lines) {
            frame.render_widget(line, Rect { y, height: 1, ..area });
        }
    }
}

fn title(ui: &Ui, ambient: &Ambient<'_>) -> Line<'static> {
    let time = match ambient.now {
        Micros::EPOCH => "no record yet".to_owned(),
        now if ambient.is_replay => format!("{} {} IST", numbers::date(now), numbers::clock(now)),
        now => format!("{} IST", numbers::clock(now)),
    };
    let mut spans = vec![
        Span::styled("dhan watch", Style::new().add_modifier(Modifier::BOLD)),
        Span::raw(format!("  {}  {time}  {:.0}/s", ambient.title, ambient.rate)),
    ];
    if ui.paused.is_some() {
        spans.push(Span::raw("  "));
        spans.push(Span::styled("PAUSED", ambient.warning().add_modifier(Modifier::REVERSED)));
    }
    Line::from(spans)
}

/// Returns the state of a replay; nothing of a recorded connection is said while it was live.
fn replay(model: &Model, ambient: &Ambient<'_>) -> (String, Style) {
    let down = model.connections.iter().find(|connection| connection.event.is_some() && !connection.is_live());
    match down {
        _ if model.is_over => ("replay ended".to_owned(), ambient.warning()),
        Some(connection) => {
            (format!("replay; connection then: {}", words(connection, ambient)), style(connection, ambient))
        }
        None => ("replay".to_owned(), Style::new()),
    }
}

/// Returns the state of every connection: of the only one, or how many are in which state and what the worst says.
fn connections(model: &Model, ambient: &Ambient<'_>) -> (String, Style) {
    let all = &model.connections;
    let worst = (1..).zip(all).max_by_key(|(number, connection)| (severity(connection), -*number));
    let Some((number, worst)) = worst else { return ("no connection yet".to_owned(), ambient.warning()) };
    if all.len() == 1 {
        return (format!("connection: {}", words(worst, ambient)), style(worst, ambient));
    }
    if worst.is_live() {
        return (format!("{} connections: all live", all.len()), Style::new());
    }
    let mut states: Vec<(&str, u8, usize)> = Vec::new();
    for connection in all {
        let name = name(connection);
        match states.iter_mut().find(|(other, ..)| *other == name) {
            Some((_, _, count)) => *count += 1,
            None => states.push((name, severity(connection), 1)),
        }
    }
    states.sort_by_key(|(_, severity, _)| *severity);
    let counts: Vec<_> = states.iter().map(|(name, _, count)| format!("{count} {name}")).collect();
    let text = format!("{} connections: {}; {number}: {}", all.len(), counts.join(", "), words(worst, ambient));
    (text, style(worst, ambient))
}

/// Returns how bad the state of a connection is; 0 is live.
fn severity(connection: &ConnectionState) -> u8 {
    match connection.event {
        Some(StatusEvent::Disconnected | StatusEvent::Retrying) => 3,
        Some(StatusEvent::Stale) => 2,
        _ if connection.is_live() => 0,
        _ => 1,
    }
}

fn style(connection: &ConnectionState, ambient: &Ambient<'_>) -> Style {
    match severity(connection) {
        0 => Style::new(),
        1 => ambient.warning(),
        _ => ambient.trouble(),
    }
}

fn name(connection: &ConnectionState) -> &'static str {
    match connection.event {
        None => "waiting",
        Some(StatusEvent::Live) if !connection.is_live() => "live without data",
        Some(event) => event.name(),
    }
}

fn words(connection: &ConnectionState, ambient: &Ambient<'_>) -> String {
    let mut words = connection.event.map_or("waiting", StatusEvent::name).to_owned();
    if let Some(detail) = connection.detail_at(ambient.now).filter(|_| !connection.is_live()) {
        words.push_str(&format!(" ({})", untrusted(&detail)));
    }
    if let Some(lost) = connection.lost {
        words.push_str(&format!(", no data for {}", numbers::length(ambient.now.us_since(lost))));
    }
    words
}

fn losses(model: &Model, ambient: &Ambient<'_>) -> Line<'static> {
    let losses = &model.losses;
    let mut text = format!("gaps {}", losses.gaps);
    if losses.gaps > 0 {
        let last = losses.last.map_or("", |reason| reason.name());
        text.push_str(&format!(" ({}, last: {last})", numbers::length(losses.gap_us)));
    }
    text.push_str(&format!(", dropped {}, malformed {}", losses.dropped, losses.malformed));
    let harm = losses.gaps + losses.dropped + losses.malformed > 0;
    Line::styled(text, if harm { ambient.warning() } else { Style::new() })
}
