//! What kind of address an address is.
//!
//! Source: the IANA special-purpose address registries (RFC 6890 and its updates), and the documented metadata
//! addresses of the public clouds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Who may lead to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// Any granted host.
    GrantedHost,
    /// Only the address itself, standing in the grants.
    GrantedAddress,
}

/// The kind of an address and who may lead to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) reach: Reach,
}

const fn open(name: &'static str) -> Kind {
    Kind {
        name,
        reach: Reach::GrantedHost,
    }
}

const fn closed(name: &'static str) -> Kind {
    Kind {
        name,
        reach: Reach::GrantedAddress,
    }
}

const PUBLIC: Kind = open("public");
const METADATA: Kind = closed("metadata service's");

const METADATA_V4: [Ipv4Addr; 5] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
];
const METADATA_V6: [Ipv6Addr; 2] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];

/// Ranges of IPv4 that are not public, the first match decides.
const V4: [(Ipv4Addr, u32, Kind); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, closed("unspecified")),
    (Ipv4Addr::new(10, 0, 0, 0), 8, open("private")),
    (Ipv4Addr::new(100, 64, 0, 0), 10, open("shared")),
    (Ipv4Addr::new(127, 0, 0, 0), 8, open("loopback")),
    (Ipv4Addr::new(169, 254, 0, 0), 16, closed("link-local")),
    (Ipv4Addr::new(172, 16, 0, 0), 12, open("private")),
    (Ipv4Addr::new(192, 0, 0, 0), 24, closed("reserved")),
    (Ipv4Addr::new(192, 0, 2, 0), 24, closed("documentation")),
    (Ipv4Addr::new(192, 88, 99, 0), 24, closed("reserved")),
    (Ipv4Addr::new(192, 168, 0, 0), 16, open("private")),
    (Ipv4Addr::new(198, 18, 0, 0), 15, closed("benchmarking")),
    (Ipv4Addr::new(198, 51, 100, 0), 24, closed("documentation")),
    (Ipv4Addr::new(203, 0, 113, 0), 24, closed("documentation")),
    (Ipv4Addr::new(224, 0, 0, 0), 4, closed("multicast")),
    (Ipv4Addr::new(240, 0, 0, 0), 4, closed("reserved")),
];

/// Ranges of IPv6 that are not public and carry no IPv4 address, the first match decides.
const V6: [(Ipv6Addr, u32, Kind); 13] = [
    (Ipv6Addr::UNSPECIFIED, 128, closed("unspecified")),
    (Ipv6Addr::LOCALHOST, 128, open("loopback")),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, closed("translated")),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64, closed("discard-only")),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, closed("reserved")),
    (
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
        32,
        closed("documentation"),
    ),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, closed("documentation")),
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16, closed("reserved")),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, open("unique-local")),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, closed("link-local")),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, closed("site-local")),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, closed("multicast")),
    (Ipv6Addr::UNSPECIFIED, 8, closed("reserved")),
];

/// The kind of `address`, or of the address that it carries inside.
pub(crate) fn kind(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(address) => kind_v4(address),
        IpAddr::V6(address) => carried(address).map_or_else(|| kind_v6(address), kind_v4),
    }
}

fn kind_v4(address: Ipv4Addr) -> Kind {
    if METADATA_V4.contains(&address) {
        return METADATA;
    }
    if address.is_broadcast() {
        return closed("broadcast");
    }
    let inside = |(base, bits, _): &&(Ipv4Addr, u32, Kind)| same_prefix_v4(address, *base, *bits);
    V4.iter().find(inside).map_or(PUBLIC, |(_, _, kind)| *kind)
}

fn kind_v6(address: Ipv6Addr) -> Kind {
    if METADATA_V6.contains(&address) {
        return METADATA;
    }
    let inside = |(base, bits, _): &&(Ipv6Addr, u32, Kind)| same_prefix_v6(address, *base, *bits);
    V6.iter().find(inside).map_or(PUBLIC, |(_, _, kind)| *kind)
}

/// The IPv4 address inside an IPv4-mapped, IPv4-compatible, NAT64 or 6to4 address.
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [_, second, third, _, _, _, high, low] = address.segments();
    let last = v4_of(high, low);
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(last),
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0, ..] => Some(last),
        [0x2002, ..] => Some(v4_of(second, third)),
        _ => None,
    }
}

fn v4_of(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low))
}

fn same_prefix_v4(one: Ipv4Addr, other: Ipv4Addr, bits: u32) -> bool {
    (one.to_bits() ^ other.to_bits()).leading_zeros() >= bits
}

fn same_prefix_v6(one: Ipv6Addr, other: Ipv6Addr, bits: u32) -> bool {
    (one.to_bits() ^ other.to_bits()).leading_zeros() >= bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_address_has_its_kind() {
        let cases = [
            ("8.8.8.8", PUBLIC),
            ("1.1.1.1", PUBLIC),
            ("0.0.0.0", closed("unspecified")),
            ("0.1.2.3", closed("unspecified")),
            ("10.255.0.1", open("private")),
            ("100.63.255.255", PUBLIC),
            ("100.64.0.1", open("shared")),
            ("100.127.255.255", open("shared")),
            ("100.128.0.0", PUBLIC),
            ("100.100.100.200", METADATA),
            ("127.0.0.1", open("loopback")),
            ("127.255.255.254", open("loopback")),
            ("168.63.129.16", METADATA),
            ("169.254.0.1", closed("link-local")),
            ("169.254.169.254", METADATA),
            ("169.254.170.2", METADATA),
            ("172.15.255.255", PUBLIC),
            ("172.16.0.1", open("private")),
            ("172.31.255.255", open("private")),
            ("172.32.0.0", PUBLIC),
            ("192.0.0.192", METADATA),
            ("192.0.0.8", closed("reserved")),
            ("192.0.2.1", closed("documentation")),
            ("192.168.1.1", open("private")),
            ("198.18.0.1", closed("benchmarking")),
            ("198.51.100.1", closed("documentation")),
            ("203.0.113.9", closed("documentation")),
            ("224.0.0.251", closed("multicast")),
            ("240.0.0.1", closed("reserved")),
            ("255.255.255.255", closed("broadcast")),
            ("::", closed("unspecified")),
            ("::1", open("loopback")),
            ("::2", closed("unspecified")),
            ("::127.0.0.1", open("loopback")),
            ("::169.254.169.254", METADATA),
            ("::ffff:10.0.0.1", open("private")),
            ("::ffff:169.254.169.254", METADATA),
            ("64:ff9b::8.8.8.8", PUBLIC),
            ("64:ff9b::127.0.0.1", open("loopback")),
            ("64:ff9b::a9fe:a9fe", METADATA),
            ("64:ff9b:1::1", closed("translated")),
            ("2002:7f00:1::", open("loopback")),
            ("2002:a9fe:a9fe::1", METADATA),
            ("2001:0:7f00:1::", closed("reserved")),
            ("2001:db8::1", closed("documentation")),
            ("2001:4860:4860::8888", PUBLIC),
            ("2606:4700:4700::1111", PUBLIC),
            ("100::1", closed("discard-only")),
            ("3fff::1", closed("documentation")),
            ("fc00::1", open("unique-local")),
            ("fd00:ec2::254", METADATA),
            ("fd20:ce::254", METADATA),
            ("fe80::1", closed("link-local")),
            ("fec0::1", closed("site-local")),
            ("ff02::1", closed("multicast")),
            ("1::1", closed("reserved")),
        ];
        for (text, expected) in cases {
            assert_eq!(kind(text.parse().unwrap()), expected, "{text}");
        }
    }
}
