//! Draws the lines on top: what is shown, the market, every connection, and the losses.

use super::{Ambient, cut, numbers};
use crate::record::control::StatusEvent;
use crate::watch::model::{ConnectionState, Model};
use crate::watch::ui::{ScreenKind, Ui};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

/// Draws the header; returns its height.
pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, ui: &Ui, ambient: &Ambient<'_>, area: Rect) -> u16 {
    let mut lines = vec![title(model, ui, ambient, usize::from(area.width))];
    if let Some(market) = ambient.market {
        lines.push(Line::styled(cut(market, usize::from(area.width)), ambient.warning()));
    }
    lines.push(connections(&model.connections, ambient, usize::from(area.width)));
    lines.push(losses(model, ambient));
    let height = lines.len() as u16;
    for (y, line) in (area.y..).zip(lines) {
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
    height
}

fn title(model: &Model, ui: &Ui, ambient: &Ambient<'_>, width: usize) -> Line<'static> {
    let mut spans = vec![
        Span::styled("dhan watch", Style::new().add_modifier(Modifier::BOLD)),
        Span::raw(format!("  {}  {} IST  {:.0}/s", ambient.title, numbers::clock(ambient.now), ambient.rate)),
    ];
    if ui.paused.is_some() {
        spans.push(Span::styled("  PAUSED", ambient.warning()));
    }
    let count = match ui.screen {
        ScreenKind::Orders => format!("  {} orders", model.orders.len()),
        ScreenKind::Table => format!("  {} instruments", model.rows().len()),
        ScreenKind::Ladder(_) | ScreenKind::Depth => String::new(),
    };
    let line = Line::from(spans);
    // The count is shown completely or not at all.
    if line.width() + count.len() > width { line } else { line + Span::raw(count) }
}

/// Returns the state of every connection, or one word if all agree.
fn connections(all: &[ConnectionState], ambient: &Ambient<'_>, width: usize) -> Line<'static> {
    let style = |connection: &ConnectionState| match connection.event {
        Some(StatusEvent::Live) if connection.lost.is_none() => Style::new(),
        Some(StatusEvent::Disconnected | StatusEvent::Retrying | StatusEvent::Stale) => ambient.trouble(),
        _ => ambient.warning(),
    };
    let words = |connection: &ConnectionState| {
        let mut words = connection.event.map_or("waiting", StatusEvent::name).to_owned();
        if let Some(detail) = connection.detail_at(ambient.now).filter(|_| !connection.is_live()) {
            words.push_str(&format!(" ({})", crate::console::untrusted(&detail)));
        }
        if let Some(lost) = connection.lost {
            words.push_str(&format!(", no data for {}", numbers::length(ambient.now.us_since(lost))));
        }
        words
    };
    let Some(first) = all.first() else { return Line::styled("no connection yet", ambient.warning()) };
    if all.len() > 1 && all.iter().all(ConnectionState::is_live) {
        return Line::raw(format!("{} connections: all live", all.len()));
    }
    let mut spans = Vec::new();
    let mut remaining = width;
    let mut push = |text: String, style: Style| {
        let text = cut(&text, remaining);
        remaining -= text.chars().count();
        spans.push(Span::styled(text, style));
    };
    if all.len() == 1 {
        push(format!("connection: {}", words(first)), style(first));
    } else {
        push("connections:".to_owned(), Style::new());
        for (number, connection) in (1..).zip(all) {
            push(format!(" {number} {}", words(connection)), style(connection));
        }
    }
    Line::from(spans)
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
