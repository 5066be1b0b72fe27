//! The embedded store through its public interface, on real folders.

#[cfg(test)]
mod admin;
#[cfg(test)]
mod bypasses;
#[cfg(test)]
mod caches;
#[cfg(test)]
mod commits;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod epoch;
#[cfg(test)]
mod files;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod home;
#[cfg(test)]
mod light;
#[cfg(test)]
mod open_logins;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod revisions;
#[cfg(test)]
mod sweep;
