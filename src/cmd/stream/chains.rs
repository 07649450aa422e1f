//! Resolves `--chain`: from requests to chains, with the master or the simulated exchange.

use super::names::Names;
use crate::chain::{ChainRequest, Listing, OptionChain};
use crate::clock::ist_today;
use crate::console::Console;
use crate::instruments::master::{Master, MasterError};
use crate::model::exit::{Exit, Failure};

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
        match listing {
            Listing::Series(series) => match OptionChain::new(request.clone(), series, today) {
                Some(chain) => chains.push(chain),
                None => {
                    problems.push((Exit::Usage, format!("--chain {request}: there is no {} expiry", request.expiry)))
                }
            },
            Listing::Unknown(near) if near.is_empty() => {
                problems.push((Exit::NotFound, format!("--chain {request}: there are no live options of this name")));
            }
            Listing::Unknown(near) => problems.push((
                Exit::NotFound,
                format!("--chain {request}: there are no live options of this name; nearest: {}", near.join(", ")),
            )),
            Listing::NoSpot => problems.push((
                Exit::NotFound,
                format!(
                    "--chain {request}: the master has neither an index, a share nor a future of this name to follow"
                ),
            )),
            Listing::NoExpiry(days) => {
                let days: Vec<_> = days.iter().map(ToString::to_string).collect();
                problems.push((
                    Exit::Usage,
                    format!("--chain {request}: no options expire on {}; nearest: {}", request.expiry, days.join(", ")),
                ));
            }
        }
    }
    match problems.iter().map(|(exit, _)| *exit).min() {
        None => Ok(chains),
        Some(exit) => {
            let lines: Vec<_> = problems.into_iter().map(|(_, line)| line).collect();
            Err(Failure::new(exit, lines.join("\n")))
        }
    }
}
