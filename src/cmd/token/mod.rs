//! Runs `dhan token`, which manages the access token.

mod save;
mod show;

use super::runtime;
use crate::auth::{ApiBase, Environment};
use crate::cli::token::{KeepArgs, MakeArgs, RenewArgs, TokenArgs, TokenCommand};
use crate::console::Console;
use crate::model::{Exit, Failure};
use crate::net::Resolver;
use crate::net::tls::LazyTls;
use crate::token::{Calls, InputOptions, Inputs, Maker, Timing, TokenFile};
use crate::{clock, folders, rest};

/// Says what is missing where a token is fine, but does not name its client id.
const NO_CLIENT_ID: &str =
    "the token does not name its client id: set DHAN_CLIENT_ID, or write --client-id, where it is used";

/// Runs one of the five subcommands.
///
/// # Errors
/// Exits by the table of exit codes.
pub fn run(args: &TokenArgs, console: &Console) -> Result<Exit, Failure> {
    let environment = Environment::process();
    match &args.what {
        TokenCommand::Save(args) => save::run(args, &environment, console),
        TokenCommand::Show(args) => show::run(args, &environment, console),
        TokenCommand::Ensure(args) => {
            let until = args.until(clock::now())?;
            let maker = maker(&args.make, &environment, console)?;
            runtime()?.block_on(maker.ensure(until)).map(|_| Exit::Done)
        }
        TokenCommand::Mint(args) => {
            let maker = maker(args, &environment, console)?;
            runtime()?.block_on(maker.mint()).map(|_| Exit::Done)
        }
        TokenCommand::Renew(args) => {
            let maker = of(args, InputOptions::default(), &environment, console)?;
            runtime()?.block_on(maker.renew()).map(|_| Exit::Done)
        }
    }
}

fn maker(args: &MakeArgs, environment: &Environment, console: &Console) -> Result<Maker, Failure> {
    for name in ["DHAN_PIN", "DHAN_TOTP", "DHAN_TOTP_SECRET"].into_iter().filter(|name| environment.is_set(name)) {
        console.warn(format_args!("{name} is set, but not read: put the secret into a file, and name that"));
    }
    of(&args.renew, args.inputs.clone(), environment, console)
}

fn of(args: &RenewArgs, inputs: InputOptions, environment: &Environment, console: &Console) -> Result<Maker, Failure> {
    let tls = LazyTls::new(args.ca_file.as_deref())?;
    let (resolver, redactor) = (Resolver::default(), console.redactor());
    let api = ApiBase::resolve(environment)?;
    let auth = ApiBase::resolve_auth(environment)?;
    Ok(Maker {
        file: TokenFile::find(args.keep.token_file.as_deref(), environment)?,
        client_id: client_id(&args.keep, environment, console)?,
        inputs: Inputs::new(inputs, environment, &redactor),
        calls: Calls::new(api.clone(), auth, &tls, &resolver)?,
        rest: rest::Client::new(api, &tls, &resolver, redactor)?,
        state_dir: folders::STATE.of_process(),
        timing: Timing::system(),
        console: console.clone(),
    })
}

/// Returns the client id that an option or a variable names.
fn client_id(args: &KeepArgs, environment: &Environment, console: &Console) -> Result<Option<String>, Failure> {
    let id = args.client_id.clone().or_else(|| environment.text("DHAN_CLIENT_ID"));
    let Some(id) = id.map(|id| id.trim().to_owned()) else { return Ok(None) };
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Failure::usage(
            "the client id is not one word: it is the number that Dhan shows as your client id",
        ));
    }
    console.redactor().add_client_id(&id);
    Ok(Some(id))
}
