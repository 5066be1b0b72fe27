//! `postlude answer-prompt`: answers a prompt in the place of its site, so that an integrator needs neither site nor browser.

use crate::output;
use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use postlude_stories::partner::{AskingTenant, PartnerKey, PromptAnswer, PromptKind, PromptRequest, ResultContext};
use reqwest::Url;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long the tenant's keys, and its answer to the browser, may take.
const ANSWER: Duration = Duration::from_secs(10);

/// Answer a prompt in the place of its site: verify the request token, sign a result, and come back as the browser would.
///
/// Takes the `location` of an answer with the outcome `redirect` and prints where the browser goes at last: the login's
/// `return_url` with the parameter `postlude`. For trying an integration; the partner's private key is needed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  postlude answer-prompt 'http://localhost:4000/prompt?request=..&state=..'\n  \
    postlude answer-prompt \"$LOCATION\" --verdict refused --key acme.key.pem --json\n\n\
    The key is the one that `postlude init --factor` made for the prompt site: Ed25519, as PKCS #8 in PEM.")]
pub(crate) struct Args {
    /// Where the browser was sent
    location: String,
    /// The prompt site's private key
    #[arg(long, value_name = "FILE", default_value = "partner.key.pem")]
    key: PathBuf,
    /// What the prompt site says
    #[arg(long, value_enum, default_value_t = Verdict::Ok)]
    verdict: Verdict,
    /// The parameter of the result token, as the plugin's manifest names it
    #[arg(long, value_name = "NAME", default_value = "postlude_result")]
    parameter: String,
    /// Print JSON: the claims of both tokens, and each address of the way back
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Verdict {
    Ok,
    Refused,
    Error,
}

impl Verdict {
    const fn kind(self) -> PromptKind {
        match self {
            Self::Ok => PromptKind::Ok,
            Self::Refused => PromptKind::Refused,
            Self::Error => PromptKind::Error,
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let request = PromptRequest::read(&args.location)?;
    let claim = |name: &str| {
        let value = request.claims.get(name).and_then(Value::as_str);
        value.with_context(|| format!("the request token has no claim `{name}`: is it of the profile `postlude`?"))
    };
    let (tenant, site) = (claim("iss")?, claim("aud")?);
    let pem = std::fs::read_to_string(&args.key).with_context(|| {
        format!("cannot read `{}`: name the prompt site's private key with `--key`", args.key.display())
    })?;
    let key = PartnerKey::from_pem(site, &pem).map_err(|why| {
        anyhow::anyhow!("`{}` is no private key of Ed25519 as PKCS #8 in PEM: {why}", args.key.display())
    })?;
    let continue_url = claim("continue_url")?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let keys = runtime.block_on(fetch(&format!("{tenant}/.well-known/jwks.json")))?.0;
    request.check(&key, AskingTenant { issuer: tenant, continue_url, keys: &keys, now: now.as_secs() })?;
    let context = ResultContext {
        user: claim("sub")?,
        factor: request.claims.get("factor").and_then(Value::as_str),
        audience: claim("action")?,
        now: now.as_secs(),
        // A result is used once, so each has a number of its own.
        number: u64::try_from(now.as_nanos()).unwrap_or(u64::MAX),
        earlier: None,
    };
    let answer = PromptAnswer::of(args.verdict.kind());
    let result = answer.token(&key, &request, context).map_err(anyhow::Error::msg)?;
    let result = result.context("there is no result to send")?;
    let back = Url::parse_with_params(
        continue_url,
        [("state", request.state.as_str()), (args.parameter.as_str(), result.as_str())],
    )?;
    let (text, location) = runtime.block_on(fetch(back.as_str()))?;
    let Some(location) = location else {
        bail!("`{continue_url}` shows a page instead of sending the browser on: {}", output::plain(&text));
    };
    if args.json {
        output::json(&json!({ "request": request.claims, "back": back.as_str(), "location": location }))?;
    } else {
        output::line(location);
    }
    Ok(ExitCode::SUCCESS)
}

/// A GET as a browser makes it: the body, and where it is sent on to.
async fn fetch(url: &str) -> Result<(String, Option<String>)> {
    crate::tls::install();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(ANSWER).build()?;
    let response = client.get(url).send().await.with_context(|| format!("no answer from `{url}`"))?;
    let status = response.status();
    let location = response.headers().get("location").and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    let text = response.text().await?;
    if !status.is_success() && location.is_none() {
        bail!("`{url}` answers {status}: {}", output::plain(&text));
    }
    Ok((text, location))
}
