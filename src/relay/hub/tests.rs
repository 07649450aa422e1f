//! Tests the upstream subscriptions as clients come and go: times are arguments, and nothing connects to a server.

use super::*;
use crate::model::Segment;
use crate::session::Plan;
use crate::stream::Change;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const HDFC: InstrumentKey = InstrumentKey::new(Segment::NSE_EQ, 1333);
const OPTION: InstrumentKey = InstrumentKey::new(Segment::NSE_FNO, 45_678);
const NIFTY: InstrumentKey = InstrumentKey::new(Segment::IDX_I, 13);

/// Time between two clients that leave.
const APART: Duration = Duration::from_secs(3);

/// The plan with which a stream was opened, and its changes since.
type Opening = (Stream, Plan, UnboundedReceiver<Change>);

struct Bench {
    hub: Rc<Hub>,
    opened: Rc<RefCell<Vec<Opening>>>,
    /// The time from which seconds are counted.
    begun: Cell<Instant>,
    /// The other ends of the clients' connections.
    peers: RefCell<Vec<TcpStream>>,
}

impl Bench {
    fn new() -> Bench {
        let opened: Rc<RefCell<Vec<Opening>>> = Rc::default();
        let kept = Rc::clone(&opened);
        let open: Open = Box::new(move |stream, plan, changes| {
            kept.borrow_mut().push((stream, plan, changes));
            Err(Failure::usage("nothing is connected here"))
        });
        // The end of the run is not read: for the hub it goes on.
        let (say, _) = unbounded_channel();
        let hub = Hub::new(open, None, Console::default(), say);
        Bench { hub, opened, begun: Cell::new(Instant::now()), peers: RefCell::default() }
    }

    async fn client(&self, stream: Stream) -> Rc<RelayClient> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (tcp, _) = listener.accept().await.unwrap();
        self.peers.borrow_mut().push(peer);
        Rc::new(RelayClient::new(self.hub.next_id(), stream, false, tcp))
    }

    /// Counts seconds from now on.
    fn begin(&self) {
        self.begun.set(Instant::now());
    }

    /// Advances the hub to this many seconds after the beginning; returns the upstream changes since the last call,
    /// as `+KEY@MODE`, `-KEY@MODE` and `quit`.
    fn at(&self, seconds: u64) -> Vec<String> {
        self.hub.second(self.begun.get() + Duration::from_secs(seconds));
        self.changes()
    }

    fn changes(&self) -> Vec<String> {
        let name = |sign: char, one: &Subscription| match one.mode {
            Some(mode) => format!("{sign}{}@{}", one.instrument, mode.name()),
            None => format!("{sign}{}", one.instrument),
        };
        let mut all = Vec::new();
        for (_, _, changes) in self.opened.borrow_mut().iter_mut() {
            while let Ok(change) = changes.try_recv() {
                match change {
                    Change::Subscribe(added) => all.extend(added.iter().map(|(one, _)| name('+', one))),
                    Change::Unsubscribe(removed) => all.extend(removed.iter().map(|one| name('-', one))),
                    Change::Quit => all.push("quit".to_owned()),
                    Change::List => {}
                }
            }
        }
        all
    }
}

async fn within(work: impl AsyncFnOnce(Bench)) {
    tokio::task::LocalSet::new().run_until(async { work(Bench::new()).await }).await;
}

#[tokio::test]
async fn a_mode_is_lowered_and_an_instrument_given_up_a_minute_after_its_last_need() {
    within(async |bench| {
        let (full, ticker) = (bench.client(Stream::Market).await, bench.client(Stream::Market).await);
        bench.hub.subscribe(&full, Mode::Full, &[OPTION]);
        bench.hub.subscribe(&ticker, Mode::Ticker, &[OPTION, HDFC]);
        assert_eq!(bench.opened.borrow()[0].1.len(), 1, "what the first client asks for opens the stream");
        assert_eq!(bench.at(0), [format!("+{HDFC}@ticker")]);
        assert!(bench.at(300).is_empty(), "what is needed stays");
        bench.begin();
        bench.hub.client_left(&full);
        assert!(bench.at(58).is_empty());
        assert_eq!(bench.at(61), [format!("+{OPTION}@ticker"), format!("-{OPTION}@full")]);
        bench.hub.unsubscribe(&ticker, Mode::Ticker, &[HDFC]);
        assert_eq!(bench.at(61), [format!("-{HDFC}@ticker")]);
        bench.begin();
        bench.hub.client_left(&ticker);
        assert!(bench.at(58).is_empty());
        assert_eq!(bench.at(61), [format!("-{OPTION}@ticker"), "quit".to_owned()]);
    })
    .await;
}

#[tokio::test]
async fn the_minute_begins_when_the_last_of_several_clients_leaves() {
    within(async |bench| {
        let (first, second) = (bench.client(Stream::Market).await, bench.client(Stream::Market).await);
        for client in [&first, &second] {
            bench.hub.subscribe(client, Mode::Full, &[OPTION]);
        }
        bench.begin();
        bench.hub.client_left(&first);
        tokio::time::sleep(APART).await;
        bench.hub.client_left(&second);
        assert!(bench.at(61).is_empty(), "a minute after the first, and less than one after the second");
        assert_eq!(bench.at(66), [format!("-{OPTION}@full"), "quit".to_owned()]);

        // What is needed again within the minute is not subscribed again.
        let bench = Bench::new();
        let depth = Stream::Depth(Levels::Twenty);
        let (first, second) = (bench.client(depth).await, bench.client(depth).await);
        bench.hub.subscribe_depth(&first, Levels::Twenty, &[HDFC]);
        bench.begin();
        bench.hub.client_left(&first);
        assert!(bench.at(30).is_empty());
        bench.hub.subscribe_depth(&second, Levels::Twenty, &[HDFC]);
        assert!(bench.at(200).is_empty());
        tokio::time::sleep(APART).await;
        bench.hub.unsubscribe_depth(&second, Levels::Twenty, &[HDFC]);
        assert!(bench.at(61).is_empty());
        assert_eq!(bench.at(66), [format!("-{HDFC}"), "quit".to_owned()]);
    })
    .await;
}

#[tokio::test]
async fn a_mode_between_is_kept_for_its_own_minute() {
    within(async |bench| {
        let [full, quote, ticker] = [
            bench.client(Stream::Market).await,
            bench.client(Stream::Market).await,
            bench.client(Stream::Market).await,
        ];
        for (client, mode) in [(&full, Mode::Full), (&quote, Mode::Quote), (&ticker, Mode::Ticker)] {
            bench.hub.subscribe(client, mode, &[OPTION, NIFTY]);
        }
        // An index is never subscribed in mode full, because the server sends nothing then.
        assert_eq!(bench.changes(), [format!("+{NIFTY}@quote")]);
        bench.begin();
        bench.hub.client_left(&full);
        tokio::time::sleep(APART).await;
        bench.hub.client_left(&quote);
        assert_eq!(bench.at(61), [format!("+{OPTION}@quote"), format!("-{OPTION}@full")]);
        let mut lowered = bench.at(66);
        lowered.sort();
        let mut expected = [OPTION, NIFTY].map(|key| [format!("+{key}@ticker"), format!("-{key}@quote")]).concat();
        expected.sort();
        assert_eq!(lowered, expected);
    })
    .await;
}

#[tokio::test]
async fn the_order_stream_is_closed_a_minute_after_its_last_client() {
    within(async |bench| {
        let client = bench.client(Stream::Orders).await;
        bench.hub.subscribe_orders(&client);
        assert_eq!(bench.opened.borrow().len(), 1);
        assert!(bench.at(0).is_empty());
        bench.hub.client_left(&client);
        assert!(bench.at(10).is_empty() && bench.at(69).is_empty());
        let again = bench.client(Stream::Orders).await;
        bench.hub.subscribe_orders(&again);
        assert!(bench.at(75).is_empty());
        bench.hub.client_left(&again);
        assert!(bench.at(80).is_empty() && bench.at(139).is_empty());
        assert_eq!(bench.at(141), ["quit"]);
        assert_eq!(bench.opened.borrow().len(), 1, "one login for all of them");
    })
    .await;
}
