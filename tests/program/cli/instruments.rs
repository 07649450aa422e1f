//! `dhan instruments` with a cache folder and a file server that fails on request.

use crate::support::{dhan, stderr, stdout};
use dhan::testing::console::Console;
use dhan::testing::instruments::{Layout, Question, Resolution, Spec, Store, Streamable, resolve};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

const HEADER: &str = "SEM_EXM_EXCH_ID,SEM_SEGMENT,SEM_SMST_SECURITY_ID,SEM_INSTRUMENT_NAME,SEM_EXPIRY_CODE,SEM_TRADING_SYMBOL,SEM_LOT_UNITS,SEM_CUSTOM_SYMBOL,SEM_EXPIRY_DATE,SEM_STRIKE_PRICE,SEM_OPTION_TYPE,SEM_TICK_SIZE,SEM_EXPIRY_FLAG,SEM_EXCH_INSTRUMENT_TYPE,SEM_SERIES,SM_SYMBOL_NAME";

/// Returns a master whose contracts expired in 2001 or expire in 2099.
fn master() -> String {
    let mut csv = format!(
        "{HEADER}
BSE,E,500325,EQUITY,0,RELIANCE,1.0,Reliance Industries,,,,5.0000,NA,ES,A,RELIANCE INDUSTRIES LTD.
NSE,D,100,OPTIDX,0,NIFTY-Feb2099-31200-CE,65.0,NIFTY 17 FEB 31200 CALL,2099-02-17 14:30:00,31200.00000,CE,5.0000,W,OP,,
NSE,D,101,OPTIDX,0,NIFTY-Feb2099-31200-CE,65.0,NIFTY 24 FEB 31200 CALL,2099-02-24 14:30:00,31200.00000,CE,5.0000,M,OP,,
NSE,D,102,OPTIDX,0,NIFTY-Feb2001-31200-CE,65.0,NIFTY 03 FEB 31200 CALL,2001-02-03 14:30:00,31200.00000,CE,5.0000,W,OP,,
NSE,E,2885,EQUITY,0,RELIANCE,1.0,Reliance Industries,,,,10.0000,NA,ES,EQ,RELIANCE INDUSTRIES LTD
NSE,M,148560,OPTFUT,0,SILVERM-23Oct2099-273000-PE,1.0,SILVERM 23 OCT 273000 PUT,2099-10-23 20:00:00,273000.00000,PE,50.0000,M,OPTFUT,1,SILVERM"
    );
    for id in 0..300 {
        csv.push_str(&format!(
            "\nNSE,E,{},EQUITY,0,SHARE{id},1.0,Share {id},,,,5.0000,NA,ES,EQ,SHARE {id} LTD",
            100_000 + id
        ));
    }
    csv.push_str("\nNSE,I,13,INDEX,0,NIFTY,1.0,Nifty 50,0001-01-01,,XX,0.0500,,INDEX,X,NIFTY");
    csv
}

/// What the server does with the next requests.
#[derive(Clone)]
enum Manner {
    /// Sends a body, with these headers more; a matching `If-None-Match: "v1"` is answered 304.
    Send(Vec<u8>, &'static str),
    /// A status line and no body.
    Status(&'static str),
    /// Announces the whole body, and closes after so many bytes of it.
    Short(Vec<u8>, usize),
}

struct Server {
    url: String,
    manner: Arc<Mutex<Manner>>,
    /// Heads of the requests that came.
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(manner: Manner) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/master.csv", listener.local_addr().unwrap());
        let server = Server { url, manner: Arc::new(Mutex::new(manner)), requests: Arc::default() };
        let (manner, requests) = (Arc::clone(&server.manner), Arc::clone(&server.requests));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (manner, requests) = (Arc::clone(&manner), Arc::clone(&requests));
                thread::spawn(move || serve(stream, &manner, &requests));
            }
        });
        server
    }

    fn of(csv: &str) -> Server {
        Server::start(Manner::Send(csv.as_bytes().to_vec(), "ETag: \"v1\"\r\n"))
    }

    fn now(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, manner: &Mutex<Manner>, requests: &Mutex<Vec<String>>) {
    let mut head = String::new();
    for line in BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok) {
        if line.is_empty() {
            break;
        }
        head.push_str(&line);
        head.push('\n');
    }
    let head = head.to_lowercase();
    let manner = manner.lock().unwrap().clone();
    requests.lock().unwrap().push(head.clone());
    let _ = match manner {
        Manner::Send(_, headers) if headers.contains("ETag") && head.contains("if-none-match: \"v1\"") => {
            write!(stream, "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n")
        }
        Manner::Send(body, headers) => {
            // Twenty processes must have time to ask at the same time.
            thread::sleep(Duration::from_millis(100));
            write!(stream, "HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len())
                .and_then(|()| stream.write_all(&body))
        }
        Manner::Status(status) => {
            let length = if status.contains("Content-Length") { "" } else { "Content-Length: 0\r\n" };
            write!(stream, "HTTP/1.1 {status}\r\n{length}Connection: close\r\n\r\n")
        }
        Manner::Short(body, len) => {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())
                .and_then(|()| stream.write_all(&body[..len]))
        }
    };
    let _ = stream.shutdown(Shutdown::Write);
}

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Home {
        Home(tempfile::tempdir().unwrap())
    }

    fn cache(&self) -> PathBuf {
        self.0.path().join("cache")
    }

    fn file(&self) -> PathBuf {
        self.cache().join("compact.master")
    }

    fn command(&self, url: &str) -> Command {
        let mut command = dhan(&["instruments"]);
        command.env("HOME", self.0.path()).env("DHAN_CACHE_DIR", self.cache()).env("DHAN_INSTRUMENTS_URL", url);
        command
    }

    fn run(&self, url: &str, args: &[&str]) -> Output {
        self.command(url).args(args).output().unwrap()
    }

    /// Runs a stream command with `--dry-run`.
    fn dry_run(&self, url: &str, args: &[&str]) -> Output {
        let mut command = dhan(args);
        command.env("DHAN_CACHE_DIR", self.cache()).env("DHAN_INSTRUMENTS_URL", url);
        command.env("DHAN_CLIENT_ID", "1000000001").env("DHAN_ACCESS_TOKEN", "x");
        command.arg("--dry-run").output().unwrap()
    }

    /// Sets the modification time of the cached master to yesterday.
    fn age(&self) {
        let file = std::fs::File::options().write(true).open(self.file()).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(26 * 3600)).unwrap();
    }
}

/// Returns an address at which no server listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/x", listener.local_addr().unwrap())
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

const RELIANCE: [&str; 2] = ["BSE_EQ:500325", "NSE_EQ:2885"];

fn specs(output: &Output) -> Vec<String> {
    stdout(output).lines().map(str::to_owned).collect()
}

#[test]
fn a_master_is_downloaded_once_and_then_searched_without_network() {
    let (server, home) = (Server::of(&master()), Home::new());
    for _ in 0..3 {
        let found = home.run(&server.url, &["find", "reliance", "-f", "spec"]);
        assert_eq!(
            (specs(&found), stderr(&found).as_str(), code(&found)),
            (RELIANCE.map(str::to_owned).to_vec(), "", 0)
        );
    }
    assert_eq!(server.requests().len(), 1);
    let offline = home.run(&nobody(), &["find", "reliance", "-f", "spec", "--offline"]);
    assert_eq!(specs(&offline), RELIANCE);
}

#[test]
fn sync_requests_only_a_newer_file_unless_forced() {
    let (server, home) = (Server::of(&master()), Home::new());
    let first = home.run(&server.url, &["sync"]);
    assert!(code(&first) == 0 && stderr(&first).contains("307 instruments (compact)"), "{}", stderr(&first));
    assert_eq!(stdout(&first), "");
    let second = home.run(&server.url, &["sync"]);
    assert!(stderr(&second).contains("nothing newer"), "{}", stderr(&second));
    let forced = home.run(&server.url, &["sync", "--force"]);
    assert_eq!(code(&forced), 0);
    let conditional: Vec<_> = server.requests().iter().map(|head| head.contains("if-none-match")).collect();
    assert_eq!(conditional, [false, true, false]);
}

#[test]
fn the_file_server_sees_no_credentials() {
    let (server, home) = (Server::of(&master()), Home::new());
    let output = home
        .command(&server.url)
        .env("DHAN_ACCESS_TOKEN", "canary-token")
        .env("DHAN_CLIENT_ID", "canary-client")
        .arg("sync")
        .output()
        .unwrap();
    assert_eq!(code(&output), 0);
    let heads = server.requests().concat();
    assert!(
        !heads.contains("canary") && !heads.contains("access-token") && !heads.contains("authorization"),
        "{heads}"
    );
    assert!(heads.contains("accept-encoding: gzip"), "{heads}");
}

#[test]
fn a_bad_download_is_refused_with_its_reason_and_the_old_master_stays() {
    let whole = master();
    let cut = &whole[..whole.len() - 30];
    let half: String = whole.lines().take(150).map(|line| format!("{line}\n")).collect();
    let renamed = whole.replace("SEM_TRADING_SYMBOL", "TRADING_SYMBOL");
    let without = whole.replace("NSE,M,", "INX,M,");
    let broken = whole.replacen("NSE,E,1000", "NSE,E,x000", 20);
    let gzip_of = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let packed = gzip_of(whole.as_bytes());
    let damaged = packed[..packed.len() - 20].to_vec();
    let send = |body: &[u8]| Manner::Send(body.to_vec(), "");
    let cases = [
        (send(b"<!DOCTYPE html><html>"), "web page"),
        (send(b"{\"errorCode\":\"DH-904\"}"), "JSON"),
        (send(b""), "empty"),
        (send(HEADER.as_bytes()), "no instruments"),
        (send(cut.as_bytes()), "cut off"),
        (send(half.as_bytes()), "it has 149 instruments where the last one had 307"),
        (send(renamed.as_bytes()), "lacks SEM_TRADING_SYMBOL"),
        (send(without.as_bytes()), "no NSE_COMM instruments any more"),
        (send(broken.as_bytes()), "20 of its 307 lines are damaged"),
        (send(&packed), "not text"),
        (Manner::Send(damaged, "Content-Encoding: gzip\r\n"), "compressed file is damaged"),
        (Manner::Status("200 OK\r\nContent-Length: 200000000"), "larger than 128 MiB"),
        (Manner::Send(packed.clone(), "Content-Encoding: br\r\n"), "encoding that was not asked for"),
        (Manner::Short(whole.clone().into_bytes(), 5000), "broke off after 5000 bytes"),
        (Manner::Status("500 Internal Server Error"), "500"),
        (Manner::Status("404 Not Found"), "404"),
        (Manner::Status("429 Too Many Requests"), "429"),
        (Manner::Status("302 Found\r\nLocation: http://127.0.0.1:1/"), "302 Found, which is not followed"),
    ];
    let (server, home) = (Server::of(&whole), Home::new());
    assert_eq!(code(&home.run(&server.url, &["sync"])), 0);
    let before = std::fs::read(home.file()).unwrap();
    for (manner, reason) in cases {
        server.now(manner);
        let refused = home.run(&server.url, &["sync", "--force"]);
        let says = stderr(&refused);
        assert!(code(&refused) == 11 && says.contains(reason) && says.contains("stays in use"), "{reason}: {says}");
        assert_eq!(std::fs::read(home.file()).unwrap(), before, "{reason}");
    }
    // The same, where nobody asked for it: the old one answers, with a warning.
    server.now(Manner::Status("500 Internal Server Error"));
    home.age();
    let found = home.run(&server.url, &["find", "RELIANCE", "-f", "spec"]);
    assert_eq!((specs(&found), code(&found)), (RELIANCE.map(str::to_owned).to_vec(), 0));
    assert!(
        stderr(&found).contains("using the instrument master of") && stderr(&found).contains("500"),
        "{}",
        stderr(&found)
    );
    // Nothing unfinished is left.
    let mut left: Vec<_> = std::fs::read_dir(home.cache())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["compact.lock", "compact.master"]);
}

#[test]
fn a_compressed_file_is_accepted_and_a_failed_request_is_repeated_once() {
    let whole = master();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(whole.as_bytes()).unwrap();
    let (server, home) = (Server::start(Manner::Status("503 Service Unavailable")), Home::new());
    let packed = encoder.finish().unwrap();
    let (manner, requests) = (Arc::clone(&server.manner), Arc::clone(&server.requests));
    // The server recovers after the first request.
    let recovers = thread::spawn(move || {
        while requests.lock().unwrap().is_empty() {
            thread::sleep(Duration::from_millis(5));
        }
        *manner.lock().unwrap() = Manner::Send(packed, "Content-Encoding: gzip\r\n");
    });
    let found = home.run(&server.url, &["find", "NIFTY", "-f", "spec"]);
    recovers.join().unwrap();
    assert_eq!((specs(&found), code(&found)), (vec!["IDX_I:13".to_owned()], 0), "{}", stderr(&found));
    assert!((2..=3).contains(&server.requests().len()));
}

#[test]
fn neither_a_master_nor_a_server_is_exit_11() {
    let home = Home::new();
    for args in
        [&["find", "NIFTY"][..], &["list"], &["show", "NIFTY"], &["search", "nifty"], &["find", "NIFTY", "--offline"]]
    {
        let output = home.run(&nobody(), args);
        assert_eq!((code(&output), stdout(&output).as_str()), (11, ""), "{args:?} {}", stderr(&output));
        assert!(stderr(&output).contains("no usable instrument master"), "{}", stderr(&output));
    }
    let sync = home.run(&nobody(), &["sync"]);
    assert!(code(&sync) == 11 && stderr(&sync).contains("no connection: 127.0.0.1"), "{}", stderr(&sync));
}

#[test]
fn twenty_processes_on_an_empty_cache_download_once_and_all_find_the_symbol() {
    let (server, home) = (Server::of(&master()), Home::new());
    let children: Vec<_> = (0..20)
        .map(|_| {
            let mut command = home.command(&server.url);
            command.args(["find", "RELIANCE", "-f", "spec"]).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert_eq!((specs(&output), code(&output)), (RELIANCE.map(str::to_owned).to_vec(), 0), "{}", stderr(&output));
    }
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn twenty_processes_send_one_request_to_a_failing_server() {
    let (server, home) = (Server::start(Manner::Status("404 Not Found")), Home::new());
    let children: Vec<_> = (0..20)
        .map(|_| home.command(&server.url).arg("list").stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap())
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(code(&output) == 11 && stderr(&output).contains("404"), "{}", stderr(&output));
    }
    // A process that starts after another has failed may send a request of its own.
    assert!(server.requests().len() < 20, "{}", server.requests().len());
}

#[test]
fn an_old_master_is_downloaded_again_before_a_search_and_a_new_one_is_not() {
    let (server, home) = (Server::of(&master()), Home::new());
    home.run(&server.url, &["sync"]);
    home.age();
    server.now(Manner::Send(master().replace("SHARE7,", "RENAMED,").into_bytes(), ""));
    let found = home.run(&server.url, &["find", "RENAMED", "-f", "spec"]);
    assert_eq!(specs(&found), ["NSE_EQ:100007"], "{}", stderr(&found));
    assert_eq!(server.requests().len(), 2);
    home.run(&server.url, &["find", "RENAMED"]);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn an_unusable_cache_folder_is_one_warning() {
    let (server, home) = (Server::of(&master()), Home::new());
    let file = home.0.path().join("file");
    std::fs::write(&file, "").unwrap();
    let mut below_a_file = home.command(&server.url);
    below_a_file.env("DHAN_CACHE_DIR", file.join("cache"));
    let mut read_only = home.command(&server.url);
    read_only.env("DHAN_CACHE_DIR", "/proc/self");
    let mut no_home = home.command(&server.url);
    no_home.env_remove("DHAN_CACHE_DIR").env_remove("HOME");
    for mut command in [below_a_file, read_only, no_home] {
        let output = command.args(["find", "RELIANCE", "-f", "spec"]).output().unwrap();
        assert_eq!((specs(&output), code(&output)), (RELIANCE.map(str::to_owned).to_vec(), 0), "{}", stderr(&output));
        let says = stderr(&output);
        assert!(says.lines().count() == 1 && says.contains("warning: the cache folder"), "{says}");
    }
}

#[test]
fn a_flipped_byte_in_the_cache_never_gives_a_wrong_result() {
    let (server, home) = (Server::of(&master()), Home::new());
    home.run(&server.url, &["sync"]);
    let whole = std::fs::read(home.file()).unwrap();
    let right = stdout(&home.run(&server.url, &["list"]));
    assert_eq!(right.lines().count(), 306);
    let mut refused = 0;
    for at in (0..whole.len()).step_by(whole.len() / 60) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x20;
        std::fs::write(home.file(), &bytes).unwrap();
        // Without a server: the right result, or none.
        let offline = home.run(&nobody(), &["list", "--offline"]);
        match code(&offline) {
            0 => assert_eq!(stdout(&offline), right, "byte {at}"),
            code => {
                assert_eq!((code, stdout(&offline).as_str()), (11, ""), "byte {at}");
                refused += 1;
            }
        }
        // With a server: the right result.
        std::fs::write(home.file(), &bytes).unwrap();
        let online = home.run(&server.url, &["list"]);
        assert_eq!((stdout(&online), code(&online)), (right.clone(), 0), "byte {at}: {}", stderr(&online));
    }
    // Only damage in the CSV itself needs a download.
    assert!(refused > 0);
    std::fs::write(home.file(), b"").unwrap();
    assert_eq!(code(&home.run(&nobody(), &["list", "--offline"])), 11);
}

#[test]
fn find_prints_matches_and_fails_without_any() {
    let (server, home) = (Server::of(&master()), Home::new());
    let output =
        home.run(&server.url, &["find", "NIFTY", "RELIENCE", "NIFTY-Feb2001-31200-CE", "SHARE1", "-f", "spec"]);
    assert_eq!((specs(&output), code(&output)), (vec!["IDX_I:13".to_owned(), "NSE_EQ:100001".to_owned()], 14));
    let says = stderr(&output);
    assert!(says.contains("NSE_EQ:2885  RELIANCE") && says.contains("expired 2001-02-03"), "{says}");
    let expired = home.run(&server.url, &["find", "NIFTY-Feb2001-31200-CE", "--expired", "-f", "spec"]);
    assert_eq!(specs(&expired), ["NSE_FNO:102"]);
    let both = home.run(&server.url, &["find", "nifty-feb2099-31200-ce", "-f", "spec"]);
    assert_eq!(specs(&both), ["NSE_FNO:100", "NSE_FNO:101"]);
    let one = home.run(&server.url, &["find", "RELIANCE", "--segment", "bse", "-f", "spec"]);
    assert_eq!(specs(&one), ["BSE_EQ:500325"]);
    let bad = home.run(&server.url, &["find", "NIFTY@full", "NSE_EQ:"]);
    assert!(code(&bad) == 2 && stderr(&bad).contains("without the @") && stderr(&bad).contains("names no instrument"));
}

#[test]
fn every_format_prints_the_same_instruments() {
    let (server, home) = (Server::of(&master()), Home::new());
    let list = |format| {
        let output = home.run(
            &server.url,
            &["list", "--underlying", "nifty", "--expiry", "month", "--strike", "31000..31500", "--format", format],
        );
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        stdout(&output)
    };
    assert_eq!(list("spec"), "NSE_FNO:101\n");
    assert_eq!(
        list("ndjson"),
        "{\"segment\":\"NSE_FNO\",\"security_id\":\"101\",\"symbol\":\"NIFTY-24Feb2099-31200-CE\",\"name\":null,\"display_name\":\"NIFTY 24 FEB 31200 CALL\",\"instrument\":\"OPTIDX\",\"series\":null,\"isin\":null,\"underlying\":\"NIFTY\",\"underlying_id\":null,\"lot_size\":65,\"tick_size\":0.05,\"expiry\":\"2099-02-24\",\"strike\":31200.0,\"option_type\":\"CE\",\"freeze_qty\":null,\"lower_limit\":null,\"upper_limit\":null}\n"
    );
    assert_eq!(
        list("csv"),
        "segment,security_id,symbol,name,display_name,instrument,series,isin,underlying,underlying_id,lot_size,tick_size,expiry,strike,option_type,freeze_qty,lower_limit,upper_limit\nNSE_FNO,101,NIFTY-24Feb2099-31200-CE,,NIFTY 24 FEB 31200 CALL,OPTIDX,,,NIFTY,,65,0.05,2099-02-24,31200.0,CE,,,\n"
    );
    assert_eq!(
        list("table"),
        "SEGMENT   ID  SYMBOL                    NAME                     TYPE    SERIES  EXPIRY       STRIKE  LOT  TICK\nNSE_FNO  101  NIFTY-24Feb2099-31200-CE  NIFTY 24 FEB 31200 CALL  OPTIDX          2099-02-24  31200.0   65  0.05\n"
    );
    let all = home.run(&server.url, &["list", "--expired", "-f", "spec"]);
    assert_eq!(specs(&all).len(), 307);
    let some = home.run(&server.url, &["list", "--limit", "3", "-f", "spec"]);
    assert_eq!(specs(&some).len(), 3);
}

#[test]
fn show_prints_the_columns_as_the_file_has_them() {
    let (server, home) = (Server::of(&master()), Home::new());
    let output = home.run(&server.url, &["show", "RELIANCE"]);
    assert!(
        stdout(&output)
            .starts_with("{\"SEM_EXM_EXCH_ID\":\"NSE\",\"SEM_SEGMENT\":\"E\",\"SEM_SMST_SECURITY_ID\":\"2885\",")
    );
    assert!(stdout(&output).contains("\"SEM_TICK_SIZE\":\"10.0000\""));
    assert!(stderr(&output).contains("RELIANCE = NSE_EQ:2885 (also BSE_EQ:500325)"), "{}", stderr(&output));
    let csv = home.run(&server.url, &["show", "NSE_EQ:2885", "--format", "csv"]);
    assert_eq!(
        stdout(&csv),
        format!(
            "{HEADER}\nNSE,E,2885,EQUITY,0,RELIANCE,1.0,Reliance Industries,,,,10.0000,NA,ES,EQ,RELIANCE INDUSTRIES LTD\n"
        )
    );
    let commodity = home.run(&server.url, &["show", "NSE_COMM:148560", "-f", "spec"]);
    assert_eq!(stdout(&commodity), "NSE_COMM:148560\n");
    let two = home.run(&server.url, &["show", "NIFTY-Feb2099-31200-CE"]);
    assert!(code(&two) == 14 && stderr(&two).contains("NSE_FNO:101  NIFTY-24Feb2099-31200-CE, expires 2099-02-24"));
    assert_eq!(code(&home.run(&server.url, &["show", "NSE_EQ:1"])), 14);
}

#[test]
fn a_file_named_by_the_user_needs_neither_cache_nor_network() {
    let home = Home::new();
    let path = home.0.path().join("mine.csv");
    let run = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        home.run(&nobody(), &["find", "RELIANCE", "-f", "spec", "--file", path.to_str().unwrap()])
    };
    assert_eq!(specs(&run(master().as_bytes())), RELIANCE);
    assert_eq!(specs(&run(master().replace('\n', "\r\n").as_bytes())), RELIANCE);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(master().as_bytes()).unwrap();
    assert_eq!(specs(&run(&encoder.finish().unwrap())), RELIANCE);
    let refused = run(b"a,b,c\n1,2,3\n");
    assert!(code(&refused) == 11 && stderr(&refused).contains("not the header"), "{}", stderr(&refused));
    let missing = home.run(&nobody(), &["list", "--file", "/nonexistent/x.csv"]);
    assert!(code(&missing) == 11 && stderr(&missing).contains("/nonexistent/x.csv"), "{}", stderr(&missing));
    assert!(!home.cache().exists());
}

#[test]
fn the_two_layouts_are_cached_side_by_side() {
    let detailed = "EXCH_ID,SEGMENT,SECURITY_ID,ISIN,INSTRUMENT,UNDERLYING_SECURITY_ID,UNDERLYING_SYMBOL,SYMBOL_NAME,DISPLAY_NAME,INSTRUMENT_TYPE,SERIES,LOT_SIZE,SM_EXPIRY_DATE,STRIKE_PRICE,OPTION_TYPE,TICK_SIZE,EXPIRY_FLAG,BRACKET_FLAG,COVER_FLAG,ASM_GSM_FLAG,ASM_GSM_CATEGORY,BUY_SELL_INDICATOR,MTF_LEVERAGE,SM_UPPER_LIMIT,SM_LOWER_LIMIT,SM_FREEZE_QTY,
NSE,E,2885,INE002A01018,EQUITY,,RELIANCE,RELIANCE INDUSTRIES LTD,Reliance Industries,ES,EQ,1.0,,,,10.0000,NA,N,N,N,NA,A,5,1600.5000,1300.0000,0,
NSE,D,35084,NA,OPTIDX,26000,NIFTY,NIFTY-Sep2099-29150-CE,NIFTY 29 SEP 29150 CALL,OP,NA,65.0,2099-09-29,29150.00000,CE,5.0000,M,N,N,N,NA,A,0,20.1000,0.0500,1756,
";
    let (server, other, home) = (Server::of(&master()), Server::of(detailed), Home::new());
    assert_eq!(code(&home.run(&server.url, &["sync"])), 0);
    assert_eq!(code(&home.run(&other.url, &["sync", "--detailed"])), 0);
    let output = home.run(&nobody(), &["find", "--offline", "--detailed", "RELIANCE", "NIFTY-29Sep2099-29150-CE"]);
    let records = stdout(&output);
    assert!(
        records.contains("\"isin\":\"INE002A01018\"")
            && records.contains("\"lower_limit\":1300.0,\"upper_limit\":1600.5"),
        "{records}"
    );
    assert!(
        records.contains("\"underlying\":\"NIFTY\",\"underlying_id\":\"26000\"")
            && records.contains("\"freeze_qty\":1756"),
        "{records}"
    );
    let isin = home.run(&nobody(), &["search", "--offline", "--detailed", "ine002a01018", "-f", "spec"]);
    assert_eq!(specs(&isin), ["NSE_EQ:2885"]);
    assert_eq!(specs(&home.run(&nobody(), &["find", "RELIANCE", "--offline", "-f", "spec"])), RELIANCE);
}

#[test]
fn a_plain_http_address_is_allowed_for_loopback_only() {
    let home = Home::new();
    for url in ["http://images.dhan.co/master.csv", "ftp://127.0.0.1/x", "nonsense"] {
        let output = home.run(url, &["sync"]);
        assert!(code(&output) == 2 && stderr(&output).contains("DHAN_INSTRUMENTS_URL"), "{}", stderr(&output));
    }
}

#[test]
fn a_closed_stdout_ends_the_list_silently() {
    let (server, home) = (Server::of(&master()), Home::new());
    home.run(&server.url, &["sync"]);
    // More records than a pipe holds.
    let big = home.0.path().join("big.csv");
    let mut csv = master();
    for id in 0..3000 {
        csv.push_str(&format!(
            "\nNSE,E,{},EQUITY,0,MORE{id},1.0,More {id},,,,5.0000,NA,ES,EQ,MORE {id} LTD",
            200_000 + id
        ));
    }
    std::fs::write(&big, csv).unwrap();
    let mut child = home
        .command(&server.url)
        .args(["list", "--file", big.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut first).unwrap();
    drop(reader);
    let mut says = String::new();
    child.stderr.take().unwrap().read_to_string(&mut says).unwrap();
    let status = child.wait().unwrap();
    assert_eq!((status.signal(), says.as_str()), (Some(13), ""), "{status}");
    assert!(first.starts_with("{\"segment\":\""));
}

/// Resolves specs as a stream does.
fn streamed(server: &Server, home: &Home, texts: &[&str]) -> (Resolution, Store) {
    let store = Store {
        dir: Some(home.cache()),
        layout: Layout::Compact,
        url: server.url.clone(),
        offline: false,
        ca_file: None,
        until: None,
    };
    let specs: Vec<_> = texts.iter().map(|text| Spec::parse(text).unwrap()).collect();
    let today = jiff::civil::date(2026, 2, 10);
    {
        let question = Question { specs: &specs, streamable: Streamable::Feed, today, expired: false };
        (resolve(question, &store, &Console::default()).unwrap(), store)
    }
}

#[test]
fn a_stream_of_ids_downloads_no_master() {
    let (server, home) = (Server::of(&master()), Home::new());
    let (resolution, _) = streamed(&server, &home, &["NSE_EQ:2885", "IDX_I:13", "BSE_EQ:1"]);
    let symbols: Vec<_> = resolution.instruments.iter().map(|one| one.as_ref().unwrap().symbol.clone()).collect();
    assert_eq!((symbols, server.requests().len()), (vec![None, None, None], 0));
    assert_eq!(code(&home.run(&server.url, &["sync"])), 0);
    home.age();
    let (resolution, _) = streamed(&server, &home, &["NSE_EQ:2885", "NSE_EQ:1"]);
    let symbols: Vec<_> = resolution.instruments.iter().map(|one| one.as_ref().unwrap().symbol.as_deref()).collect();
    assert_eq!((symbols, server.requests().len()), (vec![Some("RELIANCE"), None], 1));
}

#[test]
fn a_share_in_yesterdays_master_starts_at_once_and_a_contract_waits_for_todays() {
    let (server, home) = (Server::of(&master()), Home::new());
    assert_eq!(code(&home.run(&server.url, &["sync"])), 0);
    home.age();
    let (resolution, store) = streamed(&server, &home, &["RELIANCE", "NIFTY", "NSE_FNO:100"]);
    assert!(resolution.stale && resolution.failure().is_none());
    assert_eq!(server.requests().len(), 1);
    // Today's master is downloaded in the background.
    store.refresh_behind(&Console::default());
    let renewed = || store.cached().is_some_and(|cached| cached.is_fresh(dhan::testing::clock::now()));
    for _ in 0..500 {
        if renewed() {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    assert!(renewed());
    assert_eq!(server.requests().len(), 2);
    for texts in [["RELIANCE", "NIFTY-24Feb2099-31200-CE"], ["RELIANCE", "NOTHING"]] {
        home.age();
        let before = server.requests().len();
        let (resolution, _) = streamed(&server, &home, &texts);
        assert_eq!((resolution.stale, server.requests().len()), (false, before + 1), "{texts:?}");
    }
}

#[test]
fn the_rest_of_a_killed_download_is_removed() {
    let (server, home) = (Server::of(&master()), Home::new());
    std::fs::create_dir_all(home.cache()).unwrap();
    let left = home.cache().join(".compact-abc.part");
    std::fs::write(&left, "half").unwrap();
    assert_eq!(code(&home.run(&server.url, &["sync"])), 0);
    assert!(!left.exists() && Path::new(&home.file()).exists());
}

/// Only instruments that a command can stream are candidates for its specs; others count as missing.
#[test]
fn a_name_that_the_command_cannot_stream_counts_as_missing() {
    let (server, home) = (Server::of(&master()), Home::new());
    let silver = "SILVERM-23Oct2099-273000-PE";
    for (line, streamed, says) in [
        (
            ["depth", "NIFTY", "RELIANCE"],
            r#"[{"ExchangeSegment":"NSE_EQ","SecurityId":"2885"}]"#,
            "depth is for NSE_EQ and NSE_FNO, not for IDX_I",
        ),
        (
            ["feed", silver, "NIFTY"],
            r#"[{"ExchangeSegment":"IDX_I","SecurityId":"13"}]"#,
            "the feed has no code for NSE_COMM",
        ),
    ] {
        let done = home.dry_run(&server.url, &[&line[..], &["--skip-missing"]].concat());
        assert_eq!(code(&done), 0, "{}", stderr(&done));
        assert!(stderr(&done).contains("left out") && stderr(&done).contains(says), "{}", stderr(&done));
        assert!(stdout(&done).contains(streamed), "{}", stdout(&done));
    }
    let missing = home.dry_run(&server.url, &["depth", "NIFTY"]);
    assert_eq!(code(&missing), 14, "{}", stderr(&missing));
    assert!(stderr(&missing).contains("it is IDX_I:13"), "{}", stderr(&missing));
    assert_eq!(code(&home.dry_run(&server.url, &["depth", "NIFTY", "--skip-missing"])), 14);
    // A spec with a segment gets an error about the segment, and so does a contract that no command streams.
    assert_eq!(code(&home.dry_run(&server.url, &["depth", "IDX_I:13", "RELIANCE", "--skip-missing"])), 2);
    assert_eq!(code(&home.dry_run(&server.url, &["feed", silver])), 2);
    // The demo resolves names in the same way.
    let demo = home.dry_run(&server.url, &["depth", "NIFTY", "--demo"]);
    assert_eq!(code(&demo), 14, "{}", stderr(&demo));
}

/// One message has every problem, so that they are corrected together.
#[test]
fn invalid_specs_and_unknown_names_are_reported_in_one_message() {
    let (server, home) = (Server::of(&master()), Home::new());
    let line = ["feed", "NOSUCH", "BOGUS:1", "NSE_EQ:abc", "NIFTY-Feb2099-31200-CE", "IDX_I:13@foo", "RELIANCE"];
    let reports = |says: &[&str], count: &str| {
        let refused = home.dry_run(&server.url, &line);
        let messages = stderr(&refused);
        assert_eq!(code(&refused), 2, "{messages}");
        assert!(says.iter().all(|part| messages.contains(part)) && messages.contains(count), "{messages}");
    };
    // An invalid command line downloads nothing.
    reports(&["\"BOGUS:1\"", "\"foo\""], "2 problems");
    assert!(server.requests().is_empty());
    home.run(&server.url, &["sync"]);
    let ambiguous = "\"NIFTY-Feb2099-31200-CE\" is 2 instruments; write one of:\n    NSE_FNO:100";
    reports(&["\"BOGUS:1\"", "\"foo\"", "\"NOSUCH\"", "\"NSE_EQ:abc\"", ambiguous], "5 problems");
    // A name that yesterday's master lacks may be in today's.
    home.age();
    reports(&["\"BOGUS:1\"", "\"foo\"", ambiguous], "3 problems");
    assert_eq!(server.requests().len(), 1);
}
