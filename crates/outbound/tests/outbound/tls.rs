//! TLS: the name of the URL is the one in the certificate, and only trusted authorities count.

use crate::support::{Answer, Ca, Names, Server, get, partner};
use postlude_model::http::HttpError;
use postlude_outbound::{Outbound, OutboundConfig, OutboundError, RootsError};

fn names() -> std::sync::Arc<Names> {
    Names::of(&[("partner.example", &[&["127.0.0.1"]])])
}

async fn asked(out: &Outbound, server: &Server) -> Result<Vec<u8>, HttpError> {
    let host = format!("partner.example:{}", server.port);
    get(out, &format!("https://{host}/"), &host).await.map(|response| response.body)
}

#[tokio::test]
async fn a_private_authority_is_trusted_by_its_file() {
    let ca = Ca::new();
    let server = Server::tls(&ca, "partner.example", Answer::ok("hello")).await;
    assert_eq!(asked(&partner(&ca, server.port, names()), &server).await.unwrap(), b"hello");
}

/// N14.
#[tokio::test]
async fn another_name_and_another_authority_are_refused() {
    let ca = Ca::new();
    let elsewhere = Server::tls(&ca, "elsewhere.example", Answer::ok("hello")).await;
    let refused = asked(&partner(&ca, elsewhere.port, names()), &elsewhere).await.unwrap_err().to_string();
    assert!(refused.starts_with("cannot connect") && refused.contains("certificate"), "{refused}");
    let server = Server::tls(&Ca::new(), "partner.example", Answer::ok("hello")).await;
    let refused = asked(&partner(&ca, server.port, names()), &server).await.unwrap_err().to_string();
    assert!(refused.contains("certificate"), "{refused}");
    for server in [elsewhere, server] {
        assert!(server.requests().is_empty(), "nothing was said before the certificate was checked");
    }
}

/// Private addresses are for the one host and port that the operator named.
#[tokio::test]
async fn private_addresses_are_named_host_by_host() {
    let ca = Ca::new();
    let server = Server::tls(&ca, "partner.example", Answer::ok("hello")).await;
    let config = |allow: &str| OutboundConfig {
        ca_pem: Some(ca.pem()),
        allow_private: vec![allow.to_owned()],
        resolver: Some(names()),
        ..OutboundConfig::default()
    };
    for allow in ["partner.example", "other.example:443", "sub.partner.example"] {
        let answer = asked(&Outbound::new(config(allow)).unwrap(), &server).await;
        assert_eq!(answer, Err(HttpError::Other("the host has an address that is not public".to_owned())), "{allow}");
    }
    assert!(matches!(Outbound::new(config("10.0.0.1")), Err(OutboundError::Host(..))));
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_file_without_roots_is_refused() {
    let open = |pem: &[u8]| Outbound::new(OutboundConfig { ca_pem: Some(pem.to_vec()), ..OutboundConfig::default() });
    assert_eq!(open(b"").unwrap_err(), OutboundError::Roots(RootsError::Empty));
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(open(broken).unwrap_err(), OutboundError::Roots(RootsError::Certificate(1, _))));
}
