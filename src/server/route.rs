//! Finds the stream that a websocket request means.

use super::http::Request;
use crate::model::{Levels, Stream};

/// Returns the path of a stream; 200 levels are at the root, as at Dhan, and at `/twohundreddepth` too.
pub(crate) const fn path(stream: Stream) -> &'static str {
    match stream {
        Stream::Market => "/feed",
        Stream::Depth(Levels::Twenty) => "/twentydepth",
        Stream::Depth(Levels::TwoHundred) => "/",
        Stream::Orders => "/orders",
    }
}

/// Query keys without which Dhan's market feed answers 400.
const FEED_KEYS: [&str; 4] = ["version", "token", "clientId", "authType"];

/// Returns the stream that a request means, or the HTTP status that refuses it.
///
/// Two of Dhan's hosts serve their root path, and here both are one host. Only the market feed's request has a
/// version. A request without any key comes from a client of the feed's first version, which Dhan also answers with
/// 400.
pub(crate) fn route(request: &Request) -> Result<Stream, u16> {
    let has = |key: &str| request.query_value(key).is_some();
    match request.path.as_str() {
        "/twentydepth" => Ok(Stream::DEPTH_20),
        "/twohundreddepth" => Ok(Stream::DEPTH_200),
        "/orders" => Ok(Stream::Orders),
        "/" if !has("version") && has("token") && has("clientId") => Ok(Stream::DEPTH_200),
        "/" | "/feed" if FEED_KEYS.into_iter().all(has) => Ok(Stream::Market),
        // The request line `GET ?version=2…` has no path.
        "/" | "/feed" | "" => Err(400),
        _ => Err(404),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routed(target: &str) -> Result<Stream, u16> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request =
            Request { method: "GET".to_owned(), path: path.to_owned(), query: query.to_owned(), headers: Vec::new() };
        route(&request)
    }

    #[test]
    fn the_feed_needs_a_path_and_four_keys_as_at_dhan() {
        for (target, expected) in [
            ("/?version=2&token=t&clientId=1&authType=2", Ok(Stream::Market)),
            ("/feed?version=2&token=t&clientId=1&authType=2", Ok(Stream::Market)),
            ("?version=2&token=t&clientId=1&authType=2", Err(400)),
            ("/feed?version=2&token=t&clientId=1", Err(400)),
            ("/?version=2&token=t&authType=2", Err(400)),
            ("/feed?token=t&clientId=1&authType=2", Err(400)),
            ("/feed?Version=2&token=t&clientId=1&authType=2", Err(400)),
            // A client of the first version sends no key.
            ("/", Err(400)),
            ("/feed", Err(400)),
            ("/?token=t&clientId=1&authType=2", Ok(Stream::DEPTH_200)),
            ("/twohundreddepth?token=t&clientId=1&authType=2", Ok(Stream::DEPTH_200)),
            ("/twentydepth?token=t&clientId=1&authType=2", Ok(Stream::DEPTH_20)),
            ("/orders", Ok(Stream::Orders)),
            ("/elsewhere", Err(404)),
        ] {
            assert_eq!(routed(target), expected, "{target}");
        }
    }
}
