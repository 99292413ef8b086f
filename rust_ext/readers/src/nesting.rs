//! Which container each byte of a block is in: brackets nest, so they are visited one by one.

/// Levels of nesting that are accepted.
pub(crate) const MAX_DEPTH: u32 = 64;

/// The containers that are open; the stack holds a bit a level, 1 for an object.
#[derive(Clone, Copy, Default)]
pub(crate) struct Nesting {
    depth: i32,
    stack: u64,
}

/// Where the bytes of a block are; a bracket is in the container that it stands in, and closes.
pub(crate) struct Context {
    /// Bytes whose innermost container is an object, and those outside of any container.
    pub object: u64,
    pub root: u64,
    /// Bytes in a container at the first level; right with `LINES` only.
    pub first_level: u64,
    pub least_depth: u32,
    /// Brackets that close what is not open, and those that open a level too many.
    pub unmatched: u64,
    pub too_deep: u64,
}

/// All ones where it is true.
#[inline(always)]
fn ones(truth: bool) -> u64 {
    0u64.wrapping_sub(u64::from(truth))
}

/// The new bits above one of them, the old ones elsewhere.
#[inline(always)]
fn above(bit: u64, old: u64, new: u64) -> u64 {
    let above = !(bit ^ bit.wrapping_sub(1));
    (old & !above) | (new & above)
}

impl Nesting {
    /// Containers that are open.
    #[inline(always)]
    pub(crate) fn depth(&self) -> u32 {
        self.depth as u32
    }

    /// Go through the brackets of a block. Behind the first that is wrong the result means nothing.
    ///
    /// `LINES` tells that the root is where many blocks are, not just the first and the last one.
    #[inline(always)]
    pub(crate) fn walk<const LINES: bool>(&mut self, open: u64, close: u64, curly: u64) -> Context {
        let before = self.depth;
        let (mut least, mut most) = (before, before);
        let mut context = Context {
            object: 0u64.wrapping_sub(self.stack & 1),
            root: ones(before == 0),
            first_level: ones(before == 1),
            least_depth: 0,
            unmatched: 0,
            too_deep: 0,
        };
        let mut others = 0;
        let mut left = open | close;
        while left != 0 {
            let bit = left & left.wrapping_neg();
            left ^= bit;
            let is_curly = u64::from(curly & bit != 0);
            others |= bit & 0u64.wrapping_sub((self.stack ^ is_curly) & 1);
            // Chosen without a branch: whether a bracket opens is hard to guess.
            (self.depth, self.stack) = if open & bit != 0 {
                (self.depth + 1, self.stack << 1 | is_curly)
            } else {
                (self.depth - 1, self.stack >> 1)
            };
            (least, most) = (least.min(self.depth), most.max(self.depth));
            context.object = above(bit, context.object, 0u64.wrapping_sub(self.stack & 1));
            if LINES {
                context.root = above(bit, context.root, ones(self.depth == 0));
                context.first_level = above(bit, context.first_level, ones(self.depth == 1));
            }
        }
        context.unmatched = others & close;
        context.least_depth = least.max(0) as u32;
        if most > MAX_DEPTH as i32 || least < 0 || (least == 0 && !LINES) {
            context.edges(before, open, close);
        }
        context
    }
}

impl Context {
    /// What is outside of any container, and the brackets that would leave the accepted depths.
    #[cold]
    fn edges(&mut self, before: i32, open: u64, close: u64) {
        let mut depth = before;
        self.root = ones(depth == 0);
        let mut left = open | close;
        while left != 0 {
            let bit = left & left.wrapping_neg();
            left ^= bit;
            depth += if open & bit != 0 { 1 } else { -1 };
            self.root = above(bit, self.root, ones(depth == 0));
            self.unmatched |= bit & close & ones(depth < 0);
            self.too_deep |= bit & open & ones(depth > MAX_DEPTH as i32);
        }
    }
}
