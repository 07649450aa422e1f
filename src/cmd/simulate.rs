//! Runs `dhan simulate`: a local server that speaks the broker's protocols, for any client.

use crate::cli::simulate::{SimulateArgs, Speed};
use crate::cmd::{interrupted, print_environment, runtime};
use crate::console::Console;
use crate::model::{Exit, Failure};
use crate::server::listener::cannot_listen;
use crate::simulator::{FrameSource, Played, SimConfig, Simulator};
use std::path::Path;
use std::sync::Arc;

/// Serves until SIGINT or SIGTERM.
#[allow(clippy::needless_update, reason = "the tests' build has more fields")]
pub fn run(args: &SimulateArgs, console: &Console) -> Result<Exit, Failure> {
    let source = args.replay.as_deref().map(|capture| replayed(capture, args.speed)).transpose()?;
    let config = SimConfig {
        source,
        listen: args.listen,
        seed: args.seed,
        rate: args.rate,
        faults: args.fault.clone(),
        casing: args.casing,
        disconnect_layout: args.disconnect_layout,
        console: Some(console.clone()),
        ..SimConfig::default()
    };
    runtime()?.block_on(serve(config, console))
}

/// Returns the frames for `--replay`: those of a capture, at the given speed.
fn replayed(capture: &Path, speed: Speed) -> Result<Arc<dyn FrameSource>, Failure> {
    let times = match speed {
        Speed::Recorded => Some(1),
        Speed::TenTimes => Some(10),
        Speed::Max => None,
    };
    match Played::open(capture, times) {
        Ok(played) => Ok(Arc::new(played)),
        Err(why) => Err(Failure::new(Exit::Data, format!("cannot read {}: {why}", capture.display()))),
    }
}

async fn serve(config: SimConfig, console: &Console) -> Result<Exit, Failure> {
    let (listen, seed) = (config.listen, config.seed);
    // Before the address is printed, so that a signal that follows at once is not missed.
    let interrupted = interrupted()?;
    let simulator = Simulator::start(config).await.map_err(|error| Failure::usage(cannot_listen(listen, &error)))?;
    console.begin_run();
    console.info(format_args!(
        "a simulated exchange (seed {seed}) listens on {}; any client id and any token will do; Ctrl-C stops it",
        simulator.addr()
    ));
    if !listen.ip().is_loopback() {
        console.warn(format_args!("{} can be reached from other machines, and it asks nobody who they are", listen));
    }
    print_environment(simulator.environment(), console);
    interrupted.await;
    simulator.stop();
    Ok(Exit::Done)
}
