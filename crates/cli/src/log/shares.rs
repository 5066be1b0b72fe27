//! Whose lines wait to be written: a tenant's flood must not push out the lines of the others.
//!
//! As long as the buffer is nearly empty everything is taken. Then a tenant may have as much of it waiting as is still free, as queues of
//! a switch share its memory (Choudhury and Hahne, "Dynamic queue length thresholds", 1998): one that floods gets half of what is
//! left, two get two thirds of it together, and there is always room for whoever has little to say. Nobody needs to know how many tenants
//! there are.

use std::collections::HashMap;

/// Bytes that may wait. What comes while a reader is slower than this is lost, and counted.
pub(super) const WAITING: usize = 1 << 20;

/// Bytes up to which nobody's lines are counted: an eighth of the buffer, more than the writer usually finds.
const UNSHARED: usize = WAITING / 8;

/// Whose a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner<'t> {
    /// The process's own, of no request: it may fill the buffer.
    Process,
    /// A request's of this tenant; empty where its caller is not known, so that strangers have a share as well.
    Request(&'t str),
}

/// What waits, by the tenant whose it is.
#[derive(Debug, Default)]
pub(super) struct Shares {
    held: HashMap<Box<str>, usize>,
    lost: HashMap<Box<str>, u64>,
}

impl Shares {
    /// Whether a line has a place beside so many bytes that wait; else it is counted as lost.
    pub(super) fn admit(&mut self, owner: Owner<'_>, waiting: usize, line: usize) -> bool {
        let free = WAITING.saturating_sub(waiting);
        let admitted = match owner {
            _ if line > free => false,
            Owner::Request(tenant) if waiting >= UNSHARED => {
                let held = self.held.get(tenant).copied().unwrap_or_default();
                let fits = held.saturating_add(line) <= free;
                if fits {
                    change(&mut self.held, tenant, |held| held.saturating_add(line));
                }
                fits
            }
            _ => true,
        };
        if !admitted {
            let tenant = if let Owner::Request(tenant) = owner { tenant } else { "" };
            change(&mut self.lost, tenant, |lost| lost.saturating_add(1));
        }
        admitted
    }

    /// What waited was taken; the lines that were lost meanwhile, by tenant, in the order of their names.
    pub(super) fn take(&mut self) -> Vec<(Box<str>, u64)> {
        self.held.clear();
        let mut lost: Vec<_> = self.lost.drain().collect();
        lost.sort();
        lost
    }
}

/// Changes a tenant's number; its name is copied only where it is not there yet.
fn change<N: Default + Copy>(of: &mut HashMap<Box<str>, N>, tenant: &str, change: impl FnOnce(N) -> N) {
    match of.get_mut(tenant) {
        Some(number) => *number = change(*number),
        None => drop(of.insert(tenant.into(), change(N::default()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: usize = 1024;

    /// How many lines of each owner have a place, one of each in turn, until none has.
    fn fill(owners: &[Owner<'_>], shares: &mut Shares, waiting: &mut usize) -> Vec<usize> {
        let mut taken = vec![0; owners.len()];
        for _ in 0..2 * WAITING / LINE {
            for (owner, taken) in owners.iter().zip(&mut taken) {
                if shares.admit(*owner, *waiting, LINE) {
                    *waiting += LINE;
                    *taken += LINE;
                }
            }
        }
        taken
    }

    /// P15: floods share what there is, and leave room.
    #[test]
    fn floods_leave_room_for_whoever_has_little_to_say() {
        let names: Vec<_> = (0..20).map(|number| format!("tenant-{number}")).collect();
        for floods in [1, 2, 5, 20] {
            let (mut shares, mut waiting) = (Shares::default(), 0);
            let owners: Vec<_> = names[..floods].iter().map(|name| Owner::Request(name)).collect();
            let taken = fill(&owners, &mut shares, &mut waiting);
            let shared = WAITING - UNSHARED;
            let free = WAITING - waiting;
            assert!(free.abs_diff(shared / (floods + 1)) <= floods * LINE, "{free} of {shared} beside {floods}");
            assert!(taken.iter().max().unwrap() - taken.iter().min().unwrap() <= 2 * LINE, "{taken:?}");
            // Whoever comes now has as much as is then left.
            let one = fill(&[Owner::Request("quiet")], &mut shares, &mut waiting);
            assert!(one[0].abs_diff(free / 2) <= LINE, "{one:?} of {free}");
            let rest = fill(&[Owner::Process], &mut shares, &mut waiting);
            assert!(rest[0] > 0 && WAITING - waiting < LINE, "the process's own lines may fill it");
        }
    }

    #[test]
    fn what_is_lost_is_counted_by_tenant_and_a_new_buffer_is_everyones() {
        let (mut shares, mut waiting) = (Shares::default(), 0);
        fill(&[Owner::Request("loud")], &mut shares, &mut waiting);
        assert!(!shares.admit(Owner::Request("loud"), waiting, LINE));
        assert!(shares.admit(Owner::Request(""), waiting, LINE));
        assert!(!shares.admit(Owner::Process, WAITING, 1) && !shares.admit(Owner::Request("quiet"), WAITING, 1));
        let lost = shares.take();
        let names: Vec<_> = lost.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["", "loud", "quiet"]);
        assert!(lost[0].1 == 1 && lost[1].1 > 1000 && lost[2].1 == 1, "{lost:?}");
        assert!(shares.take().is_empty() && shares.held.is_empty());
        assert!(shares.admit(Owner::Request("loud"), 0, LINE));
    }
}
