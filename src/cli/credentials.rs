//! Declares the option that says whose orders are asked for, and checks the options for credentials.

use crate::auth::{CredentialSource, Environment, SourceOptions};
use crate::model::Failure;
use crate::redact::Redactor;

/// Whose orders are asked for; `dhan orders` only.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
#[command(next_help_heading = "Credentials")]
pub struct UserTypeArgs {
    /// Log in as the account itself or as a partner (DHAN_PARTNER_ID, DHAN_PARTNER_SECRET) [env: DHAN_WS_USER_TYPE]
    #[arg(long, value_name = "TYPE", value_enum, ignore_case = true)]
    pub user_type: Option<UserType>,
}

/// Who logs in to the order socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum UserType {
    /// The account itself.
    #[value(name = "self")]
    Own,
    /// A partner, for all its users.
    Partner,
}

/// Returns the source of the credentials, decided once. `user_type` is that of the order socket, which alone has
/// partners.
///
/// # Errors
/// Returns a usage error for an empty value, or an unknown `DHAN_WS_USER_TYPE`.
pub fn source(
    options: &SourceOptions,
    user_type: Option<UserTypeArgs>,
    environment: &Environment,
    redactor: &Redactor,
) -> Result<CredentialSource, Failure> {
    if options.token_file.as_ref().is_some_and(|path| path.as_os_str().is_empty()) {
        return Err(Failure::usage("--token-file is \"\"; name the file that holds the token"));
    }
    if options.token_command.as_ref().is_some_and(|line| line.trim().is_empty()) {
        return Err(Failure::usage("--token-command is \"\"; name a command that prints the token"));
    }
    if options.client_id.as_ref().is_some_and(|id| id.trim().is_empty()) {
        return Err(Failure::usage("--client-id is \"\"; it is the number Dhan shows as your client id"));
    }
    let partner = user_type.map_or(Some(false), |typed| typed.user_type.map(|it| it == UserType::Partner));
    CredentialSource::new(SourceOptions { partner, ..options.clone() }, environment.clone(), redactor.clone())
}
