//! Names Dhan's four streams.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Says how many levels a depth socket serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Levels {
    /// 20 levels; 50 instruments a socket.
    Twenty,
    /// 200 levels; one instrument a socket.
    TwoHundred,
}

impl Levels {
    /// Returns the number of levels, as records carry it.
    pub const fn count(self) -> u32 {
        match self {
            Levels::Twenty => 20,
            Levels::TwoHundred => 200,
        }
    }

    /// Returns how many instruments one socket takes.
    pub const fn instruments_per_socket(self) -> usize {
        match self {
            Levels::Twenty => 50,
            Levels::TwoHundred => 1,
        }
    }
}

/// Names one of Dhan's streams; each has its own server, pool of five sockets and protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "std::borrow::Cow<'_, str>")]
pub enum Stream {
    /// The live market feed.
    Market,
    /// The 20- or 200-level order book.
    Depth(Levels),
    /// The order updates of the account.
    Orders,
}

impl Stream {
    /// The order book with 20 levels.
    pub const DEPTH_20: Stream = Stream::Depth(Levels::Twenty);
    /// The order book with 200 levels.
    pub const DEPTH_200: Stream = Stream::Depth(Levels::TwoHundred);

    /// Lists every stream.
    pub const ALL: [Stream; 4] = [Stream::Market, Stream::DEPTH_20, Stream::DEPTH_200, Stream::Orders];

    /// Returns the position in [`ALL`](Stream::ALL), which is also the stream's number in a capture's session header.
    pub const fn index(self) -> u8 {
        match self {
            Stream::Market => 0,
            Stream::DEPTH_20 => 1,
            Stream::DEPTH_200 => 2,
            Stream::Orders => 3,
        }
    }

    /// Returns the stream with this [`index`](Stream::index).
    pub fn from_index(index: u8) -> Option<Stream> {
        Stream::ALL.get(usize::from(index)).copied()
    }

    /// Returns the word that `gap` and `status` records carry; both depths share one.
    pub const fn name(self) -> &'static str {
        match self {
            Stream::Market => "market",
            Stream::Depth(_) => "depth",
            Stream::Orders => "orders",
        }
    }

    /// Returns the word for the stream's kind of socket in messages, tables and the names of state files.
    pub const fn socket_name(self) -> &'static str {
        match self {
            Stream::Market => "feed",
            Stream::DEPTH_20 => "depth20",
            Stream::DEPTH_200 => "depth200",
            Stream::Orders => "orders",
        }
    }

    /// Returns the name of the subcommand for the stream.
    pub const fn command(self) -> &'static str {
        match self {
            Stream::Market => "feed",
            Stream::DEPTH_20 => "depth --levels 20",
            Stream::DEPTH_200 => "depth --levels 200",
            Stream::Orders => "orders",
        }
    }

    /// Returns the stream with this [`socket_name`](Stream::socket_name).
    pub fn from_socket_name(name: &str) -> Option<Stream> {
        Stream::ALL.into_iter().find(|stream| stream.socket_name() == name)
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.socket_name())
    }
}

impl From<Stream> for &'static str {
    fn from(stream: Stream) -> &'static str {
        stream.socket_name()
    }
}

impl TryFrom<std::borrow::Cow<'_, str>> for Stream {
    type Error = String;

    fn try_from(name: std::borrow::Cow<'_, str>) -> Result<Stream, String> {
        Stream::from_socket_name(&name).ok_or_else(|| format!("{name:?} is no stream"))
    }
}
