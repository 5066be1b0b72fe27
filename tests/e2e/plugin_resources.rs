//! What plugins reach outside of a login: granted hosts, published keys, and their own cache.

use postlude_testkit::{Answered, Postlude, event, guests};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A web server on loopback that gives every request the same answer, after a while.
struct Site {
    port: u16,
    asked: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Site {
    async fn new(content: &str, wait: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<AtomicUsize> = Arc::default();
        let (counted, answer) = (Arc::clone(&asked), Arc::<str>::from(content));
        let task = tokio::spawn(async move {
            let mut serving = tokio::task::JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let (counted, answer) = (Arc::clone(&counted), Arc::clone(&answer));
                serving.spawn(async move {
                    let mut head = [0; 4096];
                    let _ = stream.read(&mut head).await;
                    counted.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(wait).await;
                    let length = answer.len();
                    let text =
                        format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}");
                    let _ = stream.write_all(text.as_bytes()).await;
                });
            }
        });
        Self { port, asked, task }
    }

    fn url(&self) -> String {
        format!("http://localhost:{}/", self.port)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A guest without factors, with these capabilities.
fn guest(text: &str, capabilities: &serde_json::Value) -> Vec<u8> {
    let manifest = json!({
        "name": "guest", "version": "0.1.0", "publisher": "acme.example", "abi": "0.1.0", "capabilities": capabilities,
        "settings": { "type": "object", "properties": { "url": { "type": "string" } } },
    });
    guests::with_manifest(&guests::component(text).unwrap(), &manifest.to_string())
}

/// An action of it; more lines and tables may follow.
fn action(name: &str, rest: &str) -> String {
    format!("[[tenants.acme.pipeline]]\nname = \"{name}\"\nplugin = \"{name}\"\n{rest}\n")
}

/// Asks the site; denies with what it answered, or with the error.
fn asks(url: &str) -> String {
    format!(
        r#"(func (export "on-login") (result i32) (local $at i32)
          (local.set $at (i32.add (global.get $out) (i32.const 16)))
          (call $http.send «GET» «{url}» (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
            (global.get $out))
          (if (result i32) (i32.load8_u (global.get $out))
            (then (i32.store8 (i32.const 706) (i32.add (i32.const 48) (i32.load8_u offset=4 (global.get $out))))
              (call $deny «asked» (i32.const 700) (i32.const 7)))
            (else (call $deny «asked» (i32.load (local.get $at)) (i32.load offset=4 (local.get $at))))))
        (data (i32.const 700) "error 0")"#
    )
}

async fn denied(postlude: &Postlude) -> String {
    let answered = postlude.browser("ana").login().await;
    assert_eq!(answered.outcome(), "deny", "{}", answered.text);
    answered.text_at("/message").to_owned()
}

#[tokio::test]
async fn a_plugin_asks_the_host_that_its_settings_name() {
    let site = Site::new("hello from the site", Duration::ZERO).await;
    let (url, port) = (site.url(), site.port);
    let guest = guest(&asks(&url), &json!({ "hosts": [{ "setting": "/url" }] }));
    let granted = format!("settings = {{ url = \"{url}issuer\" }}\ngrants = {{ hosts = [\"localhost:{port}\"] }}");
    let postlude = Postlude::builder().guest("asks", guest).before(&action("asks", &granted)).start().await;
    assert_eq!(denied(&postlude).await, "hello from the site");
    assert_eq!(site.asked(), 1);
}

/// T04: a tenant whose partner answers in 1.9 s, with 200 logins at once, is not noticed by another: neither its own requests nor its
/// prompts take longer.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_partner_of_one_tenant_is_not_noticed_by_another() {
    const SLOW_KEY: &str = "plk_test-slow-key-0123456789abcdefghijklmno";
    let (slow, fast) =
        (Site::new("late", Duration::from_millis(1900)).await, Site::new("at once", Duration::ZERO).await);
    let hosts = json!({ "hosts": [{ "setting": "/url" }] });
    let grant = |site: &Site| {
        format!("settings = {{ url = \"{}\" }}\ngrants = {{ hosts = [\"localhost:{}\"] }}", site.url(), site.port)
    };
    let tenant = format!(
        "[tenants.slow]\nissuer = \"http://127.0.0.1:1/slow\"\nreturn_urls = [\"http://localhost:3000/interaction/\"]\n\
         [tenants.slow.keys.idp]\nrole = \"idp\"\nsha256 = \"{}\"\n[tenants.slow.plugins.late]\npath = \"late.wasm\"\n\
         [[tenants.slow.pipeline]]\nname = \"late\"\nplugin = \"late\"\n{}\n",
        postlude_testkit::hash(SLOW_KEY),
        grant(&slow),
    );
    // Its action is the last one: the prompt comes before it.
    let fast_action = action("fast", &grant(&fast));
    let builder = Postlude::builder().guest("fast", guest(&asks(&fast.url()), &hosts)).after(&fast_action);
    let postlude = builder.guest("late", guest(&asks(&slow.url()), &hosts)).after(&tenant).start().await;
    let slow_login = async |number: usize| {
        let body = json!({ "trigger": "post-login", "mode": "interactive", "event": event("eve", None),
            "return_url": "http://localhost:3000/interaction/x" });
        postlude.login_as(SLOW_KEY, &format!("late-{number}"), &body).await.status
    };
    let noisy = futures_util::future::join_all((0..200).map(slow_login));
    let quiet = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let mut browser = postlude.browser("ana");
        for _ in 0..10 {
            let started = Instant::now();
            assert_eq!(browser.login().await.outcome(), "redirect");
            let answered = browser.complete().await;
            assert_eq!(answered.text_at("/message"), "at once", "{}", answered.text);
            // In turn with the others it would wait for several answers, of 1.9 seconds each.
            assert!(started.elapsed() < Duration::from_millis(1800), "{:?}", started.elapsed());
        }
    };
    let (statuses, ()) = tokio::join!(noisy, quiet);
    assert!(statuses.contains(&200) && slow.asked() >= 16, "{} requests, {statuses:?}", slow.asked());
}

/// What the manifest does not ask for is not there, whatever the operator grants; and the other way round it is no
/// configuration.
#[tokio::test]
async fn a_host_must_be_asked_for_and_granted() {
    let site = Site::new("hello", Duration::ZERO).await;
    let url = site.url();
    let elsewhere = guest(&asks(&url), &json!({ "hosts": ["api.example"] }));
    let granted = "grants = { hosts = [\"api.example\"] }";
    let mut postlude = Postlude::builder().guest("asks", elsewhere).before(&action("asks", granted)).start().await;
    assert_eq!(denied(&postlude).await, "error 2");
    assert_eq!(site.asked(), 0);
    postlude.stop().await;
    postlude.edit_config(granted, "");
    let why = postlude.start_again().await.unwrap_err().to_string();
    assert!(why.contains("asks for host `api.example`, not granted"), "{why}");
    postlude.edit_config("name = \"asks\"", &format!("name = \"asks\"\n{granted}"));
    postlude.start_again().await.unwrap();
}

/// A login that runs anew because its session changed gets the answers that it had: the site is asked once.
#[tokio::test]
async fn a_run_that_is_repeated_asks_no_host_twice() {
    let site = Site::new("code spent", Duration::from_millis(700)).await;
    let (url, port) = (site.url(), site.port);
    // Asks; then denies where the session has a value that another login of it sets.
    let exchanges = format!(
        r#"(func (export "on-login") (result i32)
          (call $http.send «GET» «{url}» (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
            (global.get $out))
          (if (i32.load8_u (global.get $out)) (then (return (call $fail «no answer»))))
          (call $session.get-metadata «k» (global.get $out))
          (if (result i32) (i32.load8_u (global.get $out)) (then (call $deny «again» «ran again»)) (else (call $continue))))"#
    );
    let sets = r#"(func (export "on-login") (result i32)
          (call $session.set-metadata «k» (i32.const 1) «1» (global.get $out)) (call $continue))"#;
    let granted = format!("applies_to = [\"interactive\"]\ngrants = {{ hosts = [\"localhost:{port}\"] }}");
    let postlude = Postlude::builder()
        .guest("exchanges", guest(&exchanges, &json!({ "hosts": [format!("localhost:{port}")] })))
        .guest("sets", guest(sets, &json!({})))
        .before(&(action("exchanges", &granted) + &action("sets", "applies_to = [\"silent\"]")))
        .start()
        .await;
    let browser = || {
        let mut browser = postlude.browser("ana");
        browser.session = Some("s-1".to_owned());
        browser
    };
    let (mut one, mut two) = (browser(), browser());
    let interactive = one.login();
    let silent = async {
        while site.asked() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        two.login_in("silent").await
    };
    let (interactive, silent): (Answered, Answered) = tokio::join!(interactive, silent);
    assert_eq!(silent.outcome(), "interaction_required", "{}", silent.text);
    assert_eq!((interactive.outcome(), site.asked()), ("deny", 1), "{}", interactive.text);
    assert_eq!(interactive.text_at("/message"), "ran again");
}

/// The example of RFC 7515, appendix A.2.
const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb\
    290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJ\
    dbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO-\
    -xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlU\
    PQGe77Rw";
const MODULUS: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL\
    -yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEM\
    a2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54\
    h4FRWyuXpoQ";

#[tokio::test]
async fn a_token_verifies_by_keys_that_are_published() {
    let set = json!({ "keys": [{ "kty": "RSA", "use": "sig", "n": MODULUS, "e": "AQAB" }] });
    let site = Site::new(&set.to_string(), Duration::ZERO).await;
    let verifies = format!(
        r#"(func (export "on-login") (result i32) (local $at i32)
          (local.set $at (i32.add (global.get $out) (i32.const 4)))
          (call $keys.verify-jwt «idp» «{TOKEN}» (global.get $out))
          (if (result i32) (i32.load8_u (global.get $out)) (then (call $deny «refused» «refused»))
            (else (call $deny «verified» (i32.load (local.get $at)) (i32.load offset=4 (local.get $at))))))"#
    );
    let key = format!(
        "grants = {{ keys = [\"idp\"] }}\n[tenants.acme.pipeline.keys.idp]\nalg = \"RS256\"\njwks = {{ url = \"{}jwks\" }}",
        site.url()
    );
    let postlude = Postlude::builder()
        .guest("verifies", guest(&verifies, &json!({ "keys": ["idp"] })))
        .before(&action("verifies", &key))
        .start()
        .await;
    for _ in 0..3 {
        assert_eq!(denied(&postlude).await, r#"{"exp":1300819380,"http://example.com/is_root":true,"iss":"joe"}"#);
    }
    assert_eq!(site.asked(), 1, "the keys are kept");
}

#[tokio::test]
async fn a_cache_outlives_logins_and_restarts_until_its_time() {
    let remembers = r#"(func (export "on-login") (result i32)
          (call $cache.get «n» (global.get $out))
          (if (i32.load8_u (global.get $out)) (then (return (call $fail «no cache»))))
          (if (i32.load8_u offset=4 (global.get $out)) (then (return (call $deny «known» «known»))))
          (call $cache.set «n» «1» (i32.const 60) (global.get $out))
          (if (result i32) (i32.load8_u (global.get $out)) (then (call $fail «not set»)) (else (call $continue))))"#;
    let guest = guest(remembers, &json!({}));
    let actions = action("remembers", "") + &action("alike", "");
    let mut postlude =
        Postlude::builder().guest("remembers", guest.clone()).guest("alike", guest).before(&actions).start().await;
    let login = |postlude: &Postlude| {
        let mut browser = postlude.browser("ana");
        browser.session = None;
        browser.body("interactive")
    };
    let first = postlude.login("first", &login(&postlude)).await;
    assert_eq!(first.outcome(), "redirect", "both set, each its own: {}", first.text);
    let second = postlude.login("second", &login(&postlude)).await;
    assert_eq!((second.outcome(), second.text_at("/action")), ("deny", "remembers"));
    postlude.restart().await;
    assert_eq!(denied(&postlude).await, "known");
    postlude.forward(Duration::from_secs(59));
    assert_eq!(denied(&postlude).await, "known");
    postlude.forward(Duration::from_secs(3));
    assert_eq!(postlude.browser("ana").login().await.outcome(), "redirect");
    assert_eq!(denied(&postlude).await, "known");
}
