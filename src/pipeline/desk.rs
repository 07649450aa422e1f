//! The desk at which records are made, by one at a time.
//!
//! Most of the time that is the sockets' own thread: when nothing waits in the lane and the only reader is a pipe with room,
//! a frame is a line with its reader before the other thread would have woken up. Whenever something would have to wait
//! (a reader that is slow, a file, a capture), what came goes into the [lane](Lane) and the writer's thread makes the records: a pong
//! never waits for an output.

use super::figures::Figures;
use super::item::{Event, Frame, FrameKind};
use super::lane::{Batch, Item, Lane};
use super::stages::{EndedWithin, Named, Over, Pipeline, Summary};
use crate::model::InstrumentKey;
use crate::output::WriteFailure;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::UnboundedSender;

/// What the writer tells the driver, besides the figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The run is over; what comes from now on is filtered.
    Over(Over),
    /// Instruments that were asked for and of which nothing came.
    Unseen(Vec<InstrumentKey>),
    /// The writer has ended, orderly or by a panic; joining it does not wait.
    Ended,
}

/// Sees every item before the pipeline does: the capture file.
pub trait Tap {
    /// An item, in order, before the pipeline takes it.
    fn item(&mut self, item: &Item);
    /// Names that the pipeline looked up within the item that was taken last: they belong before it.
    fn named(&mut self, item: &Item, names: Vec<Named>);
    /// The item that was taken last is the one within which the pipeline ended the run by itself.
    fn ended(&mut self, item: &Item, ended: &EndedWithin);
    /// Called about once a second.
    fn tick(&mut self, now_us: i64);
    /// Why it cannot go on; ends the run.
    fn failure(&self) -> Option<&WriteFailure>;
    /// The run is over, at the moment that the pipeline was told too.
    fn finish(&mut self, summary: &Summary, now_us: i64);
}

/// The desk. Frames and events come from one thread, the sockets'.
pub struct Desk {
    /// What could not be done at once.
    pub lane: Lane,
    work: Mutex<Option<Work>>,
    /// As they were when the writer's thread handed lines over last.
    figures: Mutex<Figures>,
    wishes: Wishes,
}

/// What is asked of the writer's thread besides writing.
#[derive(Default)]
struct Wishes {
    reopen: AtomicBool,
    unseen: AtomicBool,
}

/// What lies on the desk.
pub(super) struct Work {
    pub pipeline: Pipeline,
    pub tap: Option<Box<dyn Tap + Send>>,
    pub notes: UnboundedSender<Note>,
    /// Nothing that it writes to makes it wait, as a rule.
    prompt: bool,
    told: bool,
    /// The sockets' thread panicked at the desk; the writer's is to clear up.
    panic: Option<Box<dyn Any + Send>>,
}

impl Desk {
    /// A desk with a pipeline on it.
    pub fn new(pipeline: Pipeline, lane: Lane, tap: Option<Box<dyn Tap + Send>>, notes: UnboundedSender<Note>) -> Desk {
        // A capture has to see every item, and its disk may make it wait.
        let prompt = tap.is_none() && pipeline.is_prompt();
        let work = Work { pipeline, tap, notes, prompt, told: false, panic: None };
        Desk { lane, work: Mutex::new(Some(work)), figures: Mutex::default(), wishes: Wishes::default() }
    }

    /// A hand for frames of a connection that are there right now; [`Hand::done`] ends it.
    pub fn hand(&self, conn: u16) -> Hand<'_> {
        let work = self.work.try_lock().ok().filter(|held| {
            let is_clear = held.as_ref().is_some_and(Work::is_clear);
            is_clear && self.lane.is_idle()
        });
        let way = match work {
            Some(mut held) => {
                held.iter_mut().for_each(|work| work.pipeline.set_patient(false));
                Way::AtOnce(held)
            }
            None => Way::Lane(self.lane.batch(conn)),
        };
        Hand { desk: self, conn, bytes: 0, way }
    }

    /// Takes an event.
    pub fn event(&self, event: Event) {
        self.lane.event(event);
    }

    /// Has files re-opened by their paths.
    pub fn reopen(&self) {
        self.wishes.reopen.store(true, Ordering::Relaxed);
        self.lane.nudge();
    }

    /// Asks which instruments were never seen; [`Note::Unseen`] is the answer.
    pub fn tell_unseen(&self) {
        self.wishes.unseen.store(true, Ordering::Relaxed);
        self.lane.nudge();
    }

    /// The figures up to now, or, when the writer waits for a reader, up to when it began to.
    pub fn figures(&self) -> Figures {
        if let Ok(mut held) = self.work.try_lock()
            && let Some(work) = held.as_mut()
        {
            return work.pipeline.figures().clone();
        }
        self.figures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// For the writer's thread, which may wait for outputs, and here for whoever works right now: a hand at most.
    pub(super) fn work(&self) -> MutexGuard<'_, Option<Work>> {
        let mut held = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        held.iter_mut().for_each(|work| work.pipeline.set_patient(true));
        held
    }

    /// Publishes the figures, for when the desk is taken for long.
    pub(super) fn publish(&self, figures: &Figures) {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner).clone_from(figures);
    }

    pub(super) fn is_reopen_wanted(&self) -> bool {
        self.wishes.reopen.swap(false, Ordering::Relaxed)
    }

    pub(super) fn is_unseen_wanted(&self) -> bool {
        self.wishes.unseen.swap(false, Ordering::Relaxed)
    }
}

/// Frames of one connection on their way: into records at once, or into the lane.
pub struct Hand<'a> {
    desk: &'a Desk,
    conn: u16,
    bytes: usize,
    way: Way<'a>,
}

enum Way<'a> {
    AtOnce(MutexGuard<'a, Option<Work>>),
    Lane(Batch),
}

impl Hand<'_> {
    /// Takes a frame.
    #[inline]
    pub fn push(&mut self, kind: FrameKind, recv_us: i64, bytes: &[u8]) {
        self.bytes += bytes.len();
        match &mut self.way {
            Way::AtOnce(held) => {
                let frame = Frame { conn: self.conn, kind, recv_us, bytes };
                if !held.as_mut().is_some_and(|work| work.at_once(|pipeline| pipeline.frame(frame))) {
                    self.way = Way::Lane(self.desk.lane.batch(self.conn));
                    self.desk.lane.nudge();
                }
            }
            Way::Lane(batch) => batch.push(kind, recv_us, bytes),
        }
    }

    /// Whether others should have their turn.
    pub fn is_full(&self) -> bool {
        self.bytes >= Batch::FULL
    }

    /// Hands over what was taken.
    pub fn done(self) {
        match self.way {
            Way::AtOnce(mut held) => {
                let Some(work) = held.as_mut() else { return };
                work.at_once(Pipeline::flush);
                work.tell_if_over();
                let is_left_over = !work.is_clear();
                drop(held);
                if is_left_over {
                    self.desk.lane.nudge();
                }
            }
            Way::Lane(batch) => self.desk.lane.push(batch),
        }
    }
}

impl Work {
    /// Whether the sockets' thread may work here: nothing is left over from before.
    fn is_clear(&self) -> bool {
        self.prompt && self.panic.is_none() && !self.pipeline.is_pending()
    }

    /// Does something on the sockets' thread. A bug in it is not the end of the connections: it is kept for the writer's
    /// thread, which lets what is whole reach its reader. False if there was one.
    #[inline]
    fn at_once(&mut self, work: impl FnOnce(&mut Pipeline)) -> bool {
        match catch_unwind(AssertUnwindSafe(|| work(&mut self.pipeline))) {
            Ok(()) => true,
            Err(panic) => {
                self.panic = Some(panic);
                false
            }
        }
    }

    /// Takes an item, however long its outputs make it wait.
    pub fn item(&mut self, item: &Item) {
        if let Some(tap) = self.tap.as_mut() {
            tap.item(item);
        }
        self.pipeline.item(item);
        if let Some(tap) = self.tap.as_mut() {
            let named = self.pipeline.take_named();
            if !named.is_empty() {
                tap.named(item, named);
            }
            if let Some(ended) = self.pipeline.take_ended() {
                tap.ended(item, &ended);
            }
        }
    }

    /// Tells the driver that the run is over, once.
    pub fn tell_if_over(&mut self) {
        if self.told {
            return;
        }
        let tap_failed = || self.tap.as_ref().and_then(|tap| tap.failure()).cloned().map(Over::Output);
        if let Some(over) = self.pipeline.over().or_else(tap_failed) {
            self.told = true;
            let _ = self.notes.send(Note::Over(over));
        }
    }

    /// What ended work at the desk on the sockets' thread.
    pub fn take_panic(&mut self) -> Option<Box<dyn Any + Send>> {
        self.panic.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Console;
    use crate::format::csv::Columns;
    use crate::format::encoder::{Format, Style};
    use crate::format::time::TimeStyle;
    use crate::model::Segment;
    use crate::model::Stream;
    use crate::output::{Destination, Unwritten};
    use crate::pipeline::lane::OnLag;
    use crate::pipeline::outputs::{OutputSpec, Outputs};
    use crate::pipeline::stages::Rules;
    use crate::pipeline::thread;
    use crate::protocol::encode;

    use proptest::prelude::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    /// A destination that takes lines at once when `moods` say so, in turn; always, behind their end.
    struct Moody {
        text: Arc<Mutex<Vec<u8>>>,
        moods: Arc<Vec<Mood>>,
        asked: Arc<AtomicUsize>,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Mood {
        Takes,
        HasNoRoom,
        Breaks,
    }

    impl Destination for Moody {
        fn is_prompt(&self) -> bool {
            !self.moods.is_empty()
        }

        fn write_at_once(&mut self, lines: &[u8]) -> Result<bool, Unwritten> {
            match self.moods.get(self.asked.fetch_add(1, Ordering::Relaxed)).unwrap_or(&Mood::Takes) {
                Mood::Takes => self.write(lines).map(|()| true),
                Mood::HasNoRoom => Ok(false),
                Mood::Breaks => panic!("on purpose"),
            }
        }

        fn write(&mut self, lines: &[u8]) -> Result<(), Unwritten> {
            self.text.lock().unwrap().extend_from_slice(lines);
            Ok(())
        }

        fn finish(&mut self, _: Option<&[u8]>) -> Result<(), WriteFailure> {
            Ok(())
        }

        fn bytes_written(&self) -> u64 {
            0
        }
    }

    struct Scene {
        desk: Arc<Desk>,
        text: Arc<Mutex<Vec<u8>>>,
        say: UnboundedSender<Note>,
        notes: UnboundedReceiver<Note>,
        sent: u32,
    }

    impl Scene {
        fn new(moods: &[Mood]) -> Scene {
            let text: Arc<Mutex<Vec<u8>>> = Arc::default();
            let destination =
                Box::new(Moody { text: Arc::clone(&text), moods: Arc::new(moods.to_vec()), asked: Arc::default() });
            let style = Style { format: Format::Ndjson, time: TimeStyle::Epoch, columns: Columns::Own };
            let spec = OutputSpec { destination, style, header: None, is_file: false };
            let outputs = Outputs::new(vec![spec], TimeStyle::Epoch, Console::default());
            let pipeline = Pipeline::new(Rules::everything(Stream::Market), outputs, 0);
            let lane = Lane::new(1 << 20, OnLag::Drop, Box::new(|_| 1));
            let (say, notes) = unbounded_channel();
            Scene { desk: Arc::new(Desk::new(pipeline, lane, None, say.clone())), text, say, notes, sent: 0 }
        }

        /// So many tickers in one hand; their prices count up.
        fn hand(&mut self, frames: u32) {
            let mut hand = self.desk.hand(1);
            for _ in 0..frames {
                let mut packet = Vec::new();
                encode::ticker(&mut packet, InstrumentKey::new(Segment::NSE_EQ, 2885), self.sent as f32, 1_700_000_000);
                self.sent += 1;
                hand.push(FrameKind::Binary, i64::from(self.sent), &packet);
            }
            hand.done();
        }

        /// The prices that reached the destination.
        fn printed(&self) -> Vec<u32> {
            let text = String::from_utf8(self.text.lock().unwrap().clone()).unwrap();
            let records = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
            records.map(|record| record["ltp"].as_f64().unwrap() as u32).collect()
        }
    }

    fn all(scene: &Scene) -> Vec<u32> {
        (0..scene.sent).collect()
    }

    #[test]
    fn a_frame_is_a_line_at_once_when_nothing_can_make_it_wait() {
        let mut scene = Scene::new(&[Mood::Takes]);
        scene.hand(1);
        scene.hand(3);
        assert_eq!(scene.printed(), [0, 1, 2, 3], "there is no other thread");
        assert_eq!(scene.desk.figures().books.written, 4);
    }

    #[test]
    fn an_output_that_may_wait_is_left_to_the_writers_thread() {
        let mut scene = Scene::new(&[]);
        scene.hand(2);
        assert!(scene.printed().is_empty() && !scene.desk.lane.is_idle());
    }

    #[test]
    fn what_a_reader_had_no_room_for_comes_before_what_follows_it() {
        let mut scene = Scene::new(&[Mood::Takes, Mood::HasNoRoom]);
        for _ in 0..4 {
            scene.hand(2);
        }
        assert_eq!(scene.printed(), [0, 1], "the rest waits, in the order it came");
        let writer = thread::spawn(Arc::clone(&scene.desk), scene.say.clone()).unwrap();
        scene.desk.lane.close();
        let summary = writer.join().unwrap().unwrap();
        assert_eq!((scene.printed(), summary.books.written), (all(&scene), 8));
    }

    #[test]
    fn a_panic_on_the_sockets_thread_ends_the_writer_and_loses_no_whole_line() {
        let mut scene = Scene::new(&[Mood::Takes, Mood::Breaks]);
        scene.hand(1);
        scene.hand(2);
        scene.hand(1);
        let writer = thread::spawn(Arc::clone(&scene.desk), scene.say.clone()).unwrap();
        assert!(writer.join().is_err(), "the panic went on where it is looked for");
        // The destination that broke is left; nothing is torn and nothing goes on behind it.
        assert_eq!(scene.printed(), [0]);
        assert_eq!(scene.notes.try_recv(), Ok(Note::Ended));
    }

    proptest! {
        #[test]
        fn every_frame_is_printed_once_and_in_order_whoever_makes_its_record(
            moods in prop::collection::vec(prop_oneof![3 => Just(Mood::Takes), 1 => Just(Mood::HasNoRoom)], 1..200),
            hands in prop::collection::vec(1u32..40, 1..60),
        ) {
            let mut scene = Scene::new(&moods);
            let writer = thread::spawn(Arc::clone(&scene.desk), scene.say.clone()).unwrap();
            for frames in hands {
                scene.hand(frames);
            }
            scene.desk.lane.close();
            let summary = writer.join().unwrap().unwrap();
            prop_assert_eq!(scene.printed(), all(&scene));
            prop_assert_eq!(summary.books.written, u64::from(scene.sent));
        }
    }
}
