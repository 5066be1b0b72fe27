//! What every line of the log says of the request that it is about: its method and path, its tenant and its login.
//!
//! Where the process takes spans, a span says it. A span costs each login some two microseconds, most of them for what a line of the
//! log does not need; where nobody takes spans, this context says it for less (ADR 52).

use crate::spans;
use pin_project_lite::pin_project;
use postlude_model::names::{LoginId, TenantName};
use std::cell::RefCell;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use tracing::instrument::Instrumented;
use tracing::{Instrument as _, Span};

/// The request of which the lines are.
#[derive(Debug)]
pub struct LogContext {
    method: Box<str>,
    path: Box<str>,
    tenant: OnceLock<TenantName>,
    login_id: OnceLock<LoginId>,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<LogContext>>> = const { RefCell::new(None) };
}

impl LogContext {
    /// The context of a request that begins; none where the process takes spans.
    #[must_use]
    pub fn begin(method: &str, path: &str) -> Option<Arc<Self>> {
        let begin =
            || Self { method: method.into(), path: path.into(), tenant: OnceLock::new(), login_id: OnceLock::new() };
        (!spans::are_taken()).then(|| Arc::new(begin()))
    }

    /// The names and values for a line, in order; what is not known yet is not there.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let known = [("method", &*self.method), ("path", &*self.path)].into_iter();
        let tenant = self.tenant.get().map(|name| ("tenant", name.as_str()));
        known.chain(tenant).chain(self.login_id.get().map(|id| ("login_id", id.as_str())))
    }

    /// The tenant, once it is known.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.get().map(TenantName::as_str)
    }

    /// Lets `look` see the context of the request whose task runs on this thread, where there is one.
    pub fn with_current<T>(look: impl FnOnce(&Self) -> T) -> Option<T> {
        CURRENT.with_borrow(|current| current.as_deref().map(look))
    }
}

/// From here on the lines of the request name its tenant.
pub fn set_tenant(tenant: &TenantName) {
    let set = |context: &LogContext| drop(context.tenant.set(tenant.clone()));
    if LogContext::with_current(set).is_none() {
        Span::current().record("tenant", tenant.as_str());
    }
}

/// From here on the lines of the request name its login.
pub fn set_login_id(id: &LoginId) {
    let set = |context: &LogContext| drop(context.login_id.set(id.clone()));
    if LogContext::with_current(set).is_none() {
        Span::current().record("login_id", id.as_str());
    }
}

/// What lines are about: a context, a span, or both.
#[derive(Debug, Clone)]
pub struct About {
    context: Option<Arc<LogContext>>,
    span: Span,
}

impl About {
    /// A context, where there is one, within a span.
    #[must_use]
    pub const fn new(context: Option<Arc<LogContext>>, span: Span) -> Self {
        Self { context, span }
    }

    /// What lines of this moment are about.
    #[must_use]
    pub fn current() -> Self {
        Self { context: CURRENT.with_borrow(Clone::clone), span: Span::current() }
    }

    /// Has the lines of a future be about this.
    pub fn cover<F: Future>(self, future: F) -> Covered<F> {
        Covered { context: self.context, future: future.instrument(self.span) }
    }
}

pin_project! {
    /// A future whose lines are about a request.
    #[derive(Debug)]
    pub struct Covered<F> {
        // None while the future is polled, and where there is no context.
        context: Option<Arc<LogContext>>,
        #[pin]
        future: Instrumented<F>,
    }
}

impl<F: Future> Future for Covered<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if this.context.is_none() {
            return this.future.poll(task);
        }
        let _entered = Entered::new(this.context);
        this.future.poll(task)
    }
}

/// A context is that of the thread until this is dropped, also by a panic.
struct Entered<'c>(&'c mut Option<Arc<LogContext>>);

impl<'c> Entered<'c> {
    fn new(context: &'c mut Option<Arc<LogContext>>) -> Self {
        CURRENT.with_borrow_mut(|current| std::mem::swap(current, context));
        Self(context)
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        // Not while the thread ends, when nothing is polled any more.
        let _ = CURRENT.try_with(|current| {
            if let Ok(mut current) = current.try_borrow_mut() {
                std::mem::swap(&mut *current, self.0);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Option<String> {
        LogContext::with_current(|context| context.fields().map(|(name, value)| format!("{name}={value} ")).collect())
    }

    #[tokio::test]
    async fn a_future_has_its_context_while_it_is_polled_and_no_longer() {
        let (one, two) = (LogContext::begin("POST", "/one"), LogContext::begin("GET", "/two"));
        let request = async |context, tenant: &str| {
            let work = async {
                set_tenant(&TenantName::new(tenant).unwrap());
                tokio::task::yield_now().await;
                set_login_id(&LoginId::new("lgn_1").unwrap());
                let inner =
                    About::new(LogContext::begin("PUT", "/inner"), Span::none()).cover(async { fields() }).await;
                (inner.unwrap(), fields().unwrap())
            };
            About::new(context, Span::none()).cover(work).await
        };
        let (one, two) = tokio::join!(request(one, "acme"), request(two, "other"));
        assert_eq!(
            one,
            ("method=PUT path=/inner ".to_owned(), "method=POST path=/one tenant=acme login_id=lgn_1 ".to_owned())
        );
        assert_eq!(two.1, "method=GET path=/two tenant=other login_id=lgn_1 ");
        assert_eq!(fields(), None);
    }

    #[tokio::test]
    async fn a_panic_takes_its_context_with_it() {
        let broken = About::new(LogContext::begin("POST", "/"), Span::none()).cover(async { panic!("a defect") });
        assert!(tokio::spawn(broken).await.is_err());
        assert_eq!(fields(), None);
    }
}
