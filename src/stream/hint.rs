//! Words why nothing was received, as far as it is known.

use super::shared::SocketState;
use crate::model::Exit;
use crate::record::control::StatusEvent;

/// Returns the message of a run that received nothing.
pub(super) fn nothing_received(sockets: &[SocketState]) -> String {
    match sockets.iter().find(|socket| !is_up(socket)) {
        Some(SocketState { detail: Some(detail), event: Some(StatusEvent::Retrying), .. })
            if detail.starts_with("in ") =>
        {
            // "in 13s: why": the run is over, so only the reason remains.
            let why = detail.split_once(": ").map_or(detail.as_str(), |(_, why)| why);
            format!("nothing was received: not connected ({why})")
        }
        Some(SocketState { detail: Some(detail), .. }) => format!("nothing was received: not connected ({detail})"),
        Some(_) => "nothing was received: not connected".to_owned(),
        None => "nothing was received, although it was requested".to_owned(),
    }
}

/// Returns the exit code for a missing connection, or `None` if every socket is up.
pub(super) fn exit(sockets: &[SocketState]) -> Option<Exit> {
    sockets.iter().filter(|socket| !is_up(socket)).find_map(|socket| socket.exit)
}

fn is_up(socket: &SocketState) -> bool {
    matches!(
        socket.event,
        Some(StatusEvent::Connected | StatusEvent::Requested | StatusEvent::Live | StatusEvent::Stale)
    )
}
