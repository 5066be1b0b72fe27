//! Names to addresses: resolved once for a connection, checked as a whole, and connected to as checked.

use crate::address::{AddressClass, classify};
use crate::limits;
use crate::party::PartyPlaces;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

/// Addresses that are being looked up.
pub type Resolving = Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send>>;

/// Looks up names: [`NameServers`](crate::NameServers), or a test's own.
pub trait Resolve: Send + Sync + fmt::Debug {
    /// All addresses of a name.
    fn resolve(&self, name: &str) -> Resolving;
}

/// Which addresses a host may have besides public ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Public ones alone.
    Public,
    /// Private ones too: the operator named the host for it.
    Private,
    /// Loopback alone: a name of this machine, in development mode.
    Local,
}

impl Reach {
    fn refuses(self, address: IpAddr) -> Option<&'static str> {
        match (self, classify(address)) {
            (Self::Local, _) if address.is_loopback() => None,
            (Self::Local, _) => Some("not loopback"),
            (_, AddressClass::Public) | (Self::Private, AddressClass::Private(_)) => None,
            (_, AddressClass::Private(why) | AddressClass::Never(why)) => Some(why),
        }
    }
}

/// A name has an address that is not asked. Plugins do not learn which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host has an address that is not public")
    }
}

impl Error for Refused {}

/// A resolver for the connections of one host of a party. What it returns is what is connected to.
pub(crate) struct Pinned {
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) reach: Reach,
    pub(crate) lookups: PartyPlaces,
}

impl Pinned {
    /// The addresses of a name, once every one of them may be asked.
    pub(crate) async fn addresses(self: Arc<Self>, name: String) -> Result<Vec<IpAddr>, Box<dyn Error + Send + Sync>> {
        let mut addresses = {
            let _place = self.lookups.take().await;
            self.resolver.resolve(&name).await?
        };
        for address in &addresses {
            if let Some(why) = self.reach.refuses(*address) {
                tracing::warn!(host = %name, %address, why, "a plugin's request was refused: the host's address is not public");
                return Err(Box::new(Refused));
            }
        }
        addresses.truncate(limits::ADDRESSES);
        if addresses.is_empty() { Err("the host has no address".into()) } else { Ok(addresses) }
    }
}

/// The form in which the library asks.
pub(crate) struct HostResolver(pub(crate) Arc<Pinned>);

impl reqwest::dns::Resolve for HostResolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let (pinned, name) = (Arc::clone(&self.0), name.as_str().to_owned());
        Box::pin(async move {
            let addresses = pinned.addresses(name).await?;
            // Port 0 stands for the URL's.
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as reqwest::dns::Addrs)
        })
    }
}
