//! Reads, on threads that must not wait for the disk.
//!
//! A read is done on the thread of its caller, which serves all connections of a core: usually it finds what it wants in memory. It could
//! wait for the writer, whose batch is being applied, or for a page that the engine has to write before it can read it again. So a read
//! that might wait for a disk that is slow at the moment is done on a thread for what blocks, and is given up like any other call.

use super::database::Database;
use super::opened::Open;
use super::records::failed;
use crate::api::StoreError;
use crate::disk_watch;
use std::sync::Arc;
use std::time::Duration;

/// The writer's call to the disk that takes longer than that may hang. A sync takes less on a disk that is well.
const SLOW: Duration = Duration::from_millis(50);

/// How long a thread that serves connections waits for a batch to be applied, which takes some hundred microseconds.
const BATCH: Duration = Duration::from_millis(2);

/// How what stands under a key is read.
pub(super) type Read<T> = fn(&Database, &[u8]) -> Result<T, StoreError>;

/// Whether a read could wait for the disk.
pub(super) fn may_wait(open: &Open) -> bool {
    open.sync_state.disk.takes() >= SLOW || !open.database.records.are_free_within(BATCH)
}

/// Reads what stands under a key, once the disk has it.
pub(super) async fn read<T: Send + 'static>(open: &Arc<Open>, key: &[u8], read: Read<T>) -> Result<T, StoreError> {
    if !may_wait(open) {
        return open.sync_state.durable(key, || read(&open.database, key)).await;
    }
    let owned = key.to_vec();
    let reading = elsewhere(Arc::clone(open), move |database| read(database, &owned));
    open.sync_state.durable_when(key, reading).await
}

/// Reads on a thread for what blocks, for as long as a disk may take.
pub(super) async fn elsewhere<T: Send + 'static>(
    open: Arc<Open>,
    read: impl FnOnce(&Database) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let reading = tokio::task::spawn_blocking(move || read(&open.database));
    match tokio::time::timeout(disk_watch::HANGS, reading).await {
        Ok(read) => read.map_err(failed)?,
        Err(_) => Err(StoreError::Failed(disk_watch::hanging(disk_watch::HANGS))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::RecordMac;
    use crate::sled::SledOptions;
    use crate::sled::keeper;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc::channel;
    use std::time::Instant;

    #[derive(Debug)]
    struct NoMac;

    impl RecordMac for NoMac {
        fn tag(&self, _: &[u8]) -> [u8; 16] {
            [0; 16]
        }
        fn verify(&self, _: &[u8], _: &[u8; 16]) -> bool {
            true
        }
    }

    fn store(folder: &std::path::Path) -> crate::SledStore {
        let options = SledOptions::new(folder.join("data"), folder.join("high-water"), Arc::new(NoMac));
        keeper::open(options).unwrap()
    }

    /// Counts every 10 milliseconds how long the thread of the runtime is its tasks'.
    fn ticks() -> Arc<AtomicU32> {
        let ticks = Arc::<AtomicU32>::default();
        let counted = Arc::clone(&ticks);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(10)).await;
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        ticks
    }

    /// R07: the engine waits for the disk in the middle of a read, as for a page that it evicted and has not written. The reader is refused in
    /// time, and the one thread serves everything else meanwhile.
    #[tokio::test]
    #[expect(clippy::await_holding_lock, reason = "the lock stands for a page that the disk does not give back")]
    async fn a_read_that_waits_for_a_hanging_disk_is_refused_and_holds_nobody_up() {
        static PAGE: Mutex<()> = Mutex::new(());
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let open = store.opened().unwrap();
        let (answers, hangs) = channel::<()>();
        let watched = Arc::clone(&open.sync_state);
        let writer = std::thread::spawn(move || watched.disk.call(|| hangs.recv().is_ok()));
        while open.sync_state.disk.takes() < SLOW {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let page = PAGE.lock().unwrap();
        let (ticks, began) = (ticks(), Instant::now());
        let waits = |_: &Database, _: &[u8]| {
            drop(PAGE.lock().unwrap());
            Ok(())
        };
        let refused = store.read_with(b"Lx", waits).await.unwrap_err();
        assert!(refused.to_string().contains("the disk has not answered for 5 seconds"), "{refused}");
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
        let served = ticks.load(Ordering::SeqCst);
        assert!(served > 20, "the thread served others {served} times");
        // What needs no such page is read as ever.
        assert_eq!(store.read_with(b"Lx", |database, key| database.records.contains(key)).await, Ok(false));
        drop((page, answers));
        writer.join().unwrap();
    }

    /// R07: a batch that is being applied while the disk hangs holds the lock of the records.
    #[tokio::test]
    async fn a_batch_that_hangs_holds_no_reader_on_its_thread() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let open = store.opened().unwrap();
        let (held, is_held) = channel();
        let (answers, hangs) = channel::<()>();
        let records = open.database.records.clone();
        let writer = std::thread::spawn(move || {
            records.while_applying(|| {
                held.send(()).unwrap();
                let _ = hangs.recv();
            });
        });
        is_held.recv().unwrap();
        let ticks = ticks();
        let mut reader = Box::pin(store.read_with(b"Lx", |database, key| database.records.bytes(key)));
        let early = tokio::time::timeout(Duration::from_millis(500), &mut reader).await;
        assert!(early.is_err(), "{early:?}");
        let served = ticks.load(Ordering::SeqCst);
        assert!(served >= 3, "the thread served others {served} times");
        drop(answers);
        assert_eq!(reader.await, Ok(None), "it goes on when the disk does");
        writer.join().unwrap();
    }
}
