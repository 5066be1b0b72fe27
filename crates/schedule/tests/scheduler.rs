//! The scheduler as its callers see it: order, fairness, limits, and what happens when a caller goes away.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests stop at what surprises them"
)]

use postlude_schedule::{Job, Lane, Late, Limits, RunClock, Scheduler, Share, enter_core};
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, Instant};

type Work = Box<dyn FnOnce() + Send>;

struct Call(Work);

impl Job for Call {
    type Output = ();
    fn run(self) {
        (self.0)();
    }
}

const LIMITS: Limits = Limits { places: 8, plugin_places: 4, max_wait: Duration::from_secs(60), max_runs: 1000 };

fn scheduler(limits: Limits) -> Arc<Scheduler<Call>> {
    Arc::new(Scheduler::new(1, 1, limits))
}

fn clock() -> RunClock {
    RunClock::start(Duration::from_secs(60))
}

async fn job(
    scheduler: &Scheduler<Call>,
    share: &Share,
    lane: Lane,
    work: impl FnOnce() + Send + 'static,
) -> Result<(), Late> {
    scheduler.admit(share)?.job(lane, &clock(), Call(Box::new(work))).await
}

/// Burns a core for a while, as a guest does.
fn burn(time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// A guest that never ends: each poll burns a slice.
async fn endless(slice: Duration) {
    poll_fn(|context| {
        burn(slice);
        context.waker().wake_by_ref();
        Poll::<()>::Pending
    })
    .await;
}

/// Runs a task on the thread of a core.
fn on_core(task: impl Future<Output = ()> + Send + 'static) {
    let core = std::thread::spawn(|| {
        enter_core(0);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { tokio::spawn(task).await.unwrap() });
    });
    core.join().unwrap();
}

#[test]
fn a_core_looks_for_what_arrived_between_two_turns() {
    on_core(watch_the_clock());
}

/// Endless guests hand their turns to one another; a timer, which the runtime looks at as it looks at its connections, is kept.
async fn watch_the_clock() {
    let scheduler = scheduler(Limits { places: 400, plugin_places: 400, ..LIMITS });
    let share = scheduler.share("loud", 1);
    for _ in 0..20 {
        let (scheduler, share) = (Arc::clone(&scheduler), share.clone());
        tokio::spawn(async move {
            let (admitted, clock) = (scheduler.admit(&share).unwrap(), clock());
            admitted.slices(Lane::Usual, &clock, endless(Duration::from_millis(1))).await
        });
    }
    let mut late = Vec::new();
    for _ in 0..20 {
        let began = Instant::now();
        tokio::time::sleep(Duration::from_millis(1)).await;
        late.push(began.elapsed());
    }
    late.sort();
    // Every 61 polls, as by default, would be 61 ms.
    assert!(late[10] < Duration::from_millis(20), "{late:?}");
}

#[tokio::test]
async fn jobs_that_are_due_are_done_one_after_the_other() {
    let (scheduler, log) = (scheduler(LIMITS), Arc::new(Mutex::new(Vec::new())));
    let share = scheduler.share("acme", 1);
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let (scheduler, share, log) = (Arc::clone(&scheduler), share.clone(), Arc::clone(&log));
            tokio::spawn(async move {
                let in_job = Arc::clone(&log);
                job(&scheduler, &share, Lane::Usual, move || in_job.lock().unwrap().push(("job", number)))
                    .await
                    .unwrap();
                log.lock().unwrap().push(("after", number));
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let log = log.lock().unwrap();
    let (jobs, after): (Vec<_>, Vec<_>) = (log[..8].to_vec(), log[8..].to_vec());
    assert_eq!(jobs, (0..8).map(|n| ("job", n)).collect::<Vec<_>>());
    assert!(after.iter().all(|(what, _)| *what == "after"));
}

#[test]
fn a_cohort_ends_so_that_other_tasks_go_on() {
    on_core(jobs_of_two_milliseconds());
}

async fn jobs_of_two_milliseconds() {
    let (scheduler, done) = (scheduler(LIMITS), Arc::new(AtomicUsize::new(0)));
    let share = scheduler.share("acme", 1);
    let spawn = || {
        let (scheduler, share, done) = (Arc::clone(&scheduler), share.clone(), Arc::clone(&done));
        tokio::spawn(async move {
            let in_job = Arc::clone(&done);
            let work = move || {
                burn(Duration::from_millis(2));
                in_job.fetch_add(1, Ordering::SeqCst);
            };
            job(&scheduler, &share, Lane::Usual, work).await.unwrap();
        })
    };
    let tasks: Vec<_> = (0..20).map(|_| spawn()).collect();
    let mut seen = Vec::new();
    while done.load(Ordering::SeqCst) < 20 {
        seen.push(done.load(Ordering::SeqCst));
        tokio::task::yield_now().await;
    }
    seen.dedup();
    assert!(seen.len() > 10, "another task was polled between the jobs: {seen:?}");
    for task in tasks {
        task.await.unwrap();
    }
}

/// T04.
#[tokio::test]
async fn a_quiet_tenant_comes_before_endless_guests_of_another() {
    let scheduler = scheduler(Limits { places: 400, plugin_places: 400, ..LIMITS });
    let (loud, quiet) = (scheduler.share("loud", 1), scheduler.share("quiet", 1));
    let guests: Vec<_> = (0..150)
        .map(|_| {
            let (scheduler, loud) = (Arc::clone(&scheduler), loud.clone());
            tokio::spawn(async move {
                let admitted = scheduler.admit(&loud).unwrap();
                let clock = RunClock::start(Duration::from_secs(3600));
                let _place = admitted.place(7, &clock).await.unwrap();
                admitted.slices(Lane::Usual, &clock, endless(Duration::from_micros(200))).await
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut waits = Vec::new();
    for _ in 0..40 {
        let (scheduler, quiet, began) = (Arc::clone(&scheduler), quiet.clone(), Instant::now());
        // In a task of its own: the test's is polled rarely.
        let run = async move {
            job(&scheduler, &quiet, Lane::Usual, || burn(Duration::from_micros(20))).await.map(|()| began.elapsed())
        };
        waits.push(tokio::spawn(run).await.unwrap().unwrap());
    }
    waits.sort();
    // One of the other tenant's slices at most comes before it: 150 of them would take 30 ms.
    assert!(waits[20] < Duration::from_millis(5), "{waits:?}");
    let uses = scheduler.uses();
    assert!(uses[0].name == "loud" && uses[0].core_time > uses[1].core_time && uses[0].places == 150, "{uses:?}");
    for guest in &guests {
        guest.abort();
    }
    for guest in guests {
        assert!(guest.await.unwrap_err().is_cancelled());
    }
    assert_eq!(scheduler.places(), (400, 400), "aborted guests left their places");
    job(&scheduler, &quiet, Lane::Usual, || {}).await.unwrap();
}

#[tokio::test]
async fn a_future_is_polled_in_turns_until_it_is_ready() {
    let scheduler = scheduler(LIMITS);
    let share = scheduler.share("acme", 1);
    let (admitted, clock) = (scheduler.admit(&share).unwrap(), clock());
    let mut polls = 0;
    let answer = admitted
        .slices(
            Lane::Usual,
            &clock,
            poll_fn(|context| {
                polls += 1;
                context.waker().wake_by_ref();
                if polls == 5 { Poll::Ready(42) } else { Poll::Pending }
            }),
        )
        .await;
    assert_eq!((answer, polls), (Ok(42), 5));
    let waits = admitted.slices(Lane::Usual, &clock, tokio::time::sleep(Duration::from_millis(5))).await;
    assert_eq!(waits, Ok(()));
}

#[tokio::test]
async fn a_run_has_its_own_time_and_its_waiting_does_not_count() {
    let scheduler = scheduler(LIMITS);
    let share = scheduler.share("acme", 1);
    let admitted = scheduler.admit(&share).unwrap();
    let never = std::future::pending::<()>();
    let clock = RunClock::start(Duration::from_millis(50));
    let began = tokio::time::Instant::now();
    assert_eq!(admitted.slices(Lane::Usual, &clock, never).await, Err(Late::TimedOut));
    assert!(began.elapsed() >= Duration::from_millis(50) && clock.took() >= Duration::from_millis(50));
    assert_eq!(
        admitted.slices(Lane::Usual, &RunClock::start(Duration::ZERO), endless(Duration::ZERO)).await,
        Err(Late::TimedOut)
    );
}

#[tokio::test]
async fn who_waits_too_long_is_told_so() {
    let scheduler = scheduler(Limits { max_wait: Duration::from_millis(20), places: 2, plugin_places: 2, ..LIMITS });
    let share = scheduler.share("acme", 1);
    let slow = {
        let (scheduler, share) = (Arc::clone(&scheduler), share.clone());
        tokio::spawn(async move { job(&scheduler, &share, Lane::Usual, || burn(Duration::from_millis(60))).await })
    };
    tokio::task::yield_now().await;
    let late = job(&scheduler, &share, Lane::Usual, || panic!("it came too late to run"));
    assert_eq!(late.await, Err(Late::Waited));
    assert_eq!(slow.await.unwrap(), Ok(()));

    let admitted = scheduler.admit(&share).unwrap();
    let clock = clock();
    let _held = admitted.place(1, &clock).await.unwrap();
    assert_eq!(admitted.place(1, &clock).await.unwrap_err(), Late::Waited);
    // Runs that came together give up up to a quarter of `max_wait` apart (ADR 50).
    assert!(clock.waited() >= Duration::from_millis(15), "waiting for a place is counted: {:?}", clock.waited());
}

#[tokio::test]
async fn a_tenant_has_so_many_runs_and_no_more() {
    let scheduler = scheduler(Limits { max_runs: 2, ..LIMITS });
    let (share, other) = (scheduler.share("acme", 1), scheduler.share("other", 1));
    let held = [scheduler.admit(&share).unwrap(), scheduler.admit(&share).unwrap()];
    assert_eq!(scheduler.admit(&share).err(), Some(Late::Full));
    assert!(scheduler.admit(&other).is_ok());
    drop(held);
    assert!(scheduler.admit(&share).is_ok());
}

#[tokio::test]
async fn a_job_that_panics_fails_alone() {
    let scheduler = scheduler(LIMITS);
    let share = scheduler.share("acme", 1);
    let spawn = |fails: bool| {
        let (scheduler, share) = (Arc::clone(&scheduler), share.clone());
        tokio::spawn(async move { job(&scheduler, &share, Lane::Usual, move || assert!(!fails, "a defect")).await })
    };
    let (one, broken, two) = (spawn(false), spawn(true), spawn(false));
    assert_eq!((one.await.unwrap(), two.await.unwrap()), (Ok(()), Ok(())));
    assert!(broken.await.unwrap_err().is_panic());
    assert_eq!(job(&scheduler, &share, Lane::Usual, || {}).await, Ok(()));
}

#[tokio::test]
async fn a_future_that_panics_in_its_turn_passes_the_turn_on() {
    let scheduler = scheduler(LIMITS);
    let share = scheduler.share("acme", 1);
    let broken = {
        let (scheduler, share) = (Arc::clone(&scheduler), share.clone());
        tokio::spawn(async move {
            let admitted = scheduler.admit(&share).unwrap();
            admitted.slices(Lane::Usual, &clock(), poll_fn(|_| -> Poll<()> { panic!("a defect") })).await
        })
    };
    tokio::task::yield_now().await;
    assert_eq!(job(&scheduler, &share, Lane::Usual, || {}).await, Ok(()));
    assert!(broken.await.unwrap_err().is_panic());
}

/// Whoever is dropped, and whenever: the others get their turns. Four threads, each with a runtime of its own, share two queues.
#[test]
fn tickets_that_are_dropped_anywhere_hold_nobody_up() {
    let scheduler = Arc::new(Scheduler::<Call>::new(2, 2, Limits { max_runs: 100_000, ..LIMITS }));
    let shares: Vec<_> = (0..3).map(|n| scheduler.share(&format!("tenant-{n}"), n + 1)).collect();
    let (computing, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let threads: Vec<_> = (0..4)
        .map(|seed: usize| {
            let (scheduler, shares) = (Arc::clone(&scheduler), shares.clone());
            let (computing, most) = (Arc::clone(&computing), Arc::clone(&most));
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(run_and_drop(seed, scheduler, shares, computing, most));
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(most.load(Ordering::SeqCst) <= 2, "{most:?} guests computed on two cores");
    assert_eq!(scheduler.places(), (8, 8));
    assert!(scheduler.uses().iter().all(|one| one.runs == 0));
}

async fn run_and_drop(
    seed: usize,
    scheduler: Arc<Scheduler<Call>>,
    shares: Vec<Share>,
    computing: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
) {
    let mut random = seed as u64 + 1;
    let mut next = move |below: u64| {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (random >> 33) % below
    };
    let compute = move || {
        let now = computing.fetch_add(1, Ordering::SeqCst) + 1;
        most.fetch_max(now, Ordering::SeqCst);
        burn(Duration::from_micros(3));
        computing.fetch_sub(1, Ordering::SeqCst);
    };
    let mut tasks = Vec::new();
    for _ in 0..400 {
        let (scheduler, share, compute) = (Arc::clone(&scheduler), shares[next(3) as usize].clone(), compute.clone());
        let lane = if next(2) == 0 { Lane::Usual } else { Lane::Behind };
        let (slices, give_up, plugin) = (next(3), next(4) == 0, next(5));
        let run = async move {
            let admitted = scheduler.admit(&share).unwrap();
            let clock = clock();
            if slices == 0 {
                return admitted.job(lane, &clock, Call(Box::new(compute))).await;
            }
            let _place = admitted.place(plugin, &clock).await?;
            let mut left = slices * 3;
            let guest = poll_fn(move |context| {
                compute();
                left -= 1;
                context.waker().wake_by_ref();
                if left == 0 { Poll::Ready(()) } else { Poll::Pending }
            });
            admitted.slices(lane, &clock, guest).await
        };
        let patience = Duration::from_micros(next(200));
        tasks.push((
            give_up,
            tokio::spawn(async move {
                if give_up { tokio::time::timeout(patience, run).await.unwrap_or(Ok(())) } else { run.await }
            }),
        ));
        if next(4) == 0 {
            tokio::task::yield_now().await;
        }
        if next(10) == 0 {
            tasks[next(tasks.len() as u64) as usize].1.abort();
        }
    }
    let all = async {
        for (_, task) in tasks {
            match task.await {
                Ok(result) => assert_eq!(result, Ok(())),
                Err(why) => assert!(why.is_cancelled(), "{why}"),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.expect("somebody never got a turn");
}
