//! The factor is recorded after a whole flow with the account of this login, and never otherwise.

mod flow;
mod id_token;
mod support;
