//! The flags of `dhan simulate`.

use crate::simulator::{Casing, DisconnectLayout, Fault};
use std::net::SocketAddr;
use std::path::PathBuf;

/// `dhan simulate`.
#[derive(Debug, Clone, clap::Args)]
pub struct SimulateArgs {
    /// Address and port to listen on
    ///
    /// Port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = listen)]
    pub listen: SocketAddr,

    /// Seed of everything that is random
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Packets a second in all [default: ten for every subscription]
    #[arg(long, value_name = "N", value_parser = rate)]
    pub rate: Option<f64>,

    /// Send the frames of this capture
    #[arg(long, value_name = "CAPTURE")]
    pub replay: Option<PathBuf>,

    /// How fast the capture is played: 1x, 10x or max
    #[arg(long, value_name = "SPEED", default_value = "1x", requires = "replay", hide_possible_values = true)]
    pub speed: Speed,

    /// Misbehave on every connection, such as reset-after=50
    ///
    /// reset-after=N, close=CODE, disconnect=CODE, http=STATUS, stall, mute, truncate, garbage, or closed: a closed market,
    /// with one snapshot for each instrument and then only pings. May be repeated.
    #[arg(long, value_name = "SPEC", value_parser = Fault::parse)]
    pub fault: Vec<Fault>,

    /// How keys of order messages are spelled
    #[arg(long, value_name = "CASING", default_value = "camel")]
    pub casing: Casing,

    /// How depth sockets write a disconnect packet; sources differ
    #[arg(long, value_name = "LAYOUT", default_value = "a")]
    pub disconnect_layout: DisconnectLayout,
}

/// How fast a capture is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Speed {
    /// As it was recorded.
    #[default]
    #[value(name = "1x")]
    Recorded,
    /// Ten times faster.
    #[value(name = "10x")]
    TenTimes,
    /// As fast as the client reads.
    #[value(name = "max")]
    Max,
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "write an address and a port, for instance 127.0.0.1:9000".to_owned())
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate.is_finite() => Ok(rate),
        _ => Err("write a number of packets above 0, for instance 200".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: SimulateArgs,
    }

    fn parse(args: &[&str]) -> Result<SimulateArgs, String> {
        let all = std::iter::once("simulate").chain(args.iter().copied());
        Cli::try_parse_from(all).map(|cli| cli.args).map_err(|error| error.to_string())
    }

    #[test]
    fn flags_mean_what_the_contract_says() {
        let args = parse(&[]).unwrap();
        assert_eq!((args.listen.to_string().as_str(), args.rate, args.fault.len()), ("127.0.0.1:0", None, 0));
        let args = parse(&["--seed", "7", "--rate", "2.5", "--fault", "mute", "--fault", "reset-after=9"]).unwrap();
        assert_eq!((args.seed, args.rate), (7, Some(2.5)));
        assert_eq!(args.fault, [Fault::Mute, Fault::ResetAfter(9)]);
        assert_eq!((args.casing, args.disconnect_layout), (Casing::Camel, DisconnectLayout::A));
        let args = parse(&["--casing", "pascal", "--disconnect-layout", "c", "--fault", "closed"]).unwrap();
        assert_eq!((args.casing, args.disconnect_layout), (Casing::Pascal, DisconnectLayout::C));
        assert_eq!(args.fault, [Fault::Closed]);
        assert_eq!(parse(&["--replay", "x.dcap", "--speed", "max"]).unwrap().speed, Speed::Max);
    }

    #[test]
    fn errors_quote_what_was_typed_and_say_what_would_do() {
        for (args, words) in [
            (["--listen", "9000"], "'9000'"),
            (["--rate", "0"], "above 0"),
            (["--rate", "NaN"], "above 0"),
            (["--fault", "explode"], "reset-after=N"),
            (["--fault", "close=1"], "from 1000 to 4999"),
            (["--speed", "2x"], "10x"),
            (["--casing", "mixed"], "[possible values: camel, pascal]"),
        ] {
            let message = parse(&args).unwrap_err();
            assert!(message.contains(words), "{args:?}: {message}");
        }
    }
}
