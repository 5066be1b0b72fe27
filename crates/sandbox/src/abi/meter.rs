//! Links host functions so that every call is counted and pays, in fuel, for itself, for the bytes that it moves and for its work.

use crate::host_function::HostFunction;
use crate::limit_exceeded::LimitExceeded;
use crate::price::{self, Price};
use crate::profile;
use crate::state::RunState;
use postlude_model::limits;
use postlude_model::run::Limit;
use std::future::Future;
use std::pin::Pin;
use wasmtime::component::{ComponentNamedList, Lift, LinkerInstance, Lower, Resource, ResourceType};
use wasmtime::{StoreContextMut, Trap};

/// An interface that is being linked.
pub struct Interface<'a> {
    linker: LinkerInstance<'a, RunState>,
    name: &'static str,
}

/// A host function, with what a call of it costs.
#[derive(Debug, Clone, Copy)]
struct Priced {
    function: HostFunction,
    price: Price,
}

impl<'a> Interface<'a> {
    /// Begins an interface.
    pub const fn new(linker: LinkerInstance<'a, RunState>, name: &'static str) -> Self {
        Self { linker, name }
    }

    const fn priced(&self, name: &'static str, price: Price) -> Priced {
        Priced { function: HostFunction { interface: self.name, name }, price }
    }

    /// Links a function that always answers.
    pub fn func<P, R>(&mut self, name: &'static str, price: Price, f: fn(&mut RunState, P) -> R) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + Weight + 'static,
        R: Lower + Weight + Send + Sync + 'static,
        (R,): ComponentNamedList + Lower,
    {
        let priced = self.priced(name, price);
        self.linker.func_wrap(name, move |store, parameters| {
            metered(store, priced, parameters, |run, p| Ok::<_, LimitExceeded>(f(run, p))).map(|result| (result,))
        })
    }

    /// Links a function without a result.
    pub fn procedure<P>(&mut self, name: &'static str, price: Price, f: fn(&mut RunState, P)) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + Weight + 'static,
    {
        let priced = self.priced(name, price);
        self.linker.func_wrap(name, move |store, parameters| {
            metered(store, priced, parameters, |run, p| {
                f(run, p);
                Ok::<_, LimitExceeded>(())
            })
        })
    }

    /// Links a function that may stop the run, at a limit or for another reason.
    pub fn limited<P, R, E>(
        &mut self,
        name: &'static str,
        price: Price,
        f: fn(&mut RunState, P) -> Result<R, E>,
    ) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + Weight + 'static,
        E: Into<wasmtime::Error> + 'static,
        R: Lower + Weight + Send + Sync + 'static,
        (R,): ComponentNamedList + Lower,
    {
        let priced = self.priced(name, price);
        self.linker
            .func_wrap(name, move |store, parameters| metered(store, priced, parameters, f).map(|result| (result,)))
    }

    /// Links a function that ends the run: the guest says why.
    pub fn ending<P, E>(
        &mut self,
        name: &'static str,
        price: Price,
        f: fn(&mut RunState, P) -> E,
    ) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + Weight + 'static,
        E: Into<wasmtime::Error> + 'static,
    {
        let priced = self.priced(name, price);
        self.linker.func_wrap(name, move |mut store, parameters: P| {
            enter(&mut store, priced, &parameters)?;
            Err::<(), wasmtime::Error>(f(store.data_mut(), parameters).into())
        })
    }

    /// Links a function without a result that may stop the run.
    pub fn limited_procedure<P, E>(
        &mut self,
        name: &'static str,
        price: Price,
        f: fn(&mut RunState, P) -> Result<(), E>,
    ) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + Weight + 'static,
        E: Into<wasmtime::Error> + 'static,
    {
        let priced = self.priced(name, price);
        self.linker.func_wrap(name, move |store, parameters| metered(store, priced, parameters, f))
    }

    /// Links a method of a resource that no guest can hold a handle of: the engine refuses the handle, which comes first, before
    /// it looks at anything else.
    pub fn absent(&mut self, name: &'static str) -> wasmtime::Result<()> {
        self.linker.func_new(name, |_, _, _, _| Err(wasmtime::Error::msg("the resource does not exist")))
    }

    /// Defines a resource, and what is done when its guest drops a handle of it.
    pub fn resource<T: 'static>(&mut self, name: &'static str, drop: fn(&mut RunState, u32)) -> wasmtime::Result<()> {
        let priced = self.priced(name, Price::Crossing);
        self.linker.resource(name, ResourceType::host::<T>(), move |mut store, number| {
            enter(&mut store, priced, &())?;
            drop(store.data_mut(), number);
            Ok(())
        })
    }

    /// Links a function that may wait: `begin` has the run's state, then the wait has not, then `end` has it again.
    pub fn waiting<P, O, R>(
        &mut self,
        name: &'static str,
        price: Price,
        begin: fn(&mut RunState, P) -> CallProgress<O, R>,
        end: fn(&mut RunState, O) -> R,
    ) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + Weight + Send + 'static,
        O: Send + 'static,
        R: Lower + Weight + Send + Sync + 'static,
        (R,): ComponentNamedList + Lower,
    {
        let priced = self.priced(name, price);
        self.linker.func_wrap_async(name, move |mut store, parameters: P| {
            Box::new(async move {
                enter(&mut store, priced, &parameters)?;
                let result = match begin(store.data_mut(), parameters) {
                    CallProgress::Ready(result) => result,
                    CallProgress::Pending(wait) => {
                        let outcome = wait.await;
                        end(store.data_mut(), outcome)
                    }
                };
                leave(&mut store, priced, result).map(|result| (result,))
            })
        })
    }
}

/// How far a host function that may have to wait has come.
pub enum CallProgress<O, R> {
    /// The result is there.
    Ready(R),
    /// The function waits without the run's state: the executor is free meanwhile, and the wall clock goes on.
    Pending(Pin<Box<dyn Future<Output = O> + Send>>),
}

fn metered<P: Weight, R: Weight, E: Into<wasmtime::Error>>(
    mut store: StoreContextMut<'_, RunState>,
    priced: Priced,
    parameters: P,
    f: impl FnOnce(&mut RunState, P) -> Result<R, E>,
) -> wasmtime::Result<R> {
    enter(&mut store, priced, &parameters)?;
    let result = f(store.data_mut(), parameters).map_err(Into::into)?;
    leave(&mut store, priced, result)
}

/// Pays for a call and its arguments.
fn enter<P: Weight>(store: &mut StoreContextMut<'_, RunState>, priced: Priced, parameters: &P) -> wasmtime::Result<()> {
    profile::observe(store)?;
    let (bytes, items) = (parameters.bytes(), parameters.items());
    let run = store.data_mut();
    run.price = priced.price;
    run.host_calls = run.host_calls.saturating_add(1);
    run.argument_bytes = run.argument_bytes.saturating_add(bytes);
    if run.argument_bytes > limits::HOST_CALL_BYTES {
        return Err(LimitExceeded(Limit::HostCallBytes).into());
    }
    debit(store, priced.function, price::call(bytes, items))
}

/// Pays for the work and the result.
fn leave<R: Weight>(store: &mut StoreContextMut<'_, RunState>, priced: Priced, result: R) -> wasmtime::Result<R> {
    let owed = std::mem::take(&mut store.data_mut().owed);
    debit(store, priced.function, owed.saturating_add(price::crossing(result.bytes(), result.items())))?;
    Ok(result)
}

fn debit(store: &mut StoreContextMut<'_, RunState>, function: HostFunction, fuel: u64) -> wasmtime::Result<()> {
    if fuel == 0 {
        return Ok(());
    }
    if let Some(recorder) = &mut store.data_mut().recorder {
        recorder.host(function, fuel);
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

/// Says of types that they weigh nothing.
macro_rules! weightless {
    ($($ty:ty),* $(,)?) => {$(
        impl $crate::abi::meter::Weight for $ty {
            fn bytes(&self) -> usize {
                0
            }
        }
    )*};
}

pub(crate) use weightless;

weightless!((), bool, u8, u32, u64);

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

impl Weight for Vec<u32> {
    fn bytes(&self) -> usize {
        self.len().saturating_mul(size_of::<u32>())
    }
}

/// A handle is looked up in the table of its guest.
impl<T: 'static> Weight for Resource<T> {
    fn bytes(&self) -> usize {
        0
    }
}

impl<T: 'static> Weight for Vec<Resource<T>> {
    fn bytes(&self) -> usize {
        0
    }
    fn items(&self) -> usize {
        self.len()
    }
}

impl Weight for Vec<String> {
    fn bytes(&self) -> usize {
        self.iter().map(String::len).fold(0, usize::saturating_add)
    }
    fn items(&self) -> usize {
        self.len()
    }
}

/// The contract's `pairs`.
impl Weight for Vec<(String, String)> {
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
