//! The operator's routes: plugins, pipeline, reload, lists of logins and sessions, and that tenants see nothing of each other.

use postlude_testkit::{
    Answered, FACTOR, OPERATOR_KEY, OTHER_OPERATOR_KEY, Postlude, READER_KEY, plugin_file, program,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const LIMIT: usize = 32 << 20;

async fn upload(postlude: &Postlude, key: &str, bytes: Vec<u8>) -> Answered {
    let request = postlude.client.post(format!("{}/v1/admin/plugins", postlude.base)).bearer_auth(key);
    Answered::of(request.header("content-type", "application/wasm").body(bytes)).await
}

fn email_domain() -> Vec<u8> {
    std::fs::read(plugin_file("email-domain")).unwrap()
}

#[tokio::test]
async fn plugins_are_listed_with_where_they_run_and_inspected() {
    let postlude = Postlude::in_memory().await;
    let list = postlude.get_as(READER_KEY, "/v1/admin/plugins").await;
    let plugin = &list.body["plugins"][0];
    assert_eq!(
        (plugin["name"].as_str(), &plugin["actions"]),
        (Some("custom-factor"), &json!(["face"])),
        "{}",
        list.text
    );
    assert_eq!((&plugin["killed"], &plugin["uploaded_at"]), (&json!(false), &json!(null)));
    let path = format!("/v1/admin/plugins/{}", plugin["digest"].as_str().unwrap());
    let detail = postlude.get_as(READER_KEY, &path).await;
    assert_eq!(detail.body["manifest"]["name"], "custom-factor", "{}", detail.text);
    assert!(detail.body["manifest"]["capabilities"]["redirect_origins"].is_array());
    assert!(detail.body["imports"].as_array().unwrap().len() > 1);
    assert_eq!(detail.text_at("/tier"), "zero WASI");
    let bad = postlude.get_as(READER_KEY, "/v1/admin/plugins/sha256:12").await;
    assert_eq!((bad.status, bad.outcome()), (400, "invalid_request"));
}

#[tokio::test]
async fn an_upload_is_checked_stored_and_idempotent_and_survives_a_restart() {
    let mut postlude = Postlude::start().await;
    let first = upload(&postlude, OPERATOR_KEY, email_domain()).await;
    assert_eq!((first.status, first.text_at("/name")), (200, "email-domain"), "{}", first.text);
    assert_eq!((first.text_at("/uploaded_by"), &first.body["actions"]), ("operator", &json!([])));
    postlude.forward(std::time::Duration::from_secs(60));
    let again = upload(&postlude, OPERATOR_KEY, email_domain()).await;
    assert_eq!(again.body, first.body, "the first one stays");
    postlude.restart().await;
    let path = format!("/v1/admin/plugins/{}", first.text_at("/digest"));
    assert_eq!(postlude.get_as(OPERATOR_KEY, &path).await.body, first.body);
}

#[tokio::test]
async fn an_uploads_tier_is_that_of_its_file() {
    let postlude = Postlude::in_memory().await;
    let rust = upload(&postlude, OPERATOR_KEY, email_domain()).await;
    assert_eq!(rust.text_at("/tier"), "zero WASI", "{}", rust.text);
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/0.1/python/custom-factor.wasm");
    let python = upload(&postlude, OPERATOR_KEY, std::fs::read(file).unwrap()).await;
    assert_eq!(python.text_at("/tier"), "closed WASI", "{}", python.text);
}

/// What was uploaded serves once the configuration names its digest, and stays what it is.
#[tokio::test]
async fn an_upload_runs_once_the_configuration_names_it() {
    let mut postlude = Postlude::start().await;
    let digest = upload(&postlude, OPERATOR_KEY, email_domain()).await.text_at("/digest").to_owned();
    let action = "[[tenants.acme.pipeline]]\nname = \"domain\"\nplugin = \"email-domain\"\n\
        settings = { domains = [\"acme.example\"] }\ngrants = { event = [\"/user/email\", \"/user/email_verified\"] }\n";
    let table = format!("[tenants.acme.plugins.email-domain]\ndigest = \"{digest}\"\n{action}");
    let other = format!("sha256:{}", "f".repeat(64));
    postlude.edit_config(
        "[[tenants.acme.pipeline]]",
        &format!("{}[[tenants.acme.pipeline]]", table.replace(&digest, &other)),
    );
    let unknown = postlude.post_as(OPERATOR_KEY, "/v1/admin/reload", &json!({})).await;
    assert!(unknown.text.contains("no plugin of this digest was uploaded"), "{}", unknown.text);
    postlude.edit_config(&other, &digest);
    let named = postlude.post_as(OPERATOR_KEY, "/v1/admin/reload", &json!({})).await;
    assert_eq!((named.status, &named.body["revision"]), (200, &json!(2)), "{}", named.text);
    postlude.restart().await;
    let list = postlude.get_as(OPERATOR_KEY, "/v1/admin/plugins").await;
    let uploaded = list.body["plugins"].as_array().unwrap().iter().find(|plugin| plugin["digest"] == json!(digest));
    assert_eq!(uploaded.unwrap()["actions"], json!(["domain"]), "{}", list.text);
}

async fn delete(postlude: &Postlude, key: &str, digest: &str) -> Answered {
    let request = postlude.client.delete(format!("{}/v1/admin/plugins/{digest}", postlude.base));
    Answered::of(request.bearer_auth(key)).await
}

/// The files of a folder of the data folder that belong to a plugin.
fn files_of(postlude: &Postlude, folder: &str, digest: &str) -> usize {
    let hash = digest.trim_start_matches("sha256:");
    let files = std::fs::read_dir(postlude.dir().join("data").join(folder)).unwrap();
    files.filter(|file| file.as_ref().unwrap().file_name().to_str().unwrap().starts_with(hash)).count()
}

/// A quota that is full has a way to empty: an upload is deleted with its file and its code, unless something runs it.
#[tokio::test]
async fn an_upload_is_deleted_with_its_files() {
    let postlude = Postlude::start().await;
    let digest = upload(&postlude, OPERATOR_KEY, email_domain()).await.text_at("/digest").to_owned();
    assert_eq!((files_of(&postlude, "plugins", &digest), files_of(&postlude, "code", &digest)), (1, 1));
    assert_eq!(delete(&postlude, READER_KEY, &digest).await.status, 403);
    let deleted = delete(&postlude, OPERATOR_KEY, &digest).await;
    assert_eq!(deleted.status, 204, "{}", deleted.text);
    let again = delete(&postlude, OPERATOR_KEY, &digest).await;
    assert_eq!((again.status, again.text_at("/code")), (404, "plugin_unknown"), "{}", again.text);
    assert_eq!((files_of(&postlude, "plugins", &digest), files_of(&postlude, "code", &digest)), (0, 0));
    assert_eq!(delete(&postlude, OPERATOR_KEY, "nonsense").await.status, 400);

    // One that the pipeline runs stays with the pipeline.
    let digest = upload(&postlude, OPERATOR_KEY, email_domain()).await.text_at("/digest").to_owned();
    let action = "[[tenants.acme.pipeline]]\nname = \"domain\"\nplugin = \"email-domain\"\n\
        settings = { domains = [\"acme.example\"] }\ngrants = { event = [\"/user/email\", \"/user/email_verified\"] }\n";
    let table =
        format!("[tenants.acme.plugins.email-domain]\ndigest = \"{digest}\"\n{action}[[tenants.acme.pipeline]]");
    postlude.edit_config("[[tenants.acme.pipeline]]", &table);
    assert_eq!(postlude.post_as(OPERATOR_KEY, "/v1/admin/reload", &json!({})).await.status, 200);
    assert_eq!(delete(&postlude, OPERATOR_KEY, &digest).await.status, 204);
    assert_eq!((files_of(&postlude, "plugins", &digest), files_of(&postlude, "code", &digest)), (1, 1));
    assert_eq!(postlude.browser("ana").login().await.status, 200);
}

/// A disk that is nearly full takes no upload, and logins go on.
#[tokio::test]
async fn what_is_left_of_the_disk_is_for_logins() {
    let postlude = Postlude::builder().server("disk_reserve = \"1000000GiB\"").start().await;
    let refused = upload(&postlude, OPERATOR_KEY, email_domain()).await;
    assert_eq!((refused.status, refused.text_at("/code")), (503, "unavailable"), "{}", refused.text);
    assert!(refused.text_at("/detail").contains("the disk is too full for uploads"), "{}", refused.text);
    let mut browser = postlude.browser("ana");
    browser.login().await;
    assert_eq!(browser.complete().await.outcome(), "continue");
}

/// Revocations are forgotten once no policy takes a record that they cover, and not before.
#[tokio::test]
async fn revocations_end_when_nothing_could_be_older() {
    let mut postlude = Postlude::start().await;
    let digest = postlude.get_as(READER_KEY, "/v1/admin/pipeline").await.body["actions"][0]["digest"].clone();
    let body = json!({ "digest": digest, "reason": "INC-7" });
    assert_eq!(postlude.post_as(OPERATOR_KEY, "/v1/admin/plugins/revoke-factors", &body).await.status, 200);
    for (days, left) in [(399, 1), (2, 0)] {
        postlude.forward(std::time::Duration::from_secs(days * 24 * 3600));
        postlude.host().collect_garbage().await.unwrap();
        let listed = postlude.get_as(READER_KEY, "/v1/admin/orders").await;
        assert_eq!(listed.body["revocations"].as_array().unwrap().len(), left, "{}", listed.text);
    }
    postlude.restart().await;
    let listed = postlude.get_as(READER_KEY, "/v1/admin/orders").await;
    assert_eq!(listed.body["revocations"], json!([]), "{}", listed.text);
}

/// P45, P46: what is no component is refused, each with its reason.
#[tokio::test]
async fn what_this_host_does_not_run_is_refused() {
    let postlude = Postlude::in_memory().await;
    let mut cut = email_domain();
    cut.truncate(1000);
    let core = b"\0asm\x01\0\0\0".to_vec();
    let precompiled = [b"\x7fELF\x02\x01\x01\0".to_vec(), vec![0; 100]].concat();
    let cases = [
        (core, "core module"),
        (cut, "malformed"),
        (precompiled, "precompiled machine code"),
        (b"(component)".to_vec(), "text"),
        (vec![0x1f, 0x8b, 8, 0], "gzip"),
        (Vec::new(), "not WebAssembly"),
    ];
    for (bytes, why) in cases {
        let refused = upload(&postlude, OPERATOR_KEY, bytes).await;
        assert_eq!((refused.status, refused.outcome()), (422, "plugin_refused"), "{why}: {}", refused.text);
        assert!(refused.text_at("/detail").contains(why), "{why}: {}", refused.text);
    }
    let untyped = postlude.client.post(format!("{}/v1/admin/plugins", postlude.base)).bearer_auth(OPERATOR_KEY);
    let untyped = Answered::of(untyped.body(email_domain())).await;
    assert_eq!((untyped.status, untyped.outcome()), (415, "unsupported_media_type"));
    assert_eq!(postlude.get_as(OPERATOR_KEY, "/v1/admin/plugins").await.body["plugins"].as_array().unwrap().len(), 1);
}

/// O04: the cap holds while the body is read, whether its length was said or not: a body without an end is not read to any.
#[tokio::test]
async fn an_upload_is_capped_at_the_edge() {
    let postlude = Postlude::in_memory().await;
    let at = upload(&postlude, OPERATOR_KEY, vec![0; LIMIT]).await;
    assert_eq!((at.status, at.outcome()), (422, "plugin_refused"), "it is read whole, and is no component");
    let said = upload(&postlude, OPERATOR_KEY, vec![0; LIMIT + 1]).await;
    assert_eq!((said.status, said.outcome()), (413, "plugin_too_large"), "{}", said.text);
    // Chunked, ten gigabytes: the connection ends early.
    let counted = Arc::<AtomicUsize>::default();
    let counter = Arc::clone(&counted);
    let chunk = move |_: usize| {
        counter.fetch_add(1, Ordering::SeqCst);
        Ok::<_, std::io::Error>(vec![0_u8; 1 << 20])
    };
    let body = reqwest::Body::wrap_stream(Endless { left: 10_000, chunk });
    let request = postlude.client.post(format!("{}/v1/admin/plugins", postlude.base)).bearer_auth(OPERATOR_KEY);
    let sent = request.header("content-type", "application/wasm").body(body).send().await;
    if let Ok(response) = sent {
        assert_eq!(response.status(), 413);
    }
    // After the limit twice as much is discarded, so that a client that sends before it reads hears why; the rest was in buffers.
    let sent = counted.load(Ordering::SeqCst);
    assert!((32..160).contains(&sent), "{sent} MiB of an endless body were taken");
    assert_eq!(postlude.get_as(OPERATOR_KEY, "/v1/admin/plugins").await.status, 200);
}

/// A slow upload holds up no other tenant.
#[tokio::test]
async fn each_tenant_uploads_one_at_a_time() {
    let postlude = Postlude::in_memory().await;
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let rest = futures_util::stream::once(async move { Ok::<_, std::io::Error>(vec![u8::from(ended.await.is_ok())]) });
    let body = reqwest::Body::wrap_stream(rest);
    let request = postlude.client.post(format!("{}/v1/admin/plugins", postlude.base)).bearer_auth(OPERATOR_KEY);
    let sent = tokio::spawn(request.header("content-type", "application/wasm").body(body).send());
    let mut own = upload(&postlude, OPERATOR_KEY, b"x".to_vec()).await;
    let began = std::time::Instant::now();
    while own.status != 503 && began.elapsed().as_secs() < 10 {
        own = upload(&postlude, OPERATOR_KEY, b"x".to_vec()).await;
    }
    assert!(own.text_at("/detail").contains("another upload of this tenant"), "{}", own.text);
    assert_eq!(upload(&postlude, OTHER_OPERATOR_KEY, b"x".to_vec()).await.status, 422, "it is looked at");
    end.send(()).unwrap();
    assert_eq!(sent.await.unwrap().unwrap().status(), 422);
    assert_eq!(upload(&postlude, OPERATOR_KEY, b"x".to_vec()).await.status, 422, "the place is free again");
}

/// So many chunks.
struct Endless<F> {
    left: usize,
    chunk: F,
}

impl<F: Fn(usize) -> Result<Vec<u8>, std::io::Error> + Unpin> futures_util::Stream for Endless<F> {
    type Item = Result<Vec<u8>, std::io::Error>;
    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let Some(left) = self.left.checked_sub(1) else { return std::task::Poll::Ready(None) };
        self.left = left;
        std::task::Poll::Ready(Some((self.chunk)(left)))
    }
}

/// Neither an impatient caller nor a quiet log keeps a change out of the audit.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_who_does_not_wait_is_on_record() {
    let mut postlude = Postlude::builder().process().start().await;
    postlude.stop().await;
    let log = postlude.dir().join("log");
    let mut serve = tokio::process::Command::new(program());
    serve.args(["serve", "--log-level", "error", "--config"]).arg(postlude.dir().join("postlude.toml"));
    let _serve = serve.stderr(std::fs::File::create(&log).unwrap()).kill_on_drop(true).spawn().unwrap();
    let address = postlude.base.strip_prefix("http://").unwrap().to_owned();
    let body = json!({ "user_id": "ana", "action": "face", "reason": "HD-7" }).to_string();
    let request = format!(
        "POST /v1/admin/bypasses HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {OPERATOR_KEY}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    drop(eventually(|| std::net::TcpStream::connect(&address).ok()).await);
    let lines = || {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let told = |line: &&str| line.contains("postlude::audit") && line.contains("issue-bypass");
        text.lines().filter(told).count()
    };
    // A connection that is closed before the server took the request changes nothing: so several tries. The pause differs, that some
    // are closed in the middle of the change.
    for pause in 0..5_u64 {
        let mut connection = std::net::TcpStream::connect(&address).unwrap();
        std::io::Write::write_all(&mut connection, request.as_bytes()).unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
        drop(connection);
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let list = json!({ "user_id": "ana" });
    let mut made = 0;
    eventually(|| (lines() > 0).then_some(())).await;
    // What is issued and what is on record are the same, once nothing is under way.
    let began = std::time::Instant::now();
    while began.elapsed().as_secs() < 10 {
        let listed = postlude.post_as(OPERATOR_KEY, "/v1/admin/bypasses/list", &list).await;
        made = listed.body["bypasses"].as_array().unwrap().len();
        if made == lines() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(made > 0);
    assert_eq!(made, lines());
}

/// What there is within ten seconds.
async fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let began = std::time::Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed().as_secs() < 10, "not within ten seconds");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// O08.
#[tokio::test]
async fn the_pipeline_in_force_is_shown_without_secrets() {
    let postlude = Postlude::in_memory().await;
    let shown = postlude.get_as(READER_KEY, "/v1/admin/pipeline").await;
    let action = &shown.body["actions"][0];
    assert_eq!((&shown.body["revision"], action["name"].as_str()), (&json!(1), Some("face")), "{}", shown.text);
    assert_eq!(
        action["factors"][0],
        json!({ "name": FACTOR, "max_age_seconds": 86400, "max_idle_seconds": null, "max_uses": null, "per_client": false,
            "amr": ["mfa"], "external": false, "silent": false })
    );
    assert_eq!(action["settings"]["factor"], FACTOR);
    assert_eq!(action["grants"]["redirect_origins"], json!(["http://localhost:4000"]));
    for word in ["partner.jwks", "sha256\":"] {
        assert!(!shown.text.contains(word), "{word}: {}", shown.text);
    }
}

#[tokio::test]
async fn a_reload_says_what_came_of_it() {
    let postlude = Postlude::in_memory().await;
    let same = postlude.post_as(OPERATOR_KEY, "/v1/admin/reload", &json!({})).await;
    assert_eq!((same.status, &same.body["revision"]), (200, &json!(1)), "{}", same.text);
    postlude.edit_config("max_age = \"24h\"", "max_age = \"12h\"");
    let changed = postlude.post_as(OPERATOR_KEY, "/v1/admin/reload", &json!({})).await;
    assert_eq!(changed.body["revision"], 2, "{}", changed.text);

    // One mistake of each tenant: an operator reads its own, and hears that there is another.
    postlude.edit_config("[tenants.acme]\n", "[tenants.acme]\nparsecs = 12\n");
    postlude.edit_config("[tenants.other]\n", "[tenants.other]\nsurprise = 1\n");
    for (key, own, foreign) in [(OPERATOR_KEY, "parsecs", "surprise"), (OTHER_OPERATOR_KEY, "surprise", "parsecs")] {
        let refused = postlude.post_as(key, "/v1/admin/reload", &json!({})).await;
        assert_eq!((refused.status, refused.outcome()), (422, "configuration_refused"), "{}", refused.text);
        assert!(refused.body["problems"].to_string().contains(own), "{}", refused.text);
        assert!(!refused.text.contains(foreign) && refused.text_at("/detail").contains("1 more"), "{}", refused.text);
    }
    assert_eq!(postlude.get_as(READER_KEY, "/v1/admin/pipeline").await.body["revision"], 2, "it keeps serving");
}

async fn all(postlude: &Postlude, path: &str, filter: Value, field: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let mut body = filter.clone();
        if !cursor.is_null() {
            body["cursor"] = cursor;
        }
        let page = postlude.post_as(READER_KEY, path, &body).await;
        assert_eq!(page.status, 200, "{}", page.text);
        all.extend(page.body[field].as_array().unwrap().iter().cloned());
        cursor = page.body["next"].clone();
        if cursor.is_null() {
            return all;
        }
    }
}

#[tokio::test]
async fn logins_are_found_by_user_newest_first_and_by_status() {
    let postlude = Postlude::in_memory().await;
    let mut ana = postlude.browser("ana");
    ana.login().await;
    ana.complete().await;
    let mut newest = String::new();
    for _ in 0..3 {
        postlude.forward(std::time::Duration::from_secs(1));
        newest = ana.login().await.text_at("/login_id").to_owned();
    }
    postlude.browser("ben").login().await;

    let path = "/v1/admin/logins/list";
    for limit in [1, 2, 50] {
        let logins = all(&postlude, path, json!({ "user_id": "ana", "limit": limit }), "logins").await;
        assert_eq!((logins.len(), logins[0]["login_id"].as_str()), (4, Some(&*newest)), "{logins:?}");
        assert!(logins.iter().all(|login| login["user_id"] == "ana" && login["status"] == "continue"));
        assert_eq!(all(&postlude, path, json!({ "limit": limit }), "logins").await.len(), 5);
        let open = all(&postlude, path, json!({ "status": "suspended", "limit": limit }), "logins").await;
        assert_eq!((open.len(), &open[0]["user_id"], &open[0]["action"]), (1, &json!("ben"), &json!("face")));
    }
    for wrong in [json!({ "limit": 0 }), json!({ "limit": 101 }), json!({ "cursor": "x" }), json!({ "status": "x" })] {
        let refused = postlude.post_as(READER_KEY, path, &wrong).await;
        assert_eq!((refused.status, refused.outcome()), (400, "invalid_request"), "{wrong}");
    }
}

#[tokio::test]
async fn sessions_are_found_looked_at_and_ended() {
    let postlude = Postlude::in_memory().await;
    for user in ["ana", "ben", "eve"] {
        let mut browser = postlude.browser(user);
        browser.login().await;
        browser.complete().await;
    }
    let path = "/v1/admin/sessions/list";
    for limit in [1, 50] {
        assert_eq!(all(&postlude, path, json!({ "limit": limit }), "sessions").await.len(), 3);
    }
    let anas = all(&postlude, path, json!({ "user_id": "ana" }), "sessions").await;
    assert_eq!((anas.len(), &anas[0]["factors"][0]["name"]), (1, &json!(FACTOR)));
    let digest = &anas[0]["factors"][0]["digest"];
    assert_eq!(all(&postlude, path, json!({ "digest": digest }), "sessions").await.len(), 3);
    let id = json!({ "id": anas[0]["id"] });
    assert_eq!(postlude.post_as(READER_KEY, "/v1/admin/sessions/get", &id).await.body, anas[0]);
    let ended = postlude.post_as(OPERATOR_KEY, "/v1/admin/sessions/end", &id).await;
    assert_eq!((ended.status, &ended.body["factors"]), (200, &json!([])));
    assert_eq!(all(&postlude, path, json!({ "user_id": "ana" }), "sessions").await.len(), 0);
}

/// T06: what one tenant's keys see and change is that tenant's.
#[tokio::test]
async fn a_tenant_sees_and_changes_nothing_of_another() {
    let postlude = Postlude::in_memory().await;
    let mut ana = postlude.browser("ana");
    let login = ana.login().await;
    ana.complete().await;
    let session = json!({ "id": ana.session.clone().unwrap() });
    let uploaded = upload(&postlude, OPERATOR_KEY, email_domain()).await;
    let used = postlude.get_as(OPERATOR_KEY, "/v1/admin/plugins").await.body["plugins"].clone();
    let key = OTHER_OPERATOR_KEY;
    assert_eq!(postlude.get_as(key, "/v1/admin/plugins").await.body["plugins"], json!([]));
    for plugin in used.as_array().unwrap() {
        let path = format!("/v1/admin/plugins/{}", plugin["digest"].as_str().unwrap());
        assert_eq!(postlude.get_as(key, &path).await.outcome(), "plugin_unknown");
    }
    for (path, field) in [("/v1/admin/logins/list", "logins"), ("/v1/admin/sessions/list", "sessions")] {
        assert_eq!(postlude.post_as(key, path, &json!({})).await.body[field], json!([]), "{path}");
        assert_eq!(postlude.post_as(key, path, &json!({ "user_id": "ana" })).await.body[field], json!([]), "{path}");
    }
    assert_eq!(postlude.get_as(key, "/v1/admin/pipeline").await.body["actions"], json!([]));
    let shown = postlude.get_as(key, &format!("/v1/logins/{}", login.text_at("/login_id"))).await;
    assert_eq!(shown.outcome(), "login_unknown");
    assert_eq!(postlude.post_as(key, "/v1/admin/sessions/get", &session).await.outcome(), "session_unknown");

    // Orders of one tenant are nothing to the other.
    let digest = &used.as_array().unwrap().iter().find(|plugin| plugin["name"] == "custom-factor").unwrap()["digest"];
    let order = json!({ "digest": digest, "reason": "mine" });
    assert_eq!(postlude.post_as(key, "/v1/admin/kill", &order).await.body["actions"], json!([]));
    postlude.post_as(key, "/v1/admin/plugins/revoke-factors", &order).await;
    postlude.post_as(key, "/v1/admin/sessions/end", &session).await;
    assert_eq!(ana.login().await.outcome(), "continue", "the factor of acme's session still counts");
    assert_eq!(postlude.get_as(OPERATOR_KEY, "/v1/admin/orders").await.body["kills"], json!([]));

    // An upload of the same bytes is the other tenant's own, and says nothing of the first.
    let theirs = upload(&postlude, key, email_domain()).await;
    assert_eq!((theirs.status, &theirs.body["digest"]), (200, &uploaded.body["digest"]));
}
