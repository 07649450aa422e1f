//! Declares the options for credentials. No option takes a secret's value, because command lines are public.

use crate::auth::{CredentialSource, Environment, SourceOptions};
use crate::model::exit::Failure;
use crate::redact::Redactor;
use std::path::PathBuf;

/// The options that say where the credentials are.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Credentials")]
pub struct CredentialArgs {
    /// Read the access token from FILE [env: DHAN_TOKEN_FILE]
    ///
    /// It is read again at every attempt to connect.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub token_file: Option<PathBuf>,

    /// Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]
    ///
    /// It is run by sh -c, again at every attempt to connect, and gets 10 s and none of our secrets.
    #[arg(long, value_name = "CMD", value_hint = clap::ValueHint::CommandString)]
    pub token_command: Option<String>,

    /// The account's client id [env: DHAN_CLIENT_ID]
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
}

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

impl CredentialArgs {
    /// Returns the source of the credentials, decided once.
    ///
    /// # Errors
    /// Returns a usage error for an empty value, or an unknown `DHAN_WS_USER_TYPE`.
    pub fn source(
        &self,
        user_type: Option<UserTypeArgs>,
        environment: &Environment,
        redactor: &Redactor,
    ) -> Result<CredentialSource, Failure> {
        if self.token_file.as_ref().is_some_and(|path| path.as_os_str().is_empty()) {
            return Err(Failure::usage("--token-file is \"\"; name the file that holds the token"));
        }
        if self.token_command.as_ref().is_some_and(|line| line.trim().is_empty()) {
            return Err(Failure::usage("--token-command is \"\"; name a command that prints the token"));
        }
        if self.client_id.as_ref().is_some_and(|id| id.trim().is_empty()) {
            return Err(Failure::usage("--client-id is \"\"; it is the number Dhan shows as your client id"));
        }
        let options = SourceOptions {
            token_file: self.token_file.clone(),
            token_command: self.token_command.clone(),
            client_id: self.client_id.clone(),
            partner: match user_type {
                // Only the order socket has partners.
                None => Some(false),
                Some(typed) => typed.user_type.map(|user_type| user_type == UserType::Partner),
            },
        };
        CredentialSource::new(options, environment.clone(), redactor.clone())
    }
}
