//! Servers on loopback, with and without TLS, that keep what they were sent; names with the addresses that a test gives them.

use postlude_model::http::{HttpClient, HttpError, Request, Response};
use postlude_outbound::{Outbound, OutboundConfig, Resolve, Resolving};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What a server does once it has read a request's head and the body that its length says.
#[derive(Debug, Clone)]
pub enum Answer {
    /// These bytes, then the end of the connection.
    Bytes(Vec<u8>),
    /// A head, then content for ever.
    Endless,
    /// A head, then a byte now and then.
    Drip,
    /// Nothing.
    Silence,
    /// These bytes, after a while.
    Slow(Vec<u8>, Duration),
}

impl Answer {
    pub fn ok(content: &str) -> Self {
        Self::raw(&format!("200 OK\r\ncontent-length: {}", content.len()), content)
    }

    pub fn raw(head: &str, content: &str) -> Self {
        Self::Bytes(format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n{content}").into_bytes())
    }
}

/// A server on loopback; it ends with the value.
pub struct Server {
    pub port: u16,
    pub requests: Arc<Mutex<Vec<Vec<u8>>>>,
    pub connections: Arc<AtomicUsize>,
    pub most_at_once: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Without TLS: a name of this machine, in development mode. Or a canary.
    pub async fn plain(answer: Answer) -> Self {
        Self::start("127.0.0.1", answer, None).await
    }

    /// With a certificate for a name.
    pub async fn tls(ca: &Ca, name: &str, answer: Answer) -> Self {
        Self::start("127.0.0.1", answer, Some(ca.acceptor(name))).await
    }

    async fn start(address: &str, answer: Answer, acceptor: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let [connections, now, most_at_once]: [Arc<AtomicUsize>; 3] = Default::default();
        let (kept, counted, most) = (Arc::clone(&requests), Arc::clone(&connections), Arc::clone(&most_at_once));
        let task = tokio::spawn(async move {
            let mut serving = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let (answer, kept, acceptor) = (answer.clone(), Arc::clone(&kept), acceptor.clone());
                let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                serving.spawn(async move {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    match acceptor {
                        None => serve(stream, answer, &kept).await,
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                serve(stream, answer, &kept).await;
                            }
                        }
                    }
                    now.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { port, requests, connections, most_at_once, task }
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The requests so far, as text.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: Answer, kept: &Mutex<Vec<Vec<u8>>>) {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer).await {
            Ok(n) if n > 0 => read.extend_from_slice(&buffer[..n]),
            _ => return,
        }
        let text = String::from_utf8_lossy(&read).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        if body.len() >= length {
            break;
        }
    }
    kept.lock().unwrap().push(read);
    // The client may hang up at any moment.
    let _ = match answer {
        Answer::Bytes(bytes) => stream.write_all(&bytes).await,
        Answer::Slow(bytes, wait) => {
            tokio::time::sleep(wait).await;
            stream.write_all(&bytes).await
        }
        Answer::Silence => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(())
        }
        Answer::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await;
            loop {
                if let Err(gone) = stream.write_all(&[b'x'; 16384]).await {
                    break Err(gone);
                }
            }
        }
        Answer::Drip => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await;
            loop {
                tokio::time::sleep(Duration::from_millis(50)).await;
                if let Err(gone) = stream.write_all(b"x").await {
                    break Err(gone);
                }
            }
        }
    };
    let _ = stream.shutdown().await;
}

/// A private certificate authority.
pub struct Ca(CertifiedIssuer<'static, KeyPair>);

impl Ca {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn pem(&self) -> Vec<u8> {
        self.0.pem().into_bytes()
    }

    fn acceptor(&self, name: &str) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &*self.0).unwrap();
        let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], private).unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Names and their addresses; a name with several lists gives them in turn and then the last one again.
#[derive(Debug, Default)]
pub struct Names {
    addresses: Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>,
    pub lookups: AtomicUsize,
}

impl Names {
    pub fn of(names: &[(&str, &[&[&str]])]) -> Arc<Self> {
        let parse = |list: &&[&str]| list.iter().map(|address| address.parse().unwrap()).collect();
        let one = |(name, lists): &(&str, &[&[&str]])| ((*name).to_owned(), lists.iter().map(parse).collect());
        Arc::new(Self { addresses: Mutex::new(names.iter().map(one).collect()), lookups: AtomicUsize::new(0) })
    }
}

impl Resolve for Names {
    fn resolve(&self, name: &str) -> Resolving {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        let mut names = self.addresses.lock().unwrap();
        let found = names.get_mut(name).map(|lists| {
            let first = lists.front().cloned().unwrap_or_default();
            if lists.len() > 1 {
                lists.pop_front();
            }
            first
        });
        let missing = || std::io::Error::new(std::io::ErrorKind::NotFound, "no such name");
        Box::pin(std::future::ready(found.ok_or_else(missing)))
    }
}

/// A way out that trusts the authority, with private addresses for `partner.example` at a port.
pub fn partner(ca: &Ca, port: u16, resolver: Arc<dyn Resolve>) -> Outbound {
    let allow_private = vec![format!("partner.example:{port}")];
    let config =
        OutboundConfig { ca_pem: Some(ca.pem()), allow_private, resolver: Some(resolver), ..OutboundConfig::default() };
    Outbound::new(config).unwrap()
}

/// A way out in development mode, with the system's resolver.
pub fn development() -> Outbound {
    Outbound::new(OutboundConfig { development: true, ..OutboundConfig::default() }).unwrap()
}

pub fn request(method: &str, url: &str) -> Request {
    Request { method: method.to_owned(), url: url.to_owned(), headers: Vec::new(), body: None }
}

/// Sends a request, with one host granted.
pub async fn send(out: &Outbound, request: Request, host: &str) -> Result<Response, HttpError> {
    out.send(request, [host.to_owned()].into()).await
}

/// A GET of a URL.
pub async fn get(out: &Outbound, url: &str, host: &str) -> Result<Response, HttpError> {
    send(out, request("GET", url), host).await
}
