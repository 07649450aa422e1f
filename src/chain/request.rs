//! Parses a chain: `NIFTY`, `BANKNIFTY,expiry=month,strikes=15`, `NFO:NIFTY,spot=25500`.

use crate::instruments::SpecSegment;
use crate::instruments::contracts::nearest_words;
use crate::instruments::filter::Expiry;
use std::fmt;
use std::str::FromStr;

/// Default number of strikes on each side of the spot.
const STRIKES: usize = 10;

/// Says which options are wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainRequest {
    /// The underlying, as typed.
    pub underlying: String,
    /// The segment of the options or of the underlying, if one was typed.
    pub segment: Option<SpecSegment>,
    /// The expiry.
    pub expiry: Expiry,
    /// Number of strikes on each side of the strike nearest to the spot.
    pub strikes: usize,
    /// Spot to begin with, in rupees.
    pub spot: Option<f64>,
}

impl ChainRequest {
    /// Returns the largest number of options that can be subscribed for more than a minute.
    pub fn most_options(&self) -> usize {
        self.strikes.saturating_mul(2).saturating_add(5).saturating_mul(2)
    }
}

impl fmt::Display for ChainRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.segment {
            Some(segment) => write!(f, "{segment}:{}", self.underlying),
            None => f.write_str(&self.underlying),
        }
    }
}

/// Says why a chain cannot be parsed, and what to write instead. A usage error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("--chain {typed:?}: {why}")]
pub struct ChainError {
    typed: String,
    why: String,
}

impl FromStr for ChainRequest {
    type Err = ChainError;

    fn from_str(typed: &str) -> Result<ChainRequest, ChainError> {
        let wrong = |why: String| ChainError { typed: typed.to_owned(), why };
        let mut parts = typed.split(',').map(str::trim);
        let named = parts.next().unwrap_or_default();
        let (segment, underlying) = match named.split_once(':') {
            Some((before, after)) => match SpecSegment::parse(before.trim()) {
                Some(segment) => (Some(segment), after.trim()),
                None => return Err(wrong(format!("{before:?} is not a segment: write NIFTY, or NFO:NIFTY"))),
            },
            None => (None, named),
        };
        if underlying.is_empty() {
            return Err(wrong("it names no underlying: write NIFTY, or NIFTY,expiry=month,strikes=15".to_owned()));
        }
        let mut request = ChainRequest {
            underlying: underlying.to_owned(),
            segment,
            expiry: Expiry::Nearest,
            strikes: STRIKES,
            spot: None,
        };
        let mut seen: Vec<&str> = Vec::new();
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let (key, value) = (key.trim(), value.trim());
            if seen.contains(&key) {
                return Err(wrong(format!("{key} is there twice")));
            }
            seen.push(key);
            match key {
                "expiry" => {
                    request.expiry = value.parse().map_err(|why| wrong(format!("expiry={value}: {why}")))?;
                }
                "strikes" => {
                    request.strikes = value
                        .parse()
                        .map_err(|_| wrong(format!("strikes={value}: write a whole number such as strikes=10")))?;
                }
                "spot" => {
                    let spot = value.parse().ok().filter(|spot: &f64| spot.is_finite() && *spot > 0.0);
                    let why = || wrong(format!("spot={value}: write a price above 0 such as spot=25500"));
                    request.spot = Some(spot.ok_or_else(why)?);
                }
                _ => {
                    let near = nearest_words(key, ["expiry", "strikes", "spot"]).first().copied();
                    let near = near.map(|near| format!("did you mean {near}=? ")).unwrap_or_default();
                    return Err(wrong(format!(
                        "{part:?} is no setting of a chain: {near}it takes expiry=, strikes= and spot="
                    )));
                }
            }
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Segment;
    use jiff::civil::date;

    #[test]
    fn every_shape_of_a_chain_is_read() {
        let plain = ChainRequest {
            underlying: "NIFTY".to_owned(),
            segment: None,
            expiry: Expiry::Nearest,
            strikes: 10,
            spot: None,
        };
        assert_eq!("NIFTY".parse(), Ok(plain.clone()));
        assert_eq!(
            " NFO:NIFTY , expiry=MONTH, strikes=0,spot=25500.5".parse(),
            Ok(ChainRequest {
                segment: Some(SpecSegment::Feed(Segment::NSE_FNO)),
                expiry: Expiry::Month,
                strikes: 0,
                spot: Some(25_500.5),
                ..plain.clone()
            })
        );
        let dated: ChainRequest = "NIFTY,expiry=2026-02-24".parse().unwrap();
        assert_eq!(dated.expiry, Expiry::On(date(2026, 2, 24)));
    }

    #[test]
    fn a_chain_that_cannot_be_read_says_what_to_write() {
        for (typed, says) in [
            ("", "names no underlying"),
            (",strikes=3", "names no underlying"),
            ("NIFTY,strikes=-1", "write a whole number"),
            ("NIFTY,strikes=ten", "write a whole number"),
            ("NIFTY,expiry=weekly", "nearest, next or month"),
            ("NIFTY,expiry=", "nearest, next or month"),
            ("NIFTY,spot=0", "a price above 0"),
            ("NIFTY,spot=nan", "a price above 0"),
            ("NIFTY,strike=5", "did you mean strikes=?"),
            ("NIFTY,strikes=5,strikes=6", "twice"),
            ("NFOO:NIFTY", "is not a segment"),
        ] {
            let error = typed.parse::<ChainRequest>().unwrap_err().to_string();
            assert!(error.contains(says) && error.starts_with("--chain"), "{typed}: {error}");
        }
    }
}
