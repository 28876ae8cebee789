//! Which IP addresses belong to the public Internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is on the public Internet: not private, loopback, link-local or otherwise
/// reserved (IANA special-purpose address registries, RFC 6890).
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        // Connecting to an IPv4-mapped address goes out by IPv4 (RFC 4291 §2.5.5.2).
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => is_public_v4(address),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        [0, ..] => true,             // "this network", RFC 791 §3.2
        [10, ..] => true,            // private, RFC 1918
        [100, 64..=127, ..] => true, // carrier-grade NAT, RFC 6598
        [127, ..] => true,           // loopback, RFC 1122 §3.2.1.3
        [169, 254, ..] => true,      // link-local, RFC 3927
        [172, 16..=31, ..] => true,  // private, RFC 1918
        [192, 0, 0, _] => true,      // protocol assignments, RFC 6890
        [192, 0, 2, _] => true,      // documentation, RFC 5737
        [192, 88, 99, _] => true,    // 6to4 relays, RFC 7526
        [192, 168, ..] => true,      // private, RFC 1918
        [198, 18..=19, ..] => true,  // benchmarks, RFC 2544
        [198, 51, 100, _] => true,   // documentation, RFC 5737
        [203, 0, 113, _] => true,    // documentation, RFC 5737
        [224..=255, ..] => true,     // multicast, reserved, broadcast
        _ => false,
    };
    !special
}

/// Only 2000::/3 is global unicast (RFC 4291 §2.4, IANA). Outside it are, among others, `::`, `::1`,
/// IPv4-compatible addresses, NAT64 (64:ff9b::/96, RFC 6052; 64:ff9b:1::/48, RFC 8215), unique local
/// addresses (fc00::/7), link-local (fe80::/10), site-local (fec0::/10) and multicast (ff00::/8).
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let special = match segments {
        // Protocol assignments, RFC 2928: Teredo (which embeds IPv4 addresses), benchmarks, ORCHID.
        [0x2001, 0..=0x01ff, ..] => true,
        [0x2001, 0x0db8, ..] => true,     // documentation, RFC 3849
        [0x2002, ..] => true,             // 6to4, which embeds IPv4 addresses, RFC 7526
        [0x3fff, 0..=0x0fff, ..] => true, // documentation, RFC 9637
        [0x2000..=0x3fff, ..] => false,
        _ => true,
    };
    !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r27_private_and_special_addresses_are_not_public() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.1.2.3",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.0.170",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::10.0.0.1",
            "::8.8.8.8",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:100.64.0.1",
            "::ffff:0:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::8.8.8.8",
            "64:ff9b:1::10.0.0.1",
            "100::1",
            "2001::1",
            "2001:0:0a00:1::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "2002:7f00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456:789a::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn r27_ordinary_addresses_are_public() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "128.0.0.1",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2606:4700:4700::1111",
            "2a00:1450:4001::1",
            "3ffe::1",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }
}
