//! Words why nothing was received, as far as it is known.

use super::shared::SocketState;
use crate::model::Exit;
use crate::model::time::read_retry_detail;

/// Returns the message of a run that received nothing.
pub(super) fn nothing_received(sockets: &[SocketState]) -> String {
    match sockets.iter().find(|socket| !socket.is_up()) {
        Some(SocketState { detail: Some(detail), .. }) => {
            // The run is over: of a wait for the next attempt only the reason remains.
            let why = read_retry_detail(detail).map_or(detail.as_str(), |(_, why)| why);
            format!("nothing was received: not connected ({why})")
        }
        Some(_) => "nothing was received: not connected".to_owned(),
        None => "nothing was received, although it was requested".to_owned(),
    }
}

/// Returns the exit code for a missing connection, or `None` if every socket is up.
pub(super) fn exit(sockets: &[SocketState]) -> Option<Exit> {
    sockets.iter().filter(|socket| !socket.is_up()).find_map(|socket| socket.exit)
}
