//! Lists the environment variables that are kept from child processes.

/// Lists environment variables whose values are secrets. Some of them are not read (a PIN or a TOTP secret comes only
/// from a file or a command), but people set them all the same.
pub const SECRET_VARIABLES: [&str; 6] =
    ["DHAN_ACCESS_TOKEN", "DHAN_PARTNER_SECRET", "DHAN_PIN", "DHAN_TOTP", "DHAN_TOTP_SECRET", "DHAN_TOKEN"];

/// Lists environment variables that say where secrets are; a command may contain a password.
const SOURCE_VARIABLES: [&str; 6] = [
    "DHAN_TOKEN_FILE",
    "DHAN_TOKEN_COMMAND",
    "DHAN_PIN_FILE",
    "DHAN_PIN_COMMAND",
    "DHAN_TOTP_FILE",
    "DHAN_TOTP_COMMAND",
];

/// Returns the name of every variable that is removed from the environment of child processes.
pub fn hidden_from_children() -> impl Iterator<Item = &'static str> {
    SECRET_VARIABLES.into_iter().chain(SOURCE_VARIABLES)
}
