//! Whether an address is free to listen on, and which process has it.

use std::fs;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

/// How an address stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Port {
    Free,
    /// A process listens there, whose name and id are known where this user may see them.
    Used(Option<Holder>),
    /// This user may not listen there: a port below 1024.
    Forbidden,
    /// The address is none of this machine's, or something else is wrong.
    Unusable(String),
}

/// The process that listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) name: String,
    pub(super) pid: u32,
}

/// Tries to listen, and stops at once.
pub(super) fn look(address: SocketAddr) -> Port {
    match TcpListener::bind(address) {
        Ok(_) => Port::Free,
        Err(why) if why.kind() == ErrorKind::AddrInUse => Port::Used(holder(address.port())),
        Err(why) if why.kind() == ErrorKind::PermissionDenied => Port::Forbidden,
        Err(why) => Port::Unusable(why.to_string()),
    }
}

/// The process that listens on a port, by `/proc`.
fn holder(port: u16) -> Option<Holder> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|file| fs::read_to_string(file).unwrap_or_default());
    let inode = tables.iter().find_map(|table| listening(table, port))?;
    let socket = format!("socket:[{inode}]");
    let processes =
        fs::read_dir("/proc").ok()?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let pid = processes.into_iter().find(|pid| has_open(*pid, Path::new(&socket)))?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(Holder { name: crate::output::plain(name.trim()), pid })
}

fn has_open(pid: u32, socket: &Path) -> bool {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten();
    files.filter_map(|file| fs::read_link(file.ok()?.path()).ok()).any(|target| target == socket)
}

/// The inode of a socket that listens on a port, in a table of `/proc/net/tcp` (proc(5)): the local address, with the port in
/// hexadecimal, is the second column, the state the fourth (`0A` listens), the inode the tenth.
fn listening(table: &str, port: u16) -> Option<u64> {
    table.lines().skip(1).find_map(|line| {
        let columns: Vec<_> = line.split_whitespace().collect();
        let (_, local) = columns.get(1)?.rsplit_once(':')?;
        let listens = *columns.get(3)? == "0A" && u16::from_str_radix(local, 16) == Ok(port);
        if listens { columns.get(9)?.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_used_port_names_its_process() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let Port::Used(Some(holder)) = look(address) else { panic!("{:?}", look(address)) };
        assert_eq!(holder.pid, std::process::id());
        drop(listener);
        assert_eq!(look(address), Port::Free);
    }

    #[test]
    fn an_address_of_another_machine_is_not_usable() {
        let other = look("192.0.2.1:8480".parse().unwrap());
        assert!(matches!(other, Port::Unusable(_)), "{other:?}");
    }

    #[test]
    fn the_table_of_sockets_is_read_by_its_columns() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:2120 00000000:0000 01 00000000:00000000 00:00000000 00000000     0        0 111 1\n\
             1: 0100007F:2120 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1\n";
        assert_eq!([listening(table, 8480), listening(table, 8481), listening("", 8480)], [Some(222), None, None]);
    }
}
