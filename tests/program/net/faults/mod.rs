//! The fault catalogue's network half (sections A, B, C, D, F and G), from outside: the binary, the simulator, and a proxy
//! that breaks what passes through it. A test's name begins with its rows.
//!
//! Rows that take hours or days are tested in virtual time instead: by the pure session (`tests/pure/session.rs`), by random
//! days of it (`tests/pure/world.rs`), by the shared state on disk (`tests/pure/account.rs`) and, below the session, by the
//! transport alone (`tests/program/net`). Every row that must hold before a release, and its tests:
//!
//! | row | here | and |
//! |---|---|---|
//! | A01 | `reaching::a01_…` (skipped without a user namespace) | `net: a01_…` |
//! | A02 | `reaching::a02_…` (likewise; a FIFO as `/etc/hosts` blocks the look-up) | `net::resolver` |
//! | A04 | `reaching::a04_…` | delays: `session::backoff`; budget: `account::budget` |
//! | A05 | `reaching::a05_…`, by a full accept queue instead of a packet filter | |
//! | A06 | `reaching::a06_…` | `net: a06_…` for each phase |
//! | A07 | `reaching::a07_…` | `net: a07_…`, `session: a07_…` |
//! | A09 | `reaching::a09_a11_…` | |
//! | A10 | `reaching::a10_…` (two) | `session: b01_…` |
//! | A12 | `reaching::a12_…` | the ladder of 60 to 300 s: `session: a12_and_a13_…` |
//! | A13 | `reaching::a13_…` | `session: a12_and_a13_…` |
//! | A14 | `reaching::a14_…` | `account: a14_…` |
//! | A16 | `reaching::a16_…` | `net: a16_…` |
//! | A20 | `reaching::a20_…` | the hour: `session: b15_…`, `world` |
//! | B01, B02 | `ends::b01_b02_…` | `session: b01_…` |
//! | B03, B04, B05 | `ends::b03_b04_b05_…`, `ends::b03_…` | `session: every_reason_and_status_…` |
//! | B06 | `ends::b06_…` | three in a quarter of an hour take two minutes of cool-off: `session: b06_…` |
//! | B08 | `ends::b08_…` | `session: b08_…` |
//! | B11 | `ends::b11_…` (measured; `DHAN_CUTS=100` for a hundred) | `net: b11_…` |
//! | B14, B15 | not here: hours | `session: b14_…`, `session: b15_…` |
//! | C01 | `silence::c01_c02_…`, by the proxy instead of a packet filter | `session: c01_…` |
//! | C04, C06 | not here: they need market hours | `session: c04_…`, `session: c05_c06_…` |
//! | C05 | `silence::c05_…`, twenty seconds on a holiday | nights and weekends: `session: c05_…` |
//! | C10 | `silence::c10_…` | `net: c10_…` |
//! | C11 | `silence::c11_…` | |
//! | D01, D02, D03 | `bytes::d01_…`, `bytes::d02_…`, `bytes::d03_…` | properties and fuzzing of `protocol` |
//! | D05 | `bytes::d05_…` | all finite patterns: `format::text` |
//! | D07 | `bytes::d07_…` | |
//! | D11 | `bytes::d11_d12_…` | |
//! | F01 | `many::f01_…`, a second | longer absences: `world` |
//! | F02, F03 | `many::f02_…`, `many::f03_…` | |
//! | F04 | `many::f04_…` (`DHAN_FLAPS=100` for a hundred) | `world` |
//! | F08 | `many::f08_…` (two) | `account: f08_…` |
//! | G01 | `account::g01_…` (two) | `auth::jwt` |
//! | G02 | `reaching::a10_…`, `ends::b01_b02_…`, `account::g02_g05_…` | |
//! | G03 | `account::g03_…`; a rotation does not open two sockets at once | |
//! | G04 | `account::g04_…` (two) | `secrets: g04_…` |
//! | G05 | `account::g02_g05_…`, `account::g05_…` | `session: g05_…` |
//!
//! Not in this table: what needs latency or loss of packets below TCP (`netem` is not in every kernel; the proxy delays,
//! throttles and splits instead), and rows that are here although no release depends on them (A11, B07, B12, C02, C03,
//! C12, D06, D08, D12, D13, F05, F06, F07, F10, F11, G07, G08).
//!
//! Stdout, stderr and every file of every run are searched for its token in eight encodings. Times decide nothing except
//! bounds far beyond the promised ones; the promised ones are printed as `measured: …`.

mod account;
mod bytes;
mod ends;
mod many;
mod reaching;
mod servers;
mod silence;
