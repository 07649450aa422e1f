//! Handles a connected session: data, subscriptions, the order snapshot, and silence.

use super::*;
use crate::model::Micros;

impl Session {
    pub(super) fn online(&mut self, change: impl FnOnce(&mut Online, Now)) {
        let now = self.now;
        if let State::Online(online) = &mut self.state {
            change(online, now);
        }
    }

    pub(super) fn pong(&mut self) {
        self.online(|online, now| online.pulse.pong(now));
        self.server.answers_pings |= matches!(self.state, State::Online(_));
    }

    pub(super) fn data(&mut self, packets: u32) {
        let now = self.now;
        let first = packets > 0 && matches!(&self.state, State::Online(online) if online.packets == 0);
        // In a closed market only snapshots come: the silence after the first ones is explained.
        let explains = first && !self.server.has_served && !self.markets_are_open();
        let State::Online(online) = &mut self.state else { return };
        online.pulse.traffic(now);
        if packets == 0 {
            return;
        }
        online.packets = online.packets.saturating_add(u64::from(packets));
        if first && !explains {
            online.explain_at = None;
        }
        self.stale_feed.data(now);
        if first {
            self.server.has_served = true;
            self.loss.is_open = false;
            self.credentials.awaited_since = None;
            self.failures.silent_refusals = 0;
            self.failures.server_faults = 0;
            self.status(StatusEvent::Live, None);
            self.actions.extend(self.outage.live(self.config.conn, now.at));
        }
    }

    pub(super) fn reading_paused(&mut self, paused: bool) {
        self.reading_paused = paused;
        self.online(|online, now| if paused { online.pulse.pause() } else { online.pulse.resume(now) });
        if !paused {
            // The silence before is the reader's, not the feed's.
            self.stale_feed.forget();
        }
    }

    pub(super) fn subscribe(&mut self, subscriptions: &[Subscription]) {
        let new = self.wanted.add(subscriptions);
        self.markets = markets(&self.wanted);
        let feed = self.config.feed;
        if let State::Online(online) = &mut self.state {
            online.leaving.retain(|(instrument, _)| !new.iter().any(|s| s.instrument == *instrument));
            self.actions.extend(requests::subscribe(feed, &new).into_iter().map(Action::Send));
        }
    }

    pub(super) fn unsubscribe(&mut self, subscriptions: &[Subscription]) {
        let removed = self.wanted.remove(subscriptions);
        self.markets = markets(&self.wanted);
        if removed.is_empty() {
            return;
        }
        // The instruments that had been ticking may be the ones just unsubscribed.
        self.stale_feed.forget();
        let (feed, now) = (self.config.feed, self.now.at);
        if let State::Online(online) = &mut self.state {
            if let Stream::Depth(_) = feed {
                online.leaving.extend(removed.iter().map(|s| (s.instrument, now)));
            }
            self.actions.extend(requests::unsubscribe(feed, &removed).into_iter().map(Action::Send));
        }
    }

    pub(super) fn unwanted(&mut self, instrument: InstrumentKey) {
        let (Stream::Depth(levels), now) = (self.config.feed, self.now.at) else { return };
        let State::Online(online) = &mut self.state else { return };
        let due = |(leaving, since): &(InstrumentKey, Time)| *leaving == instrument && now.since(*since) >= LEAVING;
        if let Some(at) = online.leaving.iter().position(due) {
            online.leaving.swap_remove(at);
            self.actions.extend(requests::unsubscribe_depth_again(levels, &[instrument]).into_iter().map(Action::Send));
        }
    }

    pub(super) fn snapshot_fetched(&mut self) {
        if !matches!(self.state, State::Online(_)) {
            return;
        }
        self.snapshot = Snapshot { came: true, failed: false, is_pending: false, ..self.snapshot };
        self.loss.is_open = false;
        self.online(|online, _| online.snapshot_at = None);
        self.actions.extend(self.outage.live(self.config.conn, self.now.at));
    }

    pub(super) fn snapshot_failed(&mut self, detail: String) {
        let State::Online(online) = &mut self.state else { return };
        online.snapshot_at = Some(self.now.at + SNAPSHOT_EVERY);
        let from = online.pulse.last().wall;
        self.snapshot.is_pending = false;
        if !std::mem::replace(&mut self.snapshot.failed, true) {
            self.act(Action::SnapshotGap { detail, from });
        }
    }

    /// Reports a lost order snapshot if the run ends while it is requested, or is to be requested.
    pub(super) fn snapshot_missing_at_end(&mut self) {
        let State::Online(online) = &self.state else { return };
        let is_missing = self.snapshot.is_pending || online.snapshot_at.is_some();
        let from = online.pulse.last().wall;
        if is_missing && !std::mem::replace(&mut self.snapshot.failed, true) {
            let detail = "GET /orders was not answered before the end".to_owned();
            self.act(Action::SnapshotGap { detail, from });
        }
    }

    fn markets_are_open(&self) -> bool {
        self.config.calendar.is_open(self.markets, self.now.wall)
    }

    pub(super) fn stale_deadline(&self) -> Option<Time> {
        if self.config.feed == Stream::Orders {
            return None;
        }
        self.stale_feed.deadline(self.now, &self.config.calendar, self.markets)
    }

    pub(super) fn unseen_deadline(&self) -> Option<Time> {
        let Now { at, wall } = self.now;
        if self.markets_are_open() {
            return Some(at + UNSEEN_AFTER);
        }
        let wait = self.config.calendar.next_open(self.markets, wall)?.since(wall);
        Some(at + wait + UNSEEN_AFTER)
    }

    pub(super) fn clocks_moved_apart(&self, now: Now) -> bool {
        let wall = now.wall.us_since(self.now.wall);
        let steady = i64::try_from(now.at.0.saturating_sub(self.now.at.0)).unwrap_or(i64::MAX);
        wall.saturating_sub(steady) > SLEPT_US
    }

    pub(super) fn nudge(&mut self) {
        let now = self.now.at;
        if let State::Online(online) = &mut self.state
            && online.since < now
            && online.pulse.nudge(now)
        {
            self.act(Action::Ping);
        }
    }

    pub(super) fn timers(&mut self) {
        let at = self.now.at;
        if self.outage_is_over_long() {
            return;
        }
        if !matches!(self.state, State::Online(_) | State::Stopping { .. } | State::Ended) {
            if self.loss.beginning_at.is_some_and(|due| due <= at) {
                self.lose_beginning();
            }
            self.actions.extend(self.outage.check(self.config.conn, at));
        }
        match &mut self.state {
            State::Waiting { until } if *until <= at => self.attempt(),
            State::AwaitingCredentials(Awaiting { deadline, problem, .. }) if *deadline <= at => {
                let problem = problem.clone();
                self.no_credentials(&problem);
            }
            State::AwaitingCredentials(Awaiting { next_read, .. }) if next_read.is_some_and(|next| next <= at) => {
                *next_read = None;
                self.act(Action::ReadCredentials);
            }
            State::Probing { until, .. } if *until <= at => self.probed(ProbeResult::Unknown),
            State::Stopping { until } if *until <= at => {
                self.act(Action::Close { polite: false });
                self.stopped();
            }
            State::Online(_) => self.online_timers(),
            _ => {}
        }
    }

    /// Returns when `--max-outage` ends the run; one of no time at all waits for the first attempt's outcome.
    pub(super) fn outage_limit(&self) -> Option<Time> {
        let (since, most) = self.failures.unreachable_since.zip(self.config.max_outage)?;
        (!most.is_zero() || self.outage.cause().is_some()).then(|| since + most)
    }

    pub(super) fn outage_is_over_long(&mut self) -> bool {
        let disconnected =
            matches!(self.state, State::Waiting { .. } | State::Reading | State::Connecting | State::Probing { .. });
        let (Some(limit), Some(most)) = (self.outage_limit(), self.config.max_outage) else { return false };
        let is_over = disconnected && limit <= self.now.at;
        if is_over {
            let trouble = self.outage.cause().map_or_else(|| "no attempt has ended".to_owned(), ToString::to_string);
            let message = format!("no connection for {} (--max-outage): {trouble}", words(most));
            let exit = self.exit().unwrap_or(Exit::Network);
            self.give_up(exit, message);
        }
        is_over
    }

    pub(super) fn online_timers(&mut self) {
        let now = self.now;
        let State::Online(online) = &mut self.state else { return };
        let due = |timer: &mut Option<Time>| timer.take_if(|at| *at <= now.at).is_some();
        let (explain, unseen, snapshot) =
            (due(&mut online.explain_at), due(&mut online.unseen_at), due(&mut online.snapshot_at));
        let pulse = online.pulse.check(now.at);
        let has_data = online.packets > 0;
        if explain {
            self.explain_silence(has_data);
        }
        if unseen {
            // The market may have closed, or the clock may have stepped, since the time was chosen.
            if self.markets_are_open() {
                self.unseen_reported = true;
                self.act(Action::ReportUnseen);
            } else {
                let later = self.unseen_deadline();
                self.online(|online, _| online.unseen_at = later);
            }
        }
        if snapshot {
            self.snapshot.requested_at = Some(now.at);
            self.snapshot.is_pending = true;
            self.act(Action::FetchOrders { after_gap: self.snapshot.came });
        }
        match pulse {
            Pulse::Fine => self.check_stale_feed(),
            Pulse::Ping => {
                self.act(Action::Ping);
                self.check_stale_feed();
            }
            Pulse::Dead => {
                self.act(Action::Close { polite: false });
                let silence = self.now.at.since(self.last_byte());
                self.drop_connection(&Cause::Silent(silence), None);
            }
        }
    }

    fn explain_silence(&mut self, has_data: bool) {
        let now = self.now;
        if has_data && self.stale_feed.last().is_some_and(|last| now.at.since(last.at) < SNAPSHOTS_END) {
            return;
        }
        let words = silence_words(self.config.feed, &self.wanted, &self.config.calendar, now.wall, has_data);
        let Some(why) = words else { return };
        if self.outage.has_warned() {
            self.actions.extend(self.outage.quiet(self.config.conn, &why));
        } else {
            self.warn(why);
        }
    }

    pub(super) fn last_byte(&self) -> Time {
        match &self.state {
            State::Online(online) => online.pulse.last().at,
            _ => self.now.at,
        }
    }

    pub(super) fn check_stale_feed(&mut self) {
        if self.config.feed == Stream::Orders || !matches!(self.state, State::Online(_)) {
            return;
        }
        let silence = self.stale_feed.check(self.now, &self.config.calendar, self.markets);
        if silence == StaleAction::Fine {
            return;
        }
        let last = self.stale_feed.last().unwrap_or(self.now);
        let cause = Cause::Stale(self.now.at.since(last.at));
        let detail = cause.to_string();
        self.status(StatusEvent::Stale, Some(detail.clone()));
        if silence == StaleAction::WarnOnly {
            self.warn(format!("connection {}: {detail}; connecting again has not helped lately", self.config.conn));
            return;
        }
        self.warn(format!("connection {}: {detail}; connecting again", self.config.conn));
        self.act(Action::Close { polite: false });
        self.drop_connection(&cause, Some(last.wall));
    }
}

/// Returns the markets of the wanted subscriptions.
pub(super) fn markets(wanted: &WantedSubscriptions) -> Markets {
    Markets::of(wanted.all().iter().map(|wanted| wanted.instrument.segment))
}

/// Returns the known reasons for which no data came, or none after the first; `None` if data came and the market is open.
fn silence_words(
    feed: Stream,
    wanted: &WantedSubscriptions,
    calendar: &Calendar,
    wall: Micros,
    has_data: bool,
) -> Option<String> {
    let things = match wanted.len() {
        1 => "1 subscription".to_owned(),
        many => format!("{many} subscriptions"),
    };
    let segments = wanted.all().iter().map(|wanted| wanted.instrument.segment);
    Some(match (feed, calendar.closed_words(segments, wall)) {
        (Stream::Orders, _) => "the order socket is silent until an order changes".to_owned(),
        (_, None) if has_data => return None,
        (_, Some(closed)) if has_data => format!("only snapshots came: {closed}"),
        (_, None) => format!(
            "nothing has come for 10 s after asking for {things}, though the market is open: \
             instruments that do not trade, a segment the server does not serve, or a token without data; dhan doctor can tell more"
        ),
        (Stream::Depth(_), Some(closed)) => {
            format!("nothing has come for 10 s after asking for {things}: {closed}; the depth server is silent then")
        }
        (_, Some(closed)) => format!("nothing has come for 10 s after asking for {things}: {closed}"),
    })
}
