//! A queue that is fair between shares: start-time fair queueing.
//!
//! Each share has a virtual time, which advances by what the share used, divided by its weight. The share with the least comes
//! first. Who comes after a rest begins at the time of the queue, so that nobody saves up turns.

use crate::limits::TURNS_BEFORE_BEHIND;
use std::collections::{BTreeSet, HashMap, VecDeque};

/// Where an item stands among those of its own share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// In its order.
    Usual,
    /// Behind the others: it belongs to a plugin that wasted its turns lately.
    Behind,
}

/// The queue.
#[derive(Debug)]
pub struct FairQueue<T> {
    flows: HashMap<u64, Flow<T>>,
    /// The shares that have something waiting, by their virtual time.
    order: BTreeSet<(u64, u64)>,
    now: u64,
}

#[derive(Debug)]
struct Flow<T> {
    time: u64,
    usual: VecDeque<T>,
    behind: VecDeque<T>,
    /// Turns that went past those behind.
    passed: u32,
}

impl<T> Flow<T> {
    fn is_empty(&self) -> bool {
        self.usual.is_empty() && self.behind.is_empty()
    }

    /// Whether one of those behind is next.
    fn behind_is_due(&self) -> bool {
        !self.behind.is_empty() && (self.usual.is_empty() || self.passed >= TURNS_BEFORE_BEHIND)
    }

    fn peek(&self) -> Option<&T> {
        if self.behind_is_due() { self.behind.front() } else { self.usual.front() }
    }

    fn pop(&mut self) -> Option<T> {
        if self.behind_is_due() {
            self.passed = 0;
            return self.behind.pop_front();
        }
        self.passed = if self.behind.is_empty() { 0 } else { self.passed.saturating_add(1) };
        self.usual.pop_front()
    }
}

impl<T> Default for FairQueue<T> {
    fn default() -> Self {
        Self { flows: HashMap::new(), order: BTreeSet::new(), now: 0 }
    }
}

impl<T> FairQueue<T> {
    /// Appends an item of a share.
    pub fn push(&mut self, share: u64, lane: Lane, item: T) {
        self.forget_rested();
        let now = self.now;
        let flow = self.flows.entry(share).or_insert_with(|| Flow {
            time: now,
            usual: VecDeque::new(),
            behind: VecDeque::new(),
            passed: 0,
        });
        if flow.is_empty() {
            flow.time = flow.time.max(now);
            self.order.insert((flow.time, share));
        }
        match lane {
            Lane::Usual => flow.usual.push_back(item),
            Lane::Behind => flow.behind.push_back(item),
        }
    }

    /// Takes the next item.
    pub fn pop(&mut self) -> Option<T> {
        let (time, share) = self.order.pop_first()?;
        self.now = self.now.max(time);
        let flow = self.flows.get_mut(&share)?;
        let item = flow.pop();
        if !flow.is_empty() {
            self.order.insert((time, share));
        }
        item
    }

    /// The item that comes next.
    #[must_use]
    pub fn peek(&self) -> Option<&T> {
        let (_, share) = self.order.first()?;
        self.flows.get(share)?.peek()
    }

    /// Charges a share for what it used, weighed.
    pub fn charge(&mut self, share: u64, used: u64) {
        let Some(flow) = self.flows.get_mut(&share) else { return };
        let waits = self.order.remove(&(flow.time, share));
        flow.time = flow.time.saturating_add(used);
        if waits {
            self.order.insert((flow.time, share));
        }
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// A share that waits for nothing and is behind the queue's time would come back just as a new one.
    fn forget_rested(&mut self) {
        const FLOWS: usize = 64;
        if self.flows.len() > FLOWS && self.flows.len() > self.order.len().saturating_mul(2) {
            let now = self.now;
            self.flows.retain(|_, flow| !flow.is_empty() || flow.time > now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_tenant_that_uses_much_waits_for_those_that_use_little() {
        let mut queue = FairQueue::default();
        (0..100).for_each(|n| queue.push(1, Lane::Usual, (1, n)));
        assert_eq!(queue.pop(), Some((1, 0)));
        queue.charge(1, 1000);
        // The other comes later, and is next; and again, until it has used as much.
        for n in 0..10 {
            queue.push(2, Lane::Usual, (2, n));
            assert_eq!(queue.pop(), Some((2, n)));
            queue.charge(2, 100);
        }
        queue.push(2, Lane::Usual, (2, 10));
        assert_eq!(queue.pop(), Some((1, 1)));
    }

    #[test]
    fn who_rested_has_saved_nothing_up() {
        let mut queue = FairQueue::default();
        for _ in 0..50 {
            queue.push(1, Lane::Usual, 1);
            assert_eq!(queue.pop(), Some(1));
            queue.charge(1, 100);
        }
        (0..4).for_each(|_| queue.push(2, Lane::Usual, 2));
        (0..4).for_each(|_| queue.push(1, Lane::Usual, 1));
        let mut turns = Vec::new();
        while let Some(share) = queue.pop() {
            queue.charge(share, 100);
            turns.push(share);
        }
        assert_eq!(turns, [2, 1, 2, 1, 2, 1, 2, 1]);
    }

    #[test]
    fn those_behind_are_slowed_down_and_not_starved() {
        let mut queue = FairQueue::default();
        queue.push(1, Lane::Behind, "behind");
        (0..20).for_each(|_| queue.push(1, Lane::Usual, "usual"));
        let turns: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(turns.iter().position(|turn| *turn == "behind"), Some(TURNS_BEFORE_BEHIND as usize));
        assert_eq!(turns.len(), 21);
    }

    #[test]
    fn rested_shares_take_no_memory() {
        let mut queue = FairQueue::default();
        for share in 0..10_000 {
            queue.push(share, Lane::Usual, share);
            assert_eq!(queue.pop(), Some(share));
            queue.charge(share, 10);
            queue.push(u64::MAX, Lane::Usual, u64::MAX);
            queue.pop();
            queue.charge(u64::MAX, 20);
        }
        assert!(queue.flows.len() < 200, "{} flows", queue.flows.len());
    }

    proptest! {
        /// Whatever comes in whatever order: each item comes out once, those of a share and lane in their order.
        #[test]
        fn every_item_comes_out_once(steps in proptest::collection::vec((0..5_u64, any::<bool>(), 0..500_u64, any::<bool>()), 0..200)) {
            let mut queue = FairQueue::default();
            let (mut pushed, mut popped) = (Vec::new(), Vec::new());
            for (number, (share, behind, used, pops)) in steps.into_iter().enumerate() {
                let lane = if behind { Lane::Behind } else { Lane::Usual };
                queue.push(share, lane, (share, behind, number));
                pushed.push((share, behind, number));
                let next = queue.peek().copied();
                if pops && let Some(item) = queue.pop() {
                    prop_assert_eq!(Some(item), next);
                    queue.charge(item.0, used);
                    popped.push(item);
                }
            }
            popped.extend(std::iter::from_fn(|| queue.pop()));
            prop_assert!(queue.is_empty());
            for share in 0..5 {
                for behind in [false, true] {
                    let of = |all: &[(u64, bool, usize)]| all.iter().filter(|i| i.0 == share && i.1 == behind).copied().collect::<Vec<_>>();
                    prop_assert_eq!(of(&pushed), of(&popped));
                }
            }
        }

        /// While two shares always have something waiting, neither gets ahead of its weight by more than one turn.
        #[test]
        fn use_follows_the_weights(weights in (1..10_u64, 1..10_u64), costs in proptest::collection::vec(1..1000_u64, 200)) {
            let mut queue = FairQueue::default();
            let weight = |share: u64| if share == 1 { weights.0 } else { weights.1 };
            let mut used = [0_u64; 2];
            for share in [1, 2] { queue.push(share, Lane::Usual, share) }
            for cost in costs {
                let share = queue.pop().unwrap();
                queue.push(share, Lane::Usual, share);
                queue.charge(share, cost * 100 / weight(share));
                used[share as usize - 1] += cost;
                let [one, two] = [used[0] * 100 / weights.0, used[1] * 100 / weights.1];
                prop_assert!(one.abs_diff(two) <= 100_000 + 200, "{one} against {two}");
            }
        }
    }
}
