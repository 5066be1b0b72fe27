//! What operators ask of the store: orders, uploads, and pages of records.

use crate::home::*;
use postlude_model::limits;
use postlude_model::login::Status;
use postlude_model::names::{Digest, TenantName, UserId};
use postlude_model::policy::orders::{Kill, Orders, Revocation};
use postlude_store::{Commit, SessionWrite, SledStore, Store, Upload};
use std::time::Duration;

pub fn orders() -> Orders {
    let (digest, by, reason) = (Digest::from_bytes([6; 32]), "ops".to_owned(), "it phones home".to_owned());
    let mut orders = Orders::default();
    orders.kill(Kill { digest, at: NOW, by: by.clone(), reason: reason.clone() });
    let name = Some("https://acme.example/face".parse().unwrap());
    orders.revoke(Revocation { digest, name, before: NOW, by, reason });
    orders
}

pub fn upload(number: u8) -> Upload {
    Upload {
        digest: Digest::from_bytes([number; 32]),
        manifest: "{}".to_owned(),
        imports: vec!["claims.set".to_owned()],
        bytes: 1234,
        at: NOW,
        by: "ops".to_owned(),
    }
}

fn other() -> TenantName {
    TenantName::new("acme-two").unwrap()
}

#[tokio::test]
async fn orders_are_durable_and_never_lost_to_another_writer() {
    let home = Home::new();
    let store = home.open();
    assert_eq!(store.orders(&tenant()).await.unwrap(), Orders::default());
    assert!(store.put_orders(&tenant(), orders(), 0).await.unwrap());
    assert!(!store.put_orders(&tenant(), Orders::default(), 0).await.unwrap(), "written meanwhile");
    assert!(store.orders(&other()).await.unwrap().is_empty(), "another tenant's");
    store.shutdown().await.unwrap();
    let store = home.open();
    let expected = Orders { version: 1, ..orders() };
    assert_eq!(store.orders(&tenant()).await.unwrap(), expected);
    assert!(store.put_orders(&tenant(), expected, 1).await.unwrap());
}

#[tokio::test]
async fn uploads_are_a_tenants_own_and_counted() {
    let home = Home::new();
    let store = home.open();
    for number in [1, 2] {
        assert!(store.put_upload(&tenant(), upload(number), 2).await.unwrap());
    }
    assert!(!store.put_upload(&tenant(), upload(3), 2).await.unwrap(), "one more than it may have");
    let again = Upload { by: "somebody else".to_owned(), ..upload(2) };
    assert!(store.put_upload(&tenant(), again, 2).await.unwrap(), "one that it has is no further one");
    assert_eq!(store.uploads(&tenant()).await.unwrap(), [upload(1), upload(2)]);
    assert_eq!(store.uploads(&other()).await.unwrap(), []);
}

async fn begin(store: &SledStore, id: &str, user: &str, after: u64) {
    let mut record = record(id, user, Status::InteractionRequired { action: "face".parse().unwrap() });
    record.created_at = NOW.plus(Duration::from_millis(after));
    let login = Some(login_write(record, 0));
    store.commit(Commit { login, ..commit() }).await.unwrap();
}

#[tokio::test]
async fn a_users_logins_come_newest_first_page_by_page_and_go_with_the_sweep() {
    let home = Home::new();
    let store = home.open();
    for number in 0..5_u64 {
        begin(&store, &format!("a{number}"), "ann", number).await;
        begin(&store, &format!("b{number}"), "anna", number).await;
    }
    let ann = UserId::new("ann").unwrap();
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = store.logins_of(&tenant(), &ann, after.as_ref(), 2).await.unwrap();
        seen.extend(page.items.iter().map(|login| login.id.to_string()));
        after = page.items.last().map(|login| (login.created_at, login.id.clone()));
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, ["a4", "a3", "a2", "a1", "a0"]);
    assert!(store.logins_of(&other(), &ann, None, 9).await.unwrap().items.is_empty());
    store.sweep(NOW.plus(limits::RECORD_LIFETIME).plus(HOUR), 100).await.unwrap();
    assert!(store.logins_of(&tenant(), &ann, None, 9).await.unwrap().items.is_empty());
    store.shutdown().await.unwrap();
    let db = sled::Config::new().path(home.data().join("db")).open().unwrap();
    let left = db.open_tree("records").unwrap().iter().keys().filter(|key| key.as_ref().unwrap()[0] == b'W').count();
    assert_eq!(left, 0, "no list outlives its logins");
}

#[tokio::test]
async fn pages_cover_everything_of_a_tenant_once() {
    let home = Home::new();
    let store = home.open();
    for number in 0..7 {
        begin(&store, &format!("l{number}"), "ann", number).await;
        let session = session(&"s".repeat(usize::try_from(number).unwrap() + 1));
        let sessions = vec![SessionWrite { session: session.clone(), expect: 0 }];
        store.commit(Commit { sessions: sessions.clone(), ..commit() }).await.unwrap();
        store.commit(Commit { sessions, tenant: other(), ..commit() }).await.unwrap();
    }
    for most in [1, 3, 7, 8] {
        let (mut after, mut logins) = (None, Vec::new());
        loop {
            let page = store.logins(&tenant(), after.as_ref(), most).await.unwrap();
            assert!(page.items.len() <= most);
            after = page.items.last().map(|login| login.id.clone());
            logins.extend(page.items.into_iter().map(|login| login.id.to_string()));
            if !page.more {
                break;
            }
        }
        assert_eq!(logins, (0..7).map(|number| format!("l{number}")).collect::<Vec<_>>());
        let (mut after, mut sessions) = (None, 0);
        loop {
            let page = store.sessions(&tenant(), after.as_ref(), most).await.unwrap();
            after = page.items.last().map(|session| session.id.clone());
            sessions += page.items.len();
            if !page.more {
                break;
            }
        }
        assert_eq!(sessions, 7);
    }
}
