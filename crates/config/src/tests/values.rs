//! Durations, sizes, secrets and hosts.

use super::support::{Folder, environment};
use crate::units::{duration, show_duration, show_size, size};
use crate::web;
use crate::{Environment, SecretRef};
use proptest::prelude::*;
use std::time::Duration;

#[test]
fn durations_are_whole_numbers_with_units() {
    let good = [("0s", 0), ("500ms", 500), ("2s", 2000), ("15m", 900_000), ("24h", 86_400_000), ("1h30m", 5_400_000)];
    for (text, millis) in good {
        assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
    }
    for bad in [
        "",
        "0",
        "5",
        "s",
        "1.5h",
        "-1s",
        "1 h",
        "1h 30m",
        "30m1h",
        "1h1h",
        "1w",
        "1H",
        "1hm",
        "١s",
        "99999999999999999d",
    ] {
        assert!(duration(bad).is_err(), "`{bad}` was read");
    }
}

#[test]
fn sizes_are_powers_of_1024() {
    let good = [("1B", 1), ("64KiB", 65536), ("16MiB", 16 << 20), ("1GiB", 1 << 30), ("0B", 0)];
    for (text, bytes) in good {
        assert_eq!(size(text), Ok(bytes), "{text}");
    }
    for bad in ["", "16", "16MB", "16mib", "16 MiB", "1MiB1KiB", "-1B", "1.5MiB", "99999999999999GiB"] {
        assert!(size(bad).is_err(), "`{bad}` was read");
    }
}

proptest! {
    #[test]
    fn what_is_shown_reads_back(millis in 0_u64..u64::MAX / 2, bytes in any::<u64>()) {
        prop_assert_eq!(duration(&show_duration(Duration::from_millis(millis))), Ok(Duration::from_millis(millis)));
        prop_assert_eq!(size(&show_size(bytes)), Ok(bytes));
    }

    #[test]
    fn no_text_breaks_the_readers(text in ".*") {
        let _ = (duration(&text), size(&text), web::host(&text), web::origin(&text, true), web::issuer(&text, true));
    }
}

#[test]
fn one_newline_at_the_end_is_not_part_of_a_secret() {
    let folder = Folder::new();
    for (text, secret) in [("a", "a"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a ", " a ")] {
        folder.secret("secret", text);
        let found = SecretRef::File(folder.path("secret")).resolve(&Environment::process()).unwrap();
        assert_eq!(found.reveal(), secret);
    }
    for bad in ["", "\n"] {
        folder.secret("secret", bad);
        let why = SecretRef::File(folder.path("secret")).resolve(&Environment::process()).unwrap_err().to_string();
        assert!(why.ends_with("is empty"), "{why}");
    }
}

#[test]
fn a_secret_that_is_missing_large_or_no_text_is_an_error() {
    let folder = Folder::new();
    let why = |name: &str| SecretRef::File(folder.path(name)).resolve(&environment()).unwrap_err().to_string();
    assert!(why("missing").contains("cannot be read"));
    folder.write("large", &"x".repeat(64 * 1024 + 1));
    assert!(why("large").contains("more than 65536 bytes"));
    std::fs::write(folder.path("binary"), [0xff]).unwrap();
    assert!(why("binary").contains("not UTF-8"));
    let unset = SecretRef::Env("UNSET".to_owned()).resolve(&environment()).unwrap_err();
    assert_eq!(unset.to_string(), "environment variable `UNSET` is not set");
}

#[test]
fn hosts_are_names_and_origins_have_no_path() {
    for (text, host) in [("api.example", "api.example"), ("API.example:443", "api.example"), ("a.b:8443", "a.b:8443")] {
        assert_eq!(web::host(text).as_deref(), Ok(host));
    }
    for bad in [
        "",
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "https://a.b",
        "a.b/c",
        "a.b.",
        "*.b",
        "u@a.b",
        "a.b?c",
        "a b",
    ] {
        assert!(web::host(bad).is_err(), "`{bad}` was read");
    }
    assert_eq!(web::origin("https://A.example:443", false).as_deref(), Ok("https://a.example"));
    for bad in [
        "https://a.example/x",
        "https://a.example?x",
        "https://u@a.example",
        "http://a.example",
        "ftp://a.example",
        "a.example",
        "https://*.example",
    ] {
        assert!(web::origin(bad, true).is_err(), "`{bad}` was read");
    }
}

#[test]
fn plain_http_is_for_loopback_in_development() {
    for loopback in ["http://localhost:1", "http://a.localhost", "http://127.9.9.9", "http://[::1]:3000"] {
        assert!(web::origin(loopback, true).is_ok(), "{loopback}");
        assert!(web::origin(loopback, false).is_err(), "{loopback}");
    }
    for other in
        ["http://localhost.example", "http://128.0.0.1", "http://0.0.0.0", "http://[::2]", "http://notlocalhost"]
    {
        assert!(web::origin(other, true).is_err(), "{other}");
    }
}
