//! Light logins: appended without waiting, and from then on as any other login.

use super::records::*;
use crate::api::{ClaimGuard, CommitOutcome, LightLogin, LightLoginOutcome, LoginClaim, Store};
use postlude_model::login::LoginRecord;
use postlude_model::names::{SessionId, UserId};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn claim(store: &dyn Store, id: &str) -> ClaimGuard {
    let Some(LoginClaim::New(claim)) = store.try_claim_login(&tenant(), &login_id(id)).unwrap() else {
        panic!("it is new, and nobody has claimed it")
    };
    claim
}

fn append(
    store: &dyn Store,
    record: &mut LoginRecord,
    claim: &ClaimGuard,
    check_session: Option<(&SessionId, u64)>,
) -> LightLoginOutcome {
    let now = NOW.plus(Duration::from_millis(5));
    store
        .append_login(LightLogin {
            tenant: &tenant(),
            record,
            claim,
            check_session,
            orders_seen: None,
            bytes_of_tenant: u64::MAX,
            now,
        })
        .unwrap()
}

/// Appends a login that is new.
pub fn add(store: &dyn Store, record: &LoginRecord) {
    let claim = claim(store, record.id.as_str());
    assert_eq!(append(store, &mut record.clone(), &claim, None), LightLoginOutcome::Done);
}

pub async fn an_appended_login_is_read_at_once(store: Arc<dyn Store>) {
    for number in 0..100 {
        let (id, mut record) = (format!("l{number}"), record(&format!("l{number}"), "ann", continued()));
        let claim = claim(&*store, &id);
        assert_eq!(append(&*store, &mut record, &claim, None), LightLoginOutcome::Done);
        assert_eq!((record.version, record.changed_at), (1, NOW.plus(Duration::from_millis(5))));
        assert_eq!(store.login(&tenant(), &login_id(&id)).await.unwrap().as_ref(), Some(&record));
        assert_eq!(store.login(&other_tenant(), &login_id(&id)).await.unwrap(), None);
        assert!(store.try_claim_login(&tenant(), &login_id(&id)).unwrap().is_none(), "the claim is held");
        drop(claim);
        for _ in 0..2 {
            let again = store.try_claim_login(&tenant(), &login_id(&id)).unwrap();
            assert!(matches!(again, Some(LoginClaim::Existing(found)) if *found == record));
        }
        let again = store.claim_login(&tenant(), &login_id(&id)).await.unwrap();
        assert!(matches!(again, LoginClaim::Existing(found) if *found == record));
        assert_eq!(store.commit(batched(&id)).await.unwrap(), CommitOutcome::LoginChanged);
    }
    assert_eq!(store.last_commit_time(), NOW.plus(Duration::from_millis(5)));
}

pub async fn an_appended_login_may_be_written_again(store: Arc<dyn Store>) {
    let first = record("one", "ann", continued());
    add(&*store, &first);
    assert_eq!(write_login(&*store, record("one", "ann", suspended()), 2).await, CommitOutcome::LoginChanged);
    assert_eq!(write_login(&*store, record("one", "ann", suspended()), 1).await, CommitOutcome::Done);
    let read = store.login(&tenant(), &login_id("one")).await.unwrap().unwrap();
    assert_eq!((read.version, read.status), (2, suspended()));
    let listed = store.logins_of(&tenant(), &UserId::new("ann").unwrap(), None, 9).await.unwrap();
    assert_eq!(listed.items.iter().map(|login| login.version).collect::<Vec<_>>(), [2], "it is listed once");
    let listed = store.logins(&tenant(), None, 9).await.unwrap();
    assert_eq!(listed.items.iter().map(|login| login.version).collect::<Vec<_>>(), [2], "it is listed once");
}

pub async fn a_light_login_sees_that_its_session_changed(store: Arc<dyn Store>) {
    let (id, none) = (session_id("s"), session_id("none"));
    assert_eq!(write_session(&*store, session("s"), 0).await, CommitOutcome::Done);
    for (login, session, version, outcome) in [
        ("a", &id, 1, LightLoginOutcome::Done),
        ("b", &id, 0, LightLoginOutcome::SessionChanged),
        ("c", &id, 2, LightLoginOutcome::SessionChanged),
        ("d", &none, 0, LightLoginOutcome::Done),
        ("e", &none, 1, LightLoginOutcome::SessionChanged),
    ] {
        let claim = claim(&*store, login);
        let mut record = record(login, "ann", continued());
        assert_eq!(append(&*store, &mut record, &claim, Some((session, version))), outcome, "{login}");
        let stored = store.login(&tenant(), &login_id(login)).await.unwrap().is_some();
        assert_eq!(stored, outcome == LightLoginOutcome::Done, "{login}");
    }
}

pub async fn a_claim_of_another_login_appends_nothing(store: Arc<dyn Store>) {
    let claim = claim(&*store, "one");
    let outcome = append(&*store, &mut record("two", "ann", continued()), &claim, None);
    assert_eq!(outcome, LightLoginOutcome::NotClaimed);
    assert_eq!(store.login(&tenant(), &login_id("two")).await.unwrap(), None);
}

/// Whatever was listed before, the lists have it a moment later: each login once.
pub async fn light_logins_stand_in_the_lists_with_the_others(store: Arc<dyn Store>) {
    const ALL: u64 = 40;
    for number in 0..ALL {
        let user = if number % 4 == 0 { "anna" } else { "ann" };
        let mut record = record(&format!("l{number:02}"), user, continued());
        // Two begin in the same millisecond.
        record.created_at = NOW.plus(Duration::from_millis(number / 2));
        if number % 3 == 0 {
            assert_eq!(write_login(&*store, record, 0).await, CommitOutcome::Done);
        } else {
            add(&*store, &record);
        }
    }
    let began = Instant::now();
    while store.logins(&tenant(), None, 100).await.unwrap().items.len() < 40 {
        assert!(began.elapsed() < Duration::from_secs(5), "the lists do not have them");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut of_ann: Vec<u64> = (0..ALL).filter(|number| number % 4 != 0).collect();
    of_ann.sort_by_key(|number| (std::cmp::Reverse(number / 2), *number));
    let of_ann: Vec<_> = of_ann.into_iter().map(|number| format!("l{number:02}")).collect();
    for most in [1, 7, 30, 40] {
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let page = store.logins_of(&tenant(), &UserId::new("ann").unwrap(), after.as_ref(), most).await.unwrap();
            assert!(page.items.len() <= most);
            seen.extend(page.items.iter().map(|login| login.id.to_string()));
            after = page.items.last().map(|login| (login.created_at, login.id.clone()));
            if !page.more {
                break;
            }
        }
        assert_eq!(seen, of_ann, "{most} a page");
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let page = store.logins(&tenant(), after.as_ref(), most).await.unwrap();
            assert!(page.items.len() <= most);
            after = page.items.last().map(|login| login.id.clone());
            seen.extend(page.items.into_iter().map(|login| login.id.to_string()));
            if !page.more {
                break;
            }
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..ALL).map(|number| format!("l{number:02}")).collect::<Vec<_>>(), "{most} a page");
    }
}
