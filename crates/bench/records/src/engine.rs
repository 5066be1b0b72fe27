//! What is measured of an engine; and the queue and thread that the engines share which were weighed.

use anyhow::Result;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Users of the records.
pub const USERS: u64 = 100_000;

/// Bytes of a record, without its MAC.
pub const BYTES: usize = 700;

pub trait Engine: Send + Sync {
    /// Looks for an earlier login, and writes the record of this one.
    fn begin(&self, number: u64) -> Result<()>;
    /// Everything is on the disk.
    fn finish(&self) -> Result<()>;
    /// Whether a login is there.
    fn get(&self, number: u64) -> Result<bool>;
    /// How many of a user's newest logins are there, of so many.
    fn list(&self, user: u64, most: usize) -> Result<usize>;
}

/// A key-value engine with one thread that writes.
pub trait Table: Send + Sync + 'static {
    fn apply(&self, batch: &[Record]) -> Result<()>;
    fn sync(&self) -> Result<()>;
    fn get(&self, id: &[u8; 32]) -> Result<Option<Vec<u8>>>;
    fn list(&self, user: u64, most: usize) -> Result<usize>;
}

/// A login's record as a table gets it.
pub struct Record {
    pub id: [u8; 32],
    pub user: u64,
    pub at: u64,
    pub bytes: Vec<u8>,
}

impl Record {
    pub fn list_key(&self) -> Vec<u8> {
        [&list_of(self.user)[..], &(u64::MAX - self.at).to_be_bytes(), &self.id].concat()
    }
}

pub fn list_of(user: u64) -> Vec<u8> {
    [&b"Wacme"[..], &user.to_be_bytes()].concat()
}

/// The identifier at the end of an entry of a user's list.
pub fn id_of(list_key: &[u8]) -> Option<[u8; 32]> {
    list_key.last_chunk().copied()
}

pub fn user_of(number: u64) -> u64 {
    mix(number) % USERS
}

/// Ten logins in a millisecond.
pub fn time_of(number: u64) -> u64 {
    1_790_000_000_000 + number / 10
}

/// Spreads numbers (the finaliser of MurmurHash3).
pub fn mix(mut number: u64) -> u64 {
    number ^= number >> 33;
    number = number.wrapping_mul(0xff51_afd7_ed55_8ccd);
    number ^= number >> 33;
    number = number.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    number ^ (number >> 33)
}

fn id(number: u64) -> [u8; 32] {
    let mut id = [0; 32];
    for (part, bytes) in (1..).zip(id.chunks_exact_mut(8)) {
        bytes.copy_from_slice(&mix(number * 4 + part).to_be_bytes());
    }
    id
}

/// A record, half of which repeats, with its MAC.
fn record(number: u64) -> Record {
    let mut bytes = Vec::with_capacity(BYTES + 16);
    for part in 0..BYTES as u64 / 16 {
        bytes.extend_from_slice(&mix(number ^ part << 40).to_le_bytes());
        bytes.extend_from_slice(b"continue");
    }
    bytes.resize(BYTES, 0);
    bytes.extend_from_slice(&tag(&bytes));
    Record { id: id(number), user: user_of(number), at: time_of(number), bytes }
}

/// The MAC of a record, as the host's: HMAC-SHA256, truncated.
pub fn tag(bytes: &[u8]) -> [u8; 16] {
    let mut mac = Hmac::<Sha256>::new_from_slice(&[7; 32]).unwrap_or_else(|_| unreachable!("any length is one"));
    mac.update(bytes);
    let tag: [u8; 32] = mac.finalize().into_bytes().into();
    tag.first_chunk().copied().unwrap_or_default()
}

/// A table behind a queue: what the store did with sled, for all of them alike.
pub struct Queued<T> {
    table: Arc<T>,
    queue: Arc<Mutex<Vec<Record>>>,
    ends: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<Result<()>>>>,
}

impl<T: Table> Queued<T> {
    pub fn new(table: T) -> Self {
        let table = Arc::new(table);
        let (queue, ends) = (Arc::<Mutex<Vec<Record>>>::default(), Arc::<AtomicBool>::default());
        let work = {
            let (table, queue, ends) = (Arc::clone(&table), Arc::clone(&queue), Arc::clone(&ends));
            move || write(&*table, &queue, &ends)
        };
        Self { table, queue, ends, thread: Mutex::new(Some(std::thread::spawn(work))) }
    }
}

fn write<T: Table>(table: &T, queue: &Mutex<Vec<Record>>, ends: &AtomicBool) -> Result<()> {
    let mut synced = Instant::now();
    loop {
        let end = ends.load(Ordering::SeqCst);
        let all = std::mem::take(&mut *queue.lock().unwrap_or_else(PoisonError::into_inner));
        for batch in all.chunks(32) {
            table.apply(batch)?;
        }
        if end && all.is_empty() {
            return table.sync();
        }
        if synced.elapsed() > Duration::from_millis(900) {
            table.sync()?;
            synced = Instant::now();
        }
        if all.len() < 100 {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl<T: Table> Engine for Queued<T> {
    fn begin(&self, number: u64) -> Result<()> {
        let record = record(number);
        anyhow::ensure!(self.table.get(&record.id)?.is_none(), "{number} is there already");
        loop {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            if queue.len() < 4096 {
                queue.push(record);
                return Ok(());
            }
            drop(queue);
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn finish(&self) -> Result<()> {
        self.ends.store(true, Ordering::SeqCst);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        thread.map_or(Ok(()), |thread| thread.join().unwrap_or_else(|_| anyhow::bail!("the writer panicked")))
    }

    fn get(&self, number: u64) -> Result<bool> {
        let Some(bytes) = self.table.get(&id(number))? else { return Ok(false) };
        let (body, found) = bytes.split_at(bytes.len() - 16);
        anyhow::ensure!(tag(body) == *found, "{number} is damaged");
        Ok(true)
    }

    fn list(&self, user: u64, most: usize) -> Result<usize> {
        self.table.list(user, most)
    }
}
