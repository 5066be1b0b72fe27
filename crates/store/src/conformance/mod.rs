//! The promises of a store, one function each: every engine is held to all of them.
//!
//! [`promises`] are kept by every engine, [`durable_promises`] by those that outlive their process, and [`crash`] is the
//! workload of a process that is killed. The suite knows the border alone, no engine.
#![expect(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "it is a suite of tests: a promise has a name that says it, and stops at what surprises it"
)]

mod bypasses;
mod caches;
mod claims;
mod commits;
pub mod crash;
mod eviction;
mod expiry;
pub mod light_logins;
mod lists;
mod orders;
mod plugins;
pub mod records;
mod restarts;
mod revisions;
mod stopped;

use crate::api::Store;
use std::pin::Pin;
use std::sync::Arc;

type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An engine under test.
pub trait Engine: Send + Sync {
    /// Opens the store: an empty one the first time, and from then on what it holds.
    fn open(&self) -> Arc<dyn Store>;
}

/// A promise and its name, kept by a store that is empty.
pub type Promise = (&'static str, fn(Arc<dyn Store>) -> Running);

/// A promise about what a store holds when it is opened again.
pub type DurablePromise = (&'static str, fn(Arc<dyn Engine>) -> Running);

macro_rules! table {
    ($subject:ty: $($module:ident { $($promise:ident)+ })+) => {
        vec![$($((
            concat!(stringify!($module), "::", stringify!($promise)),
            (|subject: $subject| Box::pin($module::$promise(subject)) as Running) as fn($subject) -> Running,
        )),+),+]
    };
}

/// What every engine promises.
pub fn promises() -> Vec<Promise> {
    [login_promises(), other_promises()].concat()
}

fn login_promises() -> Vec<Promise> {
    table! { Arc<dyn Store>:
        commits {
            what_was_written_is_read
            an_expectation_that_fails_writes_nothing_at_all
            rotating_writes_both_sessions_or_none
            of_a_hundred_parallel_consumers_one_wins
            of_many_at_once_each_login_has_one_winner
            a_login_begins_once
            batched_logins_are_read_at_once
            a_batched_login_sees_that_its_session_changed
            a_session_is_as_it_was_answered_last
            records_of_all_sizes_round_trip
            the_commit_clock_never_goes_back
        }
        claims {
            whoever_begins_a_login_holds_its_claim
            a_claim_of_another_login_is_none
        }
        eviction {
            a_tenant_has_so_many_suspended_logins
            a_user_has_so_many_records
            the_oldest_is_evicted
            finished_and_expired_logins_take_no_place
            suspending_again_keeps_the_place_and_never_evicts_itself
            a_clock_that_is_not_settled_forgets_no_place
        }
        light_logins {
            an_appended_login_is_read_at_once
            an_appended_login_may_be_written_again
            a_light_login_sees_that_its_session_changed
            a_claim_of_another_login_appends_nothing
            light_logins_stand_in_the_lists_with_the_others
        }
        lists {
            a_users_logins_come_newest_first_page_by_page_and_go_with_the_sweep
            pages_cover_everything_of_a_tenant_once
        }
    }
}

fn other_promises() -> Vec<Promise> {
    table! { Arc<dyn Store>:
        bypasses {
            of_two_logins_one_uses_it_and_the_other_writes_nothing
            one_that_is_anothers_unknown_expired_or_revoked_cannot_be_used
            a_login_that_changed_uses_nothing_up
            a_used_one_is_kept_for_the_audit_and_cannot_be_revoked
            a_user_has_so_many_at_a_time_and_expired_ones_make_room
            expired_ones_are_swept
            a_clock_that_is_not_settled_deletes_none
        }
        caches {
            two_logins_at_the_same_time_lose_nothing_but_a_common_key
            a_cache_stays_within_its_limit
            a_commit_that_fails_changes_no_cache
            expired_values_are_swept
            a_clock_that_is_not_settled_deletes_no_value
        }
        expiry {
            logins_go_in_small_parts
            batched_logins_go_as_they_say_themselves
            a_session_in_use_stays
            a_tombstone_outlives_its_logins
        }
        orders {
            orders_are_never_lost_to_another_writer
            a_host_follows_orders_by_their_version
            a_commit_knows_the_orders_or_comes_before_them
        }
        plugins {
            plugins_are_kept_by_their_digest
            plugins_are_listed_and_removed
            uploads_are_a_tenants_own_and_counted
        }
        revisions {
            the_same_content_keeps_its_number
            a_revision_goes_when_its_time_is_over
            the_active_revision_changes_by_compare_and_set
            several_tenants_are_activated_together_or_not_at_all
            the_active_revision_is_never_swept
        }
        stopped {
            a_store_that_was_shut_down_answers_no_more
        }
    }
}

/// What engines promise that outlive their process.
pub fn durable_promises() -> Vec<DurablePromise> {
    table! { Arc<dyn Engine>:
        restarts {
            logins_and_sessions_are_there
            batched_logins_survive_a_stop
            large_and_shrunk_records_are_there
            the_list_of_open_logins_is_there
            used_bypasses_stay_used
            caches_are_there
            orders_are_there
            revisions_keep_their_numbers_and_the_active_one
            the_commit_clock_and_the_epoch_stay
        }
    }
}
