//! Places for runs that are long or wait: each keeps its instance in memory until it ends.
//!
//! A tenant may take a place as long as it has fewer than are free, times its weight: alone it gets half of them, two that want all
//! get a third each, and some are always left for who comes next (dynamic thresholds, Choudhury and Hahne 1998).

use crate::Share;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Places that tenants share. Cheap to clone; all clones are the same places.
#[derive(Debug, Clone)]
pub struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    all: usize,
    of_plugin: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    shares: HashMap<u64, Holder>,
    /// Places that runs of a plugin have.
    plugins: HashMap<u64, usize>,
}

#[derive(Debug)]
struct Holder {
    share: Share,
    held: usize,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    plugin: u64,
    place: oneshot::Sender<Place>,
}

/// A place. It is free again once this is dropped.
#[derive(Debug)]
pub struct Place {
    places: Places,
    share: u64,
    plugin: u64,
}

impl Places {
    /// So many places, of which the runs of one plugin may have so many.
    #[must_use]
    pub fn new(all: usize, of_plugin: usize) -> Self {
        let state = State { free: all, shares: HashMap::new(), plugins: HashMap::new() };
        Self(Arc::new(Inner { all, of_plugin, state: Mutex::new(state) }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are, and how many are free.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        (self.0.all, self.state().free)
    }

    /// Waits for a place. Who stops waiting loses nothing that others could use.
    pub async fn take(&self, share: &Share, plugin: u64) -> Place {
        loop {
            let waiting = {
                let mut state = self.state();
                let none_waits = state.holder(share).waiting.iter().all(|waiting| waiting.plugin != plugin);
                if none_waits && state.may_take(share.id(), plugin, self.0.of_plugin) {
                    return self.taken(&mut state, share.id(), plugin);
                }
                let (sender, receiver) = oneshot::channel();
                state.holder(share).waiting.push_back(Waiting { plugin, place: sender });
                receiver
            };
            if let Ok(place) = waiting.await {
                return place;
            }
        }
    }

    fn taken(&self, state: &mut State, share: u64, plugin: u64) -> Place {
        state.free = state.free.saturating_sub(1);
        if let Some(holder) = state.shares.get_mut(&share) {
            holder.held = holder.held.saturating_add(1);
            holder.share.set_places(holder.held);
        }
        let of_plugin = state.plugins.entry(plugin).or_default();
        *of_plugin = of_plugin.saturating_add(1);
        Place { places: self.clone(), share, plugin }
    }

    fn give_back(&self, share: u64, plugin: u64) {
        let mut refused = Vec::new();
        let mut state = self.state();
        state.free = state.free.saturating_add(1);
        if let Some(holder) = state.shares.get_mut(&share) {
            holder.held = holder.held.saturating_sub(1);
            holder.share.set_places(holder.held);
        }
        if let Some(of_plugin) = state.plugins.get_mut(&plugin) {
            *of_plugin = of_plugin.saturating_sub(1);
            if *of_plugin == 0 {
                state.plugins.remove(&plugin);
            }
        }
        while let Some((share, waiting)) = state.next(self.0.of_plugin) {
            let place = self.taken(&mut state, share, waiting.plugin);
            if let Err(place) = waiting.place.send(place) {
                // Nobody waits for it any more. It is given back below, where the lock is free.
                refused.push(place);
                break;
            }
        }
        state.shares.retain(|_, holder| {
            holder.waiting.retain(|waiting| !waiting.place.is_closed());
            holder.held > 0 || !holder.waiting.is_empty()
        });
        drop(state);
        drop(refused);
    }
}

impl State {
    fn holder(&mut self, share: &Share) -> &mut Holder {
        let new = || Holder { share: share.clone(), held: 0, waiting: VecDeque::new() };
        self.shares.entry(share.id()).or_insert_with(new)
    }

    fn may_take(&self, share: u64, plugin: u64, most_of_plugin: usize) -> bool {
        let Some(holder) = self.shares.get(&share) else { return false };
        let weight = usize::try_from(holder.share.weight()).unwrap_or(usize::MAX);
        let of_plugin = self.plugins.get(&plugin).copied().unwrap_or_default();
        holder.held < self.free.saturating_mul(weight) && of_plugin < most_of_plugin
    }

    /// Who gets a place next: of the shares that may take one, the one with the fewest by its weight, and there whoever came first.
    fn next(&mut self, most_of_plugin: usize) -> Option<(u64, Waiting)> {
        let takes = |(id, holder): (&u64, &Holder)| {
            let gets =
                |waiting: &Waiting| !waiting.place.is_closed() && self.may_take(*id, waiting.plugin, most_of_plugin);
            let at = holder.waiting.iter().position(gets)?;
            Some((holder.held.saturating_mul(1000) / holder.share.weight() as usize, *id, at))
        };
        let (_, share, at) = self.shares.iter().filter_map(takes).min()?;
        Some((share, self.shares.get_mut(&share)?.waiting.remove(at)?))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.give_back(self.share, self.plugin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::Shares;
    use futures::{now, taken};

    mod futures {
        use super::{Place, Places, Share};
        use std::future::Future;
        use std::pin::Pin;
        use std::task::{Context, Poll, Waker};

        /// A place, where one is free at this moment.
        pub(super) fn now<'a>(future: &mut Pin<Box<dyn Future<Output = Place> + 'a>>) -> Option<Place> {
            match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(place) => Some(place),
                Poll::Pending => None,
            }
        }

        pub(super) fn taken<'a>(
            places: &'a Places,
            share: &'a Share,
            plugin: u64,
        ) -> Pin<Box<dyn Future<Output = Place> + 'a>> {
            Box::pin(places.take(share, plugin))
        }
    }

    fn take_all(places: &Places, share: &Share, plugins: u64) -> Vec<Place> {
        let mut held = Vec::new();
        let mut plugin = 0;
        while let Some(place) = now(&mut taken(places, share, plugin % plugins)) {
            held.push(place);
            plugin += 1;
        }
        held
    }

    #[test]
    fn alone_a_tenant_gets_half_and_two_get_a_third_each() {
        let (shares, places) = (Shares::default(), Places::new(300, 300));
        let (one, two, three) = (shares.of("one", 1), shares.of("two", 1), shares.of("three", 3));
        let first = take_all(&places, &one, 1);
        assert_eq!(first.len(), 150);
        let second = take_all(&places, &two, 1);
        assert_eq!(second.len(), 75, "what the first had before it keeps");
        // Three times the weight, three times as much as is left free.
        assert_eq!(take_all(&places, &three, 1).len(), 57);
        drop((first, second));
        assert_eq!(places.count(), (300, 300));
    }

    #[test]
    fn a_plugin_has_a_cap_of_its_own() {
        let (shares, places) = (Shares::default(), Places::new(100, 10));
        let one = shares.of("one", 1);
        assert_eq!(take_all(&places, &one, 1).len(), 10);
        assert_eq!(take_all(&places, &one, 2).len(), 20);
    }

    #[test]
    fn who_has_the_fewest_is_next_and_who_went_away_is_passed_over() {
        let (shares, places) = (Shares::default(), Places::new(4, 4));
        let (one, two) = (shares.of("one", 1), shares.of("two", 1));
        let mut held = take_all(&places, &one, 1);
        assert_eq!(held.len(), 2);
        let other = now(&mut taken(&places, &two, 0)).unwrap();
        let (mut gone, mut mine, mut theirs) =
            (taken(&places, &one, 0), taken(&places, &one, 0), taken(&places, &two, 0));
        assert!(now(&mut gone).is_none() && now(&mut mine).is_none() && now(&mut theirs).is_none());
        drop(gone);
        drop(other);
        assert!(now(&mut mine).is_none(), "who has two of them waits");
        let theirs = now(&mut theirs).unwrap();
        held.pop();
        assert!(now(&mut mine).is_some());
        drop((held, theirs));
        assert_eq!(places.count(), (4, 4));
        assert!(places.state().plugins.is_empty());
    }

    #[test]
    fn a_place_that_was_given_to_who_just_left_is_not_lost() {
        let (shares, places) = (Shares::default(), Places::new(2, 2));
        let one = shares.of("one", 1);
        let held = now(&mut taken(&places, &one, 0)).unwrap();
        let mut waiting = taken(&places, &one, 0);
        assert!(now(&mut waiting).is_none());
        drop(held);
        drop(waiting);
        assert_eq!(places.count(), (2, 2));
    }
}
