//! The model's behaviour, with plain values: no wasm, no cryptography, no clock.

#[cfg(test)]
mod amr;
#[cfg(test)]
mod effects;
#[cfg(test)]
mod factors;
#[cfg(test)]
mod failure;
#[cfg(test)]
mod manifest;
#[cfg(test)]
mod order;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod protocol;
#[cfg(test)]
mod redirect;
#[cfg(test)]
mod reply;
#[cfg(test)]
mod ruling;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod support;
#[cfg(test)]
mod targets;
