//! The journal: flows of messages, and readers that follow them.

use super::answered::Answered;
use super::logins::{EndedLogin, Logins};
use super::message::{Draft, Message, Party};
use super::milestone::Milestone;
use super::visit::{FlowId, Visit};
use anyhow::Result;
use postlude_host::Clock;
use postlude_stories::partner::PromptAnswer;
use postlude_stories::record::{RecordedPipeline, RecordedStory, RunLog};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Flows that are kept.
const FLOWS: usize = 40;
/// Messages of one flow that are kept: more than any login of the demo has.
const MESSAGES: usize = 200;

/// What one browser did in one go, such as a login.
#[derive(Debug, Clone)]
pub(crate) struct Flow {
    /// Its number.
    pub(crate) id: FlowId,
    /// The browser's name.
    pub(crate) browser: String,
    /// What it is about.
    pub(crate) title: String,
    /// Its messages.
    pub(crate) messages: Vec<Arc<Message>>,
    /// What Postlude answered last.
    pub(crate) outcome: Option<String>,
    /// The login that it is about.
    pub(crate) login: Option<String>,
}

/// What the page shows beside the flows.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// What was seen already.
    pub(crate) seen: BTreeSet<Milestone>,
    /// Where each browser is.
    pub(crate) addresses: BTreeMap<String, String>,
    /// The link that a browser was shown instead of following it, with the browser's name.
    pub(crate) link: Option<(String, String)>,
}

/// All that was recorded.
#[derive(Debug)]
pub(crate) struct Journal {
    book: Mutex<Book>,
    logins: Mutex<Logins>,
    clock: Clock,
    /// Counts the changes, for those who follow.
    changes: watch::Sender<u64>,
    /// The browsers in which a person acts; others belong to the story that the demo plays.
    panes: [&'static str; 2],
}

#[derive(Debug, Default)]
struct Book {
    flows: Vec<Flow>,
    messages: u64,
    begun: FlowId,
    state: State,
}

impl Journal {
    /// An empty journal; `panes` are the browsers in which a person acts.
    pub(crate) fn new(panes: [&'static str; 2], clock: Clock) -> Self {
        let (book, logins) = (Mutex::default(), Mutex::default());
        Self { book, logins, clock, changes: watch::Sender::new(0), panes }
    }

    /// The browsers in which a person acts.
    pub(crate) const fn panes(&self) -> [&'static str; 2] {
        self.panes
    }

    /// Begins a flow of a browser; what it does from here on belongs to it.
    pub(crate) fn begin(&self, browser: &str, title: &str) -> FlowId {
        let mut book = self.book();
        book.begin(browser, title)
    }

    /// The flow that a browser is in; a new one when it is in none.
    pub(crate) fn flow_of(&self, browser: &str, title: &str) -> FlowId {
        let mut book = self.book();
        let current = book.flows.iter().rev().find(|flow| flow.browser == browser).map(|flow| flow.id);
        current.unwrap_or_else(|| book.begin(browser, title))
    }

    /// Records a message.
    pub(crate) fn record(&self, flow: FlowId, draft: Draft) {
        {
            let mut book = self.book();
            book.messages += 1;
            let message = Arc::new(Message { id: book.messages, draft });
            book.add(flow, &message, self.panes);
        }
        self.changed();
    }

    /// Changes what the page shows beside the flows.
    pub(crate) fn note(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.book().state);
        self.changed();
    }

    /// The flows, the oldest first, and the state.
    pub(crate) fn now(&self) -> (Vec<Flow>, State) {
        let book = self.book();
        (book.flows.clone(), book.state.clone())
    }

    /// A counter that changes with the journal.
    pub(crate) fn follow(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Hears of every run of the server.
    pub(crate) fn runs(&self) -> Arc<RunLog> {
        self.logins().runs()
    }

    /// What runs for a tenant from now on, as a story has it.
    pub(crate) fn serve(&self, tenant: &'static str, pipeline: RecordedPipeline) {
        self.logins().serve(tenant, pipeline);
    }

    /// Postlude answered a login.
    pub(crate) fn began(&self, visit: Option<&Visit>, tenant: &str, event: &Value, answered: &Answered) {
        let Some(visit) = visit else { return };
        self.logins().began(visit, tenant, event, answered, &self.clock);
        self.changed();
    }

    /// A browser brings an answer of a prompt site to Postlude.
    pub(crate) fn brought(&self, browser: &str, state: &str) {
        self.logins().brought(browser, state);
    }

    /// A prompt site answered the prompt of this state.
    pub(crate) fn prompted(&self, state: &str, answer: PromptAnswer) {
        self.logins().prompted(state, answer);
    }

    /// Postlude answered a login whose browser is back.
    pub(crate) fn went_on(&self, visit: Option<&Visit>, login: &str, answered: &Answered) {
        let Some(visit) = visit else { return };
        self.logins().went_on(visit, login, answered, &self.clock);
        self.changed();
    }

    /// The logins that ended, in the order in which they did.
    pub(crate) fn ended(&self) -> Vec<EndedLogin> {
        self.logins().ended()
    }

    /// A login as a story, with the logins before it that it needs.
    ///
    /// # Errors
    /// When it is not kept any more, or cannot be told.
    pub(crate) fn story(&self, login: &str) -> Result<RecordedStory> {
        self.logins().story(login)
    }

    fn logins(&self) -> MutexGuard<'_, Logins> {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn begin(&mut self, browser: &str, title: &str) -> FlowId {
        self.begun += 1;
        let (browser, title) = (browser.to_owned(), title.to_owned());
        self.flows.push(Flow { id: self.begun, browser, title, messages: Vec::new(), outcome: None, login: None });
        let surplus = self.flows.len().saturating_sub(FLOWS);
        self.flows.drain(..surplus);
        self.begun
    }

    fn add(&mut self, flow: FlowId, message: &Arc<Message>, panes: [&str; 2]) {
        let Some(flow) = self.flows.iter_mut().find(|found| found.id == flow) else { return };
        if flow.messages.len() >= MESSAGES {
            return;
        }
        flow.messages.push(Arc::clone(message));
        let draft = &message.draft;
        if draft.from == Party::Postlude && draft.to == Party::Idp {
            let word = if draft.status == Some(200) { draft.text("/outcome") } else { draft.text("/code") };
            let login = draft.text("/login_id");
            if !login.is_empty() {
                flow.login = Some(login.to_owned());
            }
            flow.outcome = Some(if word.is_empty() { "no answer" } else { word }.to_owned());
            if panes.contains(&flow.browser.as_str()) {
                self.state.seen.extend(Milestone::of(message));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderMap;

    fn message(path: &str) -> Draft {
        let url = format!("http://idp.demo.localhost:1{path}");
        Draft::request(Party::Browser, Party::Idp, "GET", &url, &HeaderMap::new(), b"")
    }

    #[test]
    fn messages_go_to_the_flow_that_their_browser_is_in() {
        let journal = Journal::new(["ana", "mallory"], Clock::system());
        let first = journal.begin("ana", "ana logs in");
        let hers = journal.flow_of("mallory", "mallory opens a page");
        assert_eq!(journal.flow_of("ana", "unused"), first);
        journal.record(first, message("/a"));
        journal.record(hers, message("/b"));
        let (flows, _) = journal.now();
        let heads: Vec<_> =
            flows.iter().map(|flow| (flow.browser.as_str(), flow.messages[0].draft.head.as_str())).collect();
        assert_eq!(heads, [("ana", "GET /a"), ("mallory", "GET /b")]);
        let ids: Vec<_> = flows.iter().flat_map(|flow| &flow.messages).map(|message| message.id).collect();
        assert_eq!(ids, [1, 2]);
    }

    #[test]
    fn the_journal_stays_within_its_limits() {
        let journal = Journal::new(["ana", "mallory"], Clock::system());
        for _ in 0..FLOWS + 3 {
            let flow = journal.begin("ana", "ana logs in");
            journal.record(flow, message("/a"));
        }
        let (flows, _) = journal.now();
        assert_eq!((flows.len(), flows[0].id), (FLOWS, 4));
        for _ in 0..MESSAGES + 3 {
            journal.record(flows[1].id, message("/a"));
        }
        assert_eq!(journal.now().0[1].messages.len(), MESSAGES);
    }
}
