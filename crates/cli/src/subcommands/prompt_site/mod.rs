//! `postlude prompt-site check`: plays a tenant and browsers at a prompt site, and gives a verdict for every rule.

mod browser;
mod form;
mod report;
mod rules;
mod tenant;

use crate::output;
use anyhow::{Context as _, Result, bail};
use browser::{Person, Places};
use clap::{Subcommand, ValueEnum};
use postlude_crypto::token::{Algorithm, VerifyWith};
use postlude_model::names::FactorName;
use report::{Report, Verdict};
use reqwest::Url;
use rules::Trial;
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tenant::{Site, Tenant};
use zeroize::Zeroizing;

/// Try a partner's prompt site.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: PromptSite,
}

#[derive(Debug, Subcommand)]
enum PromptSite {
    Check(Box<Check>),
}

/// Play a tenant and its browsers at a prompt site, and give a verdict for every rule.
///
/// The good path by redirect or form; requests that are tampered with, expired, of other keys, for others or from elsewhere;
/// replays, other browsers, another user, a new key. Configure the site for the issuer that this command plays: it serves the
/// issuer's public keys while it runs. It answers pages by their first form.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    postlude prompt-site check http://localhost:4000/prompt --jwks partner.jwks.json\n  \
    postlude prompt-site check https://face.example/prompt --jwks face.jwks.json --issuer https://check.example/t --listen 0.0.0.0:8490\n  \
    postlude prompt-site check http://localhost:4000/prompt --secret-file shared.txt --alg HS256 --press verdict=ok --press-no verdict=refused --json\n\n\
    Exit codes: 0 every rule holds, or warns; 1 one does not; 2 wrong usage.")]
struct Check {
    /// The prompt's address, as a plugin's settings have it
    url: Url,
    /// The site's public keys: a JWK set
    #[arg(long, value_name = "FILE", required_unless_present = "secret_file", conflicts_with = "secret_file")]
    jwks: Option<PathBuf>,
    /// The secret that is shared with the site, for HS256
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// The algorithm of requests and results
    #[arg(long, value_enum, default_value_t = Alg::EdDsa)]
    alg: Alg,
    /// The issuer that the site trusts, which this command plays
    #[arg(long, value_name = "URL", default_value = "http://localhost:8490/check")]
    issuer: String,
    /// Where the issuer's public keys are served
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8490")]
    listen: SocketAddr,
    /// The site's name, as an operator would configure it; the origin of the address without this
    #[arg(long, value_name = "NAME")]
    site: Option<String>,
    /// Another origin of the site's, where the browser may go
    #[arg(long = "origin", value_name = "ORIGIN")]
    origins: Vec<String>,
    /// The parameter of the request
    #[arg(long, value_name = "NAME", default_value = "request")]
    parameter: String,
    /// The parameter of the result
    #[arg(long, value_name = "NAME", default_value = "postlude_result")]
    result: String,
    /// The factor that is asked for
    #[arg(long, value_name = "NAME", default_value = "https://postlude.dev/check")]
    factor: String,
    /// A user whom the site knows
    #[arg(long, value_name = "USER", default_value = "check-user")]
    user: String,
    /// Another user whom the site knows
    #[arg(long, value_name = "USER", default_value = "check-other-user")]
    other_user: String,
    /// What is typed into a field of this name
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    fill: Vec<(String, String)>,
    /// The button that says yes; the first one without this
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    press: Option<(String, String)>,
    /// The button that says no
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    press_no: Option<(String, String)>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Alg {
    #[value(name = "EdDSA")]
    EdDsa,
    #[value(name = "ES256")]
    Es256,
    #[value(name = "HS256")]
    Hs256,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let PromptSite::Check(check) = &args.command;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(check.run())?;
    let failed = report.count(Verdict::Failed);
    let counts = (report.count(Verdict::Passed), report.count(Verdict::Warning), report.count(Verdict::Skipped));
    if check.json {
        output::json(&json!({
            "url": check.url.as_str(), "issuer": check.issuer, "passed": counts.0, "failed": failed, "warnings": counts.1, "skipped": counts.2,
            "rules": report.findings,
        }))?;
    } else {
        output::line(format!("{} passed, {failed} failed, {} warnings, {} skipped", counts.0, counts.1, counts.2));
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

impl Check {
    async fn run(&self) -> Result<Report> {
        let origin = self.url.origin().ascii_serialization();
        let factor =
            FactorName::new(&self.factor).with_context(|| format!("`{}` is no name of a factor", self.factor))?;
        let issuer = self.issuer.trim_end_matches('/');
        let tenant = Tenant::new(issuer, Some(factor), self.site(&origin)?)?;
        let listener = tokio::net::TcpListener::bind(self.listen).await;
        tenant.serve(listener.with_context(|| {
            format!(
                "`{}` cannot be listened on: choose another address with `--listen`, and the issuer that belongs to it",
                self.listen
            )
        })?);
        let mut origins = vec![origin];
        origins.extend(self.origins.iter().cloned());
        let places = Places { continue_url: tenant.continue_url.clone(), origins };
        let person = |press: &Option<(String, String)>| Person { fill: self.fill.clone(), press: press.clone() };
        let trial = Trial {
            tenant,
            places: &places,
            http: rules::client()?,
            yes: person(&self.press),
            no: self.press_no.as_ref().map(|_| person(&self.press_no)),
            result: &self.result,
            users: [&self.user, &self.other_user],
            fetches_keys: self.alg != Alg::Hs256,
            report: Report { is_quiet: self.json, ..Report::default() },
        };
        trial.run().await
    }

    fn site(&self, origin: &str) -> Result<Site> {
        let alg = match self.alg {
            Alg::EdDsa => Algorithm::EdDSA,
            Alg::Es256 => Algorithm::ES256,
            Alg::Hs256 => Algorithm::HS256,
        };
        let read =
            |path: &PathBuf| std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()));
        let verify = match (&self.jwks, &self.secret_file) {
            (Some(path), _) if self.alg != Alg::Hs256 => VerifyWith::Jwks(read(path)?),
            (_, Some(path)) if self.alg == Alg::Hs256 => {
                VerifyWith::Secret(Zeroizing::new(read(path)?.trim_end_matches(['\r', '\n']).as_bytes().to_vec()))
            }
            _ => bail!("HS256 takes `--secret-file`, and EdDSA and ES256 take `--jwks`"),
        };
        let name = self.site.clone().unwrap_or_else(|| origin.to_owned());
        Ok(Site { name, alg, verify, parameter: self.parameter.clone(), prompt: self.url.clone() })
    }
}
