//! Swaps under load: no login fails, none is answered by a mixture of versions, and memory stays flat.

use crate::reloads::{plugin, swapping};
use postlude_testkit::Postlude;
use postlude_testkit::swap::{SwapClient, deploy, swap_to, versioned};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const CLIENTS: usize = 8;
const LOAD: Duration = Duration::from_secs(10);

/// A short one; `make load` has the long one, with latencies.
#[tokio::test(flavor = "multi_thread")]
async fn logins_under_swaps_all_succeed_on_one_version_each() {
    let postlude = swapping().await;
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|at| tokio::spawn(client(SwapClient::of(&postlude), at, Arc::clone(&stop), Arc::clone(&done))))
        .collect();
    let (began, mut swaps) = (Instant::now(), 0);
    while began.elapsed() < LOAD {
        swaps += 1;
        deploy(&plugin(&postlude), &versioned(swaps));
        postlude.try_reload().await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    stop.store(true, Ordering::SeqCst);
    let mut versions = 0;
    for client in clients {
        versions = versions.max(client.await.unwrap());
    }
    assert!(
        done.load(Ordering::SeqCst) > CLIENTS * 3 && versions > 2,
        "{done:?} logins, {versions} versions: too few to prove"
    );
    let host = postlude.host();
    assert!(host.compiled_plugins() <= 3, "{} compiled plugins are left after {swaps} swaps", host.compiled_plugins());
}

/// Logs in until told to stop; returns how many versions it saw.
async fn client(client: SwapClient, at: usize, stop: Arc<AtomicBool>, done: Arc<AtomicUsize>) -> usize {
    let mut seen = std::collections::BTreeSet::new();
    for turn in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let open = client.start(&format!("user-{at}-{turn}")).await.unwrap();
        if turn % 3 == 0 {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        let passed = client.finish(&open).await.unwrap();
        assert!(passed.is_of_one_version(), "a mixture: {passed:?}");
        seen.insert(passed.on_login);
        done.fetch_add(1, Ordering::SeqCst);
    }
    seen.len()
}

const WARM_UP: u32 = 150;
const SWAPS: u32 = 1000;
/// What a thousand swaps may leave behind: 8 KiB each, for what the store keeps of a day's revisions. A plugin's code that was not freed would be
/// several times as much.
///
/// The allocator gives freed memory back to the system with a delay, and for a thread's own only when that thread frees again: resident
/// memory went up and down by 10 MiB and more with what else the machine did. The server of this test has no such delay, and what is
/// resident is what is in use: 130 to 135 MiB from the first hundred swaps to the last, on a loaded machine.
const GROWTH: u64 = 8 << 20;
/// How often a thousand swaps are tried: what leaks grows in each of them, and what a thread has not given back yet only once.
const STRETCHES: u32 = 3;

/// The least memory that the server has within a second: without what a reload or a collection needs for a moment.
async fn at_rest(postlude: &Postlude) -> u64 {
    let mut least = u64::MAX;
    for _ in 0..20 {
        least = least.min(postlude.resident_bytes());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    least
}

/// Memory is flat over a thousand swaps, with a login across every fiftieth of them.
#[tokio::test(flavor = "multi_thread")]
async fn memory_is_flat_over_a_thousand_swaps() {
    let mut postlude = Postlude::builder()
        .process()
        .variable("MIMALLOC_PURGE_DELAY", "0")
        .guest("versioned", versioned(0))
        .after(&postlude_testkit::swap::tenant("versioned.wasm"))
        .start()
        .await;
    let client = SwapClient::of(&postlude);
    let mut versions = 1_u32..;
    let mut swap = async |count: u32| {
        for version in versions.by_ref().take(count as usize) {
            let open = if version % 50 == 0 { Some(client.start("ana").await.unwrap()) } else { None };
            deploy(&plugin(&postlude), &versioned(version));
            swap_to(&postlude, &versioned(version)).await;
            if let Some(open) = open {
                assert!(client.finish(&open).await.unwrap().is_of_one_version());
            }
        }
        at_rest(&postlude).await
    };
    let mut seen = vec![swap(WARM_UP).await];
    for _ in 0..STRETCHES {
        let (before, now) = (seen.last().copied().unwrap(), swap(SWAPS).await);
        seen.push(now);
        if now < before + GROWTH {
            break;
        }
    }
    let grown: Vec<u64> = seen.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    assert!(grown.iter().any(|bytes| *bytes < GROWTH), "each {SWAPS} swaps left this many bytes behind: {grown:?}");
    println!("{seen:?} bytes after {WARM_UP} swaps, and after each {SWAPS} more");
    postlude.stop().await;
}
