//! What operators may do, each for the tenant of the key that called: nobody sees or changes another tenant's things. Each change is
//! durable when its call returns, goes on when its caller goes away, and has its line in the audit.

mod audit;
mod bypasses;
mod logins;
mod orders;
mod plugins;
mod reload;
mod root_keys;
mod sessions;
mod uploads;

pub use bypasses::{BypassStatus, Bypasses, IssueBypass};
pub use logins::{AfterLogin, LoginDetail, LoginLists};
pub use orders::OperatorOrders;
pub use plugins::{PluginOverview, TenantPlugins};
pub use reload::OperatorReload;
pub use root_keys::{RootKeyStatus, RootKeys};
pub use sessions::OperatorSessions;
pub use uploads::{UPLOADS, UploadPlace, Uploads};

use crate::orders::OrderBook;
use crate::reload::Reloads;
use crate::services::Services;
use crate::sessions::Sessions;
use crate::tenants::TenantsInForce;
use std::sync::Arc;

/// The operators' side of a host, by subject.
#[derive(Debug)]
pub struct Operator {
    /// Kills and revocations.
    pub orders: OperatorOrders,
    /// One-time bypasses of a factor.
    pub bypasses: Bypasses,
    /// The plugins of a tenant.
    pub plugins: TenantPlugins,
    /// Uploads of plugins.
    pub uploads: Uploads,
    /// Sessions: list, end, revoke a factor.
    pub sessions: OperatorSessions,
    /// Logins: list, explain.
    pub logins: LoginLists,
    /// Reloads.
    pub reload: OperatorReload,
    /// Root keys, and what each is needed for.
    pub root_keys: RootKeys,
}

impl Operator {
    pub(crate) fn new(
        services: &Arc<Services>,
        sessions: &Sessions,
        orders: Arc<OrderBook>,
        reloads: Arc<Reloads>,
        tenants: &Arc<TenantsInForce>,
    ) -> Self {
        Self {
            orders: OperatorOrders::new(Arc::clone(services), orders),
            bypasses: Bypasses::new(Arc::clone(services)),
            plugins: TenantPlugins::new(Arc::clone(services)),
            uploads: Uploads::new(Arc::clone(services)),
            sessions: OperatorSessions::new(Arc::clone(services), sessions.clone()),
            logins: LoginLists::new(Arc::clone(services), sessions.clone()),
            reload: OperatorReload::new(reloads),
            root_keys: RootKeys::new(Arc::clone(services), Arc::clone(tenants)),
        }
    }
}
