//! Which environment variables are kept from child processes.

/// Environment variables whose values are secrets. Some are not read (a PIN or a TOTP secret comes from a file or a
/// command only), but people set them all the same.
pub const SECRET_VARIABLES: [&str; 6] =
    ["DHAN_ACCESS_TOKEN", "DHAN_PARTNER_SECRET", "DHAN_PIN", "DHAN_TOTP", "DHAN_TOTP_SECRET", "DHAN_TOKEN"];

/// Environment variables that say where secrets are: a command may have a password in it.
const SOURCE_VARIABLES: [&str; 6] = [
    "DHAN_TOKEN_FILE",
    "DHAN_TOKEN_COMMAND",
    "DHAN_PIN_FILE",
    "DHAN_PIN_COMMAND",
    "DHAN_TOTP_FILE",
    "DHAN_TOTP_COMMAND",
];

/// Lists every variable that no child process gets, whichever option starts it.
pub fn hidden_from_children() -> impl Iterator<Item = &'static str> {
    SECRET_VARIABLES.into_iter().chain(SOURCE_VARIABLES)
}
