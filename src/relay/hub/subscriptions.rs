//! Takes and ends the clients' subscriptions, and asks upstream for what they need together.

use super::{Hub, HubState, index};
use crate::model::{InstrumentKey, Levels, Stream};
use crate::protocol::Mode;
use crate::relay::client::{ClientEnd, RelayClient, depth_index};
use crate::relay::instrument::{Modes, Quoted, Watcher, bit};
use crate::relay::upstream;
use crate::session::Subscription;
use crate::session::plan::{SOCKETS_PER_KIND, per_connection};
use std::rc::Rc;
use std::time::Instant;

/// Number of sockets of a stream.
const SOCKETS: usize = SOCKETS_PER_KIND;
/// Number of instruments that the sockets of the market feed take.
const FEED_INSTRUMENTS: usize = SOCKETS * per_connection(Stream::Market);

impl Hub {
    /// Subscribes a client of the market feed.
    pub fn subscribe(&self, client: &Rc<RelayClient>, mode: Mode, keys: &[InstrumentKey]) {
        let state = &mut *self.state.borrow_mut();
        if let Some(reason) = refusal(state, Stream::Market) {
            return client.end(ClientEnd::Disconnect(reason));
        }
        let is_new = |key: &&InstrumentKey| state.quoted.get(*key).is_none_or(|quoted| quoted.upstream.is_none());
        let new = keys.iter().filter(is_new).count();
        if state.subscribed + new > FEED_INSTRUMENTS {
            return client.end(ClientEnd::Disconnect(804));
        }
        let remove_first = state.subscribed + keys.len() >= FEED_INSTRUMENTS;
        let (mut add, mut remove) = (Vec::new(), Vec::new());
        for &key in keys {
            let mut scratch = std::mem::take(&mut state.scratch);
            *client.subscriptions.borrow_mut().entry(key).or_default() |= bit(mode);
            let quoted = state.quoted.entry(key).or_default();
            match quoted.watchers.iter_mut().find(|watcher| watcher.client.id == client.id) {
                Some(watcher) => watcher.modes |= bit(mode),
                None => quoted.watchers.push(Watcher { client: Rc::clone(client), modes: bit(mode) }),
            }
            quoted.send_known(key, client, mode, &mut scratch);
            state.scratch = scratch;
            state.subscribed += raise(key, quoted, &mut add, &mut remove);
        }
        self.change_upstream(state, Stream::Market, add, remove, remove_first);
    }

    /// Holds instruments of the market feed, whether or not a client needs them.
    pub fn hold(&self, wanted: &[Subscription]) {
        let state = &mut *self.state.borrow_mut();
        let modes = || wanted.iter().filter_map(|one| Some((one.instrument, one.mode?)));
        let new =
            modes().filter(|(key, _)| state.quoted.get(key).is_none_or(|quoted| quoted.upstream.is_none())).count();
        if state.subscribed + new > FEED_INSTRUMENTS {
            let free = FEED_INSTRUMENTS - state.subscribed;
            return self.console.error(format!("nothing is changed: the account has room for {free} more instruments"));
        }
        let (mut add, mut remove) = (Vec::new(), Vec::new());
        for (key, mode) in modes() {
            let quoted = state.quoted.entry(key).or_default();
            quoted.held |= bit(mode);
            state.subscribed += raise(key, quoted, &mut add, &mut remove);
        }
        self.change_upstream(state, Stream::Market, add, remove, false);
    }

    /// Releases held instruments; without a mode, in all modes.
    pub fn release(&self, removed: &[Subscription]) {
        let state = &mut *self.state.borrow_mut();
        for one in removed {
            if let Some(quoted) = state.quoted.get_mut(&one.instrument) {
                let removed_modes = quoted.held & one.mode.map_or(Modes::MAX, bit);
                quoted.held &= !removed_modes;
                quoted.release(removed_modes);
            }
        }
    }

    pub fn unsubscribe(&self, client: &Rc<RelayClient>, mode: Mode, keys: &[InstrumentKey]) {
        let state = &mut *self.state.borrow_mut();
        for key in keys {
            let mut wanted = client.subscriptions.borrow_mut();
            let mut had = false;
            if let Some(modes) = wanted.get_mut(key) {
                had = *modes & bit(mode) != 0;
                *modes &= !bit(mode);
                if *modes == 0 {
                    wanted.remove(key);
                }
            }
            let Some(quoted) = state.quoted.get_mut(key) else { continue };
            for watcher in quoted.watchers.iter_mut().filter(|watcher| watcher.client.id == client.id) {
                watcher.modes &= !bit(mode);
            }
            quoted.watchers.retain(|watcher| watcher.modes != 0);
            if had {
                quoted.release(bit(mode));
            }
        }
    }

    /// Subscribes a client of depth.
    pub fn subscribe_depth(&self, client: &Rc<RelayClient>, levels: Levels, keys: &[InstrumentKey]) {
        let state = &mut *self.state.borrow_mut();
        let stream = Stream::Depth(levels);
        if let Some(reason) = refusal(state, stream) {
            return client.end(ClientEnd::Disconnect(reason));
        }
        let books = &mut state.books[depth_index(levels)];
        // As at Dhan, nothing is sent for segments without depth.
        let keys: Vec<_> = keys.iter().copied().filter(|key| key.segment.has_depth()).collect();
        let new = keys.iter().filter(|key| books.get(*key).is_none_or(|book| !book.is_subscribed)).count();
        let subscribed = books.values().filter(|book| book.is_subscribed).count();
        if subscribed + new > SOCKETS * levels.instruments_per_socket() {
            return client.end(ClientEnd::Disconnect(804));
        }
        let mut add = Vec::new();
        for key in keys {
            client.subscriptions.borrow_mut().insert(key, 0);
            let book = books.entry(key).or_default();
            if !book.watchers.iter().any(|watcher| watcher.id == client.id) {
                book.watchers.push(Rc::clone(client));
            }
            book.send_known(client);
            if !std::mem::replace(&mut book.is_subscribed, true) {
                add.push(upstream::depth(key));
            }
        }
        self.change_upstream(state, stream, add, Vec::new(), false);
    }

    pub fn unsubscribe_depth(&self, client: &Rc<RelayClient>, levels: Levels, keys: &[InstrumentKey]) {
        let state = &mut *self.state.borrow_mut();
        for key in keys {
            client.subscriptions.borrow_mut().remove(key);
            if let Some(book) = state.books[depth_index(levels)].get_mut(key) {
                book.watchers.retain(|watcher| watcher.id != client.id);
                book.released = Some(Instant::now());
            }
        }
    }

    pub fn subscribe_orders(&self, client: &Rc<RelayClient>) {
        let state = &mut *self.state.borrow_mut();
        if let Some(reason) = refusal(state, Stream::Orders) {
            return client.end(ClientEnd::Disconnect(reason));
        }
        state.orders.push(Rc::clone(client));
        self.change_upstream(state, Stream::Orders, Vec::new(), Vec::new(), false);
    }

    /// Changes the upstream subscriptions; a stream that is not open is opened with all that it needs.
    pub(super) fn change_upstream(
        &self,
        state: &mut HubState,
        stream: Stream,
        add: Vec<Subscription>,
        remove: Vec<Subscription>,
        remove_first: bool,
    ) {
        state.idle_since[index(stream)] = None;
        let upstream = &state.upstreams[index(stream)];
        if upstream.is_ending() {
            // It is opened again when it has ended.
            return;
        }
        if upstream.is_open() {
            return upstream.change(add, remove, remove_first);
        }
        let all = match stream {
            Stream::Market => state
                .quoted
                .iter()
                .filter_map(|(key, quoted)| Some(Subscription { instrument: *key, mode: Some(quoted.upstream?) }))
                .collect(),
            Stream::Depth(levels) => {
                let books = state.books[depth_index(levels)].iter();
                books.filter(|(_, book)| book.is_subscribed).map(|(key, _)| upstream::depth(*key)).collect()
            }
            Stream::Orders => Vec::new(),
        };
        if all.is_empty() && stream != Stream::Orders {
            return;
        }
        let Some(me) = self.me.upgrade() else { return };
        self.console.info(format!("{}: opened upstream", stream.socket_name()));
        state.upstreams[index(stream)].start(&me, stream, &all, &self.open, self.say.clone());
    }
}

/// Raises what an instrument needs upstream, if that is more than is subscribed; returns the number of instruments
/// that are newly subscribed.
fn raise(
    key: InstrumentKey,
    quoted: &mut Quoted,
    add: &mut Vec<Subscription>,
    remove: &mut Vec<Subscription>,
) -> usize {
    let (before, needed) = (quoted.upstream, quoted.needed(key));
    if needed <= before {
        return 0;
    }
    quoted.set_upstream(needed);
    add.extend(needed.map(|mode| Subscription { instrument: key, mode: Some(mode) }));
    remove.extend(before.map(|mode| Subscription { instrument: key, mode: Some(mode) }));
    usize::from(before.is_none())
}

/// Returns the reason with which clients of a stream are refused now.
fn refusal(state: &mut HubState, stream: Stream) -> Option<u16> {
    let refused = &mut state.refused[index(stream)];
    refused.take_if(|(until, _)| *until <= Instant::now());
    refused.map(|(_, reason)| reason)
}
