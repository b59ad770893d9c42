"""The small guards: limits, addresses, where a sign-in leads, shipped passwords."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest

from destinations.web.addresses import client_address, is_https
from edrportal.signin.attempts import Attempts
from edrportal.signin.guards import safe_next
from edrportal.signin.notices import shipped_passwords


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def fail(attempts: Attempts, account: str, address: str = "192.0.2.1", *, times: int = 1) -> None:
    for _ in range(times):
        assert attempts.charge(account, address) is None
        attempts.failed(account, address)


def test_a_refused_attempt_does_not_prolong_the_wait() -> None:
    clock = Clock()
    attempts = Attempts(clock=clock)
    fail(attempts, "ann", times=5)
    for passed in range(0, 299, 10):
        clock.now = 1000.0 + passed
        assert attempts.charge("ann", "192.0.2.1") == 300 - passed
    clock.now = 1300.5
    assert attempts.charge("ann", "192.0.2.1") is None


def test_a_success_forgets_the_accounts_failures_and_not_the_addresses() -> None:
    attempts = Attempts(per_address=8)
    fail(attempts, "ann", times=4)
    assert attempts.charge("ann", "192.0.2.1") is None
    attempts.succeeded("ann", "192.0.2.1")
    fail(attempts, "ann", times=4)
    assert attempts.charge("bob", "192.0.2.1") is not None
    assert attempts.charge("bob", "192.0.2.2") is None


def test_many_attempts_at_once_gain_nothing() -> None:
    attempts = Attempts()
    with ThreadPoolExecutor(30) as pool:
        begun = list(pool.map(lambda _: attempts.charge("ann", "192.0.2.1"), range(30)))
    assert begun.count(None) == 5
    for _ in range(5):
        attempts.refund("ann", "192.0.2.1")
    assert attempts.charge("ann", "192.0.2.1") is None


def test_random_names_neither_free_a_closed_account_nor_fill_the_memory() -> None:
    attempts = Attempts(capacity=1000)
    tracemalloc.start()
    fail(attempts, "ann", "192.0.2.200", times=5)
    fail(attempts, "bob", "192.0.2.201", times=4)
    for number in range(10_000):
        fail(attempts, f"random-{number}", f"10.{number % 250}.{number // 250}.1")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert attempts.charge("ann", "192.0.2.200") is not None
    fail(attempts, "bob", "192.0.2.202")
    assert attempts.charge("bob", "192.0.2.203") is not None
    assert peak < 4_000_000


def test_addresses_of_one_ipv6_network_count_together() -> None:
    attempts = Attempts(per_address=5)
    for number in range(5):
        fail(attempts, f"u{number}", f"2001:db8:1:2::{number}")
    assert attempts.charge("x", "2001:db8:1:2:ffff::1") is not None
    assert attempts.charge("x", "2001:db8:1:3::1") is None


HOME, ELSEWHERE = "192.0.2.1", "203.0.113.9"


def get_in(attempts: Attempts, account: str, address: str) -> None:
    assert attempts.charge(account, address) is None
    attempts.succeeded(account, address)


def test_an_account_that_is_closed_elsewhere_is_open_where_it_got_in_before() -> None:
    clock = Clock()
    attempts = Attempts(clock=clock)
    get_in(attempts, "ann", HOME)
    for _ in range(50):  # for hours, and from many addresses
        for number in range(5):
            fail(attempts, "ann", f"203.0.113.{number}")
        assert attempts.charge("ann", ELSEWHERE) is not None
        assert attempts.charge("bob", ELSEWHERE) is None
        attempts.refund("bob", ELSEWHERE)
        get_in(attempts, "ann", HOME)
        clock.now += 301


def test_a_script_that_gets_in_every_minute_opens_the_account_to_nobody_else() -> None:
    attempts = Attempts()
    get_in(attempts, "ann", HOME)
    for number in range(5):
        fail(attempts, "ann", f"203.0.113.{number}")
        get_in(attempts, "ann", HOME)
    assert attempts.charge("ann", "203.0.113.77") is not None


def test_a_known_address_has_its_own_failures_and_closes_nothing_elsewhere() -> None:
    clock = Clock()
    attempts = Attempts(clock=clock)
    get_in(attempts, "ann", HOME)
    get_in(attempts, "ann", ELSEWHERE)
    fail(attempts, "ann", HOME, times=5)
    assert attempts.charge("ann", HOME) == 300
    get_in(attempts, "ann", ELSEWHERE)
    get_in(attempts, "ann", "198.51.100.1")
    clock.now += 301
    get_in(attempts, "ann", HOME)


def test_the_guesses_at_an_account_are_bounded_however_many_addresses_there_are() -> None:
    attempts = Attempts()
    for number in range(100):
        get_in(attempts, "ann", f"192.0.2.{number}")
    guesses = 0
    for address in [f"192.0.2.{number}" for number in range(100)] + [f"10.0.0.{number}" for number in range(100)]:
        for _ in range(10):
            if attempts.charge("ann", address) is None:
                attempts.failed("ann", address)
                guesses += 1
    assert guesses == 5 * (1 + 8)


def test_a_known_address_that_gets_in_is_the_last_to_be_forgotten() -> None:
    attempts = Attempts()
    get_in(attempts, "ann", HOME)
    for number in range(20):
        get_in(attempts, "ann", f"198.51.100.{number}")
        get_in(attempts, "ann", HOME)
    fail(attempts, "ann", ELSEWHERE, times=5)
    get_in(attempts, "ann", HOME)


def test_an_address_is_known_for_thirty_days_and_to_one_account_alone() -> None:
    clock = Clock()
    attempts = Attempts(clock=clock)
    get_in(attempts, "ann", HOME)
    fail(attempts, "bob", ELSEWHERE, times=5)
    assert attempts.charge("bob", HOME) is not None
    clock.now += 30 * 86_400 - 1
    fail(attempts, "ann", ELSEWHERE, times=5)
    assert attempts.charge("ann", HOME) is None
    attempts.refund("ann", HOME)
    clock.now += 2
    assert attempts.charge("ann", HOME) is not None


def test_an_attempt_during_which_its_address_becomes_known_leaves_nothing_open() -> None:
    attempts = Attempts()
    for _ in range(20):
        assert attempts.charge("ann", HOME) is None
        assert attempts.charge("ann", HOME) is None
        attempts.succeeded("ann", HOME)
        attempts.refund("ann", HOME)
    begun = [attempts.charge("ann", ELSEWHERE) for _ in range(6)]
    assert begun.count(None) == 5


def test_many_attempts_at_once_gain_nothing_from_a_known_address() -> None:
    attempts = Attempts()
    get_in(attempts, "ann", HOME)
    with ThreadPoolExecutor(30) as pool:
        begun = list(pool.map(lambda _: attempts.charge("ann", HOME), range(30)))
    assert begun.count(None) == 5


def test_who_gets_in_from_everywhere_fills_no_memory() -> None:
    attempts = Attempts(capacity=100)
    tracemalloc.start()
    for number in range(1500):
        get_in(attempts, f"user-{number % 500}", f"10.{number % 250}.{number // 250}.1")
        fail(attempts, f"user-{number % 500}", f"10.{number % 250}.{number // 250}.1")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500_000


@pytest.mark.parametrize(
    ("forwarded", "hops", "expected"),
    [
        ("203.0.113.5", 0, "192.0.2.1"),
        ("203.0.113.5", 1, "203.0.113.5"),
        ("1.1.1.1, 203.0.113.5", 1, "203.0.113.5"),
        ("1.1.1.1, 203.0.113.5", 2, "1.1.1.1"),
        ("203.0.113.5", 2, "192.0.2.1"),
        ("", 1, "192.0.2.1"),
        ("evil", 1, "192.0.2.1"),
        ("[2001:db8::1]:443", 1, "2001:db8::1"),
        ("2001:DB8::0001", 1, "2001:db8::1"),
        ("::ffff:203.0.113.5", 1, "203.0.113.5"),
        ("203.0.113.5:8080", 1, "203.0.113.5"),
        ("x," * 50_000 + "203.0.113.5", 1, "203.0.113.5"),
        ("fe80::1%eth0", 1, "fe80::1"),
        ("\r\n203.0.113.5", 1, "203.0.113.5"),
    ],
)
def test_only_what_trusted_proxies_wrote_is_believed(forwarded: str, hops: int, expected: str) -> None:
    assert client_address({"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": forwarded}, hops) == expected


def test_an_unknown_peer_has_a_name() -> None:
    assert client_address({}, 0) == "unknown"


@pytest.mark.parametrize(
    ("scheme", "stated", "hops", "expected"),
    [
        ("http", "https", 0, False),
        ("http", "https", 1, True),
        ("http", "https, http", 1, False),
        ("https", None, 1, True),
    ],
)
def test_tls_is_what_the_nearest_proxy_says(scheme: str, stated: str | None, hops: int, *, expected: bool) -> None:
    meta = {"wsgi.url_scheme": scheme} | ({"HTTP_X_FORWARDED_PROTO": stated} if stated else {})
    assert is_https(meta, hops) is expected


EVIL = [
    "//evil.com", "/\\evil.com", "\t//evil.com", "http:evil.com", "https://good@evil.com", "javascript:alert(1)", "/" * 3000,
    "https:evil.com", "///evil.com", "//\\evil.com", "/\t/evil.com", "\\\\evil.com", "/\n/evil.com", "http://evil.com",
    "https://evil.com/", "evil.com", "data:text/html,x", "//evil.com@testserver", "", " /x", "/\x00", "/\x85x", "/\u00a0",
    "/" + "x" * 2001, "/signin", "/signin?next=/signin", "/signout", "/oidc/start", "/demo/signin", "//[::1]", "/\ud800",
    "\u2044\u2044evil.com", "ftp://evil.com",
]  # fmt: skip


@pytest.mark.parametrize("target", EVIL)
def test_what_is_no_plain_path_leads_to_the_overview(target: str) -> None:
    assert safe_next(target, host="testserver", https=False) == "/"
    assert safe_next(target, host="testserver", https=True) == "/"


@pytest.mark.parametrize("target", ["/", "/destinations/a?x=1&y=/z", "/%5cevil", "/?q=ä", "/team/"])
def test_a_plain_path_is_gone_back_to(target: str) -> None:
    assert safe_next(target, host="testserver", https=True) == target


SHIPPED = b"$2a$10$6bCi5NMstMK781In7JGiL.B44pgoplUb330FQvm6mVXMppbXBPiXS"


def test_users_with_a_shipped_password_are_named() -> None:
    users = [("admin", SHIPPED), ("epinio", SHIPPED + b"\n"), ("ann", b"$2a$10$" + b"x" * 53)]
    dex = b'staticPasswords: [{email: a@b, hash: "' + SHIPPED + b'"}, {email: c@d}, 7, {hash: [1]}]'
    assert shipped_passwords(users, dex) == ("a@b", "admin", "epinio")


@pytest.mark.parametrize(
    "config",
    [
        b"{",
        b"[]",
        b"7",
        b"",
        b"staticPasswords: 7",
        b"a: &a [x]\nb: [*a, *a]",
        b"\xff\xfe",
        b"x" * 300_000,
        b"[" * 5000,
    ],
)
def test_a_configuration_of_dex_that_cannot_be_read_names_nobody(config: bytes) -> None:
    assert shipped_passwords([], config) == ()
