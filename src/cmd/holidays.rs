//! Reads the user's list of holidays.

use crate::console::Console;
use crate::session::Calendar;

/// Returns the calendar with the user's holidays: `$DHAN_HOLIDAYS`, else `$XDG_CONFIG_HOME/dhan/holidays`
/// (`~/.config/dhan/holidays`), one date a line. It only decides whether silence deserves a message.
pub(super) fn calendar(console: &Console) -> Calendar {
    let named = std::env::var_os("DHAN_HOLIDAYS").filter(|path| !path.is_empty()).map(std::path::PathBuf::from);
    let usual = || Some(crate::folders::CONFIG.of_process()?.join("holidays"));
    let Some(path) = named.clone().or_else(usual) else { return Calendar::default() };
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            if named.is_some() {
                let why = crate::model::io_words(&error);
                console.warn(format!("{path:?} cannot be read ({why}): no holidays are known"));
            }
            return Calendar::default();
        }
    };
    let (calendar, bad) = Calendar::parse(&text);
    for (line, content) in bad {
        let content = crate::console::untrusted(&content);
        console.warn(format!("{path:?} line {line}: {content:?} is no date like 2026-01-26; it is skipped"));
    }
    calendar.of_file(path.display().to_string())
}
