//! The memory that a strategy shares with the market: rows of words of 8 bytes, doubles or whole numbers.

use std::cell::Cell;

use crate::session::shared::{
    COMMAND, FILL, MOST_COMMANDS, MOST_FILLS, MOST_ORDERS, MOST_TRADES, NOW, ORDER, TRADE,
};

/// Memory that strategy and market share.
pub type Words<'a> = &'a [Cell<u64>];

/// How many words the memory has for so many levels: a row of what is now, levels of bids and asks, own
/// orders, fills, rejections, trades, commands.
pub fn words(levels: usize) -> usize {
    NOW + 4 * levels
        + MOST_ORDERS * ORDER
        + MOST_FILLS * FILL
        + MOST_FILLS
        + MOST_TRADES * TRADE
        + MOST_COMMANDS * COMMAND
}

/// A command as it stands in the memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Command {
    pub kind: i64,
    pub order: i64,
    pub side: i64,
    pub price: f64,
    pub size: f64,
}

/// Writes rows of words one after another.
pub(crate) struct Rows<'a> {
    words: Words<'a>,
    at: usize,
}

impl<'a> Rows<'a> {
    /// From the first word on.
    pub(crate) fn in_words(words: Words<'a>) -> Self {
        Rows { words, at: 0 }
    }

    /// Words that were written.
    pub(crate) fn written(&self) -> usize {
        self.at
    }

    /// A double.
    pub(crate) fn double(&mut self, value: f64) {
        self.word(value.to_bits());
    }

    /// A whole number.
    pub(crate) fn whole(&mut self, value: i64) {
        self.word(value as u64);
    }

    fn word(&mut self, word: u64) {
        self.words[self.at].set(word);
        self.at += 1;
    }
}

/// Parts of the memory.
pub(crate) struct Parts<'a> {
    pub now: Words<'a>,
    pub levels: Words<'a>,
    pub orders: Words<'a>,
    pub fills: Words<'a>,
    pub rejected: Words<'a>,
    pub trades: Words<'a>,
    pub commands: Words<'a>,
}

impl<'a> Parts<'a> {
    /// Those of a memory for so many levels.
    pub(crate) fn of(words: Words<'a>, levels: usize) -> Self {
        let (now, rest) = words.split_at(NOW);
        let (levels, rest) = rest.split_at(4 * levels);
        let (orders, rest) = rest.split_at(MOST_ORDERS * ORDER);
        let (fills, rest) = rest.split_at(MOST_FILLS * FILL);
        let (rejected, rest) = rest.split_at(MOST_FILLS);
        let (trades, commands) = rest.split_at(MOST_TRADES * TRADE);
        Parts {
            now,
            levels,
            orders,
            fills,
            rejected,
            trades,
            commands,
        }
    }

    /// What was asked for in a place.
    pub(crate) fn command(&self, place: usize) -> Command {
        let at = |word: usize| self.commands[place * COMMAND + word].get();
        Command {
            kind: at(0) as i64,
            order: at(1) as i64,
            side: at(2) as i64,
            price: f64::from_bits(at(3)),
            size: f64::from_bits(at(4)),
        }
    }
}
