//! The demo, started as `postlude demo` starts it: its story, and what its sites answer to requests that no story has.
#![expect(clippy::unwrap_used, reason = "tests stop at what surprises them")]

use postlude_demo::{Demo, DemoOptions, Step};
use postlude_host::Compilation;
use reqwest::header::{CONTENT_SECURITY_POLICY, HOST, LOCATION, ORIGIN};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use std::path::PathBuf;

async fn start(data: Option<PathBuf>) -> Demo {
    Demo::start(DemoOptions { port: Some(0), data, compilation: Compilation::InProcess }).await.unwrap()
}

/// A client that calls this machine by any name.
struct Caller {
    client: Client,
    port: u16,
}

impl Caller {
    fn of(demo: &Demo) -> Self {
        let port = demo.page().rsplit(':').next().unwrap().parse().unwrap();
        Self { client: Client::builder().redirect(Policy::none()).no_proxy().build().unwrap(), port }
    }

    fn host(&self, name: &str) -> String {
        format!("{name}:{}", self.port)
    }

    fn get(&self, name: &str, path: &str) -> RequestBuilder {
        self.client.get(format!("http://127.0.0.1:{}{path}", self.port)).header(HOST, self.host(name))
    }

    fn post(&self, name: &str, path: &str) -> RequestBuilder {
        self.client.post(format!("http://127.0.0.1:{}{path}", self.port)).header(HOST, self.host(name))
    }
}

async fn sent(request: RequestBuilder) -> Response {
    request.send().await.unwrap()
}

fn header(response: &Response, name: reqwest::header::HeaderName) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

#[tokio::test]
async fn the_story_is_played_in_seven_steps_and_the_page_shows_its_messages() {
    let demo = start(None).await;
    let mut steps: Vec<Step> = Vec::new();
    demo.play(|step| steps.push(step.clone())).await.unwrap();
    let outcomes: Vec<_> = steps.iter().map(|step| (step.number, step.outcome.as_str())).collect();
    let expected = [
        (1, "redirect"),
        (2, "continue"),
        (3, "continue"),
        (4, "redirect"),
        (5, "refused"),
        (6, "redirect"),
        (7, "deny"),
    ];
    assert_eq!(outcomes, expected);

    let caller = Caller::of(&demo);
    let page = sent(caller.get("demo.localhost", "/")).await.text().await.unwrap();
    // Without a script: every message of the first login, with the tokens in it.
    for said in ["chrome to IdP: ", "POST /v1/logins", "prompt-request+jwt", "prompt-result+jwt", "login_mismatch"] {
        assert!(page.contains(said), "the page does not say `{said}`");
    }
    demo.stop().await.unwrap();
}

#[tokio::test]
async fn a_name_that_is_not_the_demos_is_refused_and_localhost_leads_to_the_page() {
    let demo = start(None).await;
    let caller = Caller::of(&demo);
    let rebound = sent(caller.get("attacker.example", "/")).await;
    assert_eq!(rebound.status(), 421);
    let entry = sent(caller.get("localhost", "/")).await;
    assert_eq!((entry.status().as_u16(), header(&entry, LOCATION)), (303, format!("{}/", demo.page())));
    demo.stop().await.unwrap();
}

#[tokio::test]
async fn every_site_has_a_page_for_an_address_that_leads_nowhere_and_for_a_reload() {
    let demo = start(None).await;
    let caller = Caller::of(&demo);
    for name in ["demo.localhost", "idp.ana.demo.localhost", "partner.ana.demo.localhost"] {
        let missing = sent(caller.get(name, "/missing")).await;
        assert_eq!(missing.status(), 404, "{name}");
        assert!(missing.text().await.unwrap().contains("<h1>No page here</h1>"), "{name}");
    }
    for path in ["/login", "/logout", "/result"] {
        let reloaded = sent(caller.get("idp.ana.demo.localhost", path)).await;
        assert_eq!((reloaded.status().as_u16(), header(&reloaded, LOCATION).as_str()), (303, "/"), "{path}");
    }
    let reloaded = sent(caller.get("partner.ana.demo.localhost", "/answer")).await;
    assert_eq!(reloaded.status(), 410);
    demo.stop().await.unwrap();
}

#[tokio::test]
async fn a_denial_is_a_page_that_a_reload_shows_again() {
    let demo = start(None).await;
    let caller = Caller::of(&demo);
    let denied = sent(caller.post("idp.ana.demo.localhost", "/login").form(&[("user", "eve")])).await;
    assert_eq!((denied.status().as_u16(), header(&denied, LOCATION).as_str()), (303, "/result"));
    let cookie = header(&denied, reqwest::header::SET_COOKIE);
    let cookie = cookie.split(';').next().unwrap();
    for _ in 0..2 {
        let shown = sent(caller.get("idp.ana.demo.localhost", "/result").header("cookie", cookie)).await;
        assert_eq!(shown.status(), 403);
        assert!(shown.text().await.unwrap().contains("Not logged in"));
    }
    demo.stop().await.unwrap();
}

#[tokio::test]
async fn the_page_runs_its_own_script_alone_and_only_it_moves_the_clock_and_frames_the_sites() {
    let demo = start(None).await;
    let caller = Caller::of(&demo);
    let page = sent(caller.get("demo.localhost", "/")).await;
    let policy = header(&page, CONTENT_SECURITY_POLICY);
    assert!(policy.contains("script-src 'self';") && policy.contains("default-src 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let framed = header(&sent(caller.get("idp.ana.demo.localhost", "/")).await, CONTENT_SECURITY_POLICY);
    assert!(framed.ends_with(&format!("frame-ancestors {}", demo.page())), "{framed}");

    let later = |origin: &str| caller.post("demo.localhost", "/later").header(ORIGIN, origin.to_owned());
    assert_eq!(sent(later("https://attacker.example")).await.status(), 403);
    let hours = async || {
        let text = sent(caller.get("demo.localhost", "/")).await.text().await.unwrap();
        text.split("class=\"hours\">").nth(1).unwrap().split('<').next().unwrap().to_owned()
    };
    assert_eq!(hours().await, "0");
    assert_eq!(sent(later(&demo.page())).await.status(), 303);
    assert_eq!(hours().await, "24");
    demo.stop().await.unwrap();
}

#[tokio::test]
async fn only_links_to_the_demos_own_sites_are_opened() {
    let demo = start(None).await;
    let caller = Caller::of(&demo);
    let open = |browser: &str, link: &str| {
        caller.get("demo.localhost", "/open").query(&[("browser", browser), ("link", link)])
    };
    let own = format!("http://{}/acme/continue?state=x", caller.host("postlude.ana.demo.localhost"));
    let hers = format!("http://{}/acme/continue?state=x", caller.host("postlude.mallory.demo.localhost"));
    assert_eq!(header(&sent(open("mallory", &own)).await, LOCATION), hers);
    for (browser, link) in [("mallory", "https://attacker.example/"), ("nobody", own.as_str())] {
        assert_eq!(sent(open(browser, link)).await.status(), 400, "{browser} {link}");
    }
    demo.stop().await.unwrap();
}

#[tokio::test]
async fn a_folder_that_is_kept_is_used_again() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let demo = start(Some(dir.path().to_owned())).await;
        demo.play(|_| {}).await.unwrap();
        demo.stop().await.unwrap();
    }
    assert!(dir.path().join("postlude.toml").exists() && dir.path().join("data").is_dir());
}

#[tokio::test]
async fn typed_code_is_tried_and_then_decides_the_next_login_while_a_mistake_in_it_changes_nothing() {
    let demo = start(None).await;
    let caller = Caller::of(&demo);
    let log_in = async || {
        let answer = sent(caller.post("idp.ana.demo.localhost", "/login").form(&[("user", "ana")])).await;
        header(&answer, LOCATION)
    };
    let put = async |form: &[(&str, &str)], origin: &str| {
        let put = caller.post("demo.localhost", "/typed").header(ORIGIN, origin.to_owned()).form(form);
        sent(put).await.status().as_u16()
    };
    let page = async || sent(caller.get("demo.localhost", "/")).await.text().await.unwrap();
    assert!(log_in().await.contains("/prompt?"));

    let deny = "return Decision.deny('day_off', `${event.user.user_id} has the day off`);";
    assert_eq!(put(&[("source", deny)], "https://attacker.example").await, 403);
    assert!(log_in().await.contains("/prompt?"), "another site's form changes nothing");
    assert_eq!(put(&[("source", deny)], &demo.page()).await, 303);
    let said = async || {
        let page = page().await;
        page.split("role=\"status\">")
            .map(|part| part.split('<').next().unwrap_or_default().to_owned())
            .collect::<String>()
    };
    assert!(said().await.contains("in force as revision 2 after "), "{}", said().await);
    assert_eq!(log_in().await, "/result");
    assert!(page().await.contains("day_off"));

    let mistakes = [
        ("let a = 1;\nlet b = ;\nreturn 1;", "SyntaxError: line 2: unexpected token in expression"),
        ("return Decision.deny('a',\n'b'\n", "SyntaxError: line 2: "),
        ("\n\nnothing.at.all;", "ReferenceError: line 3: nothing is not defined"),
        ("throw new Error('mine');", "Error: line 1: mine"),
        ("for (;;) {}", "fuel spent"),
        ("return 5;", "onLogin returned `5`"),
    ];
    for (source, why) in mistakes {
        assert_eq!(put(&[("source", source)], &demo.page()).await, 303);
        let said = said().await.replace("&#39;", "'");
        assert!(said.contains("not taken, and what was in force before stays: ") && said.contains(why), "{said}");
        assert_eq!(log_in().await, "/result", "the denial that was in force before goes on after: {source}");
    }
    let later = "if (event.user.user_id === 'ben') throw new Error('only for ben');";
    assert_eq!(put(&[("source", later)], &demo.page()).await, 303);
    assert!(log_in().await.contains("/prompt?"), "ana is not ben");
    let ben = sent(caller.post("idp.ana.demo.localhost", "/login").form(&[("user", "ben")])).await;
    assert_eq!(header(&ben, LOCATION), "/result", "a handler that throws later denies");
    let shown = page().await;
    assert!(shown.contains("only for ben") && shown.contains("typed"), "and the page names it");
    assert_eq!(put(&[("source", deny)], &demo.page()).await, 303);
    assert_eq!(put(&[("source", &"/".repeat(4001))], &demo.page()).await, 303);
    assert!(page().await.contains("the limit is 4000"));
    assert_eq!(put(&[("source", "return Decision.continue();")], &demo.page()).await, 303);
    assert!(log_in().await.contains("/prompt?"));
    assert_eq!(put(&[("source", deny), ("out", "yes")], &demo.page()).await, 303);
    assert!(log_in().await.contains("/prompt?"));
    demo.stop().await.unwrap();
}
