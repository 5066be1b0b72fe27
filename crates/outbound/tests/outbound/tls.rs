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

/// Cipher suites with an ephemeral key exchange and authenticated encryption: those of TLS 1.3, and ECDHE with AES-GCM or ChaCha20-Poly1305
/// (RFC 8446, RFC 5289, RFC 7905); and the sign that nothing is renegotiated (RFC 5746).
const STRONG: [u16; 10] = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9, 0x00ff];

/// What a client offers in its first message (RFC 8446, section 4.1.2): cipher suites, compressions, versions.
fn offered(record: &[u8]) -> (Vec<u16>, Vec<u8>, Vec<u16>) {
    assert_eq!((record[0], record[5]), (22, 1), "a ClientHello");
    let pairs = |bytes: &[u8]| bytes.chunks(2).map(|two| u16::from_be_bytes([two[0], two[1]])).collect::<Vec<_>>();
    let long = |at: usize| usize::from(u16::from_be_bytes([record[at], record[at + 1]]));
    // Record header, message header, version, random; then a session with its length.
    let suites = 5 + 4 + 2 + 32 + 1 + usize::from(record[43]);
    let compressions = suites + 2 + long(suites);
    let mut at = compressions + 1 + usize::from(record[compressions]) + 2;
    let mut versions = Vec::new();
    while at < record.len() {
        if long(at) == 43 {
            versions = pairs(&record[at + 5..at + 4 + long(at + 2)]);
        }
        at += 4 + long(at + 2);
    }
    let list = |from: usize, length: usize| record[from..from + length].to_vec();
    let compression = list(compressions + 1, usize::from(record[compressions]));
    (pairs(&list(suites + 2, long(suites))), compression, versions)
}

/// N13: neither an early version nor a weak cipher is offered, and a server that chooses one gets an alert.
#[tokio::test]
async fn nothing_weak_is_offered_or_taken() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let choosing = |version: [u8; 2], suite: [u8; 2]| {
        let mut hello = vec![22, 3, 3, 0, 42, 2, 0, 0, 38, version[0], version[1]];
        hello.extend([7; 32]);
        hello.extend([0, suite[0], suite[1], 0]);
        hello
    };
    // TLS 1.1 with a cipher of its time; TLS 1.2 without forward secrecy; with a broken cipher.
    let answers = [choosing([3, 2], [0xc0, 0x13]), choosing([3, 3], [0x00, 0x9c]), choosing([3, 3], [0xc0, 0x11])];
    let count = answers.len();
    let server = tokio::spawn(async move {
        let mut seen = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut header = [0; 5];
            stream.read_exact(&mut header).await.unwrap();
            let mut record = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
            stream.read_exact(&mut record).await.unwrap();
            stream.write_all(&answer).await.unwrap();
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
            seen.push(([&header[..], &record].concat(), rest));
        }
        seen
    });
    let out = partner(&Ca::new(), port, names());
    let host = format!("partner.example:{port}");
    for _ in 0..count {
        let refused = get(&out, &format!("https://{host}/"), &host).await.unwrap_err().to_string();
        assert!(refused.starts_with("cannot connect"), "{refused}");
    }
    for (hello, rest) in server.await.unwrap() {
        let (suites, compressions, versions) = offered(&hello);
        assert!(suites.len() > 3 && suites.iter().all(|suite| STRONG.contains(suite)), "{suites:04x?}");
        assert_eq!((compressions, versions), (vec![0], vec![0x0304, 0x0303]));
        assert_eq!((rest[0], rest[5]), (21, 2), "a fatal alert, and no request: {rest:?}");
        assert_eq!(rest.len(), 7);
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
