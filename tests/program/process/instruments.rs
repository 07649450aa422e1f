//! Section K of the fault catalogue: the instrument master of a stream.

use crate::support::{Done, Home, simulator_of};
use dhan::testing::simulator::{Response, SimHandle};
use std::fs;

/// Returns the master that the simulator serves.
fn master(sim: &SimHandle) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(sim.addr()).unwrap();
    stream.write_all(b"GET /master.csv HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

fn dhan(home: &Home, sim: &SimHandle, args: &[&str]) -> Done {
    home.run(home.dhan(sim, args))
}

fn body(bytes: impl Into<Vec<u8>>) -> Response {
    Response { status: 200, headers: Vec::new(), body: bytes.into() }
}

#[test]
fn k01_k02_a_bad_master_is_refused_and_the_stream_uses_the_old_one() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    dhan(&home, &sim, &["instruments", "sync"]).exits(0);
    let whole = master(&sim);
    let cut = &whole[..whole.len() / 2];
    let utf16: Vec<u8> = whole.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bad = [
        body(cut),
        body(&b""[..]),
        body("<!DOCTYPE html><html><title>Welcome</title></html>"),
        Response::json(200, "{\"status\":\"failure\"}"),
        body(&b"\x1f\x8b\x08\x00junk"[..]),
        body(utf16),
        Response::status(500),
    ];
    for answer in bad {
        let begins = String::from_utf8_lossy(&answer.body).chars().take(20).collect::<String>();
        sim.answer("master.csv", answer);
        dhan(&home, &sim, &["instruments", "sync", "--force"]).exits(11);
        let ended = dhan(&home, &sim, &["feed", "RELIANCE", "-n", "3"]).exits(0);
        assert!(ended.out.contains("\"security_id\":\"2885\",\"symbol\":\"RELIANCE\""), "{begins}: {}", ended.out);
    }
    // Without a cached master the run ends before any connection.
    let empty = Home::new();
    let before = sim.upgrades().len();
    dhan(&empty, &sim, &["feed", "RELIANCE", "-n", "3"]).exits(11);
    assert_eq!(sim.upgrades().len(), before);
}

#[test]
fn k03_columns_are_found_by_their_names_in_any_order() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let text = master(&sim);
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let width = rows[0].len();
    assert!(rows.iter().all(|row| row.len() == width), "no quotes in the simulated master");
    let write = |order: &[usize], extra: &str| {
        let line = |(i, row): (usize, &Vec<&str>)| {
            let cells: Vec<_> = order.iter().map(|&column| row[column]).collect();
            format!("{},{}\n", if i == 0 { extra } else { "x" }, cells.join(","))
        };
        fs::write(home.path("m.csv"), rows.iter().enumerate().map(line).collect::<String>()).unwrap();
    };
    let find = || {
        let mut command = home.command(&[]);
        command.args(["instruments", "list", "--file", "m.csv"]);
        let ended = home.run(command);
        let mut lines: Vec<_> = ended.out.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        (ended.code(), lines)
    };
    let straight: Vec<_> = (0..width).collect();
    write(&straight, "SEM_NEW_COLUMN");
    let (code, expected) = find();
    assert!(code == 0 && expected.len() > 10);
    for turn in 1..20 {
        // Each permutation rotates the columns and steps through them.
        let mut order: Vec<_> = (0..width).map(|i| (i + turn) % width).collect();
        order.sort_by_key(|column| (column * 7 + turn * 3) % width);
        write(&order, "ANOTHER");
        assert_eq!(find(), (0, expected.clone()), "order {order:?}");
    }
    // A required column under another name is refused.
    let renamed = text.replacen("SECURITY_ID", "SECURITY_NO", 1);
    fs::write(home.path("m.csv"), renamed).unwrap();
    assert_eq!(find().0, 11);
}

#[test]
fn k04_a_few_bad_rows_are_skipped_and_many_refuse_the_master() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let text = master(&sim);
    let (header, rows) = text.split_once('\n').unwrap();
    let rows = rows.trim_end();
    let mut many = String::new();
    // Enough rows that a bad one is less than one percent.
    for i in 0..400 {
        let row = rows.lines().find(|row| row.contains("RELIANCE")).unwrap();
        many.push_str(&row.replace("2885", &format!("9{i:05}")).replace("RELIANCE", &format!("NEW{i}")));
        many.push('\n');
    }
    let good = format!("{header}\n{rows}\n{many}");
    let list = |bytes: &[u8]| {
        fs::write(home.path("m.csv"), bytes).unwrap();
        let mut command = home.command(&[]);
        command.args(["instruments", "list", "--file", "m.csv"]);
        let ended = home.run(command);
        assert!(!ended.err.contains("panicked"), "{}", ended.err);
        (ended.code(), ended.out.lines().count())
    };
    let (code, all) = list(good.as_bytes());
    assert!(code == 0 && all > 400);
    // Not as the last row, since an incomplete last row is a truncated file.
    let with = |odd: &[u8]| [format!("{header}\n").as_bytes(), odd, format!("{rows}\n{many}").as_bytes()].concat();
    for odd in [&b"\xff\xfe,\xff\n"[..], b"NSE,E,\0\0\0,x\n", b"NSE,E,12,\"stray\n", b"\r\n\r\n", b",,,,,\n"] {
        assert_eq!(list(&with(odd)), (0, all), "{odd:?}");
    }
    assert_eq!(list(good.replace('\n', "\r\n").as_bytes()), (0, all), "line ends of another system");
    // A line of 10 MiB is skipped alone.
    let long = with(&[&b"NSE,E,1,"[..], &vec![b'x'; 10 << 20], b"\n"].concat());
    assert_eq!(list(&long), (0, all));
    let junk = good.lines().flat_map(|line| [line, "not,a,row"]).collect::<Vec<_>>().join("\n");
    assert_eq!(list(junk.as_bytes()).0, 11, "half of it is junk");
}

#[test]
fn k05_a_damaged_cache_is_rebuilt_before_a_stream_uses_it() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let feed = ["feed", "RELIANCE", "-n", "1"];
    dhan(&home, &sim, &feed).exits(0);
    let mut files = Vec::new();
    let mut folders = vec![home.path(".cache")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() { folders.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    assert!(!files.is_empty(), "the cache is below the home");
    for file in files.iter().filter(|file| fs::metadata(file).is_ok_and(|data| data.len() > 100)) {
        let bytes = fs::read(file).unwrap();
        let mut flipped = bytes.clone();
        flipped[bytes.len() / 2] ^= 0x40;
        for damaged in [flipped, bytes[..bytes.len() / 3].to_vec(), Vec::new(), vec![0; bytes.len()]] {
            fs::write(file, damaged).unwrap();
            let ended = dhan(&home, &sim, &feed).exits(0);
            assert!(ended.out.contains("\"security_id\":\"2885\",\"symbol\":\"RELIANCE\""), "{}", ended.out);
        }
    }
}

#[test]
fn k06_streams_that_start_together_download_the_master_once() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let mut running = Vec::new();
    for _ in 0..12 {
        let mut command = home.dhan(&sim, &["feed", "RELIANCE", "--dry-run"]);
        command.stdout(std::process::Stdio::null());
        running.push(home.start(command));
    }
    for run in running {
        run.end().exits(0);
    }
    let downloads = sim.http_requests().iter().filter(|request| request.path.ends_with("master.csv")).count();
    assert_eq!(downloads, 1);
}

#[test]
fn k08_an_unusable_cache_folder_is_a_warning_and_the_stream_goes_on() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    for place in ["/proc/none", "/dev/null/x"] {
        let mut command = home.dhan(&sim, &["feed", "RELIANCE", "-n", "2"]);
        command.env("DHAN_CACHE_DIR", place).env_remove("HOME").env("XDG_STATE_HOME", home.path("state"));
        let ended = home.run(command).exits(0);
        assert_eq!(ended.out.matches("\"symbol\":\"RELIANCE\"").count(), 2);
        assert!(ended.err.contains("cache"), "{place}: {}", ended.err);
    }
}
