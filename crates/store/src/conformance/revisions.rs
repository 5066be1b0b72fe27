//! Revisions: numbered once, kept as long as they are needed, activated by compare-and-set.

use super::records::*;
use crate::api::{Activation, ActiveRevision, Store};
use postlude_model::names::TenantName;
use std::sync::Arc;

pub(super) fn activation(tenant: &TenantName, number: u64, expect: u64) -> Activation {
    Activation { tenant: tenant.clone(), number, expect }
}

pub async fn the_same_content_keeps_its_number(store: Arc<dyn Store>) {
    let long = "x".repeat(200 << 10);
    let (acme, other) = (tenant(), other_tenant());
    assert_eq!(store.put_revision(&acme, "{}").await.unwrap(), 1);
    assert_eq!(store.put_revision(&acme, &long).await.unwrap(), 2);
    assert_eq!(store.put_revision(&acme, "{}").await.unwrap(), 1);
    assert_eq!(store.put_revision(&other, &long).await.unwrap(), 1);
    assert_eq!(store.revision(&acme, 2).await.unwrap(), Some(long.clone()));
    assert_eq!(store.revision(&other, 1).await.unwrap(), Some(long));
    assert_eq!(store.revision(&acme, 3).await.unwrap(), None);
    assert_eq!(store.revisions().await.unwrap().len(), 2, "each content once");
}

pub async fn a_revision_goes_when_its_time_is_over(store: Arc<dyn Store>) {
    let (acme, other) = (tenant(), other_tenant());
    for (number, content) in (1..).zip(["{\"a\":1}", "{\"b\":1}", "{\"c\":1}", "{\"d\":1}"]) {
        assert_eq!(store.put_revision(&acme, content).await.unwrap(), number);
        if number != 3 {
            store.need_revision(&acme, number, NOW.plus(HOUR)).await.unwrap();
        }
    }
    // The same content at another tenant, needed for longer.
    store.put_revision(&other, "{\"a\":1}").await.unwrap();
    store.need_revision(&other, 1, NOW.plus(2 * HOUR)).await.unwrap();
    // Needs only grow.
    store.need_revision(&acme, 2, NOW.plus(2 * HOUR)).await.unwrap();
    store.need_revision(&acme, 2, NOW).await.unwrap();
    assert_eq!(store.sweep_revisions(NOW.plus(HOUR)).await.unwrap(), []);
    let later = NOW.plus(HOUR + HOUR / 2);
    assert_eq!(store.sweep_revisions(later).await.unwrap(), [(acme.clone(), 1)]);
    assert_eq!(store.revision(&acme, 1).await.unwrap(), None);
    assert_eq!(store.revision(&other, 1).await.unwrap().as_deref(), Some("{\"a\":1}"), "another tenant's");
    assert_eq!(store.revisions().await.unwrap().len(), 4);
    let gone = store.sweep_revisions(NOW.plus(9 * HOUR)).await.unwrap();
    assert_eq!(gone, [(acme.clone(), 2)], "the third was never limited, and the newest of each tenant stays");
    assert_eq!(store.revision(&acme, 4).await.unwrap().as_deref(), Some("{\"d\":1}"));
    // What comes back gets a new number.
    assert_eq!(store.put_revision(&acme, "{\"a\":1}").await.unwrap(), 5);
    assert_eq!(store.put_revision(&acme, "{\"c\":1}").await.unwrap(), 3);
}

pub async fn the_active_revision_changes_by_compare_and_set(store: Arc<dyn Store>) {
    let acme = tenant();
    assert_eq!(store.active_revision(&acme).await.unwrap(), None);
    assert!(store.activate_revisions(vec![activation(&acme, 1, 0)]).await.unwrap());
    assert!(!store.activate_revisions(vec![activation(&acme, 2, 0)]).await.unwrap(), "activated meanwhile");
    assert_eq!(store.active_revision(&acme).await.unwrap(), Some(ActiveRevision { number: 1, version: 1 }));
    assert!(store.activate_revisions(vec![activation(&acme, 2, 1)]).await.unwrap());
    // Going back to an earlier one is an activation as well.
    assert!(store.activate_revisions(vec![activation(&acme, 1, 2)]).await.unwrap());
    assert_eq!(store.active_revision(&acme).await.unwrap(), Some(ActiveRevision { number: 1, version: 3 }));
    assert_eq!(store.active_revision(&other_tenant()).await.unwrap(), None);
}

pub async fn several_tenants_are_activated_together_or_not_at_all(store: Arc<dyn Store>) {
    let (acme, other) = (tenant(), other_tenant());
    assert!(store.activate_revisions(vec![activation(&other, 1, 0)]).await.unwrap());
    assert!(!store.activate_revisions(vec![activation(&acme, 1, 0), activation(&other, 2, 0)]).await.unwrap());
    assert_eq!(store.active_revision(&acme).await.unwrap(), None);
    assert_eq!(store.active_revision(&other).await.unwrap(), Some(ActiveRevision { number: 1, version: 1 }));
    assert!(store.activate_revisions(vec![activation(&acme, 1, 0), activation(&other, 2, 1)]).await.unwrap());
    assert_eq!(store.active_revision(&acme).await.unwrap(), Some(ActiveRevision { number: 1, version: 1 }));
    assert_eq!(store.active_revision(&other).await.unwrap(), Some(ActiveRevision { number: 2, version: 2 }));
}

/// An operator went back to the first of three revisions, and no host was there to say that it is needed.
pub async fn the_active_revision_is_never_swept(store: Arc<dyn Store>) {
    let acme = tenant();
    for (number, content) in (1..).zip(["{\"a\":1}", "{\"b\":1}", "{\"c\":1}"]) {
        store.put_revision(&acme, content).await.unwrap();
        store.need_revision(&acme, number, NOW).await.unwrap();
    }
    assert!(store.activate_revisions(vec![activation(&acme, 1, 0)]).await.unwrap());
    assert_eq!(store.sweep_revisions(NOW.plus(HOUR)).await.unwrap(), [(acme.clone(), 2)]);
    assert_eq!(store.revision(&acme, 1).await.unwrap().as_deref(), Some("{\"a\":1}"));
}
