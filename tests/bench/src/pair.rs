//! One dhan beside another, before and after a change: paired round by round, so that a machine that slows down slows both.

use crate::load::{Kind, Load, Pace};
use crate::measure::{Reader, client, median};
use crate::program::Program;
use std::path::Path;

/// Prints what the built dhan costs as a share of what `other` does.
pub fn run(rounds: usize, other: &Path) {
    let new = Program::ready();
    let old = new.with(other);
    let load = |kind, packets, pace| Load { kind, instruments: 100, packets, sockets: 1, pace };
    let works = [
        ("full, saturated", load(Kind::Full, 400_000, Pace::Blast)),
        ("quote, saturated", load(Kind::Quote, 800_000, Pace::Blast)),
        ("full, 20 000/s", load(Kind::Full, 20_000, Pace::PerSecond(20_000))),
        ("full, 1 000/s", load(Kind::Full, 1_000, Pace::PerSecond(1_000))),
    ];
    println!("| work | CPU of {} = 1 | from..to | of the cheapest runs |\n|---|---|---|---|", other.display());
    for (name, load) in &works {
        let cpu = |program: &Program| client(load, Reader::Fast, |url| program.feed(url, load, &[])).cpu;
        // What else runs on the machine makes runs dearer, never cheaper.
        let (mut least_old, mut least_new) = (f64::INFINITY, f64::INFINITY);
        let mut ratios: Vec<f64> = (0..rounds)
            .map(|round| {
                // Whoever is first finds another machine than whoever is second.
                let (before, after) = if round % 2 == 0 {
                    let before = cpu(&old);
                    (before, cpu(&new))
                } else {
                    let after = cpu(&new);
                    (cpu(&old), after)
                };
                (least_old, least_new) = (least_old.min(before), least_new.min(after));
                after / before
            })
            .collect();
        ratios.sort_by(f64::total_cmp);
        let (from, to) = (ratios[0], ratios[ratios.len() - 1]);
        println!("| {name} | {:.3} | {from:.2}..{to:.2} | {:.3} |", median(&ratios), least_new / least_old);
    }
}
