//! Files, variables, terminals and the network, all of them shut: what is asked for is not there, or access is denied.
//!
//! No guest ever gets a handle of a file, a socket or anything else that would be made here, so that the methods of those
//! resources have no host functions.

use super::io::IoError;
use crate::abi::meter::{Weight, weightless};
use crate::state::RunState;
use wasmtime::component::{ComponentType, Lift, Lower, Resource};

/// Defines types that have no value.
macro_rules! absent {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}
    )+};
}

absent! {
    /// A terminal's input.
    TerminalInput;
    /// A terminal's output.
    TerminalOutput;
    /// A file or folder.
    Descriptor;
    /// The entries of a folder.
    DirectoryEntryStream;
    /// The network. Guests do get a handle of it, with which nothing can be done.
    Network;
    /// Addresses of a name.
    ResolveAddressStream;
    /// A TCP socket.
    TcpSocket;
    /// A UDP socket.
    UdpSocket;
    /// Datagrams that come in.
    IncomingDatagramStream;
    /// Datagrams that go out.
    OutgoingDatagramStream;
}

/// Defines enumerations with exactly the cases that WASI gives them.
macro_rules! enumerations {
    ($($(#[$meta:meta])* $name:ident { $($case:ident = $wit:literal,)+ })+) => {$(
        $(#[$meta])*
        #[component(enum)]
        #[repr(u8)]
        #[expect(dead_code, reason = "the guest's type must have the same cases")]
        pub enum $name {$(
            #[component(name = $wit)]
            $case,
        )+}
    )+};
}

enumerations! {
    /// Why a file cannot be used. Nothing of ours says so: no stream has an error with details.
    #[derive(Debug, Clone, Copy, ComponentType, Lower)]
    FileError {
        Access = "access",
        WouldBlock = "would-block",
        Already = "already",
        BadDescriptor = "bad-descriptor",
        Busy = "busy",
        Deadlock = "deadlock",
        Quota = "quota",
        Exist = "exist",
        FileTooLarge = "file-too-large",
        IllegalByteSequence = "illegal-byte-sequence",
        InProgress = "in-progress",
        Interrupted = "interrupted",
        Invalid = "invalid",
        Io = "io",
        IsDirectory = "is-directory",
        Loop = "loop",
        TooManyLinks = "too-many-links",
        MessageSize = "message-size",
        NameTooLong = "name-too-long",
        NoDevice = "no-device",
        NoEntry = "no-entry",
        NoLock = "no-lock",
        InsufficientMemory = "insufficient-memory",
        InsufficientSpace = "insufficient-space",
        NotDirectory = "not-directory",
        NotEmpty = "not-empty",
        NotRecoverable = "not-recoverable",
        Unsupported = "unsupported",
        NoTty = "no-tty",
        NoSuchDevice = "no-such-device",
        Overflow = "overflow",
        NotPermitted = "not-permitted",
        Pipe = "pipe",
        ReadOnly = "read-only",
        InvalidSeek = "invalid-seek",
        TextFileBusy = "text-file-busy",
        CrossDevice = "cross-device",
    }
    /// Why a socket cannot be used.
    #[derive(Debug, Clone, Copy, ComponentType, Lower)]
    SocketError {
        Unknown = "unknown",
        AccessDenied = "access-denied",
        NotSupported = "not-supported",
        InvalidArgument = "invalid-argument",
        OutOfMemory = "out-of-memory",
        Timeout = "timeout",
        ConcurrencyConflict = "concurrency-conflict",
        NotInProgress = "not-in-progress",
        WouldBlock = "would-block",
        InvalidState = "invalid-state",
        NewSocketLimit = "new-socket-limit",
        AddressNotBindable = "address-not-bindable",
        AddressInUse = "address-in-use",
        RemoteUnreachable = "remote-unreachable",
        ConnectionRefused = "connection-refused",
        ConnectionReset = "connection-reset",
        ConnectionAborted = "connection-aborted",
        DatagramTooLarge = "datagram-too-large",
        NameUnresolvable = "name-unresolvable",
        TemporaryResolverFailure = "temporary-resolver-failure",
        PermanentResolverFailure = "permanent-resolver-failure",
    }
    /// A version of the Internet Protocol.
    #[derive(Debug, Clone, Copy, ComponentType, Lift)]
    AddressFamily {
        Ipv4 = "ipv4",
        Ipv6 = "ipv6",
    }
}

weightless!(FileError, SocketError, AddressFamily);

/// Folders with their names: none.
type Folders = Vec<(Resource<Descriptor>, String)>;

impl Weight for Folders {
    fn bytes(&self) -> usize {
        0
    }
}

/// `get-environment`.
pub fn environment(_: &mut RunState, (): ()) -> Vec<(String, String)> {
    Vec::new()
}

/// `get-arguments`.
pub fn arguments(_: &mut RunState, (): ()) -> Vec<String> {
    Vec::new()
}

/// `initial-cwd`.
pub fn working_folder(_: &mut RunState, (): ()) -> Option<String> {
    None
}

/// `get-terminal-stdin`.
pub fn terminal_input(_: &mut RunState, (): ()) -> Option<Resource<TerminalInput>> {
    None
}

/// `get-terminal-stdout` and `get-terminal-stderr`.
pub fn terminal_output(_: &mut RunState, (): ()) -> Option<Resource<TerminalOutput>> {
    None
}

/// `get-directories`.
pub fn folders(_: &mut RunState, (): ()) -> Folders {
    Vec::new()
}

/// `filesystem-error-code`.
pub fn file_error(_: &mut RunState, (_,): (Resource<IoError>,)) -> Option<FileError> {
    None
}

/// `instance-network`: toolchains ask for it before they are refused a socket.
pub fn network(_: &mut RunState, (): ()) -> Resource<Network> {
    Resource::new_own(0)
}

/// `create-tcp-socket`.
pub fn tcp(_: &mut RunState, (_,): (AddressFamily,)) -> Result<Resource<TcpSocket>, SocketError> {
    Err(SocketError::AccessDenied)
}

/// `create-udp-socket`.
pub fn udp(_: &mut RunState, (_,): (AddressFamily,)) -> Result<Resource<UdpSocket>, SocketError> {
    Err(SocketError::AccessDenied)
}

/// `resolve-addresses`.
pub fn resolve(
    _: &mut RunState,
    (_, _): (Resource<Network>, String),
) -> Result<Resource<ResolveAddressStream>, SocketError> {
    Err(SocketError::AccessDenied)
}

/// Drops a handle that stands for nothing of its own.
pub fn keep(_: &mut RunState, _: u32) {}
