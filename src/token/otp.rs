//! Computes one-time passwords from the secret that Dhan shows as a QR code.

use crate::model::Micros;
use secrecy::{ExposeSecret as _, SecretString};
use std::time::Duration;
use totp_rs::{Algorithm, Builder, Secret, Totp};

/// Microseconds before the end of its window from which a password is not sent any more: it could arrive too late.
const LEAST_LEFT_US: i64 = 4_000_000;
/// Minimum length of a secret in bytes. Dhan's have 20 or more.
const SHORTEST: usize = 8;

/// Holds the secret of a TOTP generator. Wiped when dropped; has no `Debug`.
pub struct Seed {
    totp: Totp,
    /// The secret as written, without blanks; for the redactor.
    spelling: SecretString,
}

impl Seed {
    /// Parses Base32 (any case, blanks and dashes allowed) or an `otpauth://` address. Error texts follow the
    /// secret's place and contain no part of it.
    ///
    /// # Errors
    /// Says what is wrong, and what to write instead.
    pub fn parse(text: &SecretString) -> Result<Seed, String> {
        let text = text.expose_secret();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
        if text.is_empty() {
            return Err("is empty: write the secret that Dhan shows when TOTP is set up".to_owned());
        }
        if text.get(..10).is_some_and(|head| head.eq_ignore_ascii_case("otpauth://")) {
            return Seed::of_address(text);
        }
        Seed::of_base32(text, Algorithm::SHA1, 6, 30)
    }

    fn of_address(text: &str) -> Result<Seed, String> {
        let bad = |words: &str| format!("holds an otpauth:// address that {words}");
        let url = url::Url::parse(text).map_err(|_| bad("cannot be read: copy it whole, as the QR code has it"))?;
        if !url.host_str().is_some_and(|kind| kind.eq_ignore_ascii_case("totp")) {
            return Err(bad("is not of the kind otpauth://totp/…"));
        }
        let value = |name: &str| url.query_pairs().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v);
        let secret = value("secret").ok_or_else(|| bad("has no secret="))?;
        let algorithm = match value("algorithm").as_deref().map(str::to_ascii_uppercase).as_deref() {
            None | Some("SHA1") => Algorithm::SHA1,
            Some("SHA256") => Algorithm::SHA256,
            Some("SHA512") => Algorithm::SHA512,
            Some(_) => return Err(bad("names an algorithm that is none of SHA1, SHA256 and SHA512")),
        };
        let number = |name: &str, usual: u8| match value(name) {
            None => Some(usual),
            Some(text) => text.parse::<u8>().ok(),
        };
        let digits = number("digits", 6).filter(|digits| (6..=8).contains(digits));
        let digits = digits.ok_or_else(|| bad("asks for a number of digits that is not 6, 7 or 8"))?;
        let period = number("period", 30).filter(|period| (10..=120).contains(period));
        let period = period.ok_or_else(|| bad("has a period that is not 10 to 120 seconds"))?;
        Seed::of_base32(&secret, algorithm, digits, u64::from(period))
    }

    fn of_base32(text: &str, algorithm: Algorithm, digits: u8, period: u64) -> Result<Seed, String> {
        let letters = text.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase());
        let spelling = SecretString::from(letters.collect::<String>().trim_end_matches('=').to_owned());
        let is_digit = |b: u8| matches!(b, b'A'..=b'Z' | b'2'..=b'7');
        if !spelling.expose_secret().bytes().all(is_digit) {
            return Err(
                "is not Base32 (letters and the digits 2 to 7) and no otpauth:// address: write the secret that \
                        Dhan shows below the QR code, without quotes and without a name before it"
                    .to_owned(),
            );
        }
        let secret = Secret::try_from_base32(spelling.expose_secret());
        let secret = secret.ok().filter(|secret| secret.as_bytes().len() >= SHORTEST);
        let secret = secret.ok_or("is too short for a TOTP secret: copy it whole")?;
        let builder = Builder::new().with_algorithm(algorithm).with_digits(digits).with_step_duration(period);
        Ok(Seed { totp: builder.with_secret(secret).build_noncompliant(), spelling })
    }

    /// Returns the secret in its usual spelling, for the redactor.
    pub fn spelling(&self) -> &SecretString {
        &self.spelling
    }

    /// Returns the password of a time.
    pub fn password(&self, now: Micros) -> SecretString {
        SecretString::from(self.totp.generate(u64::try_from(now.seconds()).unwrap_or(0)).to_string())
    }

    /// Returns how long to wait for a password that does not expire too soon.
    pub fn wait(&self, now: Micros) -> Duration {
        let period = i64::try_from(self.totp.step()).unwrap_or(30) * 1_000_000;
        let remaining = period - now.get().rem_euclid(period);
        if remaining < LEAST_LEFT_US { Duration::from_micros(remaining.unsigned_abs()) } else { Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238's secret, `12345678901234567890`.
    const RFC: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn password(text: &str, seconds: i64) -> String {
        let seed = Seed::parse(&SecretString::from(text)).map_err(|words| panic!("{text}: {words}"));
        seed.map(|seed| seed.password(Micros::from_secs(seconds)).expose_secret().to_owned()).expect("a seed")
    }

    #[test]
    fn passwords_are_those_of_the_standard_however_the_secret_is_written() {
        // RFC 6238, appendix B, the last six of eight digits.
        for (seconds, expected) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            let spaced =
                RFC.to_lowercase().as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ");
            let address =
                format!("otpauth://totp/Dhan:1000000001?secret={RFC}&issuer=Dhan&algorithm=SHA1&digits=6&period=30");
            for text in [RFC.to_owned(), format!("{RFC}\n"), spaced, format!("\u{feff}{RFC}===="), address] {
                assert_eq!(password(&text, seconds), expected, "{text}");
            }
        }
        assert_eq!(password(&format!("OTPAUTH://TOTP/x?SECRET={RFC}&digits=8"), 59), "94287082");
    }

    #[test]
    fn what_is_no_secret_is_told_without_repeating_it() {
        for (text, words) in [
            ("", "is empty"),
            ("\"GEZDGNBVGY3TQOJQ\"", "without quotes"),
            ("TOTP=GEZDGNBVGY3TQOJQ", "without a name"),
            ("0189", "is not Base32"),
            ("GEZD", "too short"),
            ("otpauth://hotp/x?secret=GEZDGNBVGY3TQOJQ", "otpauth://totp"),
            ("otpauth://totp/x", "has no secret="),
            ("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ&digits=4", "digits"),
            ("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ&period=0", "period"),
            ("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ&algorithm=MD5", "algorithm"),
        ] {
            let error = Seed::parse(&SecretString::from(text)).err().unwrap_or_default();
            assert!(error.contains(words) && !error.contains("GEZDG"), "{text}: {error}");
        }
    }

    #[test]
    fn a_password_in_its_last_four_seconds_is_not_used() {
        let seed = Seed::parse(&SecretString::from(RFC)).unwrap_or_else(|words| panic!("{words}"));
        for (at_us, wait_us) in
            [(0, 0), (26_000_000, 0), (26_000_001, 3_999_999), (29_500_000, 500_000), (30_000_000, 0)]
        {
            assert_eq!(
                seed.wait(Micros::from_secs(1_800_000_000).plus_us(at_us)),
                Duration::from_micros(wait_us),
                "{at_us}"
            );
        }
    }
}
