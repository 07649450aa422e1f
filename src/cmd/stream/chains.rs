//! Resolves `--chain`: from requests to chains, with the master or the simulated exchange.

use super::names::Names;
use crate::chain::{ChainRequest, Listing, OptionChain};
use crate::clock::ist_today;
use crate::console::Console;
use crate::instruments::master::{Master, MasterError};
use crate::model::{Exit, Failure};

/// Finds the series of every chain.
///
/// # Errors
/// Names all chains that match nothing, in one message; or says that there is no instrument master.
pub(super) fn find(requests: &[ChainRequest], names: &Names, console: &Console) -> Result<Vec<OptionChain>, Failure> {
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    let today = ist_today();
    let listings = names.ask_master(console, |master: &Master| {
        requests.iter().map(|request| Listing::of(master, request, today)).collect::<Result<Vec<_>, MasterError>>()
    })?;
    let (mut chains, mut problems) = (Vec::new(), Vec::new());
    for (request, listing) in requests.iter().zip(listings) {
        let (exit, words) = match listing {
            Listing::Series(series) => match OptionChain::new(request.clone(), series, today) {
                Some(chain) => {
                    chains.push(chain);
                    continue;
                }
                None => (Exit::Usage, format!("there is no {} expiry", request.expiry)),
            },
            Listing::Unknown(near) => {
                let nearest = if near.is_empty() { String::new() } else { format!("; nearest: {}", near.join(", ")) };
                (Exit::NotFound, format!("there are no live options of this name{nearest}"))
            }
            Listing::NoSpot => {
                let words = "the master has neither an index, a share nor a future of this name to follow";
                (Exit::NotFound, words.to_owned())
            }
            Listing::NoExpiry(days) => {
                let days: Vec<_> = days.iter().map(ToString::to_string).collect();
                (Exit::Usage, format!("no options expire on {}; nearest: {}", request.expiry, days.join(", ")))
            }
        };
        problems.push((exit, format!("--chain {request}: {words}")));
    }
    match crate::instruments::resolve::failure(problems.into_iter()) {
        Some(failure) => Err(failure),
        None => Ok(chains),
    }
}
