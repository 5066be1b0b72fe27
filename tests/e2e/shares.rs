//! T10: a tenant's share of the disk. What is beyond it is refused to that tenant alone, and to what begins alone.

use postlude_testkit::{Answered, IDP_KEY, OPERATOR_KEY, OTHER_KEY, Postlude, event, plugin_file};
use serde_json::json;
use std::time::Duration;

/// A server whose tenants have these lines of configuration.
async fn with(acme: &str, other: &str) -> Postlude {
    let postlude = Postlude::start().await;
    for (tenant, lines) in [("acme", acme), ("other", other)] {
        postlude.edit_config(&format!("[tenants.{tenant}]\n"), &format!("[tenants.{tenant}]\n{lines}\n"));
    }
    postlude.reload().await;
    postlude
}

fn busy(answered: &Answered, why: &str) {
    assert_eq!((answered.status, answered.text_at("/code")), (503, "unavailable"), "{}", answered.text);
    assert!(answered.text.contains(why), "{}", answered.text);
}

/// A login of the tenant without a pipeline: a light one.
async fn other_login(postlude: &Postlude, user: &str) -> Answered {
    let body = json!({ "trigger": "post-login", "mode": "interactive", "event": event(user, None),
        "return_url": "http://localhost:3000/interaction/x" });
    postlude.login_as(OTHER_KEY, user, &body).await
}

/// T10: the last suspended login that a tenant may have is there, the next is refused, and one that ends makes room.
#[tokio::test]
async fn suspended_logins_end_at_the_tenants_limit() {
    let postlude = with("max_suspended = 3", "").await;
    let mut browsers: Vec<_> = ["ann", "bob", "cid"].map(|user| postlude.browser(user)).into();
    for browser in &mut browsers {
        assert_eq!(browser.login().await.outcome(), "redirect");
    }
    let refused = postlude.browser("dan").login().await;
    busy(&refused, "as many suspended logins as it may have");
    assert_eq!(other_login(&postlude, "ann").await.outcome(), "continue", "another tenant notices nothing");
    // A user's own further login takes the place of the oldest only beyond five.
    busy(&postlude.browser("ann").login().await, "as many suspended logins");
    assert_eq!(browsers[0].complete().await.outcome(), "continue");
    assert_eq!(postlude.browser("dan").login().await.outcome(), "redirect", "there is room again");
    busy(&postlude.browser("eve").login().await, "as many suspended logins");
}

async fn bytes_of(postlude: &Postlude, tenant: &str) -> u64 {
    let text = postlude.client.get(format!("{}/metrics", postlude.base)).send().await.unwrap().text().await.unwrap();
    let series = format!("postlude_tenant_records_bytes{{tenant=\"{tenant}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&*series)?.parse().ok()).unwrap_or_default()
}

/// Logs in with new users until that is refused; how many there were.
async fn fill(postlude: &Postlude, light: bool) -> usize {
    for number in 0.. {
        assert!(number < 20_000, "the tenant fills the disk");
        let user = format!("user-{number}");
        let answered = if light { other_login(postlude, &user).await } else { postlude.browser(&user).login().await };
        if answered.status != 200 {
            busy(&answered, "`max_disk`");
            return number;
        }
    }
    0
}

/// T10: a tenant that has filled its part of the disk begins no more logins; those under way end, sessions end, and another tenant
/// notices nothing. What expires makes room.
#[tokio::test]
async fn records_end_at_the_tenants_part_of_the_disk() {
    let postlude = with("max_disk = \"1MiB\"", "max_disk = \"1048576B\"").await;
    let mut first = postlude.browser("first");
    assert_eq!(first.login().await.outcome(), "redirect");
    let filled = fill(&postlude, false).await;
    assert!((50..5000).contains(&filled), "{filled}");
    let bytes = bytes_of(&postlude, "acme").await;
    assert!((512 << 10..600 << 10).contains(&bytes), "{bytes}");
    assert_eq!(first.complete().await.outcome(), "continue", "what began goes on");
    let session = first.session.clone().unwrap();
    busy(&first.login().await, "`max_disk`");
    let ended = postlude.post("/v1/sessions/end", &json!({ "id": session })).await;
    assert_eq!(ended.status, 200, "{}", ended.text);
    // The other tenant's logins are light ones, and have a part of their own.
    assert_eq!(other_login(&postlude, "ann").await.outcome(), "continue");
    let filled = fill(&postlude, true).await;
    assert!((300..5000).contains(&filled), "{filled}");
    let light = bytes_of(&postlude, "other").await;
    assert!((512 << 10..600 << 10).contains(&light), "{light}");
    // A reload gives room at once, and what expired does.
    postlude.edit_config("max_disk = \"1MiB\"", "max_disk = \"2MiB\"");
    postlude.reload().await;
    assert_eq!(postlude.browser("dan").login().await.outcome(), "redirect");
    busy(&other_login(&postlude, "bob").await, "`max_disk`");
    postlude.forward(Duration::from_secs(27 * 60 * 60));
    postlude.host().sweep().await.unwrap();
    assert!(bytes_of(&postlude, "acme").await < 20 << 10);
    assert_eq!(other_login(&postlude, "bob").await.outcome(), "continue");
    assert_eq!(postlude.get_as(IDP_KEY, "/v1/logins/lgn_nobody").await.status, 404);
}

/// T10, O04: uploads end at the tenant's part of the disk, before anything is compiled.
#[tokio::test]
async fn uploads_end_at_the_tenants_part_of_the_disk() {
    let postlude = with("max_disk = \"1MiB\"", "").await;
    let plugin = std::fs::read(plugin_file("email-domain")).unwrap();
    // With its code it counts eight times.
    assert!(plugin.len() * 8 > 512 << 10, "{}", plugin.len());
    let upload = async || {
        let request = postlude.client.post(format!("{}/v1/admin/plugins", postlude.base)).bearer_auth(OPERATOR_KEY);
        Answered::of(request.header("content-type", "application/wasm").body(plugin.clone())).await
    };
    let refused = upload().await;
    assert_eq!((refused.status, refused.text_at("/code")), (422, "limit_reached"), "{}", refused.text);
    assert!(refused.text.contains("`max_disk`"), "{}", refused.text);
    let room = plugin.len() * 16;
    postlude.edit_config("max_disk = \"1MiB\"", &format!("max_disk = \"{room}B\""));
    postlude.reload().await;
    assert_eq!(upload().await.status, 200, "with just enough room it is taken");
}
