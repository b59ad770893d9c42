"""URLs and hosts as Go reads, prints and dials them; every answer here is what Go 1.25 itself gave."""

from __future__ import annotations

import pytest

from destinations.golang import goidna, gonet, gourl
from destinations.golang.gostrings import GoError
from destinations.verdict import references


@pytest.mark.parametrize(
    ("read", "printed"),
    [
        ("oci://h/te am", "oci://h/te%20am"),
        ("oci://h/a(b)", "oci://h/a(b)"),  # a valid encoding of its own: kept
        ("oci://h/a(b) c", "oci://h/a%28b%29%20c"),  # not valid as a whole: everything is escaped
        ("oci://h/a%2fb", "oci://h/a%2fb"),
        ("oci://h/a%2fb c", "oci://h/a/b%20c"),
        ("oci://h/team#", "oci://h/team"),
        ("oci://h/team#a b", "oci://h/team#a%20b"),
        ("oci://h/team#a'b", "oci://h/team#a'b"),
        ("oci://h/team?", "oci://h/team?"),
        ("oci://h/team?x= ü", "oci://h/team?x= ü"),
        ("oci://bücher.example:80/x", "oci://b%C3%BCcher.example:80/x"),
        ("oci://u%40s:p ss@h/", None),
        ("oci://u%40s:p%20ss@h/", "oci://u%40s:p%20ss@h/"),
        ("oci://:@h/", "oci://:@h/"),
        ("oci://?x/", "oci:?x/"),
        ("oci:///x", "oci:///x"),
        ("OCI:x y", "oci:x y"),
        ("a/b:c", "a/b:c"),
        ("/x:y/z", "/x:y/z"),
        ("*", "*"),
        ("oci:/x", "oci:/x"),
    ],
)
def test_a_url_is_printed_as_go_prints_it(read: str, printed: str | None) -> None:
    if printed is None:
        with pytest.raises(GoError):
            gourl.parse(read)
    else:
        assert str(gourl.parse(read)) == printed


@pytest.mark.parametrize(
    ("host", "problem"),
    [
        ("h.example", ""),
        ("h.example:65535", ""),
        ("h.example:000000000000000000443", ""),
        ("h.example:65536", "dial tcp: address 65536: invalid port"),
        ("h:123456789012345678901234567890", "dial tcp: address 123456789012345678901234567890: invalid port"),
        (".1:2:3:99999", "dial tcp: address 99999: invalid port"),
        ("[::1]:99999", "dial tcp: address 99999: invalid port"),
        ("[::1]", ""),
        ("]", "dial tcp: address ]:443: unexpected ']' in address"),
        ("a]b:c", "dial tcp: address [a]b:c]:443: missing port in address"),
        ("a]:b:80", "dial tcp: address [a]:b]:80: too many colons in address"),
        ("", "http: no Host in request URL"),
        ("xn---a.ü", 'idna: invalid label "-a"'),
    ],
)
def test_what_cannot_be_dialed_is_known_before_a_name_is_resolved(host: str, problem: str) -> None:
    assert references.problem(host) == problem


@pytest.mark.parametrize(
    ("host", "ascii_host"),
    [
        ("bücher.example:5000", "xn--bcher-kva.example:5000"),
        ("registry\udcc3.example.com", "xn--registry-xs49b.example.com"),  # a byte that is not UTF-8
        ("xn--bcher-kva.ü", "xn--bcher-kva.xn--tda"),
        ("xn--abc-.ü:80", "abc.xn--tda:80"),
        ("a:1:ü", "xn--a:1:-3ra"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_a_host_beyond_ascii_is_spelled_label_by_label(host: str, ascii_host: str) -> None:
    assert goidna.to_ascii(host) == ascii_host


@pytest.mark.parametrize("host", ["xn--zz\udcff.é", "xn--99999999.é", "xn---a.é"])
def test_a_label_that_is_not_punycode_is_refused(host: str) -> None:
    with pytest.raises(GoError):
        goidna.to_ascii(host)


def test_plain_hosts_are_dialed() -> None:
    assert gonet.dial_problem("registry.example.com:5000") == ""
