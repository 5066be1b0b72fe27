//! The machine's hosts file and name servers, asked without a thread for each name, and within a time.

use crate::limits;
use crate::resolve::{Resolve, Resolving};
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::system_conf::parse_resolv_conf;
use hickory_resolver::{Hosts, Resolver, TokioResolver};
use std::fmt;
use std::fs;
use std::io::{Error, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// What says which name servers there are (resolv.conf(5)).
const SERVERS_FILE: &str = "/etc/resolv.conf";
/// What says which names need none (hosts(5)).
const HOSTS_FILE: &str = "/etc/hosts";

/// Looks up names as the machine's files say. Where they change, the next lookup goes by what they say now.
#[derive(Clone)]
pub struct NameServers(Arc<Inner>);

struct Inner {
    /// One name server, instead of those of the file.
    only: Option<SocketAddr>,
    servers_file: PathBuf,
    hosts_file: PathBuf,
    loaded: Mutex<Option<Loaded>>,
}

/// What was read of the files, and when they were last written.
#[derive(Clone)]
struct Loaded {
    written: [Option<SystemTime>; 2],
    resolver: TokioResolver,
    hosts: Arc<Hosts>,
}

impl Default for NameServers {
    fn default() -> Self {
        Self::of(None, SERVERS_FILE.into(), HOSTS_FILE.into())
    }
}

impl NameServers {
    /// One name server alone, by UDP, for names that are not in the machine's hosts file.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        Self::of(Some(address), SERVERS_FILE.into(), HOSTS_FILE.into())
    }

    fn of(only: Option<SocketAddr>, servers_file: PathBuf, hosts_file: PathBuf) -> Self {
        Self(Arc::new(Inner { only, servers_file, hosts_file, loaded: Mutex::default() }))
    }
}

impl fmt::Debug for NameServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NameServers").field("only", &self.0.only).finish_non_exhaustive()
    }
}

impl Inner {
    fn loaded(&self) -> Result<Loaded, NetError> {
        let files = [&self.servers_file, &self.hosts_file];
        let written = files.map(|file| fs::metadata(file).and_then(|found| found.modified()).ok());
        let mut kept = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = kept.as_ref().filter(|loaded| loaded.written == written) {
            return Ok(loaded.clone());
        }
        let (config, options) = self.config();
        let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
        *builder.options_mut() = within_limits(options);
        let loaded = Loaded { written, resolver: builder.build()?, hosts: Arc::new(self.hosts()) };
        *kept = Some(loaded.clone());
        Ok(loaded)
    }

    /// The hosts file; an empty one where it cannot be read.
    fn hosts(&self) -> Hosts {
        let mut hosts = Hosts::default();
        match fs::File::open(&self.hosts_file).and_then(|file| hosts.read_hosts_conf(file)) {
            Err(why) if why.kind() != ErrorKind::NotFound => {
                tracing::warn!(cause = %why, "`{}` cannot be read", self.hosts_file.display());
            }
            _ => {}
        }
        hosts
    }

    fn config(&self) -> (ResolverConfig, ResolverOpts) {
        let alone = |server| (ResolverConfig::from_parts(None, Vec::new(), vec![server]), ResolverOpts::default());
        if let Some(address) = self.only {
            let mut connection = ConnectionConfig::udp();
            connection.port = address.port();
            return alone(NameServerConfig::new(address.ip(), true, vec![connection]));
        }
        let file = self.servers_file.display();
        let read = fs::read(&self.servers_file).map_err(NetError::from).and_then(parse_resolv_conf);
        read.unwrap_or_else(|why| {
            // What the C library does then, too.
            tracing::warn!(cause = %why, "`{file}` cannot be used; the name server of this machine is asked");
            alone(NameServerConfig::udp_and_tcp(IpAddr::V4(Ipv4Addr::LOCALHOST)))
        })
    }
}

/// The options of the machine, within ours: the request behind a lookup waits no longer, each connection goes to an address that was
/// just looked up, and the hosts file is ours to read.
fn within_limits(mut options: ResolverOpts) -> ResolverOpts {
    options.timeout = limits::LOOKUP;
    options.attempts = 0;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options
}

impl Loaded {
    /// What the hosts file says. A name that is there is asked of no name server, for either kind of address.
    fn in_hosts(&self, name: &str) -> Vec<IpAddr> {
        let Ok(name) = Name::from_str(name) else { return Vec::new() };
        let of_kind = |kind| self.hosts.lookup_static_host(&Query::query(name.clone(), kind));
        let found = [RecordType::A, RecordType::AAAA].into_iter().filter_map(of_kind);
        found
            .flat_map(|lookup| lookup.answers().iter().filter_map(|record| record.data.ip_addr()).collect::<Vec<_>>())
            .collect()
    }

    async fn addresses(self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        let in_hosts = self.in_hosts(name);
        if !in_hosts.is_empty() {
            return Ok(in_hosts);
        }
        let found = self.resolver.lookup_ip(name).await.map_err(|why| failed(name, &why))?;
        Ok(found.iter().collect())
    }
}

impl Resolve for NameServers {
    fn resolve(&self, name: &str) -> Resolving {
        let (inner, name) = (Arc::clone(&self.0), name.to_owned());
        Box::pin(async move {
            let loaded = inner.loaded().map_err(|why| failed(&name, &why))?;
            let addresses = tokio::time::timeout(limits::LOOKUP, loaded.addresses(&name)).await;
            addresses.unwrap_or_else(|_| Err(failed(&name, &NetError::Timeout)))
        })
    }
}

/// What a plugin learns of a name that was not found: neither addresses nor names of servers.
fn failed(name: &str, why: &NetError) -> Error {
    tracing::debug!(host = %name, cause = %why, "a name has no address");
    match why {
        NetError::Timeout => Error::new(ErrorKind::TimedOut, "no name server answered in time"),
        why if why.is_no_records_found() => Error::new(ErrorKind::NotFound, "the name has no address"),
        _ => Error::other("the name cannot be looked up"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of the hosts file are asked of no name server, and a change of the file counts from the next lookup on.
    #[tokio::test]
    async fn the_hosts_file_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (servers, hosts) = (folder.path().join("resolv.conf"), folder.path().join("hosts"));
        let names = NameServers::of(None, servers.clone(), hosts.clone());
        let ask = async |name: &str| names.resolve(name).await.map_err(|why| why.kind());
        // No server is at this address: nobody could answer but the files.
        fs::write(&servers, "nameserver 127.0.0.254\n").unwrap();
        fs::write(&hosts, "192.0.2.1 partner.example other.example\n2001:db8::1 partner.example # a comment\n")
            .unwrap();
        let both = ["192.0.2.1".parse::<IpAddr>().unwrap(), "2001:db8::1".parse().unwrap()];
        assert_eq!(ask("partner.example").await.unwrap(), both);
        assert_eq!(ask("Other.Example").await.unwrap(), both[..1]);
        assert!(ask("unknown.example").await.is_err());
        fs::write(&hosts, "192.0.2.7 partner.example\n").unwrap();
        let later = SystemTime::now() + std::time::Duration::from_secs(2);
        fs::File::options().write(true).open(&hosts).unwrap().set_modified(later).unwrap();
        assert_eq!(ask("partner.example").await.unwrap(), ["192.0.2.7".parse::<IpAddr>().unwrap()]);
    }

    /// Without either file, names of this machine are known all the same (RFC 6761, section 6.3).
    #[tokio::test]
    async fn names_of_this_machine_need_no_file() {
        let names = NameServers::of(None, "/nowhere/resolv.conf".into(), "/nowhere/hosts".into());
        for name in ["localhost", "site.localhost"] {
            let addresses = names.resolve(name).await.unwrap();
            assert!(!addresses.is_empty() && addresses.iter().all(IpAddr::is_loopback), "{name}: {addresses:?}");
        }
    }
}
