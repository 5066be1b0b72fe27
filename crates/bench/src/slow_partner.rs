//! A partner's site that answers late, and the guest that asks it.

use crate::load::Connection;
use crate::report::print_line;
use crate::server::Process;
use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::routing::get;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long an answer takes. A server makes 256 requests of plugins at the same time: with this, 500 logins can wait for their turn and their
/// answer within the 2 s that a plugin's request may take. With a longer time half of them would fail early, and no longer wait.
const LATE: Duration = Duration::from_millis(900);
/// Ports of the partner: a server makes 16 requests at the same time to each.
const PORTS: usize = 32;
/// Where the addresses stand in the guest's memory.
const ADDRESSES: usize = 16 << 10;

/// The process: it prints an address at which `/ports` lists the others, and ends when its standard input closes.
pub(crate) fn serve() -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let slow = || async {
            tokio::time::sleep(LATE).await;
            "late"
        };
        let mut ports = Vec::new();
        for _ in 0..PORTS {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            ports.push(listener.local_addr()?.port().to_string());
            tokio::spawn(axum::serve(listener, Router::new().route("/", get(slow))).into_future());
        }
        let list = ports.join(" ");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        print_line(&listener.local_addr()?.to_string());
        tokio::spawn(axum::serve(listener, Router::new().route("/ports", get(|| async { list }))).into_future());
        let closed = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
        closed.await??;
        Ok(())
    })
}

/// The partner, from outside. It ends with this value.
pub(crate) struct SlowPartner {
    _process: Process,
    ports: Vec<u16>,
}

impl SlowPartner {
    pub(crate) fn start() -> Result<Self> {
        let process = Process::own(["slow-partner"])?;
        let list = tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
            let mut connection = Connection::open(process.address).await?;
            connection.answer(b"GET /ports HTTP/1.1\r\nhost: localhost\r\n\r\n").await
        })?;
        let ports: Vec<u16> =
            list.body.split(' ').map(str::parse).collect::<Result<_, _>>().context("no list of ports")?;
        ensure!(ports.len() == PORTS && ports.iter().all(|port| *port >= 10_000), "ports of five digits are needed");
        Ok(Self { _process: process, ports })
    }

    /// The hosts, as a manifest asks for them and an operator grants them.
    pub(crate) fn hosts(&self) -> Vec<String> {
        self.ports.iter().map(|port| format!("localhost:{port}")).collect()
    }

    /// The text of a guest that asks one of the ports, by the clock, and denies the login where it has no answer.
    pub(crate) fn guest(&self) -> String {
        let urls: Vec<_> = self.hosts().iter().map(|host| format!("http://{host}/")).collect();
        let length = urls.first().map_or(0, String::len);
        let mut text = format!(
            r#"(data (i32.const {ADDRESSES}) "{}")
            (func (export "on-login") (result i32)
              (call $http.send «GET»
                (i32.add (i32.const {ADDRESSES})
                  (i32.mul (i32.wrap_i64 (i64.rem_u (call $clock.now) (i64.const {PORTS}))) (i32.const {length})))
                (i32.const {length})"#,
            urls.concat()
        );
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            r#" (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (global.get $out))
              (if (result i32) (i32.load8_u (global.get $out))
                (then (call $deny «late» «the partner did not answer»)) (else (call $continue))))"#
        );
        text
    }
}
