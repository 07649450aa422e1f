//! dhan itself: the release binary, in surroundings of its own.

use crate::load::{FIRST_ID, Load};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

/// The built program, and a cache with an instrument master for it.
pub struct Program {
    binary: PathBuf,
    cache: std::sync::Arc<tempfile::TempDir>,
}

/// The repository that this crate lies in.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Program {
    /// Builds dhan (`DHAN_BENCH_BINARY` names one that is built already) and lets it read a master.
    pub fn ready() -> Program {
        let binary = std::env::var_os("DHAN_BENCH_BINARY").map(PathBuf::from).unwrap_or_else(|| {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let built = Command::new(cargo)
                .args(["build", "--release", "--locked", "--quiet", "--bin", "dhan"])
                .current_dir(repository())
                .status();
            assert!(built.is_ok_and(|status| status.success()), "dhan cannot be built");
            repository().join("target/release/dhan")
        });
        let cache = std::sync::Arc::new(tempfile::tempdir().expect("a temporary folder"));
        let program = Program { binary, cache };
        program.sync();
        program
    }

    /// Another binary in the same surroundings.
    pub fn with(&self, binary: &std::path::Path) -> Program {
        Program { binary: binary.to_owned(), cache: std::sync::Arc::clone(&self.cache) }
    }

    /// A command with a home, a state and credentials that are nobody's.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        let state = self.cache.path().join("state");
        // The budget of connection attempts is the account's, over all its processes.
        let _ = std::fs::remove_dir_all(&state);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.cache.path())
            .env("XDG_STATE_HOME", state)
            .env("DHAN_CACHE_DIR", self.cache.path().join("cache"))
            .env("DHAN_CLIENT_ID", "1000000001")
            .env("DHAN_ACCESS_TOKEN", "bench")
            .env("DHAN_API_URL", "http://127.0.0.1:9");
        command
    }

    /// `dhan feed` of a load. Blocking when its reader is slow: what is measured is the cost of every record.
    pub fn feed(&self, url: &str, load: &Load, more: &[&str]) -> Command {
        let list = self.cache.path().join(format!("list-{}", load.instruments));
        if !list.exists() {
            let specs: String = (0..load.instruments).map(|i| format!("NSE_EQ:{}\n", FIRST_ID + i)).collect();
            std::fs::write(&list, specs).expect("a list of instruments");
        }
        let count = load.packets.to_string();
        let list = list.to_string_lossy();
        let mut command =
            self.command(&["feed", "-q", "--url", url, "--mode", load.kind.mode(), "-n", &count, "-i", &list]);
        command.args(["--on-lag", "block"]).args(more);
        command
    }

    pub fn master(&self) -> PathBuf {
        self.cache.path().join("master.csv")
    }

    /// Serves a master of 250 000 rows over loopback and lets `dhan instruments sync` fetch it.
    fn sync(&self) {
        let csv = master();
        std::fs::write(self.master(), &csv).expect("a master");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let port = listener.local_addr().expect("an address").port();
        // Ends with the process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut stream = stream;
                let mut head = [0; 8192];
                let _ = std::io::Read::read(&mut stream, &mut head);
                let length = csv.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                );
                if !head.starts_with(b"HEAD") {
                    let _ = stream.write_all(&csv);
                }
            }
        });
        let synced = self
            .command(&["instruments", "sync", "-q"])
            .env("DHAN_INSTRUMENTS_URL", format!("http://127.0.0.1:{port}/master.csv"))
            .stdout(std::process::Stdio::null())
            .status();
        if !synced.is_ok_and(|status| status.success()) {
            eprintln!("dhan instruments sync failed: records have no symbols");
        }
    }
}

/// Rows of the master.
const ROWS: u32 = 250_000;
/// The symbol that is looked up, near the end of the file.
pub const SOUGHT: &str = "SHARE24321";

/// A compact instrument master: contracts first and cash last, as in Dhan's.
fn master() -> Vec<u8> {
    let mut csv = String::from(
        "SEM_EXM_EXCH_ID,SEM_SEGMENT,SEM_SMST_SECURITY_ID,SEM_INSTRUMENT_NAME,SEM_EXPIRY_CODE,SEM_TRADING_SYMBOL,\
         SEM_LOT_UNITS,SEM_CUSTOM_SYMBOL,SEM_EXPIRY_DATE,SEM_STRIKE_PRICE,SEM_OPTION_TYPE,SEM_TICK_SIZE,SEM_EXPIRY_FLAG,\
         SEM_EXCH_INSTRUMENT_TYPE,SEM_SERIES,SM_SYMBOL_NAME\n",
    );
    const SHARES: u32 = 25_000;
    for i in 0..ROWS - SHARES {
        let (underlying, strike, call) = (i / 1_000, 100 + i % 1_000 / 2 * 5, i % 2 == 0);
        let (letters, word) = if call { ("CE", "CALL") } else { ("PE", "PUT") };
        csv += &format!(
            "NSE,D,{},OPTSTK,0,SHARE{underlying}-Dec2099-{strike}-{letters},25.0,SHARE{underlying} 31 DEC {strike} {word},\
             2099-12-31 14:30:00,{strike}.00000,{letters},5.0000,M,OP,,\n",
            100_000 + i
        );
    }
    for i in 0..SHARES {
        csv +=
            &format!("NSE,E,{},EQUITY,0,SHARE{i},1.0,Share {i},,,,5.0000,NA,ES,EQ,SHARE {i} LIMITED\n", FIRST_ID + i);
    }
    csv.into_bytes()
}
