//! Stores through their public interface: the suite of promises for every engine, and the embedded one on real folders.

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod epoch;
#[cfg(test)]
mod fair;
#[cfg(test)]
mod files;
#[cfg(test)]
mod folder;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod light_logins;
#[cfg(test)]
mod offline;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod orders_kept;
#[cfg(test)]
mod revisions;
#[cfg(test)]
mod root_keys;
#[cfg(test)]
mod sweep;
