//! Which addresses are the public Internet: the special-purpose registries of IANA (RFC 6890, RFC 8190) as one table.
//!
//! IPv6 is read the other way round: only global unicast (2000::/3, RFC 4291, section 2.4) is public, without its special
//! parts. That leaves out every form in which an IPv4 address hides (mapped, translated) by itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressClass {
    /// Public: anyone may be asked.
    Public,
    /// Of this machine or its network: asked only where the operator named the host for it. The text says which kind.
    Private(&'static str),
    /// Never asked. The text says why.
    Never(&'static str),
}

struct Range<A> {
    first: A,
    bits: u32,
    private: bool,
    why: &'static str,
}

const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u32, private: bool, why: &'static str) -> Range<Ipv4Addr> {
    Range { first: Ipv4Addr::new(a, b, c, d), bits, private, why }
}

const fn v6(first: Ipv6Addr, bits: u32, private: bool, why: &'static str) -> Range<Ipv6Addr> {
    Range { first, bits, private, why }
}

/// The first range that has the address decides.
const IPV4: [Range<Ipv4Addr>; 17] = [
    v4(100, 100, 100, 200, 32, false, "a cloud's metadata service"),
    v4(0, 0, 0, 0, 8, false, "this network (RFC 791, section 3.2)"),
    v4(10, 0, 0, 0, 8, true, "private use (RFC 1918)"),
    v4(100, 64, 0, 0, 10, true, "shared address space (RFC 6598)"),
    v4(127, 0, 0, 0, 8, true, "loopback (RFC 1122, section 3.2.1.3)"),
    v4(169, 254, 0, 0, 16, false, "link local (RFC 3927)"),
    v4(172, 16, 0, 0, 12, true, "private use (RFC 1918)"),
    v4(192, 0, 0, 0, 24, false, "protocol assignments (RFC 6890, section 2.1)"),
    v4(192, 0, 2, 0, 24, false, "documentation (RFC 5737)"),
    v4(192, 88, 99, 0, 24, false, "6to4 relays (RFC 7526)"),
    v4(192, 168, 0, 0, 16, true, "private use (RFC 1918)"),
    v4(198, 18, 0, 0, 15, false, "benchmarking (RFC 2544)"),
    v4(198, 51, 100, 0, 24, false, "documentation (RFC 5737)"),
    v4(203, 0, 113, 0, 24, false, "documentation (RFC 5737)"),
    v4(224, 0, 0, 0, 4, false, "multicast (RFC 5771)"),
    v4(240, 0, 0, 0, 4, false, "reserved (RFC 1112, section 4)"),
    v4(255, 255, 255, 255, 32, false, "broadcast (RFC 8190)"),
];

const IPV6: [Range<Ipv6Addr>; 15] = [
    v6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0), 32, false, "a cloud's metadata service"),
    v6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0), 32, false, "a cloud's metadata service"),
    v6(Ipv6Addr::LOCALHOST, 128, true, "loopback (RFC 4291, section 2.5.3)"),
    v6(Ipv6Addr::UNSPECIFIED, 128, false, "unspecified (RFC 4291, section 2.5.2)"),
    v6(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, false, "an IPv4 address, mapped (RFC 4291, section 2.5.5.2)"),
    v6(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, false, "an IPv4 address, translated (RFC 6052)"),
    v6(Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, false, "an IPv4 address, translated (RFC 8215)"),
    v6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, true, "unique local (RFC 4193)"),
    v6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, false, "link local (RFC 4291, section 2.5.6)"),
    v6(Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, false, "multicast (RFC 4291, section 2.7)"),
    // Teredo (RFC 4380), benchmarking (RFC 5180), ORCHID (RFC 4843, RFC 7343) and more.
    v6(Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, false, "protocol assignments (RFC 2928), as Teredo"),
    v6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, false, "documentation (RFC 3849)"),
    v6(Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, false, "an IPv4 address in 6to4 (RFC 3056)"),
    v6(Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16, false, "the former 6bone (RFC 3701)"),
    v6(Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, false, "documentation (RFC 9637)"),
];

/// What an address is.
#[must_use]
pub fn classify(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(address) => {
            let found =
                IPV4.iter().find(|range| same(address.to_bits().into(), range.first.to_bits().into(), 32, range.bits));
            found.map_or(AddressClass::Public, |range| of(range.private, range.why))
        }
        IpAddr::V6(address) => {
            let found = IPV6.iter().find(|range| same(address.to_bits(), range.first.to_bits(), 128, range.bits));
            let global = Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0).to_bits();
            match found {
                Some(range) => of(range.private, range.why),
                None if same(address.to_bits(), global, 128, 3) => AddressClass::Public,
                None => AddressClass::Never("not global unicast (RFC 4291, section 2.4)"),
            }
        }
    }
}

const fn of(private: bool, why: &'static str) -> AddressClass {
    if private { AddressClass::Private(why) } else { AddressClass::Never(why) }
}

/// Whether two addresses of a width agree in their first bits.
const fn same(a: u128, b: u128, width: u32, bits: u32) -> bool {
    match (a ^ b).checked_shr(width.saturating_sub(bits)) {
        Some(rest) => rest == 0,
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(text: &str) -> AddressClass {
        classify(text.parse().unwrap())
    }

    #[test]
    fn public_addresses_are_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2003::",
            "3fff:1000::",
        ] {
            assert_eq!(is(text), AddressClass::Public, "{text}");
        }
    }

    /// P29: the first and the last address of every range, in every form.
    #[test]
    fn nothing_else_is() {
        for text in [
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "192.168.0.0",
            "192.168.255.255",
            "::1",
            "fc00::",
            "fdff::1",
        ] {
            assert!(matches!(is(text), AddressClass::Private(_)), "{text}: {:?}", is(text));
        }
        for text in [
            "0.0.0.0",
            "0.255.255.255",
            "169.254.0.0",
            "169.254.169.254",
            "169.254.255.255",
            "100.100.100.200",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.0",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.0",
            "255.255.255.255",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "::8.8.8.8",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fe80::1",
            "febf::",
            "fec0::1",
            "ff02::1",
            "2001::1",
            "2001:0:7f00:1::",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff:ffff::",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002::",
            "3ffe::1",
            "3fff::1",
            "3fff:fff::",
            "4000::",
            "5f00::1",
            "1fff::",
            "e000::",
        ] {
            assert!(matches!(is(text), AddressClass::Never(_)), "{text}: {:?}", is(text));
        }
    }
}
