//! The program only reads: its code has no request that places, changes or cancels an order.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The calls by which the HTTP clients among the dependencies could send a request other than GET.
const WRITES: [&str; 14] = [
    ".post(",
    ".put(",
    ".patch(",
    ".delete(",
    ".request(",
    "Method::POST",
    "Method::PUT",
    "Method::PATCH",
    "Method::DELETE",
    "Method::from_",
    "\"POST",
    "\"PUT ",
    "\"PATCH",
    "\"DELETE",
];

fn finds(text: &str) -> Vec<&'static str> {
    WRITES.into_iter().filter(|write| text.contains(write)).collect()
}

/// The two other requests, of an access token and of a quote, and the simulator that answers them.
const POSTS: [(&str, &str); 4] = [
    ("src/token/calls.rs", ".post("),
    ("src/rest/mod.rs", ".post("),
    ("src/simulator/rest.rs", "\"POST"),
    ("src/simulator/tokens.rs", "\"POST"),
];

#[test]
fn every_request_in_the_source_is_a_get_a_token_request_or_a_quote_request() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() > 20, "the sources were not found: {files:?}");
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.display().to_string();
        // The view patches styles, and has no HTTP client.
        let is_view = name.contains("src/watch/view/");
        let allowed = POSTS.iter().find(|(end, _)| name.ends_with(end)).map(|(_, word)| *word);
        let found: Vec<_> = finds(&text)
            .into_iter()
            .filter(|word| Some(*word) != allowed && !(is_view && *word == ".patch("))
            .collect();
        assert_eq!(found, [""; 0], "{name}: every REST call is a GET");
        assert!(allowed != Some(".post(") || text.matches(".post(").count() == 1, "{name}: one POST");
        let is_rest = name.ends_with("src/rest/mod.rs");
        assert!(
            !is_rest || text.contains(".post(self.base.join(\"marketfeed/ltp\"))"),
            "{name}: its POST asks for a quote"
        );
    }
}

#[test]
fn the_search_finds_a_request_that_writes() {
    assert_eq!(finds("client.post(url)"), [".post("]);
    assert_eq!(finds("Request::builder().method(Method::DELETE)"), ["Method::DELETE"]);
    assert_eq!(finds("client.get(url)"), [""; 0]);
}
