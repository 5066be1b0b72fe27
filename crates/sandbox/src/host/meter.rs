//! Links host functions so that every call is counted and pays, in fuel, for itself and for the bytes that it moves.
//!
//! Fuel does not tick in host functions by itself: without this, a guest that does nothing but call the host would run for
//! much longer than its fuel says. The prices are set so that a unit of fuel buys no more time here than in a tight loop,
//! which burns 13 to 24 units a nanosecond.

use crate::abi::{Pairs, cache, claims, decisions, event, http, keys, log, secrets, session, types};
use crate::state::Run;
use crate::trap::Stop;
use postlude_model::limits;
use postlude_model::run::Limit;
use std::future::Future;
use std::pin::Pin;
use wasmtime::component::{ComponentNamedList, Lift, LinkerInstance, Lower};
use wasmtime::{StoreContextMut, Trap};

/// Fuel of a call itself: crossing the boundary twice takes 100 to 200 ns.
const CALL_FUEL: u64 = 3000;
/// Fuel of a byte that crosses: it is checked as UTF-8, copied and allocated for.
const BYTE_FUEL: u64 = 8;
/// Fuel of an item of a list: an allocation or two.
const ITEM_FUEL: u64 = 1000;
/// Fuel of a command or entry of metadata that is looked at.
pub const SCAN_FUEL: u64 = 100;
/// Fuel of a byte of JSON that is read or written.
pub const JSON_FUEL: u64 = 200;
/// Fuel of a signature made or checked: ES256 in software takes some 200 microseconds.
pub const SIGNATURE_FUEL: u64 = 4_000_000;

/// Fuel of a private RSA operation: a millisecond and more.
pub const RSA_FUEL: u64 = 20_000_000;
/// Fuel of a request: building it, the records of TLS and now and then a handshake take some 100 microseconds.
pub const REQUEST_FUEL: u64 = 2_000_000;
/// Fuel of a byte that is hashed.
pub const HASH_FUEL: u64 = 60;

/// An interface that is being linked.
pub struct Interface<'a>(LinkerInstance<'a, Run>);

impl<'a> Interface<'a> {
    /// Begins an interface.
    pub const fn new(instance: LinkerInstance<'a, Run>) -> Self {
        Self(instance)
    }

    /// Links a function that always answers.
    pub fn func<P, R>(&mut self, name: &str, f: fn(&mut Run, P) -> R) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + Weight + 'static,
        R: Lower + Weight + Send + Sync + 'static,
        (R,): ComponentNamedList + Lower,
    {
        self.0
            .func_wrap(name, move |store, parameters| metered(store, parameters, |run, p| Ok(f(run, p))).map(|r| (r,)))
    }

    /// Links a function without a result.
    pub fn procedure<P>(&mut self, name: &str, f: fn(&mut Run, P)) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + Weight + 'static,
    {
        self.0.func_wrap(name, move |store, parameters| {
            metered(store, parameters, |run, p| {
                f(run, p);
                Ok(())
            })
        })
    }

    /// Links a function that may stop the run.
    pub fn stopping<P, R>(&mut self, name: &str, f: fn(&mut Run, P) -> Result<R, Stop>) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + Weight + 'static,
        R: Lower + Weight + Send + Sync + 'static,
        (R,): ComponentNamedList + Lower,
    {
        self.0.func_wrap(name, move |store, parameters| metered(store, parameters, f).map(|r| (r,)))
    }

    /// Links a function that may wait: `begin` has the run, then the wait has not, then `end` has it again.
    pub fn waiting<P, O, R>(
        &mut self,
        name: &str,
        begin: fn(&mut Run, P) -> Begun<O, R>,
        end: fn(&mut Run, O) -> R,
    ) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + Weight + Send + 'static,
        O: Send + 'static,
        R: Lower + Weight + Send + Sync + 'static,
        (R,): ComponentNamedList + Lower,
    {
        self.0.func_wrap_async(name, move |mut store, parameters: P| {
            Box::new(async move {
                enter(&mut store, &parameters)?;
                let result = match begin(store.data_mut(), parameters) {
                    Begun::Done(result) => result,
                    Begun::Waits(wait) => {
                        let outcome = wait.await;
                        end(store.data_mut(), outcome)
                    }
                };
                leave(&mut store, result).map(|result| (result,))
            })
        })
    }
}

/// What a host function that may have to wait begins with.
pub enum Begun<O, R> {
    /// It has its result.
    Done(R),
    /// It waits for something, without the run: the executor is free meanwhile, and the wall clock goes on.
    Waits(Pin<Box<dyn Future<Output = O> + Send>>),
}

fn metered<P: Weight, R: Weight>(
    mut store: StoreContextMut<'_, Run>,
    parameters: P,
    f: impl FnOnce(&mut Run, P) -> Result<R, Stop>,
) -> wasmtime::Result<R> {
    enter(&mut store, &parameters)?;
    let result = f(store.data_mut(), parameters)?;
    leave(&mut store, result)
}

/// Pays for a call and its arguments.
fn enter<P: Weight>(store: &mut StoreContextMut<'_, Run>, parameters: &P) -> wasmtime::Result<()> {
    let (bytes, items) = (parameters.bytes(), parameters.items());
    let run = store.data_mut();
    run.host_calls = run.host_calls.saturating_add(1);
    run.argument_bytes = run.argument_bytes.saturating_add(bytes);
    if run.argument_bytes > limits::HOST_CALL_BYTES {
        return Err(Stop(Limit::HostCallBytes).into());
    }
    debit(store, CALL_FUEL.saturating_add(price(bytes, items)))
}

/// Pays for the work and the result.
fn leave<R: Weight>(store: &mut StoreContextMut<'_, Run>, result: R) -> wasmtime::Result<R> {
    let owed = std::mem::take(&mut store.data_mut().owed);
    debit(store, owed.saturating_add(price(result.bytes(), result.items())))?;
    Ok(result)
}

fn price(bytes: usize, items: usize) -> u64 {
    let times = |n: usize, fuel: u64| u64::try_from(n).unwrap_or(u64::MAX).saturating_mul(fuel);
    times(bytes, BYTE_FUEL).saturating_add(times(items, ITEM_FUEL))
}

fn debit(store: &mut StoreContextMut<'_, Run>, fuel: u64) -> wasmtime::Result<()> {
    if fuel == 0 {
        return Ok(());
    }
    let left = store.get_fuel()?.checked_sub(fuel);
    store.set_fuel(left.unwrap_or(0))?;
    if left.is_some() { Ok(()) } else { Err(Trap::OutOfFuel.into()) }
}

/// What a value weighs on its way over the boundary.
pub trait Weight {
    /// Bytes of text and of bytes in it.
    fn bytes(&self) -> usize;
    /// Items of lists in it.
    fn items(&self) -> usize {
        0
    }
}

macro_rules! weightless {
    ($($ty:ty),* $(,)?) => {$(
        impl Weight for $ty {
            fn bytes(&self) -> usize {
                0
            }
        }
    )*};
}

// Errors carry a sentence at most.
weightless!(
    (),
    bool,
    u32,
    u64,
    log::Level,
    types::ValueError,
    types::TokenError,
    event::EventError,
    claims::ClaimError,
    session::FactorError,
    cache::CacheError,
    secrets::SecretError,
    keys::KeyError,
    http::HttpError,
);

impl Weight for String {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl Weight for Vec<u8> {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl Weight for Pairs {
    fn bytes(&self) -> usize {
        self.iter().map(|(name, value)| name.len().saturating_add(value.len())).fold(0, usize::saturating_add)
    }
    fn items(&self) -> usize {
        self.len()
    }
}

impl<T: Weight> Weight for Option<T> {
    fn bytes(&self) -> usize {
        self.as_ref().map_or(0, Weight::bytes)
    }
    fn items(&self) -> usize {
        self.as_ref().map_or(0, Weight::items)
    }
}

impl<T: Weight, E: Weight> Weight for Result<T, E> {
    fn bytes(&self) -> usize {
        self.as_ref().map_or_else(Weight::bytes, Weight::bytes)
    }
    fn items(&self) -> usize {
        self.as_ref().map_or_else(Weight::items, Weight::items)
    }
}

macro_rules! sums {
    ($(($($name:ident)+))*) => {$(
        impl<$($name: Weight),+> Weight for ($($name,)+) {
            #[expect(non_snake_case, reason = "the type parameters name the fields")]
            fn bytes(&self) -> usize {
                let ($($name,)+) = self;
                0_usize$(.saturating_add($name.bytes()))+
            }
            #[expect(non_snake_case, reason = "the type parameters name the fields")]
            fn items(&self) -> usize {
                let ($($name,)+) = self;
                0_usize$(.saturating_add($name.items()))+
            }
        }
    )*};
}
sums!((A)(A B)(A B C));

impl Weight for decisions::TokenRequest {
    fn bytes(&self) -> usize {
        [&self.parameter, &self.key, &self.claims].iter().map(|text| text.len()).fold(0, usize::saturating_add)
    }
}

impl Weight for http::Request {
    fn bytes(&self) -> usize {
        let texts = self.method.len().saturating_add(self.url.len());
        texts.saturating_add(self.headers.bytes()).saturating_add(self.body.bytes())
    }
    fn items(&self) -> usize {
        self.headers.items()
    }
}

impl Weight for http::Response {
    fn bytes(&self) -> usize {
        self.headers.bytes().saturating_add(self.body.bytes())
    }
    fn items(&self) -> usize {
        self.headers.items()
    }
}
