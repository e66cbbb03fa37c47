//! Which addresses are called, and which never.

use std::error::Error as StdError;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

const LONGEST: usize = 2000;
/// The port of https, and those that no well-known service of another kind listens on.
const FIRST_FREE_PORT: u16 = 1024;

/// Why an address is not called, in words for whoever gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("must be a whole web address of at most 2000 characters")]
    Malformed,
    #[error("must begin with https://")]
    Scheme,
    #[error("must not hold a user name or a password")]
    Credentials,
    #[error("must not have a fragment")]
    Fragment,
    #[error("must have port 443 or one from 1024 on")]
    Port,
    #[error("must name a host of the public internet")]
    Host,
    #[error("must lead to a host of the public internet; it leads into a private network")]
    Private,
}

/// The address as it will be used, unless it is one that is never called. What a name leads to is
/// judged when it is looked up, see `PublicOnly`.
pub fn check_address(text: &str, insecure: bool) -> Result<Url, Refusal> {
    let plain = text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic());
    // The parser would mend backslashes and missing slashes; what it mends it may mend otherwise
    // than whoever reads the address next.
    if !plain || text.contains('\\') {
        return Err(Refusal::Malformed);
    }
    let url = Url::parse(text).map_err(|_| Refusal::Malformed)?;
    match url.scheme() {
        "https" => {}
        "http" if insecure => {}
        _ => return Err(Refusal::Scheme),
    }
    if !text.get(url.scheme().len()..).is_some_and(|rest| rest.starts_with("://")) {
        return Err(Refusal::Malformed);
    }
    let authority = text.split("://").nth(1).unwrap_or_default();
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(Refusal::Credentials);
    }
    if url.fragment().is_some() {
        return Err(Refusal::Fragment);
    }
    check_place(&url, insecure)?;
    Ok(url)
}

/// Host and port. Asked again before each attempt: a host that is a number is looked up by nobody.
pub(super) fn check_place(url: &Url, insecure: bool) -> Result<(), Refusal> {
    let public = match url.host() {
        None => false,
        _ if insecure => true,
        Some(Host::Ipv4(ip)) => is_public(ip.into()),
        Some(Host::Ipv6(ip)) => is_public(ip.into()),
        Some(Host::Domain(name)) => is_public_name(name),
    };
    let port = url.port_or_known_default().unwrap_or_default();
    if !public {
        Err(Refusal::Host)
    } else if insecure || port == 443 || port >= FIRST_FREE_PORT {
        Ok(())
    } else {
        Err(Refusal::Port)
    }
}

/// Names that only ever lead inside are refused before anybody asks for them.
fn is_public_name(name: &str) -> bool {
    const INSIDE: [&str; 9] = [
        "localhost",
        "local",
        "internal",
        "intranet",
        "lan",
        "home",
        "corp",
        "localdomain",
        "arpa",
    ];
    let name = name.strip_suffix('.').unwrap_or(name);
    let last = name.rsplit('.').next().unwrap_or_default();
    let labels_fit = name.split('.').all(|label| (1..=63).contains(&label.len()));
    name.contains('.')
        && name.len() <= 253
        && labels_fit
        && !name.contains('%')
        && !INSIDE.iter().any(|inside| last.eq_ignore_ascii_case(inside))
        // A last label of digits alone is a number's, and the parser has read all numbers that it can.
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether an address belongs to the public internet, in whatever form it is written.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    // Network and length of its prefix; from the registry of special-purpose addresses.
    const SPECIAL: [([u8; 4], u32); 15] = [
        ([0, 0, 0, 0], 8),
        ([10, 0, 0, 0], 8),
        ([100, 64, 0, 0], 10),
        ([127, 0, 0, 0], 8),
        ([169, 254, 0, 0], 16),
        ([172, 16, 0, 0], 12),
        ([192, 0, 0, 0], 24),
        ([192, 0, 2, 0], 24),
        ([192, 88, 99, 0], 24),
        ([192, 168, 0, 0], 16),
        ([198, 18, 0, 0], 15),
        ([198, 51, 100, 0], 24),
        ([203, 0, 113, 0], 24),
        ([224, 0, 0, 0], 4),
        ([240, 0, 0, 0], 4),
    ];
    let bits = u32::from(ip);
    !SPECIAL.iter().any(|(network, length)| {
        let mask = u32::MAX << (32 - length);
        bits & mask == u32::from_be_bytes(*network)
    })
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    // Only 2000::/3 is given out to hosts of the internet. Everything else (loopback, addresses of
    // the other version in disguise, translators, private and local ones, groups) is outside of it.
    const SPECIAL: [([u16; 3], u32); 5] = [
        ([0x2001, 0, 0], 23),      // tunnels, benchmarks, identifiers
        ([0x2001, 0x0db8, 0], 32), // documentation
        ([0x2002, 0, 0], 16),      // 6to4: holds an address of the other version
        ([0x3fff, 0, 0], 20),      // documentation
        ([0x2620, 0x4f, 0x8000], 48),
    ];
    let bits = u128::from(ip);
    let special = SPECIAL.iter().any(|([a, b, c], length)| {
        let network = u128::from(Ipv6Addr::new(*a, *b, *c, 0, 0, 0, 0, 0));
        bits & (u128::MAX << (128 - length)) == network
    });
    bits >> 125 == 1 && !special
}

/// Looks names up and lets through only those that lead to the public internet, and nowhere else.
/// What it gives is what is dialled, so a name cannot change its mind in between.
#[derive(Debug, Clone, Copy)]
pub(super) struct PublicOnly {
    pub(super) insecure: bool,
}

impl PublicOnly {
    pub(super) async fn look_up(self, name: &str) -> Result<Vec<SocketAddr>, LookUpError> {
        let found = tokio::net::lookup_host((name, 0)).await.map_err(LookUpError::Failed)?;
        let found: Vec<_> = found.collect();
        // All or nothing: whoever mixes both has something else in mind.
        if self.insecure || found.iter().all(|address| is_public(address.ip())) {
            Ok(found)
        } else {
            Err(LookUpError::Refused(Refusal::Private))
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub(super) enum LookUpError {
    #[error("the name cannot be looked up")]
    Failed(#[source] std::io::Error),
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = *self;
        Box::pin(async move {
            let found = resolver.look_up(name.as_str()).await?;
            Ok::<Addrs, Box<dyn StdError + Send + Sync>>(Box::new(found.into_iter()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &[&str] = &[
        "https://127.0.0.1/",
        "https://127.0.0.1:8443/hook",
        "https://127.1/",
        "https://127.255.255.254/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0x0.0x0.0x1/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://0/",
        "https://0.0.0.0/",
        "https://0.1.2.3/",
        "https://10.0.0.1/",
        "https://10.255.255.255/",
        "https://167772161/",
        "https://172.16.0.1/",
        "https://172.31.255.254/",
        "https://192.168.0.1/",
        "https://192.168.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://2852039166/",
        "https://0xa9fea9fe/",
        "https://0251.0376.0251.0376/",
        "https://100.64.0.1/",
        "https://100.127.255.255/",
        "https://192.0.0.192/",
        "https://192.0.2.1/",
        "https://192.88.99.1/",
        "https://198.18.0.1/",
        "https://198.51.100.7/",
        "https://203.0.113.9/",
        "https://224.0.0.1/",
        "https://239.255.255.250/",
        "https://240.0.0.1/",
        "https://255.255.255.255/",
        "https://[::1]/",
        "https://[::]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[::127.0.0.1]/",
        "https://[::ffff:0:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b::169.254.169.254]/",
        "https://[64:ff9b:1::1]/",
        "https://[2002:7f00:1::]/",
        "https://[2002:a9fe:a9fe::1]/",
        "https://[2001::1]/",
        "https://[2001:db8::1]/",
        "https://[3fff::1]/",
        "https://[fc00::1]/",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1]/",
        "https://[febf::1]/",
        "https://[fec0::1]/",
        "https://[ff02::1]/",
        "https://[100::1]/",
        "https://[fe80::1%25eth0]/",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://api.localhost/",
        "https://printer.local/",
        "https://metadata.google.internal/",
        "https://intranet/",
        "https://db.corp/",
        "https://127.0.0.1.in-addr.arpa/",
        "https://user@hooks.example.com/",
        "https://user:password@hooks.example.com/",
        "https://@hooks.example.com/",
        "https://hooks.example.com@127.0.0.1/",
        "https://127.0.0.1#@hooks.example.com/",
        "https://hooks.example.com\\@127.0.0.1/",
        "https:\\\\127.0.0.1\\",
        "https:/127.0.0.1/",
        "https:hooks.example.com",
        "https:///127.0.0.1/",
        "//hooks.example.com/",
        "hooks.example.com",
        "http://hooks.example.com/",
        "HTTP://hooks.example.com/",
        "ftp://hooks.example.com/",
        "file:///etc/passwd",
        "gopher://hooks.example.com/",
        "javascript:alert(1)",
        "data:text/plain,x",
        "ws://hooks.example.com/",
        "https://hooks.example.com:22/",
        "https://hooks.example.com:25/",
        "https://hooks.example.com:80/",
        "https://hooks.example.com:0/",
        "https://hooks.example.com:65536/",
        "https://hooks.example.com/#fragment",
        "https://hooks.example.com/\r\nHost: inside",
        " https://hooks.example.com/",
        "https://ho oks.example.com/",
        "https://hooks..example.com/",
        "https://%31%32%37.0.0.1/",
        "https://127。0。0。1/",
        "https://①②⑦.⓪.⓪.①/",
        "https://1.2.3.4.5/",
        "https://hooks.example.com:443:80/",
        "https://",
        "",
    ];

    #[test]
    fn hostile_addresses_are_refused_whatever_their_form() {
        assert!(HOSTILE.len() >= 60);
        for hostile in HOSTILE {
            let judged = check_address(hostile, false);
            assert!(judged.is_err(), "{hostile} became {judged:?}");
        }
        let long = format!("https://hooks.example.com/{}", "a".repeat(2000));
        assert_eq!(check_address(&long, false), Err(Refusal::Malformed));
    }

    #[test]
    fn good_addresses_pass() {
        for good in [
            "https://hooks.example.com/",
            "https://hooks.example.com",
            "https://hooks.example.com./gangway",
            "https://hooks.example.com:443/a?b=c",
            "https://hooks.example.com:8443/a/b",
            "https://xn--bcher-kva.example/",
            "HTTPS://Hooks.Example.com/",
            "https://93.184.215.14/hook",
            "https://9.255.255.255/",
            "https://11.0.0.0/",
            "https://100.63.255.255/",
            "https://100.128.0.0/",
            "https://172.15.255.255/",
            "https://172.32.0.0/",
            "https://192.167.1.1/",
            "https://223.255.255.255/",
            "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
            "https://[2a00:1450:4001:800::200e]/",
        ] {
            assert!(check_address(good, false).is_ok(), "{good}: {:?}", check_address(good, false));
        }
        assert!(check_address("http://127.0.0.1:4000/hook", true).is_ok());
        assert!(check_address("ftp://127.0.0.1/", true).is_err());
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_when_it_is_looked_up() {
        let strict = PublicOnly { insecure: false };
        let refused = strict.look_up("localhost").await;
        assert!(matches!(refused, Err(LookUpError::Refused(Refusal::Private))), "{refused:?}");
        assert!(PublicOnly { insecure: true }.look_up("localhost").await.is_ok());
    }
}
