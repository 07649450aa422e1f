//! The flags of `dhan token`.

use super::problems::Problems;
use super::{manual, value};
use crate::auth::SourceOptions;
use crate::clock;
use crate::model::{Failure, Micros};
use crate::token::{InputOptions, TOKEN_LIFE};
use std::path::PathBuf;

/// `dhan token`.
#[derive(Debug, Clone, clap::Args)]
pub struct TokenArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub what: TokenCommand,
}

/// What can be done with a token.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum TokenCommand {
    /// Keep a token that was made on web.dhan.co
    ///
    /// The token is read from stdin, without echo on a terminal, checked, and written to the token file.
    #[command(after_long_help = manual::TOKEN_SAVE)]
    Save(KeepArgs),
    /// Say whose the token is, and until when
    ///
    /// Says of which kind it is too, and never prints the token itself. Exit status 3: it is missing, malformed or past its end.
    #[command(after_long_help = manual::TOKEN_SHOW)]
    Show(ShowArgs),
    /// Leave a token in the file that lasts
    ///
    /// When the token lasts long enough, nothing is asked. A living token that was made on web.dhan.co is renewed. Otherwise a
    /// new one is made by PIN and TOTP. One refusal ends it: it never tries again by itself.
    #[command(after_long_help = manual::TOKEN_ENSURE)]
    Ensure(EnsureArgs),
    /// Make a new token by PIN and TOTP
    ///
    /// The old token ends then. One refusal ends it: it never tries again by itself.
    #[command(after_long_help = manual::TOKEN_MINT)]
    Mint(MakeArgs),
    /// Renew a token that was made on web.dhan.co
    ///
    /// The token must be alive; it then lasts for 24 hours more.
    #[command(after_long_help = manual::TOKEN_RENEW)]
    Renew(RenewArgs),
}

/// Which file, and whose token.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Token")]
pub struct KeepArgs {
    /// The file that keeps the token [env: DHAN_TOKEN_FILE; default: XDG_CONFIG_HOME/dhan/token]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub token_file: Option<PathBuf>,
    /// The account's client id, where the token does not name it [env: DHAN_CLIENT_ID]
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
}

/// `dhan token show`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ShowArgs {
    /// Ask Dhan too whether the token is alive
    #[arg(long)]
    pub check: bool,
    /// Trust the root certificates in this file, as SSL_CERT_FILE
    #[arg(long, value_name = "PEM", value_hint = clap::ValueHint::FilePath)]
    pub ca_file: Option<PathBuf>,
    /// Where the token is.
    #[command(flatten)]
    pub credentials: SourceOptions,
}

/// `dhan token renew`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct RenewArgs {
    /// Which file.
    #[command(flatten)]
    pub keep: KeepArgs,
    /// Trust the root certificates in this file, as SSL_CERT_FILE
    #[arg(long, value_name = "PEM", value_hint = clap::ValueHint::FilePath)]
    pub ca_file: Option<PathBuf>,
}

/// `dhan token mint`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct MakeArgs {
    /// Which file.
    #[command(flatten)]
    pub renew: RenewArgs,
    /// Where PIN and TOTP secret are.
    #[command(flatten)]
    pub inputs: InputOptions,
}

/// `dhan token ensure`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct EnsureArgs {
    /// The token must last this long, such as 8h
    ///
    /// Without --for and --until it must last until 24:00 today in India.
    #[arg(long = "for", value_name = "DURATION", conflicts_with = "until")]
    pub lasting: Option<String>,
    /// The token must last until this time in India, such as 15:30
    ///
    /// A time of today, or an RFC 3339 instant.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// How a new one is made.
    #[command(flatten)]
    pub make: MakeArgs,
}

impl EnsureArgs {
    /// Returns until when the token must last.
    ///
    /// # Errors
    /// Returns a usage error for an invalid time, or one beyond a token's lifetime.
    pub fn until(&self, now: Micros) -> Result<Micros, Failure> {
        let mut problems = Problems::default();
        let lasting = self
            .lasting
            .as_deref()
            .map(|typed| value::duration(typed).map_err(|why| format!("--for {typed:?}: {why}")));
        let lasting = lasting.and_then(|result| problems.ok(result));
        let until = self.until.as_deref().filter(|typed| typed.trim() != "24:00");
        let until = until.and_then(|typed| {
            let moment = typed.parse::<value::Moment>().map_err(|why| format!("--until {typed:?}: {why}"));
            problems.ok(moment.map(|moment| moment.time(now)))
        });
        if lasting.is_some_and(|wanted| wanted > TOKEN_LIFE) {
            problems.add("--for asks for more than the 24 hours that Dhan's tokens last: write --for 24h or less");
        }
        if until.is_some_and(|until| until.since(now) > TOKEN_LIFE) {
            problems.add("--until lies more than the 24 hours ahead that Dhan's tokens last: write an earlier time");
        }
        problems.finish()?;
        Ok(lasting.map(|wanted| now + wanted).or(until).unwrap_or_else(|| midnight(now)))
    }
}

/// Returns the end of the day in India.
fn midnight(now: Micros) -> Micros {
    let today = clock::ist_civil(now).date();
    let tomorrow = today.tomorrow().unwrap_or(today);
    clock::from_ist(tomorrow.to_datetime(jiff::civil::Time::midnight()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until(lasting: Option<&str>, until: Option<&str>) -> Result<String, String> {
        // 08:45 in India.
        let now = "2026-11-30T03:15:00Z".parse::<jiff::Timestamp>().expect("a time").as_microsecond();
        let now = Micros::new(now);
        let args = EnsureArgs {
            lasting: lasting.map(str::to_owned),
            until: until.map(str::to_owned),
            ..EnsureArgs::default()
        };
        let until = args.until(now).map_err(|failure| failure.message)?;
        Ok(clock::timestamp(until).to_string())
    }

    #[test]
    fn a_token_must_last_until_the_end_of_the_day_in_india_unless_told_otherwise() {
        assert_eq!(until(None, None).expect("a time"), "2026-11-30T18:30:00Z");
        assert_eq!(until(None, Some("24:00")).expect("a time"), "2026-11-30T18:30:00Z");
        assert_eq!(until(None, Some("15:30")).expect("a time"), "2026-11-30T10:00:00Z");
        assert_eq!(until(Some("8h"), None).expect("a time"), "2026-11-30T11:15:00Z");
        for (lasting, moment, words) in [
            (Some("25h"), None, "24 hours"),
            (Some("soon"), None, "not a length of time"),
            (None, Some("2026-12-03T00:00:00Z"), "24 hours"),
            (None, Some("later"), "not a time"),
        ] {
            let error = until(lasting, moment).expect_err("refused");
            assert!(error.contains(words), "{error}");
        }
    }
}
