//! The table of WASI: every interface that a guest may import, with its functions and resources, and what a call costs.
//!
//! The linker, the check of a plugin's imports and the price test read it. A method that is `absent` belongs to a resource that
//! no guest can hold a handle of, so that no call of it ever arrives; it is there because toolchains import whole interfaces.

use super::{cli, clocks, io, random, shut};
use crate::abi::meter;
use crate::price::Price;
use crate::state::RunState;
use wasmtime::Result;
use wasmtime::component::Linker;

/// The version of WASI whose functions the table has. A guest may be built for any 0.2: later ones only add.
const VERSION: &str = "0.2.12";
/// What stands before the last number of the versions that a guest may be built for.
const SERIES: &str = "0.2.";

/// An interface of WASI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interface {
    /// Its name without a version, such as `wasi:io/poll`.
    pub name: &'static str,
    /// Its functions, each with the price class of a call.
    pub functions: &'static [(&'static str, Price)],
    /// Methods of resources that no guest can hold a handle of.
    pub absent: &'static [&'static str],
    /// The resources that it defines.
    pub resources: &'static [&'static str],
}

/// The interface that an import such as `wasi:io/poll@0.2.6` names, if a guest may import it.
pub fn offered(import: &str) -> Option<&'static Interface> {
    let (name, version) = import.split_once('@')?;
    let patch = version.strip_prefix(SERIES)?;
    let is_number = !patch.is_empty() && patch.bytes().all(|byte| byte.is_ascii_digit());
    INTERFACES.iter().find(|interface| interface.name == name && is_number)
}

impl Interface {
    /// Whether the interface has a function.
    pub fn has_function(&self, name: &str) -> bool {
        self.functions.iter().any(|(function, _)| *function == name) || self.absent.contains(&name)
    }
}

/// Whether any interface defines a resource of this name: interfaces hand on those of others.
pub fn has_resource(name: &str) -> bool {
    INTERFACES.iter().any(|interface| interface.resources.contains(&name))
}

/// Makes the table `INTERFACES` and the function `link` that gives a linker all of it: a line without a host function does not
/// compile.
///
/// The kind of a line is a method of [`meter::Interface`].
macro_rules! interfaces {
    ($($name:literal {
        $(resource $resource:literal = $type:ty, $drop:path;)*
        $($function:literal => $kind:ident($host:path) $price:ident;)*
        $(absent $absent:literal: $($method:literal),+;)*
    })+) => {
        /// Every interface that a guest may import.
        pub const INTERFACES: &[Interface] = &[$(Interface {
            name: $name,
            functions: &[$(($function, Price::$price),)*],
            absent: &[$($(concat!("[method]", $absent, ".", $method),)+)*],
            resources: &[$($resource),*],
        },)+];

        /// Links every function and resource of the table.
        pub fn link(linker: &mut Linker<RunState>) -> Result<()> {
            $({
                let mut interface = meter::Interface::new(linker.instance(&format!("{}@{VERSION}", $name))?, $name);
                $(interface.resource::<$type>($resource, $drop)?;)*
                $(interface.$kind($function, Price::$price, $host)?;)*
                $($(interface.absent(concat!("[method]", $absent, ".", $method))?;)+)*
            })+
            Ok(())
        }
    };
}

interfaces! {
    "wasi:cli/environment" {
        "get-environment" => func(shut::environment) Crossing;
        "get-arguments" => func(shut::arguments) Crossing;
        "initial-cwd" => func(shut::working_folder) Crossing;
    }
    "wasi:cli/exit" {
        "exit" => ending(cli::exit) Crossing;
        "exit-with-code" => ending(cli::exit_with_code) Crossing;
    }
    "wasi:cli/stdin" {
        "get-stdin" => func(cli::stdin) Crossing;
    }
    "wasi:cli/stdout" {
        "get-stdout" => func(cli::stdout) Crossing;
    }
    "wasi:cli/stderr" {
        "get-stderr" => func(cli::stderr) Crossing;
    }
    "wasi:cli/terminal-input" {
        resource "terminal-input" = shut::TerminalInput, shut::keep;
    }
    "wasi:cli/terminal-output" {
        resource "terminal-output" = shut::TerminalOutput, shut::keep;
    }
    "wasi:cli/terminal-stdin" {
        "get-terminal-stdin" => func(shut::terminal_input) Crossing;
    }
    "wasi:cli/terminal-stdout" {
        "get-terminal-stdout" => func(shut::terminal_output) Crossing;
    }
    "wasi:cli/terminal-stderr" {
        "get-terminal-stderr" => func(shut::terminal_output) Crossing;
    }
    "wasi:clocks/monotonic-clock" {
        "now" => func(clocks::now) Crossing;
        "resolution" => func(clocks::resolution) Crossing;
        "subscribe-instant" => limited(clocks::at) Crossing;
        "subscribe-duration" => limited(clocks::after) Crossing;
    }
    "wasi:clocks/wall-clock" {
        "now" => func(clocks::wall) Crossing;
        "resolution" => func(clocks::wall_resolution) Crossing;
    }
    "wasi:filesystem/preopens" {
        "get-directories" => func(shut::folders) Crossing;
    }
    "wasi:filesystem/types" {
        resource "descriptor" = shut::Descriptor, shut::keep;
        resource "directory-entry-stream" = shut::DirectoryEntryStream, shut::keep;
        "filesystem-error-code" => func(shut::file_error) Crossing;
        absent "descriptor": "read-via-stream", "write-via-stream", "append-via-stream", "advise", "sync-data",
            "get-flags", "get-type", "set-size", "set-times", "read", "write", "read-directory", "sync",
            "create-directory-at", "stat", "stat-at", "set-times-at", "link-at", "open-at", "readlink-at",
            "remove-directory-at", "rename-at", "symlink-at", "unlink-file-at", "is-same-object", "metadata-hash",
            "metadata-hash-at";
        absent "directory-entry-stream": "read-directory-entry";
    }
    "wasi:io/error" {
        resource "error" = io::IoError, shut::keep;
        absent "error": "to-debug-string";
    }
    "wasi:io/poll" {
        resource "pollable" = io::Pollable, io::Pollable::drop;
        "[method]pollable.ready" => func(io::ready) Crossing;
        "[method]pollable.block" => limited_procedure(io::block) Crossing;
        "poll" => limited(io::poll) Crossing;
    }
    "wasi:io/streams" {
        resource "input-stream" = io::InputStream, shut::keep;
        resource "output-stream" = io::OutputStream, shut::keep;
        "[method]input-stream.read" => func(io::read) Crossing;
        "[method]input-stream.blocking-read" => func(io::read) Crossing;
        "[method]input-stream.skip" => func(io::skip) Crossing;
        "[method]input-stream.blocking-skip" => func(io::skip) Crossing;
        "[method]input-stream.subscribe" => func(io::subscribe_input) Crossing;
        "[method]output-stream.check-write" => func(io::check_write) Crossing;
        "[method]output-stream.write" => func(io::write) Log;
        "[method]output-stream.blocking-write-and-flush" => func(io::write) Log;
        "[method]output-stream.flush" => func(io::flush) Crossing;
        "[method]output-stream.blocking-flush" => func(io::flush) Crossing;
        "[method]output-stream.subscribe" => func(io::subscribe_output) Crossing;
        "[method]output-stream.write-zeroes" => limited(io::write_zeroes) Log;
        "[method]output-stream.blocking-write-zeroes-and-flush" => limited(io::write_zeroes) Log;
        "[method]output-stream.splice" => func(io::splice) Crossing;
        "[method]output-stream.blocking-splice" => func(io::splice) Crossing;
    }
    "wasi:random/random" {
        "get-random-bytes" => limited(random::bytes) Crossing;
        "get-random-u64" => limited(random::number) Crossing;
    }
    "wasi:random/insecure" {
        "get-insecure-random-bytes" => limited(random::bytes) Crossing;
        "get-insecure-random-u64" => limited(random::number) Crossing;
    }
    "wasi:random/insecure-seed" {
        "insecure-seed" => limited(random::seed) Crossing;
    }
    "wasi:sockets/network" {
        resource "network" = shut::Network, shut::keep;
    }
    "wasi:sockets/instance-network" {
        "instance-network" => func(shut::network) Crossing;
    }
    "wasi:sockets/ip-name-lookup" {
        resource "resolve-address-stream" = shut::ResolveAddressStream, shut::keep;
        "resolve-addresses" => func(shut::resolve) Crossing;
        absent "resolve-address-stream": "resolve-next-address", "subscribe";
    }
    "wasi:sockets/tcp" {
        resource "tcp-socket" = shut::TcpSocket, shut::keep;
        absent "tcp-socket": "start-bind", "finish-bind", "start-connect", "finish-connect", "start-listen",
            "finish-listen", "accept", "local-address", "remote-address", "is-listening", "address-family",
            "set-listen-backlog-size", "keep-alive-enabled", "set-keep-alive-enabled", "keep-alive-idle-time",
            "set-keep-alive-idle-time", "keep-alive-interval", "set-keep-alive-interval", "keep-alive-count",
            "set-keep-alive-count", "hop-limit", "set-hop-limit", "receive-buffer-size", "set-receive-buffer-size",
            "send-buffer-size", "set-send-buffer-size", "subscribe", "shutdown";
    }
    "wasi:sockets/tcp-create-socket" {
        "create-tcp-socket" => func(shut::tcp) Crossing;
    }
    "wasi:sockets/udp" {
        resource "udp-socket" = shut::UdpSocket, shut::keep;
        resource "incoming-datagram-stream" = shut::IncomingDatagramStream, shut::keep;
        resource "outgoing-datagram-stream" = shut::OutgoingDatagramStream, shut::keep;
        absent "udp-socket": "start-bind", "finish-bind", "stream", "local-address", "remote-address",
            "address-family", "unicast-hop-limit", "set-unicast-hop-limit", "receive-buffer-size",
            "set-receive-buffer-size", "send-buffer-size", "set-send-buffer-size", "subscribe";
        absent "incoming-datagram-stream": "receive", "subscribe";
        absent "outgoing-datagram-stream": "check-send", "send", "subscribe";
    }
    "wasi:sockets/udp-create-socket" {
        "create-udp-socket" => func(shut::udp) Crossing;
    }
}
