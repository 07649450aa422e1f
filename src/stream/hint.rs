//! Why nothing came, as far as it is known.

use super::shared::SocketState;
use crate::record::control::StatusEvent;

/// One line for a run that was not able to ask yet; `None` when every socket is up, since its session speaks of its
/// silence itself.
pub(super) fn not_connected(sockets: &[SocketState]) -> Option<String> {
    let down = sockets.iter().find(|socket| !is_up(socket))?;
    let detail = down.detail.as_deref().unwrap_or("no word from the server yet");
    Some(format!("nothing has come yet: not connected ({detail})"))
}

/// What a run that received nothing says at its end.
pub(super) fn nothing_received(sockets: &[SocketState]) -> String {
    match sockets.iter().find(|socket| !is_up(socket)) {
        Some(SocketState { detail: Some(detail), event: Some(StatusEvent::Retrying), .. })
            if detail.starts_with("in ") =>
        {
            format!("nothing was received: not connected (to be tried again {detail})")
        }
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
