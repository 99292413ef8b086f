//! Which container each byte of a block is in: brackets nest, so they are visited one by one.

/// Levels of nesting that are accepted.
pub const MAX_DEPTH: u32 = 64;

/// The containers that are open; the stack holds a bit a level, 1 for an object.
#[derive(Clone, Copy, Default)]
pub struct Nesting {
    pub depth: u32,
    stack: u64,
}

/// Where the bytes of a block are; a bracket is in the container that it stands in, and closes.
pub struct Context {
    /// Bytes whose innermost container is an object, and those outside of any container.
    pub object: u64,
    pub root: u64,
    /// Bytes in a container at the first level.
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

impl Nesting {
    /// Go through the brackets of a block. Behind the first that is wrong the result means nothing.
    #[inline(always)]
    pub fn walk(&mut self, open: u64, close: u64, curly: u64) -> Context {
        let mut context = Context {
            object: ones(self.stack & 1 != 0),
            root: ones(self.depth == 0),
            first_level: ones(self.depth == 1),
            least_depth: self.depth,
            unmatched: 0,
            too_deep: 0,
        };
        let mut left = open | close;
        while left != 0 {
            let bit = left & left.wrapping_neg();
            left ^= bit;
            self.bracket(
                &mut context,
                bit,
                open & bit != 0,
                u64::from(curly & bit != 0),
            );
        }
        context
    }

    #[inline(always)]
    fn bracket(&mut self, context: &mut Context, bit: u64, opens: bool, curly: u64) {
        // The choices are made without branches: what stands where is hard to guess.
        let closed = ones(self.depth == 0) | 0u64.wrapping_sub((self.stack ^ curly) & 1);
        context.unmatched |= bit & closed & !ones(opens);
        context.too_deep |= bit & ones(self.depth == MAX_DEPTH) & ones(opens);
        (self.depth, self.stack) = if opens {
            (self.depth.wrapping_add(1), self.stack << 1 | curly)
        } else {
            (self.depth.wrapping_sub(1), self.stack >> 1)
        };
        let above = !(bit ^ bit.wrapping_sub(1));
        let put = |old: u64, new: u64| (old & !above) | (new & above);
        context.object = put(context.object, 0u64.wrapping_sub(self.stack & 1));
        context.root = put(context.root, ones(self.depth == 0));
        context.first_level = put(context.first_level, ones(self.depth == 1));
        context.least_depth = context.least_depth.min(self.depth);
    }
}
