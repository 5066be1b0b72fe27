//! Checks that look at several parts of the configuration together.

use super::problem::{Log, Place};
use super::read::{nearest, shown};
use super::server::Server;
use super::tenant::{Tenant, UNREAD_ISSUER};
use super::units::show_duration;
use postlude_model::names::GroupName;
use std::collections::BTreeMap;

/// The first segments of our own routes: an issuer must not begin with one.
const OUR_ROUTES: [&str; 6] = ["v1", "healthz", "readyz", "metrics", "openapi.json", "console"];

/// Checks the tenants against each other and against the server.
pub(super) fn tenants(tenants: &[Tenant], server: &Server, log: &Log) {
    let mut keys = BTreeMap::new();
    for (at, tenant) in tenants.iter().enumerate() {
        routes(tenant, log);
        tenants.iter().take(at).for_each(|earlier| paths(earlier, tenant, log));
        unused_plugins(tenant, log);
        ages(tenant, log);
        factors(tenant, log);
        groups(tenant, log);
        for key in &tenant.keys {
            let owner = format!("key `{}` of tenant `{}`", key.name, tenant.name);
            if let Some(other) = keys.insert(*key.hash, owner) {
                let message = format!("tenant `{}`, key `{}`: is the same key as {other}", tenant.name, key.name);
                log.error_hint(key.hash.at, message, "`postlude keys new api` makes one for each caller");
            }
        }
    }
    if server.development && !server.listen.ip().is_loopback() {
        let message =
            format!("`server.development` is on, and `server.listen` is {}, not this machine alone", server.listen);
        log.warn(server.at, message, "turn development mode off, or listen on 127.0.0.1");
    }
}

fn routes(tenant: &Tenant, log: &Log) {
    let first = tenant.issuer_path().split('/').nth(1).unwrap_or_default();
    if OUR_ROUTES.contains(&first) {
        let message = format!("tenant `{}`: `issuer`: paths below `/{first}` are Postlude's own", tenant.name);
        log.error_hint(tenant.issuer_url.at, message, "choose another path, such as the tenant's name");
    }
}

/// Requests find their tenant by the path alone, never by the Host header.
fn paths(earlier: &Tenant, tenant: &Tenant, log: &Log) {
    if [earlier, tenant].iter().any(|tenant| tenant.issuer_url.as_str() == UNREAD_ISSUER) {
        return;
    }
    let (one, two) = (earlier.issuer_path(), tenant.issuer_path());
    let is_below = |lower: &str, upper: &str| lower.strip_prefix(upper).is_some_and(|rest| rest.starts_with('/'));
    let what = if one == two {
        "has the same path as"
    } else if is_below(two, one) {
        "lies below"
    } else if is_below(one, two) {
        "lies above"
    } else {
        return;
    };
    let message = format!("tenant `{}`: `issuer`: {what} the issuer of tenant `{}`", tenant.name, earlier.name);
    log.error_hint(
        tenant.issuer_url.at,
        message,
        "give each tenant a path of its own, such as `/acme`: requests are routed by it",
    );
}

fn unused_plugins(tenant: &Tenant, log: &Log) {
    // With an action left out because of an error, a plugin may only seem unused.
    if log.errors() > 0 {
        return;
    }
    for (name, file) in &tenant.plugins {
        if !tenant.pipeline.iter().any(|action| action.plugin.value == *name) {
            let message = format!("tenant `{}`: no action uses the plugin `{name}`", tenant.name);
            log.warn(file.at, message, "add an action to the pipeline, or remove the plugin");
        }
    }
}

fn ages(tenant: &Tenant, log: &Log) {
    let session = tenant.lifetimes.session;
    for action in &tenant.pipeline {
        for factor in action.factors.iter().filter(|factor| *factor.max_age > session) {
            let (age, session) = (show_duration(*factor.max_age), show_duration(session));
            let message = format!(
                "action `{}`: `max_age` {age} of `{}` is longer than sessions are kept, {session}",
                action.name, factor.name
            );
            log.warn(factor.max_age.at, message, "raise `lifetimes.session`, or lower `max_age`");
        }
    }
}

/// Factor policies of which one part makes another useless.
fn factors(tenant: &Tenant, log: &Log) {
    for action in &tenant.pipeline {
        for factor in &action.factors {
            let warn = |at: Place, what: String, hint: &str| {
                log.warn(at, format!("action `{}`: {what} of `{}`", action.name, factor.name), hint);
            };
            if let Some(idle) = factor.max_idle.as_ref().filter(|idle| idle.value >= factor.max_age.value) {
                let (idle_text, age) = (show_duration(idle.value), show_duration(factor.max_age.value));
                let what = format!("`max_idle` {idle_text} is not shorter than `max_age` {age}");
                warn(idle.at, what, "remove it: a record is never idle for longer than it is old");
            }
            if let Some(uses) = factor.max_uses.as_ref().filter(|_| factor.max_age.value.is_zero()) {
                warn(
                    uses.at,
                    "`max_uses` beside `max_age = \"0s\"`".to_owned(),
                    "remove it: no record is ever used again",
                );
            }
        }
    }
}

/// Groups of one action alone.
fn groups(tenant: &Tenant, log: &Log) {
    let mut members: BTreeMap<&GroupName, Vec<Place>> = BTreeMap::new();
    for group in tenant.pipeline.iter().filter_map(|action| action.rules.any_of.as_ref()) {
        members.entry(&group.value).or_default().push(group.at);
    }
    for (group, places) in &members {
        let [at] = places.as_slice() else { continue };
        let others = members.keys().filter(|other| *other != group).map(|other| other.as_str());
        let hint = nearest(group.as_str(), others).map_or_else(
            || "put another action into it, or remove `any_of`".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        log.warn(
            *at,
            format!("tenant `{}`: one action alone is in group `{}`", tenant.name, shown(group.as_str())),
            hint,
        );
    }
}
