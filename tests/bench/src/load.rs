//! The load: packets with plausible values, and a server that sends them.
//!
//! Prices are spread evenly over their logarithm from 5 to some 37 800 rupees and stand on a grid of 0.05; the average
//! price stands on 0.01. Frames are made before the clock starts.

use dhan::testing::protocol::depth::{Row, Side};
use dhan::testing::protocol::encode::{self, Full, Quote};
use dhan::testing::protocol::feed::Level;
use dhan::testing::model::{InstrumentKey, Segment};
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What a packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Quote,
    Full,
}

impl Kind {
    pub fn mode(self) -> &'static str {
        match self {
            Kind::Quote => "quote",
            Kind::Full => "full",
        }
    }
}

/// The last trade time of every packet, IST as the wire has it.
const LTT: u32 = 1_781_065_197 + 19_800;
/// Ids of the instruments begin behind this.
pub const FIRST_ID: u32 = 1_000;

pub fn instrument(i: u32) -> InstrumentKey {
    InstrumentKey::new(Segment::from_code(1), FIRST_ID + i)
}

pub struct Generator(fastrand::Rng);

impl Generator {
    pub fn new(seed: u64) -> Generator {
        Generator(fastrand::Rng::with_seed(seed))
    }

    /// A price in rupees, and how many ticks of 0.05 it is.
    fn ticks(&mut self) -> u32 {
        let (low, high) = (5f64.ln(), 37_800f64.ln());
        ((low + (high - low) * self.0.f64()).exp() * 20.0) as u32
    }

    pub fn quote(&mut self) -> Quote {
        let ltp = self.ticks();
        let near = |g: &mut Self| rupees(ltp.saturating_add(g.0.u32(0..ltp / 50 + 2)));
        let mut quantity = |most: u32| self.0.u32(1..most);
        let (ltq, volume, buy, sell) =
            (quantity(5_000), quantity(40_000_000), quantity(3_000_000), quantity(3_000_000));
        Quote {
            ltp: rupees(ltp),
            ltq: ltq as u16,
            ltt_raw: LTT,
            atp: (f64::from(ltp * 5 + self.0.u32(0..100)) / 100.0) as f32,
            volume,
            total_buy_qty: buy,
            total_sell_qty: sell,
            day_open: near(self),
            close: near(self),
            day_high: near(self),
            day_low: near(self),
        }
    }

    pub fn full(&mut self) -> Full {
        let quote = self.quote();
        let ltp = (quote.ltp * 20.0).round() as u32;
        let mut level =
            |price: u32| Level { price: rupees(price), qty: self.0.u32(1..20_000), orders: self.0.u16(1..200) };
        let bids = std::array::from_fn(|i| level(ltp.saturating_sub(i as u32).max(1)));
        let asks = std::array::from_fn(|i| level(ltp + 1 + i as u32));
        let oi = self.0.u32(1_000..9_000_000);
        Full { quote, oi: [oi, oi + self.0.u32(0..9_000), oi - self.0.u32(0..900)], bids, asks }
    }

    pub fn packet(&mut self, out: &mut Vec<u8>, kind: Kind, instrument: InstrumentKey) {
        match kind {
            Kind::Quote => encode::quote(out, instrument, &self.quote()),
            Kind::Full => encode::full(out, instrument, &self.full()),
        }
    }

    /// A side of a 200-level book.
    pub fn side(&mut self, out: &mut Vec<u8>, instrument: InstrumentKey, side: Side) {
        let middle = 300_000 + self.0.u32(0..100);
        let rows: Vec<Row> = (1..=200)
            .map(|i| {
                let ticks = if side == Side::Bid { middle - i } else { middle + 100 + i };
                Row { price: f64::from(ticks) / 20.0, qty: self.0.u32(1..20_000), orders: self.0.u32(1..200) }
            })
            .collect();
        encode::depth_side(out, instrument, side, 200, &rows);
    }
}

fn rupees(ticks: u32) -> f32 {
    (f64::from(ticks) / 20.0) as f32
}

/// Appends a websocket frame as a server sends it.
pub fn frame(out: &mut Vec<u8>, payload: &[u8]) {
    out.push(0x82);
    match payload.len() {
        short @ 0..=125 => out.push(short as u8),
        long => {
            out.push(126);
            out.extend_from_slice(&(long as u16).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

/// How packets are sent.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// As fast as the client takes them, 256 KiB a write.
    Blast,
    /// This many a second, each at its time with a stamp in its volume (tenths of a microsecond); several go out in one
    /// write only when the sender is late.
    PerSecond(u32),
}

/// What a run sends, over all its sockets.
#[derive(Clone)]
pub struct Load {
    pub kind: Kind,
    pub instruments: u32,
    pub packets: u64,
    pub sockets: u32,
    pub pace: Pace,
}

/// Packets that are made before the clock starts, and sent again and again.
const MADE: u64 = 20_000;
/// Bytes a write.
const WRITE: usize = 256 * 1024;

/// The server of one run.
pub struct Server {
    pub port: u16,
    thread: std::thread::JoinHandle<()>,
}

impl Server {
    pub fn start(load: Load) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let port = listener.local_addr().expect("an address").port();
        let (frames, load) = (Arc::new(frames(&load)), Arc::new(load));
        let thread = std::thread::spawn(move || {
            let sockets: Vec<_> = (0..load.sockets)
                .map(|socket| {
                    let (stream, _) = listener.accept().expect("a client");
                    let (load, frames) = (Arc::clone(&load), Arc::clone(&frames));
                    std::thread::spawn(move || serve(stream, &load, &frames, socket))
                })
                .collect();
            for socket in sockets {
                let _ = socket.join();
            }
        });
        Server { port, thread }
    }

    pub fn join(self) {
        let _ = self.thread.join();
    }
}

/// Frames of one round, and where each begins.
struct Frames {
    bytes: Vec<u8>,
    starts: Vec<usize>,
}

fn frames(load: &Load) -> Frames {
    let mut generator = Generator::new(7);
    let mut frames = Frames { bytes: Vec::new(), starts: Vec::new() };
    let mut order: Vec<u32> = (0..load.instruments).collect();
    fastrand::Rng::with_seed(8).shuffle(&mut order);
    for i in 0..MADE.max(u64::from(load.instruments)).min(load.packets) {
        let mut packet = Vec::new();
        generator.packet(&mut packet, load.kind, instrument(order[i as usize % order.len()]));
        frames.starts.push(frames.bytes.len());
        frame(&mut frames.bytes, &packet);
    }
    frames.starts.push(frames.bytes.len());
    frames
}

fn serve(stream: TcpStream, load: &Load, frames: &Frames, socket: u32) {
    stream.set_nodelay(true).expect("a socket option");
    let Ok(mut socket_stream) = tungstenite::accept(stream) else { return };
    // Nothing is sent before something is asked for.
    if socket_stream.read().is_err() {
        return;
    }
    let share =
        load.packets / u64::from(load.sockets) + u64::from(u64::from(socket) < load.packets % u64::from(load.sockets));
    let out = socket_stream.get_mut();
    let sent = match load.pace {
        Pace::Blast => blast(out, frames, share),
        Pace::PerSecond(rate) => paced(out, frames, share, f64::from(rate) / f64::from(load.sockets), load.kind),
    };
    if sent.is_ok() {
        while socket_stream.read().is_ok() {}
    }
}

fn blast(out: &mut TcpStream, frames: &Frames, packets: u64) -> std::io::Result<()> {
    let made = frames.starts.len() as u64 - 1;
    let mut left = packets;
    while left > 0 {
        let now = left.min(made);
        for chunk in frames.bytes[..frames.starts[now as usize]].chunks(WRITE) {
            out.write_all(chunk)?;
        }
        left -= now;
    }
    Ok(())
}

/// Tenths of a microsecond, as far as 31 bits go: a peer reads volumes as signed numbers.
pub fn stamp() -> u32 {
    (SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos()) / 100) as u32 & i32::MAX as u32
}

/// From one stamp to a later one, in microseconds.
pub fn age(sent: u32, now: u32) -> f64 {
    f64::from(now.wrapping_sub(sent) & i32::MAX as u32) / 10.0
}

fn paced(out: &mut TcpStream, frames: &Frames, packets: u64, rate: f64, kind: Kind) -> std::io::Result<()> {
    let made = frames.starts.len() - 1;
    let header = if kind == Kind::Full { 4 } else { 2 };
    let start = Instant::now();
    let mut sent = 0u64;
    let mut pending = Vec::new();
    while sent < packets {
        let due = ((start.elapsed().as_secs_f64() * rate) as u64 + 1).min(packets);
        pending.clear();
        while sent < due {
            let i = sent as usize % made;
            let at = pending.len() + header + 22;
            pending.extend_from_slice(&frames.bytes[frames.starts[i]..frames.starts[i + 1]]);
            pending[at..at + 4].copy_from_slice(&stamp().to_le_bytes());
            sent += 1;
        }
        out.write_all(&pending)?;
        let next = Duration::from_secs_f64(sent as f64 / rate);
        std::thread::sleep(next.saturating_sub(start.elapsed()));
    }
    Ok(())
}
