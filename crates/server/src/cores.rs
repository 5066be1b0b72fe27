//! The threads that serve connections: one for each core, with a runtime of its own.
//!
//! A connection stays on the core that it was dealt to, and its logins' runs are done there: nothing that a login needs is moved
//! between processors, and the runs that are due can be done one after the other (`postlude-schedule`).

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Bytes of a core's stack. Short runs are done on it: 512 KiB of wasm, and below it the host's functions.
const STACK_BYTES: usize = 4 << 20;

/// Polls of tasks between two looks at the sockets. Tokio's own 61 is for tasks of a microsecond; a run has ten to two hundred.
const POLLS_BETWEEN_LOOKS: u32 = 16;

/// The cores.
#[derive(Debug)]
pub(crate) struct Cores {
    cores: Vec<Core>,
    /// Threads for what is done when no core wants the processor: one for each core.
    background: Vec<Thread>,
}

#[derive(Debug)]
struct Core {
    thread: Thread,
    connections: Arc<AtomicUsize>,
}

/// A thread with a runtime of its own.
#[derive(Debug)]
struct Thread {
    runtime: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Cores {
    /// Starts so many.
    ///
    /// # Errors
    /// When the system refuses a thread, or what its runtime needs.
    pub(crate) fn start(count: usize) -> io::Result<Self> {
        let cores = (0..count.max(1)).map(Core::start).collect::<io::Result<_>>()?;
        let background = |number| {
            Thread::start(format!("background-{number}"), move || {
                postlude_host::enter_background(number);
                let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
                let set = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy);
                if let Err(why) = set {
                    tracing::warn!(
                        ?why,
                        "the system does not let a thread run on idle processors only; long runs compete with logins"
                    );
                }
            })
        };
        Ok(Self { cores, background: (0..count.max(1)).map(background).collect::<io::Result<_>>()? })
    }

    /// The runtimes of the threads that compute in the background.
    pub(crate) fn background(&self) -> Vec<Handle> {
        self.background.iter().map(|thread| thread.runtime.clone()).collect()
    }

    /// Serves a connection on the core that has the fewest.
    ///
    /// # Errors
    /// When the socket cannot be moved to another runtime.
    pub(crate) fn serve<F: Future<Output = ()> + Send>(
        &self,
        stream: TcpStream,
        connection: impl FnOnce(TcpStream) -> F + Send + 'static,
    ) -> io::Result<()> {
        let Some(core) = self.cores.iter().min_by_key(|core| core.connections.load(Ordering::Relaxed)) else {
            return Ok(());
        };
        // A socket belongs to the runtime that polls it.
        let stream = stream.into_std()?;
        let counted = Counted::new(&core.connections);
        core.thread.runtime.spawn(async move {
            let _counted = counted;
            match TcpStream::from_std(stream) {
                Ok(stream) => connection(stream).await,
                Err(why) => tracing::warn!(cause = %why, "a connection was not served"),
            }
        });
        Ok(())
    }

    /// Ends the threads. What still runs on them is dropped.
    pub(crate) fn stop(self) {
        let mut all: Vec<_> = self.cores.into_iter().map(|core| core.thread).chain(self.background).collect();
        for thread in &mut all {
            drop(thread.stop.take());
        }
        for thread in all.iter_mut().filter_map(|thread| thread.thread.take()) {
            // A core that panicked has said so.
            let _ = thread.join();
        }
    }
}

impl Core {
    fn start(number: usize) -> io::Result<Self> {
        let thread = Thread::start(format!("core-{number}"), move || postlude_host::enter_core(number))?;
        Ok(Self { thread, connections: Arc::default() })
    }
}

impl Thread {
    /// Starts a thread, which does `first` before anything else.
    fn start(name: String, first: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().event_interval(POLLS_BETWEEN_LOOKS).build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let handle = runtime.handle().clone();
        let thread = thread::Builder::new().name(name).stack_size(STACK_BYTES).spawn(move || {
            first();
            // The sender says nothing: it is dropped.
            let _ = runtime.block_on(stopped);
        })?;
        Ok(Self { runtime: handle, stop: Some(stop), thread: Some(thread) })
    }
}

/// A connection that is counted to its core until it ends.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(connections: &Arc<AtomicUsize>) -> Self {
        connections.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(connections))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;
    use std::sync::Mutex;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn connections_go_to_the_core_with_the_fewest() {
        let cores = Cores::start(2).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let served: Arc<Mutex<HashMap<String, usize>>> = Arc::default();
        let mut clients = Vec::new();
        for _ in 0..6 {
            clients.push(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
            let (stream, _) = listener.accept().await.unwrap();
            let served = Arc::clone(&served);
            let serve = async move |stream: TcpStream| {
                let name = thread::current().name().unwrap().to_owned();
                *served.lock().unwrap().entry(name).or_default() += 1;
                // Until its client goes away.
                stream.readable().await.unwrap();
            };
            cores.serve(stream, serve).unwrap();
        }
        while served.lock().unwrap().values().sum::<usize>() < 6 {
            tokio::task::yield_now().await;
        }
        let served = served.lock().unwrap().clone();
        assert_eq!(served, HashMap::from([("core-0".to_owned(), 3), ("core-1".to_owned(), 3)]));
        drop(clients);
        cores.stop();
    }
}
