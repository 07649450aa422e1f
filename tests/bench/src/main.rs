//! What dhan costs, in ratios: `cargo run --release --manifest-path tests/bench/Cargo.toml [table|growth|memory]`.
//! README.md beside this crate says how it is measured and what was tried.

mod encode;
mod growth;
mod load;
mod measure;
#[path = "../../pure/encoder/oracle.rs"]
mod oracle;
mod pair;
mod peers;
mod program;
mod table;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let rounds = std::env::var("DHAN_BENCH_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(7);
    match words[..] {
        [] => {
            encode::run(rounds);
            table::run(rounds, "");
            growth::run(rounds);
        }
        ["encode"] => encode::run(rounds),
        ["table"] => table::run(rounds, ""),
        ["table", row] => table::run(rounds, row),
        ["growth"] => growth::run(rounds),
        ["pair", other] => pair::run(rounds, other.as_ref()),
        ["peer", name, url, count] => peers::run(name, url, count.parse().expect("a count")),
        _ => panic!("words are: encode, table, table ROW, growth, pair OTHER_DHAN"),
    }
}
