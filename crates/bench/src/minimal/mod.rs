//! The minimal server: what a login with a fresh factor needs and nothing else, as the ceiling that a server can be held against. A
//! current-thread runtime for each core serves the connections that are dealt to it.

mod journal;
mod login;
mod run_queue;
mod steps;

pub(crate) use steps::{Step, Steps};

use crate::bare::Bare;
use anyhow::{Context, Result};
use axum::serve::Listener;
use journal::Journal;
use login::{Core, Shared};
use run_queue::RunQueue;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Serves on a free port, which it prints, until its standard input closes.
pub(crate) fn serve(steps: &[Step], component: &Path, folder: &Path) -> Result<()> {
    let cores = std::thread::available_parallelism()?.get();
    let steps = Steps::new(steps);
    let bare = if steps.has(Step::Run) { Some(Bare::new(&std::fs::read(component)?)?) } else { None };
    let journal = Journal::start(folder, cores, steps.has(Step::Sync))?;
    let shared = Arc::new(Shared::new(steps, bare, journal)?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let mut dealt = Vec::new();
    for number in 0..cores {
        let (sender, streams) = unbounded_channel();
        dealt.push(sender);
        let shared = Arc::clone(&shared);
        let core = move || {
            if let Err(why) = serve_core(number, &shared, Dealt { streams, address }) {
                crate::report::print_line(&format!("a core of the minimal server ended: {why:#}"));
                std::process::exit(1);
            }
        };
        std::thread::Builder::new().name(format!("minimal-{number}")).spawn(core)?;
    }
    std::thread::Builder::new().name("minimal-accept".to_owned()).spawn(move || accept(&listener, &dealt))?;
    crate::report::print_line(&address.to_string());
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).context("the standard input cannot be read")?;
    Ok(())
}

/// Deals the connections out, in turn.
fn accept(listener: &TcpListener, dealt: &[UnboundedSender<TcpStream>]) {
    for (stream, core) in listener.incoming().zip(dealt.iter().cycle()) {
        // A connection that failed between two system calls is its client's concern.
        if let Ok(stream) = stream {
            drop(core.send(stream));
        }
    }
}

/// One core: its runtime, its connections, its queue of runs.
fn serve_core(number: usize, shared: &Arc<Shared>, listener: Dealt) -> Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let core = Arc::new(Core { number, shared: Arc::clone(shared), queue: RunQueue::default() });
        let draining = Arc::clone(&core);
        tokio::spawn(async move {
            if let Some(bare) = &draining.shared.bare {
                draining.queue.drain(bare).await;
            }
        });
        axum::serve(listener, login::router(core)).await?;
        Ok(())
    })
}

/// The connections that one core was dealt.
struct Dealt {
    streams: UnboundedReceiver<TcpStream>,
    address: SocketAddr,
}

impl Listener for Dealt {
    type Io = tokio::net::TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Some(stream) = self.streams.recv().await else { std::future::pending().await };
            let ready = stream.set_nonblocking(true).and_then(|()| stream.set_nodelay(true));
            let from = stream.peer_addr();
            if let (Ok(()), Ok(from), Ok(stream)) = (ready, from, tokio::net::TcpStream::from_std(stream)) {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        Ok(self.address)
    }
}
