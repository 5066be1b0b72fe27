//! The operating system, as far as it decides how programs are installed.

use std::path::Path;

/// The operating system, as far as it decides how programs are installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Debian, Ubuntu and what is made of them: apt-get.
    Debian,
    /// Fedora, RHEL and what is made of them: dnf.
    Fedora,
    /// macOS: Homebrew.
    MacOs,
    /// Any other.
    Other,
}

impl System {
    /// The system that this program runs on.
    #[must_use]
    pub fn current() -> Self {
        if cfg!(target_os = "macos") {
            return Self::MacOs;
        }
        std::fs::read_to_string(Path::new("/etc/os-release")).map_or(Self::Other, |text| Self::of_os_release(&text))
    }

    /// By the fields `ID` and `ID_LIKE` of os-release(5).
    fn of_os_release(text: &str) -> Self {
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            line.unwrap_or_default().trim_matches(['"', '\'']).to_owned()
        };
        let ids = format!("{} {}", value("ID"), value("ID_LIKE"));
        let is = |id: &str| ids.split_whitespace().any(|one| one == id);
        if is("debian") || is("ubuntu") {
            Self::Debian
        } else if is("fedora") || is("rhel") {
            Self::Fedora
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::System;

    #[test]
    fn derivatives_count_as_what_they_are_made_of() {
        assert_eq!(System::of_os_release("PRETTY_NAME=\"x\"\nID=debian\n"), System::Debian);
        assert_eq!(System::of_os_release("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"), System::Debian);
        assert_eq!(System::of_os_release("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"), System::Fedora);
        assert_eq!(System::of_os_release("ID=arch\n"), System::Other);
        assert_eq!(System::of_os_release(""), System::Other);
    }
}
