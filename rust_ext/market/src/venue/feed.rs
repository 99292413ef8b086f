//! The market data feed: messages under way, and the last one that has arrived.

use std::collections::VecDeque;

use crate::types::{ms_of_ns, Ns, View};
use crate::venue::shown::Shown;

/// One connection; a message cannot overtake the one before it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Feed {
    under_way: VecDeque<(Ns, View, Option<Shown>)>,
    seen: View,
    /// Messages that were received, whose memory the next ones have.
    spare: Vec<Shown>,
    /// What the messages that have arrived show beside the view.
    pub shown: Shown,
}

impl Feed {
    /// Send a view and what else is shown, which takes `lag` to arrive; when it will.
    pub(crate) fn send(&mut self, view: View, shown: Option<Shown>, lag: Ns) -> Ns {
        let last = self.under_way.back().map_or(Ns::MIN, |message| message.0);
        let arrival = (view.at + lag).max(last);
        self.under_way.push_back((arrival, view, shown));
        arrival
    }

    /// A message to be filled in and sent: its trades are none, its levels those of an older one.
    pub(crate) fn blank(&mut self) -> Shown {
        self.spare.pop().unwrap_or_default()
    }

    /// The last view that has arrived by a time; the delays of those that came since the last call are
    /// appended to `lags`, ms.
    pub(crate) fn see(&mut self, now: Ns, lags: &mut Vec<f64>) -> View {
        while self.under_way.front().is_some_and(|next| next.0 <= now) {
            let Some((at, view, shown)) = self.under_way.pop_front() else {
                break;
            };
            lags.push(ms_of_ns(at - view.at));
            self.seen = view;
            if let Some(mut shown) = shown {
                self.shown.receive(&mut shown);
                self.spare.push(shown);
            }
        }
        self.seen
    }

    /// How many messages were sent and not yet seen.
    #[cfg(test)]
    pub(crate) fn unseen(&self) -> usize {
        self.under_way.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_arrive_late_and_in_order() {
        let mut feed = Feed::default();
        let view = |at| View {
            at,
            ..View::default()
        };
        feed.send(view(0), None, 50);
        feed.send(view(10), None, 5);
        let mut lags = Vec::new();
        assert_eq!(feed.see(49, &mut lags).mid, None);
        assert!(lags.is_empty());
        assert_eq!(feed.see(50, &mut lags).at, 10);
        assert_eq!(lags, [50.0 / 1e6, 40.0 / 1e6]);
    }
}
