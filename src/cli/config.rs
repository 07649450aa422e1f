//! The options about the configuration file, and those of `dhan config`.

use super::manual;

/// What is read of the configuration file; of every command.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Configuration")]
pub struct FileArgs {
    /// Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    #[arg(long, value_name = "NAME", global = true, hide_short_help = true)]
    pub profile: Option<String>,
    /// Do not read config.toml
    #[arg(long, global = true, conflicts_with = "profile", hide_short_help = true)]
    pub no_config: bool,
}

/// `dhan config`.
#[derive(Debug, Clone, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct ConfigArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub what: ConfigCommand,
}

/// What can be done with the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Subcommand)]
pub enum ConfigCommand {
    /// Print the defaults that hold, and where each comes from
    ///
    /// They are printed as TOML. A value that something else wins over is a comment that says so.
    #[command(after_long_help = manual::CONFIG_SHOW)]
    Show,
    /// Print where the file is, or would be
    #[command(after_long_help = manual::CONFIG_PATH)]
    Path,
}
