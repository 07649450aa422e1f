//! Protects the process's memory and command line from other processes.

use crate::model::Failure;
use std::ffi::OsString;

/// Disables core dumps and reading this process's memory by other processes of the user (`ptrace`, `/proc/PID/mem`).
/// Call it before a token is read. A kernel that refuses does not stop the program.
pub fn harden() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Rejects a command line that contains a token, because every user of this host can read it there.
///
/// # Errors
/// Returns a usage error that names the argument by its position and never quotes it.
pub fn refuse_token_arguments<I: IntoIterator<Item = OsString>>(arguments: I) -> Result<(), Failure> {
    for (place, argument) in arguments.into_iter().enumerate() {
        let argument = argument.to_string_lossy();
        if argument.to_ascii_lowercase().contains("otpauth://") {
            return Err(Failure::usage(format!(
                "argument {place} is an otpauth:// address ([redacted]): every user of this host can read a command \
                 line. Put it into a file (--totp-file FILE), and set TOTP up anew, since it is known to others from now on"
            )));
        }
        if crate::redact::find_jwt(argument.as_bytes()).is_some() {
            return Err(Failure::usage(format!(
                "argument {place} looks like an access token ([redacted]): every user of this host can read a command \
                 line. Put it into DHAN_ACCESS_TOKEN or a file (--token-file FILE), and consider it known to others \
                 from now on"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_on_the_command_line_is_refused_without_repeating_it() {
        let token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9.eyJleHAiOjE3ODAwMDAwMDB9.c2lnbmF0dXJlLXNpZ25hdHVyZQ";
        for argument in [token.to_owned(), format!("--token={token}"), format!("wss://h/?token={token}&a=b")] {
            let failure = refuse_token_arguments(["dhan".into(), "feed".into(), argument.into()]).expect_err("refused");
            assert_eq!(failure.exit, crate::model::exit::Exit::Usage);
            assert!(failure.message.contains("argument 2") && !failure.message.contains("eyJ"), "{failure}");
        }
        let seed = "otpauth://totp/Dhan?secret=GEZDGNBVGY3TQOJQ";
        let failure = refuse_token_arguments(["dhan".into(), "token".into(), seed.into()]).expect_err("refused");
        assert!(failure.message.contains("argument 2") && !failure.message.contains("GEZD"), "{failure}");
        let fine = ["dhan", "feed", "IDX_I:13", "--token-file", "/home/eyJ/token", "a.b.c"];
        assert_eq!(refuse_token_arguments(fine.map(OsString::from)), Ok(()));
    }
}
