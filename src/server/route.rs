//! Which stream a request for a websocket means.

use super::http::Request;

/// Which of the broker's websockets a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The market feed: `/feed`, or `/` with `version` in the query.
    Feed,
    /// The 20-level book: `/twentydepth`.
    Depth20,
    /// The 200-level book: `/twohundreddepth`, or `/` without `version` in the query.
    Depth200,
    /// Order updates: `/orders`.
    Orders,
}

impl Kind {
    /// Every kind.
    #[cfg(feature = "testing")]
    pub const ALL: [Kind; 4] = [Kind::Feed, Kind::Depth20, Kind::Depth200, Kind::Orders];

    /// Returns the word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Feed => "feed",
            Kind::Depth20 => "depth 20",
            Kind::Depth200 => "depth 200",
            Kind::Orders => "orders",
        }
    }

    /// Returns the path to ask for it at; 200 levels are at the root, as at Dhan, and at `/twohundreddepth` too.
    pub const fn path(self) -> &'static str {
        match self {
            Kind::Feed => "/feed",
            Kind::Depth20 => "/twentydepth",
            Kind::Depth200 => "/",
            Kind::Orders => "/orders",
        }
    }
}

/// The keys without which Dhan's market feed answers 400.
const FEED_KEYS: [&str; 4] = ["version", "token", "clientId", "authType"];

/// Returns the stream that a request means, or the HTTP status that refuses it.
///
/// Two of Dhan's hosts serve their root, and here both are one host: only the market feed has a version, and a request
/// without any key is what a client of the feed's first version sends. Dhan answers that one with 400 too.
pub(crate) fn route(request: &Request) -> Result<Kind, u16> {
    let has = |key: &str| request.query_value(key).is_some();
    match request.path.as_str() {
        "/twentydepth" => Ok(Kind::Depth20),
        "/twohundreddepth" => Ok(Kind::Depth200),
        "/orders" => Ok(Kind::Orders),
        "/" if !has("version") && has("token") && has("clientId") => Ok(Kind::Depth200),
        "/" | "/feed" if FEED_KEYS.into_iter().all(has) => Ok(Kind::Feed),
        // The request line `GET ?version=2…` has no path at all.
        "/" | "/feed" | "" => Err(400),
        _ => Err(404),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routed(target: &str) -> Result<Kind, u16> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request =
            Request { method: "GET".to_owned(), path: path.to_owned(), query: query.to_owned(), headers: Vec::new() };
        route(&request)
    }

    #[test]
    fn the_feed_needs_a_path_and_four_keys_as_at_dhan() {
        for (target, expected) in [
            ("/?version=2&token=t&clientId=1&authType=2", Ok(Kind::Feed)),
            ("/feed?version=2&token=t&clientId=1&authType=2", Ok(Kind::Feed)),
            ("?version=2&token=t&clientId=1&authType=2", Err(400)),
            ("/feed?version=2&token=t&clientId=1", Err(400)),
            ("/?version=2&token=t&authType=2", Err(400)),
            ("/feed?token=t&clientId=1&authType=2", Err(400)),
            ("/feed?Version=2&token=t&clientId=1&authType=2", Err(400)),
            // A client of the first version sends no key.
            ("/", Err(400)),
            ("/feed", Err(400)),
            ("/?token=t&clientId=1&authType=2", Ok(Kind::Depth200)),
            ("/twohundreddepth?token=t&clientId=1&authType=2", Ok(Kind::Depth200)),
            ("/twentydepth?token=t&clientId=1&authType=2", Ok(Kind::Depth20)),
            ("/orders", Ok(Kind::Orders)),
            ("/elsewhere", Err(404)),
        ] {
            assert_eq!(routed(target), expected, "{target}");
        }
    }
}
