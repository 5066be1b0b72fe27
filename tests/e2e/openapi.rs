//! The OpenAPI document: what it says is what the server does, for every route, method, role and code.

use postlude_testkit::{IDP_KEY, OPERATOR_KEY, OTHER_KEY, OTHER_OPERATOR_KEY, Postlude, READER_KEY};
use reqwest::Method;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "patch", "options", "trace"];

async fn document(postlude: &Postlude) -> Value {
    let response = postlude.client.get(format!("{}/openapi.json", postlude.base)).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()),
        (200, "application/json")
    );
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

/// Every operation: its path, its method, and what the document says.
fn operations(document: &Value) -> Vec<(String, String, Map<String, Value>)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                all.push((path.clone(), method.to_owned(), operation.as_object().unwrap().clone()));
            }
        }
    }
    all
}

fn concrete(path: &str) -> String {
    let digest = format!("sha256:{}", "0".repeat(64));
    path.replace("{login_id}", "lgn_x").replace("{digest}", &digest).replace("{issuer_path}", "acme")
}

async fn status(postlude: &Postlude, method: &str, path: &str, key: Option<&str>, body: Option<&str>) -> u16 {
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    let mut request = postlude.client.request(method, format!("{}{}", postlude.base, concrete(path)));
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_owned());
    }
    request.send().await.unwrap().status().as_u16()
}

/// `INSTA_UPDATE=always` writes it anew: look at the change as at changed code.
#[tokio::test]
async fn the_document_is_the_one_in_the_repository() {
    let postlude = Postlude::in_memory().await;
    let mut text = serde_json::to_string_pretty(&document(&postlude).await).unwrap();
    text.push('\n');
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(&file, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(golden == text, "docs/openapi.json is not what the server serves; INSTA_UPDATE=always writes it anew");
}

/// O13.
#[tokio::test]
async fn the_routes_are_the_documents_paths() {
    let postlude = Postlude::in_memory().await;
    let document = document(&postlude).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let documented: BTreeSet<_> = operations(&document).into_iter().map(|(path, method, _)| (path, method)).collect();
    for path in document["paths"].as_object().unwrap().keys() {
        for method in METHODS {
            let found = status(&postlude, method, path, None, None).await != 405;
            let said = documented.contains(&(path.clone(), method.to_owned()));
            assert_eq!(found, said, "{method} {path}");
        }
    }
    // What frameworks and forgotten tools answer at, as far as it is not documented; also beside what is.
    let usual = "/ /debug /debug/pprof/ /debug/pprof/heap /debug/vars /actuator /actuator/env /actuator/heapdump /env /.env /.git/config \
        /server-status /admin /v1 /v1/ /v1/admin /v1/admin/ /v1/debug /v1/admin/debug /v1/admin/config /v1/admin/store /v1/internal /internal \
        /status /stats /state /trace /traces /swagger /swagger-ui /api-docs /openapi.yaml /graphql /graphiql /metrics/ /healthz/ /readyz/ /v0/logins \
        /v2/logins /logins /test /dump /heap /threads /config /config.toml /postlude.toml /root.key /shutdown /quit /tasks /tokio /acme /acme/debug \
        /acme/.well-known/openid-configuration /.well-known/jwks.json /favicon.ico /robots.txt /index.html";
    for path in usual.split_whitespace().filter(|path| document["paths"].get(*path).is_none()) {
        for (method, key) in [("get", None), ("get", Some(OPERATOR_KEY)), ("post", Some(OPERATOR_KEY))] {
            let body = (method == "post").then_some("{}");
            assert_eq!(status(&postlude, method, path, key, body).await, 404, "{method} {path}");
        }
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Routes are added with `routes!` alone, which documents them; and every code that a route declares is one of the list.
#[test]
fn no_route_and_no_code_is_undocumented() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/server/src"), &mut files);
    let known = std::fs::read_to_string(files.iter().find(|file| file.ends_with("src/codes.rs")).unwrap()).unwrap();
    let mut codes = 0;
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(!text.contains(".route(\""), "{}: a route without documentation; use `routes!`", file.display());
        for after in text.split("\"x-postlude-errors\" = json!([").skip(1) {
            let declared = after.split(']').next().unwrap();
            for code in declared.split('"').skip(1).step_by(2) {
                assert!(known.contains(&format!("\"{code}\"")), "{}: `{code}` is not in codes.rs", file.display());
                codes += 1;
            }
        }
    }
    assert!(codes > 30, "only {codes} codes were found");
}

/// N02, N12, O12, T09: no answer of any route, with a key and without, is cached or framed, sets a cookie, or is open to another
/// origin's script.
#[tokio::test]
async fn every_answer_forbids_caching_and_sets_no_cookie() {
    let postlude = Postlude::in_memory().await;
    let document = document(&postlude).await;
    let mut seen = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        for key in [None, Some(IDP_KEY), Some(OPERATOR_KEY)] {
            let verb = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let mut request = postlude.client.request(verb, format!("{}{}", postlude.base, concrete(&path)));
            request =
                request.header("origin", "https://evil.example").header("cookie", "postlude=x; __Host-postlude=y");
            request = key.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
            if operation.contains_key("requestBody") {
                request = request.header("content-type", "application/json").body("{}");
            }
            let response = request.send().await.unwrap();
            let (headers, shown) = (response.headers(), format!("{method} {path} {}", response.status()));
            assert_eq!(headers["cache-control"], "no-store", "{shown}");
            assert_eq!(headers["referrer-policy"], "no-referrer", "{shown}");
            assert_eq!(headers["x-content-type-options"], "nosniff", "{shown}");
            let policy = headers["content-security-policy"].to_str().unwrap();
            assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{shown}");
            assert!(!headers.contains_key("set-cookie"), "{shown}");
            let opened = headers.keys().find(|name| name.as_str().starts_with("access-control-"));
            assert_eq!(opened, None, "{shown}");
            seen.insert(response.status().as_u16());
        }
    }
    assert!(seen.len() >= 5 && seen.contains(&200) && seen.contains(&401), "{seen:?}");
}

/// N11: no route takes a security event token (RFC 8417), once or twice, with whatever key: as it is pushed (RFC 8935), in a form, or as JSON.
#[tokio::test]
async fn no_route_takes_a_security_event_token() {
    let postlude = Postlude::in_memory().await;
    let document = document(&postlude).await;
    // {"typ":"secevent+jwt","alg":"none"} and an event that ends a session.
    let token = "eyJ0eXAiOiJzZWNldmVudCtqd3QiLCJhbGciOiJub25lIn0.\
        eyJqdGkiOiIxIiwiZXZlbnRzIjp7Imh0dHBzOi8vc2NoZW1hcy5vcGVuaWQubmV0L3NlY2V2ZW50L2NhZXAvZXZlbnQtdHlwZS9zZXNzaW9uLXJldm9rZWQiOnt9fX0.";
    let (form, json) = (format!("logout_token={token}"), format!("{{\"set\":\"{token}\"}}"));
    let bodies = [
        ("application/secevent+jwt", token),
        ("application/x-www-form-urlencoded", form.as_str()),
        ("application/json", json.as_str()),
    ];
    let mut tried = 0;
    for (path, method, operation) in operations(&document) {
        if !["post", "put", "patch"].contains(&method.as_str()) || !operation.contains_key("requestBody") {
            continue;
        }
        for key in [None, Some(IDP_KEY), Some(OPERATOR_KEY)] {
            for (kind, body) in bodies.iter().chain(&bodies) {
                let verb = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let mut request = postlude.client.request(verb, format!("{}{}", postlude.base, concrete(&path)));
                request = key.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
                let sent = request.header("content-type", *kind).body((*body).to_owned()).send().await.unwrap();
                let status = sent.status().as_u16();
                assert!((400..500).contains(&status), "{method} {path} {kind}: {status}");
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "only {tried} were sent");
}

/// O01: for every route and every kind of key: 401, 403 or let through, as the document says.
#[tokio::test]
async fn every_route_asks_for_the_roles_that_it_declares() {
    let postlude = Postlude::in_memory().await;
    let document = document(&postlude).await;
    let keys = [
        ("idp", IDP_KEY),
        ("operator", OPERATOR_KEY),
        ("reader", READER_KEY),
        ("idp", OTHER_KEY),
        ("operator", OTHER_OPERATOR_KEY),
    ];
    for (path, method, operation) in operations(&document) {
        let open = !path.starts_with("/v1/");
        let security = operation.get("security").and_then(Value::as_array).cloned().unwrap_or_default();
        assert_eq!(
            open,
            security.is_empty(),
            "{method} {path}: every route below /v1 declares its roles, and no other does"
        );
        if open {
            continue;
        }
        let roles: BTreeSet<_> = security.iter().map(|one| one["key"][0].as_str().unwrap().to_owned()).collect();
        assert_eq!(roles.len(), security.len(), "{method} {path}");
        let body = operation.contains_key("requestBody").then_some("{}");
        for wrong in [None, Some("plk_wrong-key-0123456789abcdefghijklmnop")] {
            assert_eq!(status(&postlude, &method, &path, wrong, body).await, 401, "{method} {path} {wrong:?}");
        }
        for (role, key) in keys {
            let status = status(&postlude, &method, &path, Some(key), body).await;
            assert_eq!(status == 403, !roles.contains(role), "{method} {path} as {role}: {status}");
            assert!(![401, 405, 500].contains(&status), "{method} {path} as {role}: {status}");
            assert!(
                operation["responses"].get(status.to_string()).is_some(),
                "{method} {path} does not document {status}"
            );
        }
    }
}

#[tokio::test]
async fn everything_is_explained() {
    let postlude = Postlude::in_memory().await;
    let document = document(&postlude).await;
    let ids: Vec<_> = operations(&document).iter().map(|(.., operation)| operation["operationId"].clone()).collect();
    assert_eq!(ids.iter().map(Value::to_string).collect::<BTreeSet<_>>().len(), ids.len(), "operation ids are unique");
    for (path, method, operation) in operations(&document) {
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}");
        assert!(operation["tags"][0].is_string(), "{method} {path}");
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert!(schemas.len() > 30);
    for (name, schema) in schemas {
        let parts: Vec<_> = schema["allOf"].as_array().into_iter().flatten().chain([schema]).collect();
        for (field, property) in parts.iter().filter_map(|part| part["properties"].as_object()).flatten() {
            let either =
                property["oneOf"].as_array().and_then(|either| either.iter().find(|one| one.get("$ref").is_some()));
            let explained = [Some(property), either].into_iter().flatten().any(|one| one.get("description").is_some());
            assert!(explained || property.get("$ref").is_some(), "{name}.{field}: {property}");
        }
    }
}
