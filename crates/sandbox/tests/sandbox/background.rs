//! Runs of plugins that spent their budget are done in the background, where the program has threads for it.

use crate::guests;
use crate::hostile::on_login;
use crate::support::{input, with};
use postlude_model::decision::Decision;
use postlude_model::run::{Ending, Report, RunInput, Usage};
use postlude_sandbox::{Plugin, Sandbox, SandboxConfig};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A sandbox with a background that counts what is done there.
fn with_background() -> (Sandbox, Arc<AtomicUsize>) {
    let sandbox = Sandbox::new(SandboxConfig { cores: 1, ..SandboxConfig::default() }).unwrap();
    let spawned = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&spawned);
    assert!(sandbox.use_background(Arc::new(move |work| {
        counted.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(work);
    })));
    assert!(!sandbox.use_background(Arc::new(|_| {})), "the first ones stay");
    (sandbox, spawned)
}

fn spinner(sandbox: &Sandbox) -> Plugin {
    sandbox.load(&guests::plugin(&on_login("(loop (br 0))")).unwrap()).unwrap()
}

fn budget(fuel: u64) -> RunInput {
    with(input(), |action| action.spec.budget.fuel = fuel)
}

fn timeless(report: Report) -> Report {
    Report { usage: Usage { waited: Duration::ZERO, duration: Duration::ZERO, ..report.usage }, ..report }
}

/// P25.
#[tokio::test]
async fn who_spent_its_budget_runs_in_the_background_and_others_do_not() {
    let (sandbox, spawned) = with_background();
    let (spinner, kind) = (spinner(&sandbox), sandbox.load(&guests::plugin("").unwrap()).unwrap());
    let first = sandbox.run(&spinner, budget(5_000_000)).await;
    assert_eq!(spawned.load(Ordering::SeqCst), 0, "nothing was known of it");
    let second = sandbox.run(&spinner, budget(5_000_000)).await;
    assert_eq!(spawned.load(Ordering::SeqCst), 1);
    assert_eq!(timeless(first), timeless(second), "a plugin cannot tell");
    assert_eq!(sandbox.run(&kind, input()).await.ending, Ending::Decided(Decision::Continue));
    assert_eq!(spawned.load(Ordering::SeqCst), 1);
}

/// P24.
#[tokio::test]
async fn a_run_in_the_background_ends_with_its_caller() {
    let (sandbox, spawned) = with_background();
    let spinner = spinner(&sandbox);
    sandbox.run(&spinner, budget(1_000_000)).await;
    let share = sandbox.share("loud", 1);
    for _ in 0..20 {
        let run = sandbox.run_for(&share, &spinner, Box::new(budget(u64::MAX / 4)));
        assert!(tokio::time::timeout(Duration::from_millis(2), run).await.is_err());
    }
    assert_eq!(spawned.load(Ordering::SeqCst), 20);
    let given_back = async {
        while sandbox.places().0 != sandbox.places().1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), given_back).await.unwrap();
    let runs: usize = sandbox.uses().iter().map(|tenant| tenant.runs).sum();
    assert_eq!(runs, 0, "each was counted once, and is no more");
}

/// A background that ends takes its runs with it: they got no turn.
#[tokio::test]
async fn a_run_whose_thread_is_gone_is_not_run() {
    let sandbox = Sandbox::new(SandboxConfig { cores: 1, ..SandboxConfig::default() }).unwrap();
    sandbox.use_background(Arc::new(drop));
    let spinner = spinner(&sandbox);
    sandbox.run(&spinner, budget(1_000_000)).await;
    assert_eq!(sandbox.run(&spinner, budget(1_000_000)).await.ending, Ending::Busy);
}
