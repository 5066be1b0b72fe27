//! What the logins of a tenant run in.

use crate::action::Action;
use crate::handle::Handles;
use crate::names::Timestamp;
use crate::policy::orders::CurrentOrders;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What a tenant's logins run in.
#[derive(Debug, Clone, Copy)]
pub struct PipelineContext<'a> {
    /// The actions of the login's revision, in order.
    pub actions: &'a [Arc<Action>],
    /// Derives states, run ids and seeds.
    pub handles: &'a dyn Handles,
    /// The tenant's issuer URL.
    pub issuer: &'a str,
    /// The tenant's continue URL, without a query.
    pub continue_url: &'a str,
    /// The operator's mapping of `authentication.methods` to amr values.
    pub method_amr: &'a BTreeMap<String, Vec<String>>,
    /// The operator's orders, at whatever moment they are asked for.
    pub orders: &'a dyn CurrentOrders,
    /// The version of the orders when the call began, read before `now`. A factor that the call records is covered by every later
    /// revocation.
    pub orders_seen: u64,
    /// How long a state is accepted.
    pub state_lifetime: Duration,
    /// The store's epoch.
    pub epoch: u64,
    /// The host's clock; one reading for the whole request.
    pub now: Timestamp,
}
