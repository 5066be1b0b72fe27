//! Logins while a plugin is swapped, beside the same logins in quiet: none may fail, none be answered by a mixture of versions, and
//! the slowest hundredth may take twice as long.

use anyhow::{Result, ensure};
use clap::Parser;
use postlude_testkit::Postlude;
use postlude_testkit::swap::{self, SwapClient, deploy, versioned};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How much slower the slowest hundredth may be while plugins are swapped.
const SLOWER: f64 = 2.0;

/// Logins under swaps of a plugin, in a server process of its own.
#[derive(Debug, Clone, Parser)]
struct Args {
    /// Clients that log in, one login after the other each
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// Seconds of load with swaps; the quiet ones before are a quarter of it
    #[arg(long, default_value_t = 120)]
    seconds: u64,
    /// Milliseconds between two swaps
    #[arg(long, default_value_t = 1000)]
    every: u64,
    /// Milliseconds that a client rests between two logins, so that calls do not only wait for each other
    #[arg(long, default_value_t = 400)]
    rest: u64,
}

fn main() -> Result<()> {
    let args = Args::parse();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run(args))
}

async fn run(args: Args) -> Result<()> {
    let builder = Postlude::builder().process().guest("versioned", versioned(0));
    let mut postlude = builder.after(&swap::tenant("versioned.wasm")).start().await;
    // The first logins of a process pay for its warming up.
    phase(&postlude, &args, Duration::from_secs(args.seconds / 12), false).await?;
    let quiet = phase(&postlude, &args, Duration::from_secs(args.seconds / 4), false).await?;
    let swapped = phase(&postlude, &args, Duration::from_secs(args.seconds), true).await?;
    let resident = postlude.resident_bytes() >> 20;
    postlude.stop().await;
    say(&format!("{:<22}{:>12}{:>12}", "", "quiet", "swapping"));
    row("logins", quiet.logins(), swapped.logins());
    row("failed", quiet.failed.len(), swapped.failed.len());
    row("mixtures of versions", quiet.mixtures, swapped.mixtures);
    row("swaps", quiet.swaps, swapped.swaps);
    row("versions that answered", quiet.versions.len(), swapped.versions.len());
    let mut worst: f64 = 0.0;
    for (name, of) in [("start", Phase::starts as fn(&Phase) -> &[Duration]), ("continue", Phase::finishes)] {
        for (percentile, part) in [("p50", 0.5), ("p99", 0.99), ("max", 1.0)] {
            let (before, during) = (millis(of(&quiet), part), millis(of(&swapped), part));
            say(&format!("{:<22}{before:>9.1} ms{during:>9.1} ms", format!("{name} {percentile}")));
            if percentile == "p99" {
                worst = worst.max(during / before);
            }
        }
    }
    say(&format!("p99 while swapping: {worst:.2} times the quiet one; the server has {resident} MiB"));
    swapped.failed.iter().take(5).for_each(|why| say(why));
    ensure!(quiet.failed.is_empty() && swapped.failed.is_empty(), "logins failed");
    ensure!(quiet.mixtures + swapped.mixtures == 0, "logins were answered by a mixture of versions");
    ensure!(swapped.versions.len() * 2 > swapped.swaps, "too few versions answered: the swaps did not take place");
    ensure!(worst <= SLOWER, "p99 is more than {SLOWER} times the quiet one");
    Ok(())
}

/// What the clients saw.
#[derive(Debug, Default)]
struct Phase {
    starts: Vec<Duration>,
    finishes: Vec<Duration>,
    failed: Vec<String>,
    mixtures: usize,
    swaps: usize,
    versions: BTreeSet<String>,
}

impl Phase {
    fn logins(&self) -> usize {
        self.finishes.len()
    }

    fn starts(&self) -> &[Duration] {
        &self.starts
    }

    fn finishes(&self) -> &[Duration] {
        &self.finishes
    }

    fn add(&mut self, other: Self) {
        self.starts.extend(other.starts);
        self.finishes.extend(other.finishes);
        self.failed.extend(other.failed);
        self.mixtures += other.mixtures;
        self.versions.extend(other.versions);
    }
}

async fn phase(postlude: &Postlude, args: &Args, lasts: Duration, swaps: bool) -> Result<Phase> {
    let stop = Arc::new(AtomicBool::new(false));
    let rest = Duration::from_millis(args.rest);
    let clients: Vec<_> = (0..args.clients)
        .map(|at| tokio::spawn(client(SwapClient::of(postlude), at, rest, Arc::clone(&stop))))
        .collect();
    let (began, mut all) = (Instant::now(), Phase::default());
    let mut clock = tokio::time::interval(Duration::from_millis(args.every));
    for version in 1_u32.. {
        clock.tick().await;
        if began.elapsed() >= lasts {
            break;
        }
        if swaps {
            deploy(&postlude.dir().join("versioned.wasm"), &versioned(version));
            postlude.hang_up().await;
            all.swaps += 1;
        }
    }
    stop.store(true, Ordering::SeqCst);
    for client in clients {
        all.add(client.await?);
    }
    all.starts.sort_unstable();
    all.finishes.sort_unstable();
    Ok(all)
}

async fn client(client: SwapClient, at: usize, rest: Duration, stop: Arc<AtomicBool>) -> Phase {
    let mut seen = Phase::default();
    for turn in 0_u64.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        if let Err(why) = login(&client, &format!("user-{at}-{turn}"), &mut seen).await {
            seen.failed.push(why);
        }
        tokio::time::sleep(rest).await;
    }
    seen
}

async fn login(client: &SwapClient, user: &str, seen: &mut Phase) -> Result<(), String> {
    let began = Instant::now();
    let open = client.start(user).await?;
    seen.starts.push(began.elapsed());
    let sealed = client.come_back(&open).await?;
    let began = Instant::now();
    let passed = client.resume(&open, &sealed).await?;
    seen.finishes.push(began.elapsed());
    if !passed.is_of_one_version() {
        seen.mixtures += 1;
    }
    seen.versions.insert(passed.on_login);
    Ok(())
}

/// The time within which a part of the sorted calls was answered.
fn millis(sorted: &[Duration], part: f64) -> f64 {
    let at = (sorted.len() as f64 * part).ceil() as usize;
    sorted.get(at.saturating_sub(1)).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
}

fn row(name: &str, quiet: usize, swapping: usize) {
    say(&format!("{name:<22}{quiet:>12}{swapping:>12}"));
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
