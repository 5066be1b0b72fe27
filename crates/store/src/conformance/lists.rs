//! Lists: page by page, everything once.

use super::records::*;
use crate::api::{Commit, SessionWrite, Store};
use postlude_model::limits;
use postlude_model::login::Status;
use postlude_model::names::UserId;
use std::sync::Arc;
use std::time::Duration;

async fn begin(store: &dyn Store, id: &str, user: &str, after: u64) {
    let mut record = record(id, user, Status::InteractionRequired { action: action("face") });
    record.created_at = NOW.plus(Duration::from_millis(after));
    let login = Some(login_write(record, 0));
    store.commit(Commit { login, ..commit() }).await.unwrap();
}

pub async fn a_users_logins_come_newest_first_page_by_page_and_go_with_the_sweep(store: Arc<dyn Store>) {
    for number in 0..5_u64 {
        begin(&*store, &format!("a{number}"), "ann", number).await;
        begin(&*store, &format!("b{number}"), "anna", number).await;
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
    assert!(store.logins_of(&other_tenant(), &ann, None, 9).await.unwrap().items.is_empty());
    sweep(&*store, NOW.plus(limits::RECORD_LIFETIME).plus(HOUR)).await;
    assert!(store.logins_of(&tenant(), &ann, None, 9).await.unwrap().items.is_empty());
}

pub async fn pages_cover_everything_of_a_tenant_once(store: Arc<dyn Store>) {
    for number in 0..7 {
        begin(&*store, &format!("l{number}"), "ann", number).await;
        let session = session(&"s".repeat(usize::try_from(number).unwrap() + 1));
        let sessions = vec![SessionWrite { session: session.clone(), expect: 0 }];
        store.commit(Commit { sessions: sessions.clone(), ..commit() }).await.unwrap();
        store.commit(Commit { sessions, tenant: other_tenant(), ..commit() }).await.unwrap();
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
        logins.sort_unstable();
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
