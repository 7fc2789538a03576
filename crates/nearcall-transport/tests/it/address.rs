//! What parses, what does not, and what is said then.

use nearcall_transport::{Address, AddressError, Target};
use proptest::prelude::*;

#[test]
fn addresses_parse_and_come_back() {
    let check = |text: &str, expected: &str| {
        let address: Address = text
            .parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(address.to_string(), expected, "{text}");
        assert_eq!(expected.parse::<Address>().unwrap(), address, "{text}");
        assert_eq!(text.parse::<Target>().unwrap(), Target::Address(address));
    };
    check("unix:/run/arith.sock", "unix:/run/arith.sock");
    check("unix:///run/arith.sock", "unix:/run/arith.sock");
    check("unix:arith.sock", "unix:arith.sock");
    check("unix:./a b:c.sock", "unix:./a b:c.sock");
    check("unix:////run", "unix:////run");
    check("unix-abstract:arith", "unix-abstract:arith");
    check("http://127.0.0.1:50051", "http://127.0.0.1:50051");
    check("http://localhost:0/", "http://localhost:0");
    check("http://[::1]:50051", "http://[::1]:50051");
    check("inherit:3", "inherit:3");
    check("inherit:", "inherit:");
    check("memory:arith", "memory:arith");
    check("parity:/tmp/arith.ipc", "parity:/tmp/arith.ipc");
    check("parity:arith", "parity:arith");
}

#[test]
fn what_is_no_address_is_told_why() {
    let check = |text: &str, expected: &str| {
        let error = text.parse::<Address>().expect_err(text).to_string();
        assert!(error.contains(expected), "{text:?}: {error}");
    };
    check("", "found nothing");
    check("arith", "write `unix:arith` if it is a path");
    check("/run/arith.sock", "write `unix:/run/arith.sock`");
    check("unix:", "expected the path of a socket after `unix:`");
    check("unix://", "expected the path of a socket after `unix:`");
    check("unix://host/path", "found \"host\"");
    check("unix:/a\0b", "NUL");
    check("unix-abstract:", "expected a name");
    check("UNIX:/run/arith.sock", "found the scheme `UNIX:`");
    check("ftp://host:1", "found the scheme `ftp:`");
    check("pipe:arith", "named pipes exist on Windows only");
    check("https://host:443", "https is not built in yet");
    check("http:host:1", "expected `//`");
    check("http://", "expected host:port");
    check("http://host", "expected host:port with a port");
    check("http://:80", "expected a host name");
    check("http://ho st:80", "expected a host name");
    check("http://user@host:80", "expected a host name");
    check("http://host:65536", "found \"65536\"");
    check("http://host:-1", "found \"-1\"");
    check("http://host:+1", "found \"+1\"");
    check("http://host:", "expected a port");
    check("http://host:80/path", "found \"80/path\"");
    check("http://::1:80", "brackets around an IPv6 address");
    check("http://[::1]", "[IPv6]:port");
    check("http://[host]:80", "expected an IPv6 address");
    check("inherit:three", "found \"three\"");
    check("inherit:-1", "found \"-1\"");
    check("inherit:4294967295", "found \"4294967295\"");
    check("memory:", "expected a name");
    check("parity:", "expected an absolute path or a name");
    check("parity:../up", "found \"../up\"");
}

#[test]
fn a_scheme_tells_an_address_from_a_name() {
    assert!(matches!("arena/arith".parse(), Ok(Target::Name(_))));
    assert!(matches!(
        "memory:arith".parse(),
        Ok(Target::Address(Address::Memory(_)))
    ));
    assert!(matches!(
        "Arith".parse::<Target>(),
        Err(AddressError::Name { .. })
    ));
    assert!(matches!("".parse::<Target>(), Err(AddressError::Empty)));
}

proptest! {
    #[test]
    fn any_text_that_parses_comes_back(text in "(unix|unix-abstract|http|inherit|memory|parity|x):[/]{0,4}[ -~]{0,24}") {
        if let Ok(address) = text.parse::<Address>() {
            prop_assert_eq!(address.to_string().parse::<Address>(), Ok(address));
        }
    }

    #[test]
    fn any_text_is_an_address_a_name_or_an_error(text in ".{0,40}") {
        if let Ok(target) = text.parse::<Target>() {
            prop_assert_eq!(target.to_string().parse::<Target>(), Ok(target));
        }
    }
}
