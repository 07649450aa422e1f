//! What befalls a run: load, disks, signals, clocks, masters, orders, and the token in places where it must not be.
//!
//! Black-box tests of the program against a simulated broker, named by the rows of the catalogue of faults. Every run has
//! a home of its own, `RUST_LOG=trace` and `RUST_BACKTRACE=full`; when a test is over, all that its runs printed and left
//! is searched for every twelve bytes of the token, in every disguise (`support`).
//!
//! Rows of sections A–D, F and G are in `tests/program/net` and `tests/program/cli/feed.rs`. What the rows call `bad`, `repair` and `status disk_full` are
//! here the contract's records and words: a gap of reason `malformed`, one of reason `restarted`, a line on stderr.
//!
//! | row | what | where |
//! |---|---|---|
//! | E01 | a flood is written whole | [`load`]; a million packets in release builds; the rate is a bench's business |
//! | E03, C10 | a reader that stands still: counted losses, bounded memory, pongs | [`load`]; beside a file: [`beside`] |
//! | E06 | six hours of soak with faults | virtual days: `tests/pure/world.rs`; a wall-clock day does not fit into a test |
//! | E09 | a storm of bad packets | [`load`] |
//! | H01 | SIGKILL at random moments | the program: [`output`]; a thousand kills of the sink: [`files`] |
//! | H02, H03 | a full disk, and room again | [`output`], beside another file: [`beside`], and line by line in [`files`] |
//! | H04 | a disk that stays full | [`output`] |
//! | H05, H06 | every failing call; a file size limit | the sink's own tests (`src/output/file/tests.rs`); [`files`] |
//! | H07 | logrotate `create` and SIGHUP | the program: [`output`]; a thousand rotations of the sink: [`files`] |
//! | H08, H11 | moved without a signal; own rotation | the sink's own tests; [`files`] |
//! | H09 | logrotate `copytruncate` | [`output`], of CSV: [`beside`]; when is in the sink's own tests |
//! | H10 | two writers of a file | [`output`]; the lock that dies with its holder: [`files`] |
//! | H12 | power cuts | no way to drop what was not synced here; kills stand in for it |
//! | H13 | outputs that cannot be written | [`output`] |
//! | I01 | the reader goes away | [`death`] |
//! | I02, I03 | a signal, and a second one, in every state | [`death`]; every state of the session by itself: `tests/pure/session.rs` |
//! | I04, I05 | SIGHUP, SIGUSR1 | [`death`]; SIGUSR2 has no meaning in the contract |
//! | I06 | SIGSTOP and SIGCONT | [`death`]; hours of sleep by virtual time: `tests/pure/session.rs` |
//! | I07 | panics of the pipeline and the stream | [`death`]; of a socket's task: `src/stream` |
//! | I08 | missing and full descriptors | [`death`] |
//! | I09 | a second run while the first goes on | H10, and the places in `tests/pure/account.rs` |
//! | – | lists, control lines, masters and commands without an end | [`bounds`] |
//! | – | `verify` and `replay` of what is not whole or no file | [`checks`] |
//! | I10 | the first process of a container | [`death`] |
//! | J01 | the clock jumps | [`time`], where libfaketime is installed (or named by `LIBFAKETIME`) |
//! | J02 | time zones | [`time`] |
//! | J04 | midnight | the sink's own tests, by virtual time |
//! | K01, K02 | a cut, foreign or empty master | the stream: [`instruments`]; every cut: `tests/program/cli/instruments.rs` |
//! | K03, K04 | columns and rows that are odd | [`instruments`] |
//! | K05 | a damaged cache | the stream: [`instruments`]; every byte: `tests/program/cli/instruments.rs` |
//! | K06 | many refresh at once | [`instruments`], `tests/program/cli/instruments.rs` |
//! | K08 | no place for a cache | [`instruments`], `tests/program/cli/instruments.rs` |
//! | L01 | a quiet account | [`orders`] |
//! | L02 | updates missed in a gap | [`orders`]; row by row: `tests/pure/orders.rs` |
//! | L04 | sides of two times | [`orders`]; the pairing itself: `src/pipeline` |
//! | L06 | nothing is ever written | no such request in the source: `tests/pure/orders_read_only.rs`; none was seen: [`orders`] |
//! | S01, S04, S10, S15 | types, foreign errors, hosts, panics | [`redaction`], `net`; answers that quote the token: [`secrets`] |
//! | S02, S03, S20 | everything a server echoes, everything that is said | [`secrets`], and every test of this crate |
//! | S05, S06 | command line, threads, children | [`secrets`], [`redaction`] |
//! | S07, S14 | modes, umask, links, pipes, names | [`secrets`], `tests/pure/account.rs` |
//! | S08 | cores | [`secrets`], [`redaction`] |
//! | S09 | key logs | [`secrets`]; certificates: `net` |
//! | S11, S12, S13, S17 | untrusted text, formulas, names, lists | unit tests beside the code |
//! | S16 | supply chain | `deny` in CI |
//! | S18 | help, dry runs, usage errors | [`secrets`] |
//! | S19 | captures hold frames only, and no echoed token | [`secrets`], by replaying them; [`death`] |

mod beside;
mod bounds;
mod chains;
mod checks;
mod death;
mod files;
mod instruments;
mod load;
mod metrics;
#[cfg(feature = "nats")]
mod nats;
mod orders;
mod output;
mod redaction;
mod secrets;
mod time;
mod tokens;
mod watch;
