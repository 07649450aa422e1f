//! One destination, its books, and what becomes of the run when it fails.

use crate::format::encoder::{Encoder, Format};
use crate::format::text::Out;
use crate::model::PacketCounts;
use crate::output::{Destination, WriteFailure};
use crate::record::control::End;

/// A destination of records.
pub(super) struct Output {
    pub destination: Box<dyn Destination + Send>,
    pub is_file: bool,
    /// The books when the current file was begun.
    pub books: PacketCounts,
    /// Why it is not written to any more.
    pub gone: Option<WriteFailure>,
    /// Whether it is being written to; after a panic: whether that was where.
    pub writing: bool,
}

impl Output {
    /// Nothing was written to it yet.
    pub fn new(destination: Box<dyn Destination + Send>, is_file: bool) -> Output {
        Output { destination, is_file, books: PacketCounts::default(), gone: None, writing: false }
    }

    /// Whether it is still written to.
    pub fn is_live(&self) -> bool {
        self.gone.is_none()
    }

    /// The reader of stdout may go, or stand still when the run is told to stop, while files go on; anything else ends the
    /// run.
    pub fn fail(&mut self, why: WriteFailure, failure: &mut Option<WriteFailure>) {
        if let WriteFailure::Failed(_) | WriteFailure::Unsaved(_) = why {
            failure.get_or_insert_with(|| why.clone());
        }
        self.gone.get_or_insert(why);
    }

    /// Goes on in the file of `at_us`; `recv_us` is the time of the `end` record of the one before.
    pub fn rotate(
        &mut self,
        encoder: &mut Encoder,
        recv_us: i64,
        at_us: i64,
        books: &PacketCounts,
        failure: &mut Option<WriteFailure>,
    ) {
        let line = self.rotated(encoder, recv_us, books);
        if let Err(why) = self.destination.rotate(at_us, line.as_ref().map(Out::as_bytes)) {
            self.fail(why, failure);
        }
        self.books = *books;
    }

    /// Begins the file at its path anew, if it is not there any more.
    pub fn reopen(
        &mut self,
        encoder: &mut Encoder,
        recv_us: i64,
        books: &PacketCounts,
        failure: &mut Option<WriteFailure>,
    ) {
        let line = self.rotated(encoder, recv_us, books);
        match self.destination.reopen(line.as_ref().map(Out::as_bytes)) {
            Ok(true) => self.books = *books,
            Ok(false) => {}
            Err(why) => self.fail(why, failure),
        }
    }

    /// The `end` record of a file that is closed while the run goes on.
    fn rotated(&self, encoder: &mut Encoder, recv_us: i64, books: &PacketCounts) -> Option<Out> {
        (encoder.style().format == Format::Ndjson).then(|| {
            let end = End { books: books.since(&self.books), reason: "rotated".to_owned() };
            let mut line = Out::new();
            encoder.line(&mut line, &end, recv_us);
            line
        })
    }
}
