//! What a call of a host function costs in fuel.
//!
//! Fuel does not tick in host functions by itself: without prices, a guest that does nothing but call the host would run for
//! much longer than its fuel says. They are set so that a unit of fuel buys no more time here than in dense code, which burns
//! 13 to 24 units a nanosecond. The smallest loop burns a quarter of one: fuel bounds work, and the scheduler measures time.

use postlude_model::limits;

/// Fuel of a call itself: crossing the boundary twice takes 100 to 200 ns.
const CALL_FUEL: u64 = 3000;
/// Fuel of a byte that crosses: it is checked as UTF-8, copied and allocated for.
const BYTE_FUEL: u64 = 8;
/// Fuel of an item of a list that crosses: an allocation or two.
const ITEM_FUEL: u64 = 1000;
/// Fuel of a command or entry of metadata that is looked at.
const COMMAND_FUEL: u64 = 100;
/// Fuel of a byte of JSON that is read or written.
const JSON_FUEL: u64 = 200;
/// Fuel of a byte of log that is looked at and perhaps escaped.
const ESCAPE_FUEL: u64 = 40;
/// Fuel of a byte that is hashed.
const HASH_FUEL: u64 = 60;
/// Fuel of a signature made or checked: ES256 in software takes some 200 microseconds.
const SIGNATURE_FUEL: u64 = 4_000_000;
/// Fuel of a private RSA operation: a millisecond and more.
const RSA_FUEL: u64 = 20_000_000;
/// Fuel of a request: building it, the records of TLS and now and then a handshake take some 100 microseconds.
const REQUEST_FUEL: u64 = 2_000_000;

/// The price class of a host function: the kinds of work that a call of it may owe. Every call costs its crossing of the
/// boundary besides, by the bytes and list items of its arguments and its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Price {
    /// The crossing alone.
    Crossing,
    /// The function reads or writes JSON.
    Json,
    /// The function looks through the run's commands.
    Commands,
    /// The function reads JSON and looks through the run's commands.
    JsonAndCommands,
    /// The function escapes lines of log.
    Log,
    /// The function hashes its argument.
    Hash,
    /// The function makes or checks a signature, over JSON.
    Signature,
    /// The function sends a request.
    Request,
}

/// Work that a host function does for its caller besides crossing the boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Bytes of JSON that are read or written.
    Json(usize),
    /// A look through so many commands of the run, and the metadata before them: each change is kept, so a guest can make it long.
    Commands(usize),
    /// Bytes that are looked at and perhaps escaped.
    Escape(usize),
    /// Bytes that are hashed.
    Hash(usize),
    /// A signature made or checked.
    Signature,
    /// A private RSA operation.
    RsaSignature,
    /// A request.
    Request,
}

impl Price {
    /// Whether a function of this class may owe such work.
    #[must_use]
    pub const fn covers(self, work: Work) -> bool {
        match self {
            Self::Crossing => false,
            Self::Json => matches!(work, Work::Json(_)),
            Self::Commands => matches!(work, Work::Commands(_)),
            Self::JsonAndCommands => matches!(work, Work::Json(_) | Work::Commands(_)),
            Self::Log => matches!(work, Work::Escape(_)),
            Self::Hash => matches!(work, Work::Hash(_)),
            Self::Signature => matches!(work, Work::Json(_) | Work::Signature | Work::RsaSignature),
            Self::Request => matches!(work, Work::Request),
        }
    }

    /// Fuel that a call costs at least if it does its work and is not refused before: a lower bound that the tests hold.
    #[must_use]
    pub fn at_least(self) -> u64 {
        let work = match self {
            Self::Crossing => 0,
            Self::Json => Work::Json(1).fuel(),
            Self::Commands => Work::Commands(0).fuel(),
            Self::JsonAndCommands => Work::Json(1).fuel().saturating_add(Work::Commands(0).fuel()),
            Self::Log => Work::Escape(1).fuel(),
            Self::Hash => Work::Hash(1).fuel(),
            Self::Signature => Work::Signature.fuel(),
            Self::Request => Work::Request.fuel(),
        };
        CALL_FUEL.saturating_add(work)
    }
}

impl Work {
    /// Fuel that the work costs.
    pub fn fuel(self) -> u64 {
        match self {
            Self::Json(bytes) => times(bytes, JSON_FUEL),
            Self::Commands(commands) => times(commands.saturating_add(limits::METADATA_KEYS), COMMAND_FUEL),
            Self::Escape(bytes) => times(bytes, ESCAPE_FUEL),
            Self::Hash(bytes) => times(bytes, HASH_FUEL),
            Self::Signature => SIGNATURE_FUEL,
            Self::RsaSignature => RSA_FUEL,
            Self::Request => REQUEST_FUEL,
        }
    }
}

/// Fuel of a call with arguments of so many bytes and list items. Bytes and items of its result cost as much again.
#[must_use]
pub fn call(bytes: usize, items: usize) -> u64 {
    CALL_FUEL.saturating_add(crossing(bytes, items))
}

/// Fuel of bytes and list items that cross the boundary.
pub fn crossing(bytes: usize, items: usize) -> u64 {
    times(bytes, BYTE_FUEL).saturating_add(times(items, ITEM_FUEL))
}

fn times(n: usize, fuel: u64) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX).saturating_mul(fuel)
}
