//! Holds the policies of the real server, as far as they are known. With the `testing` feature `knobs` can change
//! them.

use super::state::Cut;

/// Answer to a request that exceeds a limit.
pub(crate) const EXCESS: Cut = Cut::Disconnect(804);
/// Number of pairs that follow the end of a depth subscription: 110 114 packets after 7 780 requests were measured.
pub(crate) const GHOSTS: u32 = 7;

#[cfg(not(feature = "testing"))]
mod fixed {
    use super::super::config::SimConfig;
    use super::super::rng::Rng;
    use super::{Cut, EXCESS, GHOSTS};
    use crate::model::Stream;
    use std::sync::Arc;
    use std::time::Duration;

    impl SimConfig {
        pub(crate) fn stacked(&self) -> Option<usize> {
            None
        }

        pub(crate) fn is_one_side_a_message(&self) -> bool {
            false
        }

        pub(crate) fn splits_pairs(&self, rng: &mut Rng) -> bool {
            rng.one_in(10)
        }

        pub(crate) fn sends_prev_close(&self, _is_index: bool) -> bool {
            true
        }

        pub(crate) fn ping_every(&self, kind: Stream) -> Option<Duration> {
            (kind != Stream::DEPTH_200).then_some(Duration::from_secs(10))
        }

        pub(crate) fn idle_limit(&self) -> Option<Duration> {
            Some(Duration::from_secs(40))
        }

        pub(crate) fn pool(&self) -> (usize, bool) {
            (5, false)
        }

        pub(crate) fn excess(&self) -> Option<Cut> {
            Some(EXCESS)
        }

        pub(crate) fn refusal(&self) -> Cut {
            Cut::Reset
        }

        pub(crate) fn refusal_status(&self) -> Option<u16> {
            None
        }

        pub(crate) fn refused_tokens(&self) -> &[String] {
            &[]
        }

        pub(crate) fn token_rules(&self) -> super::super::tokens::TokenRules {
            super::super::tokens::TokenRules::default()
        }

        pub(crate) fn refuses_all(&self) -> bool {
            false
        }

        pub(crate) fn delay_us(&self) -> i64 {
            0
        }

        pub(crate) fn ends_depth(&self, code: u64) -> bool {
            code == 25
        }

        pub(crate) fn ghosts(&self) -> u32 {
            GHOSTS
        }

        pub(crate) fn has_200_levels(&self, _path: &str) -> bool {
            true
        }

        pub(crate) fn has_order_life(&self) -> bool {
            !self.is_closed()
        }

        pub(crate) fn tls(&self) -> Option<Arc<rustls::ServerConfig>> {
            None
        }
    }
}
