//! Why nothing came, as far as it is known.

use super::shared::SocketState;
use crate::record::control::{Feed, StatusEvent};
use crate::session::Calendar;

/// One line for a run that has been silent since its request, or was never able to ask; `None` while it is too early
/// to say (or silence is what is expected: orders).
pub(super) fn words(feed: Feed, sockets: &[SocketState], now_us: i64, calendar: &Calendar) -> Option<String> {
    let worst = sockets.iter().find(|socket| !is_up(socket)).or_else(|| sockets.first())?;
    let detail = worst.detail.as_deref().unwrap_or("no word from the server yet");
    if !is_up(worst) {
        return Some(format!("nothing has come yet: not connected ({detail})"));
    }
    if feed == Feed::Orders {
        return None;
    }
    let market = if calendar.is_open(now_us) {
        "the market is open by the calendar: instruments that do not trade stay silent, and so do ids that do not exist"
    } else {
        "the market is closed by the calendar: the server then sends one snapshot an instrument, or nothing"
    };
    Some(format!("nothing has come yet, although it was requested; {market}"))
}

/// What a run that received nothing says at its end.
pub(super) fn nothing_received(sockets: &[SocketState]) -> String {
    match sockets.iter().find(|socket| !is_up(socket)) {
        Some(SocketState { detail: Some(detail), .. }) => format!("nothing was received: not connected ({detail})"),
        Some(_) => "nothing was received: not connected".to_owned(),
        None => "nothing was received, although it was requested".to_owned(),
    }
}

fn is_up(socket: &SocketState) -> bool {
    matches!(
        socket.event,
        Some(StatusEvent::Connected | StatusEvent::Requested | StatusEvent::Live | StatusEvent::Stale)
    )
}
