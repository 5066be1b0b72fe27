//! An allocator for runs that last a millisecond: memory that is there from the start is handed out in one direction,
//! and nothing but the newest block is ever taken back.
//!
//! `memory.grow` takes a lock of the whole process in the host, so a guest that does not grow is up to twice as fast. When
//! the arena is used up, memory does grow. The instance, and all its memory, ends with the run. A plugin that allocates and
//! frees in long loops wants a real allocator instead: leave the feature `arena` out.

/// Bytes that are there from the start: several times what our plugins use. The host looks through all of a memory after each
/// run for the pages that were touched, so more of it is not free.
#[cfg(target_arch = "wasm32")]
const ARENA_BYTES: usize = 256 * 1024;

/// Where the next block goes. Addresses only: it never touches memory itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arena {
    next: usize,
    end: usize,
}

impl Arena {
    /// An arena without memory.
    pub const fn empty() -> Self {
        Self { next: 0, end: 0 }
    }

    /// Adds memory. Where it follows on the memory that the arena has, a block may span both; else the rest of the old memory is given up.
    pub const fn extend(&mut self, start: usize, bytes: usize) {
        if start != self.end {
            self.next = start;
        }
        self.end = start.saturating_add(bytes);
    }

    /// The address of a new block; none when the memory does not suffice. `align` is a power of two.
    pub fn allocate(&mut self, size: usize, align: usize) -> Option<usize> {
        let start = self.next.checked_add(align.checked_sub(1)?)? & !align.checked_sub(1)?;
        let next = start.checked_add(size)?;
        (self.end != 0 && next <= self.end).then(|| {
            self.next = next;
            start
        })
    }

    /// Takes the newest block back, and forgets any other.
    pub const fn free(&mut self, address: usize, size: usize) {
        if address.saturating_add(size) == self.next {
            self.next = address;
        }
    }

    /// Grows or shrinks a block where it is. Only the newest can grow; false: it has to move.
    pub fn resize(&mut self, address: usize, old: usize, new: usize) -> bool {
        if address.saturating_add(old) != self.next {
            return new <= old;
        }
        match address.checked_add(new) {
            Some(next) if next <= self.end => {
                self.next = next;
                true
            }
            _ => false,
        }
    }
}

#[cfg(target_arch = "wasm32")]
mod global {
    #![expect(unsafe_code, reason = "an allocator deals in raw memory")]

    use super::{ARENA_BYTES, Arena};
    use core::alloc::{GlobalAlloc, Layout};
    use core::cell::{Cell, UnsafeCell};
    use core::mem::MaybeUninit;

    const PAGE: usize = 65_536;

    struct Memory(UnsafeCell<MaybeUninit<[u8; ARENA_BYTES]>>);
    struct Bump {
        arena: Cell<Arena>,
        memory: Memory,
    }

    // SAFETY: a component of this contract has one thread.
    unsafe impl Sync for Bump {}

    #[global_allocator]
    static BUMP: Bump =
        Bump { arena: Cell::new(Arena::empty()), memory: Memory(UnsafeCell::new(MaybeUninit::uninit())) };

    impl Bump {
        fn grow(&self, arena: &mut Arena, bytes: usize) -> bool {
            let pages = bytes.div_ceil(PAGE);
            let before = core::arch::wasm32::memory_grow(0, pages);
            if before == usize::MAX {
                return false;
            }
            arena.extend(before.saturating_mul(PAGE), pages.saturating_mul(PAGE));
            true
        }

        fn allocate(&self, size: usize, align: usize) -> Option<usize> {
            let mut arena = self.arena.get();
            if arena == Arena::empty() {
                arena.extend(self.memory.0.get() as usize, ARENA_BYTES);
            }
            let address = arena.allocate(size, align).or_else(|| {
                let bytes = size.checked_add(align)?;
                // Grow in steps of a MiB; near the limit, by what is needed.
                (self.grow(&mut arena, bytes.max(16 * PAGE)) || self.grow(&mut arena, bytes)).then_some(())?;
                arena.allocate(size, align)
            });
            self.arena.set(arena);
            address
        }
    }

    // SAFETY: blocks lie within the static memory or in memory that `memory.grow` added for us, are aligned, and do not overlap:
    // `Arena` moves in one direction, except when the newest block is given back.
    unsafe impl GlobalAlloc for Bump {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            self.allocate(layout.size(), layout.align()).unwrap_or(0) as *mut u8
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            let mut arena = self.arena.get();
            arena.free(block as usize, layout.size());
            self.arena.set(arena);
        }

        unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            let mut arena = self.arena.get();
            if arena.resize(block as usize, layout.size(), size) {
                self.arena.set(arena);
                return block;
            }
            let to = self.allocate(size, layout.align()).unwrap_or(0) as *mut u8;
            if !to.is_null() {
                // SAFETY: both blocks are ours, do not overlap, and hold at least the smaller size.
                unsafe { core::ptr::copy_nonoverlapping(block, to, layout.size().min(size)) };
            }
            to
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Arena;

    fn arena() -> Arena {
        let mut arena = Arena::empty();
        arena.extend(1000, 100);
        arena
    }

    #[test]
    fn blocks_are_aligned_and_do_not_overlap() {
        let mut arena = arena();
        assert_eq!(arena.allocate(3, 1), Some(1000));
        assert_eq!(arena.allocate(8, 8), Some(1008));
        assert_eq!(arena.allocate(1, 16), Some(1024));
    }

    #[test]
    fn a_block_that_does_not_fit_changes_nothing() {
        let mut arena = arena();
        assert_eq!(arena.allocate(101, 1), None);
        assert_eq!(arena.allocate(usize::MAX, 8), None);
        assert_eq!(arena.allocate(100, 1), Some(1000));
        assert_eq!(arena.allocate(1, 1), None);
    }

    #[test]
    fn an_empty_arena_hands_out_nothing() {
        assert_eq!(Arena::empty().allocate(0, 1), None);
        assert_eq!(Arena::empty().allocate(1, 1), None);
    }

    #[test]
    fn only_the_newest_block_is_taken_back() {
        let mut arena = arena();
        let first = arena.allocate(10, 1).unwrap();
        let second = arena.allocate(10, 1).unwrap();
        arena.free(first, 10);
        assert_eq!(arena.allocate(1, 1), Some(1020));
        arena.free(1020, 1);
        arena.free(second, 10);
        assert_eq!(arena.allocate(1, 1), Some(second));
    }

    #[test]
    fn the_newest_block_grows_in_place_and_others_only_shrink() {
        let mut arena = arena();
        let first = arena.allocate(10, 1).unwrap();
        assert!(arena.resize(first, 10, 50));
        let second = arena.allocate(10, 1).unwrap();
        assert_eq!(second, 1050);
        assert!(!arena.resize(first, 50, 51));
        assert!(arena.resize(first, 50, 20));
        assert!(arena.resize(second, 10, 50));
        assert!(!arena.resize(second, 50, 51));
    }

    #[test]
    fn memory_that_follows_on_is_joined_and_other_memory_replaces() {
        let mut arena = arena();
        assert_eq!(arena.allocate(90, 1), Some(1000));
        arena.extend(1100, 100);
        assert_eq!(arena.allocate(50, 1), Some(1090));
        arena.extend(5000, 10);
        assert_eq!(arena.allocate(10, 1), Some(5000));
    }
}
