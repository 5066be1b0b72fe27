//! The model's behaviour, with plain values: no wasm, no cryptography, no clock.

#[cfg(test)]
mod amr;
#[cfg(test)]
mod bypass;
#[cfg(test)]
mod effects;
#[cfg(test)]
mod factors;
#[cfg(test)]
mod failure;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod idp_requests;
#[cfg(test)]
mod manifest;
#[cfg(test)]
mod order;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod policy_properties;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod protocol;
#[cfg(test)]
mod recording;
#[cfg(test)]
mod redirect;
#[cfg(test)]
mod reply;
#[cfg(test)]
mod report_only;
#[cfg(test)]
mod reuse;
#[cfg(test)]
mod ruling;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod support;
#[cfg(test)]
mod targets;
#[cfg(test)]
mod when;
