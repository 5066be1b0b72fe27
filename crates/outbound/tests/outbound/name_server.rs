//! A name server on loopback (RFC 1035): it answers for `partner.example`, and for nothing below `black.example`.

use postlude_outbound::NameServers;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

const A: u16 = 1;

/// The server; it ends with the value.
pub struct NameServer {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl NameServer {
    pub async fn start() -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
        let (address, asked) = (socket.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            let mut packet = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut packet).await {
                if let Some(answer) = answer(&packet[..length], &counted) {
                    let _ = socket.send_to(&answer, from).await;
                }
            }
        });
        Self { address, asked, task }
    }

    /// A resolver that asks it alone.
    pub fn resolver(&self) -> NameServers {
        NameServers::at(self.address)
    }

    /// How often the addresses of `partner.example` were asked for.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// The answer to a query: 127.0.0.1 for `partner.example`, no such name for others, and silence below `black.example`.
fn answer(query: &[u8], asked: &AtomicUsize) -> Option<Vec<u8>> {
    let (mut labels, mut at) = (Vec::new(), 12);
    while query[at] != 0 {
        let end = at + 1 + usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_lowercase());
        at = end;
    }
    let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
    let question = &query[12..at + 5];
    let name = labels.join(".");
    if name.ends_with("black.example") {
        return None;
    }
    let found = name == "partner.example";
    let addresses = u8::from(found && kind == A);
    asked.fetch_add(usize::from(addresses), Ordering::SeqCst);
    // Response, recursion desired and available; NXDOMAIN where there is no such name.
    let mut answer = vec![query[0], query[1], 0x81, if found { 0x80 } else { 0x83 }, 0, 1, 0, addresses, 0, 0, 0, 0];
    answer.extend_from_slice(question);
    if addresses == 1 {
        // The name of the question, A, IN, a minute, four bytes.
        answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    Some(answer)
}
