//! Which addresses may be called. Judges; resolves and connects nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses and hosts may be called. By default only public addresses.
#[derive(Clone, Debug, Default)]
pub struct AddressPolicy {
    /// Whether this machine itself may be called.
    pub loopback: bool,
    /// Whether private, link-local, shared and other non-public addresses may be called. The addresses at which clouds
    /// hand out credentials are never called.
    pub private: bool,
    /// Hosts that may be called; `*.example.org` means any host below. Empty for any.
    pub hosts: Vec<String>,
}

/// Why an address or host is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// This machine.
    #[error("loopback addresses are not called")]
    Loopback,
    /// Not a public address.
    #[error("private, link-local and other non-public addresses are not called")]
    Private,
    /// Where clouds hand out credentials.
    #[error("addresses of cloud metadata services are not called")]
    Metadata,
    /// Not in the list.
    #[error("its host is not among those that may be called")]
    Host,
}

impl AddressPolicy {
    /// Judges the host of a URL by the list.
    ///
    /// # Errors
    /// [`Refusal::Host`].
    pub fn check_host(&self, host: &str) -> Result<(), Refusal> {
        let host = host.trim_end_matches('.');
        let good = self.hosts.is_empty()
            || self.hosts.iter().any(|allowed| match allowed.strip_prefix("*.") {
                Some(parent) => host.len().checked_sub(parent.len() + 1).is_some_and(|at| {
                    host.is_char_boundary(at)
                        && host[at..].starts_with('.')
                        && host[at + 1..].eq_ignore_ascii_case(parent)
                }),
                None => host.eq_ignore_ascii_case(allowed),
            });
        if good { Ok(()) } else { Err(Refusal::Host) }
    }

    /// Judges an address.
    ///
    /// # Errors
    /// Why it is not called.
    pub fn check(&self, address: IpAddr) -> Result<(), Refusal> {
        let address = canonical(address);
        let (metadata, loopback, public) = match address {
            IpAddr::V4(v4) => (is_metadata_v4(v4), v4.is_loopback(), is_public_v4(v4)),
            IpAddr::V6(v6) => (is_metadata_v6(v6), v6.is_loopback(), is_public_v6(v6)),
        };
        match () {
            () if metadata => Err(Refusal::Metadata),
            () if loopback && !self.loopback => Err(Refusal::Loopback),
            () if !loopback && !public && !self.private => Err(Refusal::Private),
            () => Ok(()),
        }
    }
}

/// An IPv6 address that stands for an IPv4 one is judged as that: mapped, compatible, NAT64 (RFC 6052), 6to4 (RFC 3056).
fn canonical(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return IpAddr::V4(v4);
    }
    let s = v6.segments();
    let v4 = |hi: u16, lo: u16| {
        let [a, b] = hi.to_be_bytes();
        let [c, d] = lo.to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        [0, 0, 0, 0, 0, 0, hi, lo] if hi != 0 || lo > 1 => v4(hi, lo),
        [0x64, 0xff9b, 0, 0, 0, 0, hi, lo] => v4(hi, lo),
        [0x2002, hi, lo, ..] => v4(hi, lo),
        _ => address,
    }
}

fn is_metadata_v4(v4: Ipv4Addr) -> bool {
    matches!(
        v4.octets(),
        [169, 254, 169, 254]
            | [169, 254, 170, 2]
            | [169, 254, 170, 23]
            | [100, 100, 100, 200]
            | [192, 0, 0, 192]
            | [168, 63, 129, 16]
    )
}

fn is_metadata_v6(v6: Ipv6Addr) -> bool {
    matches!(v6.segments(), [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254])
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocol = a == 192 && b == 0 && c == 0;
    let benchmark = a == 198 && (18..20).contains(&b);
    !(v4.is_private()
        || v4.is_link_local()
        || v4.is_loopback()
        || v4.is_broadcast()
        || v4.is_documentation()
        || v4.is_multicast()
        || a == 0
        || a >= 240
        || shared
        || protocol
        || benchmark)
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    let s = v6.segments();
    let global = s[0] & 0xe000 == 0x2000;
    let documentation = s[0] == 0x2001 && s[1] == 0xdb8 || s[0] == 0x3fff;
    let teredo_or_protocol = s[0] == 0x2001 && s[1] < 0x200;
    global && !documentation && !teredo_or_protocol
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses_only_unless_told() {
        let strict = AddressPolicy::default();
        let loopback = AddressPolicy { loopback: true, ..AddressPolicy::default() };
        let all = AddressPolicy { loopback: true, private: true, ..AddressPolicy::default() };
        for (address, default, with_loopback, with_all) in [
            ("93.184.216.34", None, None, None),
            ("2606:2800:220:1:248:1893:25c8:1946", None, None, None),
            ("127.0.0.1", Some(Refusal::Loopback), None, None),
            ("127.9.9.9", Some(Refusal::Loopback), None, None),
            ("::1", Some(Refusal::Loopback), None, None),
            ("::ffff:127.0.0.1", Some(Refusal::Loopback), None, None),
            ("10.1.2.3", Some(Refusal::Private), Some(Refusal::Private), None),
            ("172.16.0.1", Some(Refusal::Private), Some(Refusal::Private), None),
            ("192.168.1.1", Some(Refusal::Private), Some(Refusal::Private), None),
            ("100.64.0.1", Some(Refusal::Private), Some(Refusal::Private), None),
            ("169.254.1.1", Some(Refusal::Private), Some(Refusal::Private), None),
            ("0.0.0.0", Some(Refusal::Private), Some(Refusal::Private), None),
            ("255.255.255.255", Some(Refusal::Private), Some(Refusal::Private), None),
            ("224.0.0.1", Some(Refusal::Private), Some(Refusal::Private), None),
            ("198.18.0.1", Some(Refusal::Private), Some(Refusal::Private), None),
            ("fe80::1", Some(Refusal::Private), Some(Refusal::Private), None),
            ("fc00::1", Some(Refusal::Private), Some(Refusal::Private), None),
            ("::", Some(Refusal::Private), Some(Refusal::Private), None),
            ("64:ff9b::a00:1", Some(Refusal::Private), Some(Refusal::Private), None),
            ("2002:a00:1::1", Some(Refusal::Private), Some(Refusal::Private), None),
            ("64:ff9b::7f00:1", Some(Refusal::Loopback), None, None),
            ("169.254.169.254", Some(Refusal::Metadata), Some(Refusal::Metadata), Some(Refusal::Metadata)),
            ("::ffff:169.254.169.254", Some(Refusal::Metadata), Some(Refusal::Metadata), Some(Refusal::Metadata)),
            ("168.63.129.16", Some(Refusal::Metadata), Some(Refusal::Metadata), Some(Refusal::Metadata)),
            ("::ffff:168.63.129.16", Some(Refusal::Metadata), Some(Refusal::Metadata), Some(Refusal::Metadata)),
            ("fd20:ce::254", Some(Refusal::Metadata), Some(Refusal::Metadata), Some(Refusal::Metadata)),
            ("fd00:ec2::254", Some(Refusal::Metadata), Some(Refusal::Metadata), Some(Refusal::Metadata)),
        ] {
            let ip: IpAddr = address.parse().unwrap();
            assert_eq!(strict.check(ip).err(), default, "{address}");
            assert_eq!(loopback.check(ip).err(), with_loopback, "{address} with loopback");
            assert_eq!(all.check(ip).err(), with_all, "{address} with all");
        }
    }

    #[test]
    fn hosts_by_list() {
        let policy = AddressPolicy { hosts: vec!["a.org".into(), "*.b.org".into()], ..AddressPolicy::default() };
        for good in ["a.org", "A.ORG", "a.org.", "x.b.org", "y.x.B.org"] {
            assert_eq!(policy.check_host(good), Ok(()), "{good}");
        }
        for bad in ["b.org", "xb.org", "a.org.evil", "x.a.org", "", ".b.orgx", "é.b.orgé"] {
            assert_eq!(policy.check_host(bad), Err(Refusal::Host), "{bad}");
        }
        assert_eq!(AddressPolicy::default().check_host("anything"), Ok(()));
    }
}
