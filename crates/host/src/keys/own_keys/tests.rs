//! PublishedKeys keys over time: what is kept, when it is asked for, and what counts while nobody answers.

use super::*;
use postlude_model::action::Secret;
use postlude_model::http::Answering;
use postlude_model::token::Profile;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The pairs of RFC 8032, section 7.1, tests 1 and 2.
const PAIRS: [(&str, &str); 2] = [
    ("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
    ("TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs", "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"),
];

fn jwk(pair: usize) -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": pair.to_string(), "x": PAIRS[pair].1 })
}

fn token(pair: usize) -> String {
    let mut private = jwk(pair);
    private["d"] = PAIRS[pair].0.into();
    let key = OwnKey::private(Algorithm::EdDSA, &private.to_string()).unwrap();
    key.sign(&Json::object(), &Json::parse(r#"{"iss":"idp"}"#).unwrap()).unwrap()
}

/// A site that publishes keys, or is down.
#[derive(Debug, Default)]
struct Site {
    published: Mutex<Option<String>>,
    asked: AtomicUsize,
}

impl Site {
    fn publish(&self, pairs: &[usize]) {
        let keys: Vec<_> = pairs.iter().map(|pair| jwk(*pair)).collect();
        *self.published.lock().unwrap() = Some(json!({ "keys": keys }).to_string());
    }

    fn down(&self) {
        *self.published.lock().unwrap() = None;
    }
}

impl HttpClient for Site {
    fn send(&self, request: Request, hosts: Arc<[String]>) -> Answering<'static> {
        assert_eq!((request.url.as_str(), &hosts[..]), ("https://idp.example/jwks", &["idp.example".to_owned()][..]));
        self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.published.lock().unwrap().clone().map_or(Err(HttpError::Timeout), |text| {
            Ok(Response { status: 200, headers: Vec::new(), body: text.into_bytes() })
        });
        Box::pin(async move {
            tokio::task::yield_now().await;
            answer
        })
    }
}

struct World {
    keys: Arc<dyn OwnKeys>,
    site: Arc<Site>,
}

impl World {
    fn new() -> Self {
        let ready = ReadyKey {
            name: "idp".to_owned(),
            issuer: String::new(),
            alg: Algorithm::EdDSA,
            profile: Profile::None,
            material: ReadyMaterial::JwksUrl("https://idp.example/jwks".to_owned()),
        };
        Self { keys: make(vec![ready]).unwrap(), site: Arc::default() }
    }

    /// Verifies a token of a pair, so many seconds after the beginning; and how often the site was asked for it.
    async fn at(&self, seconds: u64, pair: usize) -> (bool, usize) {
        let before = self.site.asked.load(Ordering::SeqCst);
        let client = Arc::clone(&self.site) as Arc<dyn HttpClient>;
        let now = Timestamp(1_795_000_000_000 + seconds * 1000);
        let verified = self.keys.verify("idp", &token(pair), &client, now).await;
        (verified.is_ok(), self.site.asked.load(Ordering::SeqCst) - before)
    }
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

#[tokio::test]
async fn keys_are_kept_for_ten_minutes() {
    let world = World::new();
    world.site.publish(&[0]);
    assert_eq!(world.at(0, 0).await, (true, 1));
    assert_eq!(world.at(10 * MINUTE - 1, 0).await, (true, 0));
    assert_eq!(world.at(10 * MINUTE, 0).await, (true, 1));
    assert_eq!(world.at(10 * MINUTE, 0).await, (true, 0));
}

#[tokio::test]
async fn a_new_key_is_asked_for_once_a_minute_at_most() {
    let world = World::new();
    world.site.publish(&[0]);
    assert_eq!(world.at(0, 0).await, (true, 1));
    world.site.publish(&[0, 1]);
    assert_eq!(world.at(59, 1).await, (false, 0));
    assert_eq!(world.at(60, 1).await, (true, 1));
    world.site.publish(&[1]);
    assert_eq!(world.at(61, 1).await, (true, 0));
    assert_eq!(world.at(10 * MINUTE + 60, 0).await, (false, 1), "a key that was withdrawn");
    assert_eq!(world.at(10 * MINUTE + 61, 0).await, (false, 0));
}

#[tokio::test]
async fn while_nobody_answers_the_last_keys_count_for_a_day() {
    let world = World::new();
    assert_eq!(world.at(0, 0).await, (false, 1));
    world.site.publish(&[0]);
    assert_eq!(world.at(1, 0).await, (true, 1), "without any keys each token asks");
    world.site.down();
    assert_eq!(world.at(11 * MINUTE, 0).await, (true, 1));
    assert_eq!(world.at(11 * MINUTE + 59, 0).await, (true, 0));
    assert_eq!(world.at(12 * MINUTE, 0).await, (true, 1));
    assert_eq!(world.at(24 * HOUR, 0).await, (true, 1));
    assert_eq!(world.at(24 * HOUR + 1, 0).await, (false, 1));
    world.site.publish(&[0]);
    assert_eq!(world.at(24 * HOUR + 2, 0).await, (true, 1));
}

#[tokio::test]
async fn many_tokens_at_once_ask_once() {
    let world = World::new();
    world.site.publish(&[0]);
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (keys, site) = (Arc::clone(&world.keys), Arc::clone(&world.site) as Arc<dyn HttpClient>);
        set.spawn(async move { keys.verify("idp", &token(0), &site, Timestamp(1)).await.is_ok() });
    }
    assert!(set.join_all().await.into_iter().all(|good| good));
    assert_eq!(world.site.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_is_no_token_asks_nobody() {
    let world = World::new();
    world.site.publish(&[0]);
    let client = Arc::clone(&world.site) as Arc<dyn HttpClient>;
    let none = "eyJhbGciOiJub25lIn0.e30.AA";
    for bad in ["", "a.b.c", none] {
        assert!(matches!(world.keys.verify("idp", bad, &client, Timestamp(1)).await, Err(KeyError::Invalid(_))));
    }
    assert_eq!(world.keys.verify("other", &token(0), &client, Timestamp(1)).await, Err(KeyError::NotGranted));
    assert!(matches!(world.keys.sign("idp", &Json::object(), &Json::object()), Err(KeyError::Other(_))));
    assert_eq!(world.site.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_site_that_answers_nonsense_is_down() {
    let world = World::new();
    for text in
        ["", "{}", r#"{"keys":[]}"#, &json!({ "keys": [jwk(0), jwk(0)] }).to_string(), &" ".repeat(SET_BYTES + 1)]
    {
        *world.site.published.lock().unwrap() = Some(text.to_owned());
        assert_eq!(world.at(0, 0).await, (false, 1), "{:.40}", text);
    }
}

#[test]
fn a_key_that_cannot_be_used_is_named_and_not_shown() {
    let ready = |alg, material| ReadyKey {
        name: "mine".to_owned(),
        issuer: String::new(),
        alg,
        profile: Profile::None,
        material,
    };
    let secret = "short-secret";
    let why = make(vec![ready(Algorithm::HS256, ReadyMaterial::Secret(Secret::new(secret)))]).unwrap_err();
    assert!(why.starts_with("key `mine`") && !why.contains(secret), "{why}");
    let private = ReadyMaterial::PrivateKey(Secret::new(secret));
    let why = make(vec![ready(Algorithm::RS256, private)]).unwrap_err();
    assert!(why.starts_with("key `mine`") && !why.contains(secret), "{why}");
}
