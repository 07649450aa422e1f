//! The behaviour of a run under load and with full disks, signals, clock changes, bad masters, orders, and echoed tokens.
//!
//! Tests of the program against the simulator, named by the rows of the fault catalogue. Every run has a home of its own,
//! `RUST_LOG=trace` and `RUST_BACKTRACE=full`; when it ends, everything that it printed and left is searched for any twelve
//! bytes of the token in every encoding (`tests/program/support/secrets.rs`).
//!
//! Rows of sections A–D, F and G are in `tests/program/net` and `tests/program/cli/feed.rs`. The rows' `bad`, `repair` and `status disk_full` are the contract's
//! records and words: a gap of reason `malformed`, one of reason `restarted`, a line on stderr.
//!
//! | row | what | where |
//! |---|---|---|
//! | E01 | a flood is written completely | [`load`]; a million packets in release builds; the bench measures the rate |
//! | E03, C10 | a stopped reader: counted losses, bounded memory, pongs | [`load`]; beside a file: [`beside`] |
//! | E06 | six hours of soak with faults | virtual days: `tests/pure/world.rs`; a real day is too long for a test |
//! | E09 | a storm of bad packets | [`load`] |
//! | H01 | SIGKILL at random moments | the program: [`output`]; a thousand kills of the sink: [`files`] |
//! | H02, H03 | a full disk, and room again | [`output`], beside another file: [`beside`], and line by line in [`files`] |
//! | H04 | a disk that stays full | [`output`] |
//! | H05, H06 | every failing call; a file size limit | the sink's own tests (`src/output/file/tests.rs`); [`files`] |
//! | H07 | logrotate `create` and SIGHUP | the program: [`output`]; a thousand rotations of the sink: [`files`] |
//! | H08, H11 | moved without a signal; own rotation | the sink's own tests; [`files`] |
//! | H09 | logrotate `copytruncate` | [`output`], of CSV: [`beside`]; the time of detection: the sink's own tests |
//! | H10 | two writers of a file | [`output`]; the lock that dies with its holder: [`files`] |
//! | H12 | power cuts | not here: unsynced data cannot be dropped; kills are the closest test |
//! | H13 | outputs that cannot be written | [`output`] |
//! | I01 | stdout is closed | [`death`] |
//! | I02, I03 | a signal, and a second one, in every state | [`death`]; the session alone: `tests/pure/session.rs` |
//! | I04, I05 | SIGHUP, SIGUSR1 | [`death`]; the contract does not use SIGUSR2 |
//! | I06 | SIGSTOP and SIGCONT | [`death`]; hours of sleep by virtual time: `tests/pure/session.rs` |
//! | I07 | panics of the pipeline and the stream | [`death`]; of a socket's task: `src/stream` |
//! | I08 | missing and full descriptors | [`death`] |
//! | I09 | a second run while the first goes on | H10, and the places in `tests/pure/account.rs` |
//! | – | endless lists, control lines, masters and commands | [`bounds`] |
//! | – | `verify` and `replay` of incomplete files and of paths that are no file | [`checks`] |
//! | I10 | the first process of a container | [`death`] |
//! | J01 | the clock jumps | [`time`], where libfaketime is installed (or named by `LIBFAKETIME`) |
//! | J02 | time zones | [`time`] |
//! | J04 | midnight | the sink's own tests, by virtual time |
//! | K01, K02 | a cut, foreign or empty master | the stream: [`instruments`]; every cut: `tests/program/cli/instruments.rs` |
//! | K03, K04 | unusual columns and rows | [`instruments`] |
//! | K05 | a damaged cache | the stream: [`instruments`]; every byte: `tests/program/cli/instruments.rs` |
//! | K06 | many refresh at once | [`instruments`], `tests/program/cli/instruments.rs` |
//! | K08 | an unusable cache folder | [`instruments`], `tests/program/cli/instruments.rs` |
//! | L01 | a quiet account | [`orders`] |
//! | L02 | updates missed in a gap | [`orders`]; row by row: `tests/pure/orders.rs` |
//! | L04 | depth sides of different times | [`orders`]; the pairing itself: `src/pipeline` |
//! | L06 | no request changes an order | the source: `tests/pure/orders_read_only.rs`; the requests of a run: [`orders`] |
//! | S01, S04, S10, S15 | types, foreign errors, hosts, panics | [`redaction`], `net`; answers that quote the token: [`secrets`] |
//! | S02, S03, S20 | everything a server echoes, every message | [`secrets`], and every test in this folder |
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
