"""Odd input for the fields of the forms, one line each; the numbers are those of the list of threats.

`form` holds words that the form has to say, or ACCEPTED; `verdict` what the command line says of a Secret that holds
the value all the same, or NONE where no Secret can.
"""

from __future__ import annotations

from typing import NamedTuple

ACCEPTED = "ACCEPTED"
NONE = "NONE"
FINE, FAILS, HIDDEN, RISKY = "accepted", "export-fails", "not-listed", "at-risk"


class Odd(NamedTuple):
    """One input: what is typed, what comes of it, and why."""

    number: int
    value: str
    form: str
    verdict: str
    reason: str


GUARD = "a form opens no connection: which addresses may be reached is decided where one is opened"

HOSTS = [
    Odd(1, "", "required", FAILS, "nowhere to push to"),
    Odd(
        2,
        "https://registry.example.com",
        "without a scheme",
        FINE,
        "every tool cuts it off, but nobody should rely on it",
    ),
    Odd(3, "oci://registry.example.com", "without a scheme", FAILS, "skopeo finds no credentials for it"),
    Odd(4, "https://index.docker.io/v1/", "without a scheme", FAILS, "what docker login writes"),
    Odd(5, "registry.example.com/", "without a path", FAILS, "an empty part in the path"),
    Odd(6, "registry.example.com/team", "Put team in the organization", RISKY, "the organization appears there twice"),
    Odd(
        7,
        "user:pw@registry.example.com",
        "from the host: Epinio shows the host to everyone",
        FAILS,
        "everybody sees the host",
    ),
    Odd(8, "registry.example.com\\@169.254.169.254", "contains no \\", FAILS, "parsers disagree about the host"),
    Odd(9, "registry.example.com#@evil", "contains no #", FAILS, "parsers disagree about the host"),
    Odd(10, "registry.example.com?x=", "contains no ?", FAILS, "parsers disagree about the host"),
    Odd(11, "registry.example.com:0", "from 1 to 65535", FINE, "Epinio's tools read any digits, nothing listens at 0"),
    Odd(12, "registry.example.com:99999", "from 1 to 65535", FAILS, "no connection can be opened to such a port"),
    Odd(13, "registry.example.com:443:443", "from 1 to 65535", FAILS, "two ports"),
    Odd(14, "registry.example.com:\u0663", "ASCII letters", FAILS, "an Arabic three is a digit to Python"),
    Odd(15, "reg istry", "space or a line break", FAILS, "a blank"),
    Odd(16, "registry.example.com\r\nX: y", "space or a line break", FAILS, "a second header"),
    Odd(17, "registry.example.com\x00", "Null characters", FAILS, "C would end here"),
    Odd(18, "[::1", "does not accept an IPv6 address", FAILS, "half a bracket"),
    Odd(19, "127.0.0.1", ACCEPTED, FINE, GUARD),
    Odd(20, "127.1", "not a valid IPv4 address", FINE, "resolvers read 127.0.0.1"),
    Odd(21, "0", "full name", FAILS, "a user of Docker Hub"),
    Odd(22, "2130706433", "full name", FAILS, "a user of Docker Hub"),
    Odd(22, "2130706433:5000", "not a valid IPv4 address", FINE, "resolvers read 127.0.0.1"),
    Odd(23, "0x7f000001", "full name", FAILS, "a user of Docker Hub"),
    Odd(23, "0x7f.1:5000", "not a valid IPv4 address", FINE, "resolvers read 127.0.0.1"),
    Odd(24, "0177.0.0.1", "not a valid IPv4 address", FINE, "resolvers read 127.0.0.1"),
    Odd(25, "[::ffff:169.254.169.254]", "does not accept an IPv6 address", FAILS, "skopeo reads no IPv6"),
    Odd(26, "[64:ff9b::a9fe:a9fe]", "does not accept an IPv6 address", FAILS, "skopeo reads no IPv6"),
    Odd(27, "[2002:a9fe:a9fe::]", "does not accept an IPv6 address", FAILS, "skopeo reads no IPv6"),
    Odd(28, "[fd00:ec2::254]", "does not accept an IPv6 address", FAILS, "skopeo reads no IPv6"),
    Odd(29, "[fe80::1%25eth0]", "contains no %", FAILS, "a zone"),
    Odd(30, "168.63.129.16", ACCEPTED, FINE, GUARD),
    Odd(31, "100.100.100.200", ACCEPTED, FINE, GUARD),
    Odd(32, "224.0.0.1", ACCEPTED, FINE, GUARD),
    Odd(33, "kubernetes.default.svc", ACCEPTED, FINE, GUARD),
    Odd(34, "dex.epinio.svc.cluster.local:5556", ACCEPTED, FINE, GUARD),
    Odd(35, "127\u30020\u30020\u30021", "ASCII letters", FAILS, "full stops of another script"),
    Odd(36, "\u24dbocalhost", "ASCII letters", FAILS, "a letter in a circle"),
    Odd(37, "REGISTRY.Example.COM.", "Did you mean REGISTRY.Example.COM?", FAILS, "a dot at the end"),
    Odd(37, "REGISTRY.Example.COM", ACCEPTED, FINE, "upper case is the same host to every tool, and kept as typed"),
    Odd(38, "xn--", "full name", FAILS, "a user of Docker Hub"),
    Odd(39, f"{'a' * 64}.example.com", "1 to 63 characters", FINE, "no resolver takes it, the tools' grammars do"),
    Odd(
        40,
        f"{'a' * 49}.{'b' * 49}.{'c' * 49}.{'d' * 49}.{'e' * 49}.abcd",
        "at most 253",
        FAILS,
        "too long to be a name",
    ),
    Odd(41, "*.example.com", "contains no *", FAILS, "a wildcard is for certificates"),
    Odd(42, "reg_istry.example.com", "contains no _", FAILS, "skopeo takes it for a user of Docker Hub"),
    Odd(43, "javascript:alert(1)", "contains no (", FAILS, "a link's scheme"),
    Odd(44, "localhost.", "Did you mean localhost?", FAILS, "a dot at the end"),
    Odd(45, "rebinding.example.com", ACCEPTED, FINE, GUARD),
]

NAMES = [
    Odd(46, "", "required", NONE, "no name"),
    Odd(47, "A", "Did you mean a?", NONE, "upper case"),
    Odd(48, "a_b", "Did you mean a-b?", NONE, "an underscore"),
    Odd(49, "-a", "Did you mean a?", NONE, "a dash in front"),
    Odd(50, "a-", "Did you mean a?", NONE, "a dash at the end"),
    Odd(51, "a..b", "lowercase letters", NONE, "an empty part"),
    Odd(52, "../x", "lowercase letters", NONE, "another address of the API"),
    Odd(53, "a/b", "lowercase letters", NONE, "another address of the API"),
    Odd(54, "a%2fb", "lowercase letters", NONE, "another address of the API"),
    Odd(55, "a" * 254, "at most 253", NONE, "too long"),
    Odd(56, "registry-creds", "its own registry", NONE, "Epinio's"),
    Odd(57, "dex-config", "its sign-in", NONE, "Epinio's"),
    Odd(58, "admin-user", "admin-user is taken", NONE, "a Secret that is no destination is not touched"),
    Odd(59, "a\n", "lowercase letters", NONE, "a line end"),
    Odd(60, "export-registry?dryRun=All", "lowercase letters", NONE, "an option of the API"),
    Odd(61, "r\u0435gistry", "lowercase letters", NONE, "a Cyrillic e"),
    Odd(62, "<script>", "lowercase letters", NONE, "a tag"),
]

ORGANIZATIONS = [
    Odd(63, "", "required", FAILS, "Epinio would push to the host itself"),
    Odd(64, "/team", "Did you mean team?", FAILS, "an empty part"),
    Odd(65, "team/", "Did you mean team?", FAILS, "an empty part"),
    Odd(66, "Team", "Did you mean team?", FAILS, "upper case"),
    Odd(67, "a//b", "Did you mean a/b?", FAILS, "an empty part"),
    Odd(68, "a b", "Did you mean a-b?", FAILS, "a blank"),
    Odd(69, "../..", "no parts that are only dots", FAILS, "leads out of the registry"),
    Odd(70, "a" * 257, "at most 255", FAILS, "no repository is that long"),
    Odd(71, "team\n", "Did you mean team?", FAILS, "a line end"),
    Odd(71, "team\nx", "without a scheme, a path, or spaces", FAILS, "a line end"),
]

USERNAMES = [
    Odd(73, "", "required", FAILS, "Helm logs in with both or not at all"),
    Odd(74, "a:b", "with a colon", FAILS, "breaks Basic authentication"),
    Odd(75, " robot", "Did you mean robot?", FINE, "nobody but the registry knows"),
    Odd(75, "robot ", "Did you mean robot?", FINE, "nobody but the registry knows"),
    Odd(76, "ro\nbot", "control character", RISKY, "nobody but the registry knows"),
    Odd(77, "u" * 4096, "at most 1024", FINE, "nobody but the registry knows"),
    Odd(78, "$oauthtoken", ACCEPTED, FINE, "NVIDIA's"),
    Odd(78, "_json_key", ACCEPTED, FINE, "Google's"),
    Odd(78, "robot$proj+name", ACCEPTED, FINE, "Harbor's"),
    Odd(79, "a\x00b", "Null characters", RISKY, "nobody but the registry knows"),
    Odd(80, "a\ud800b", "not valid UTF-8", NONE, "half a character; a browser sends U+FFFD for it"),
    Odd(81, "r\u00f6bot\u20ac", ACCEPTED, FINE, "Basic authentication carries UTF-8"),
    Odd(81, "a\u202eb", "control character", RISKY, "shows as something else than it is"),
]

SERVICE_ACCOUNT = '{\n "type": "service_account",\n "private_key": "-----BEGIN PRIVATE KEY-----\\nAAAA\\n"\n}'

PASSWORDS = [
    Odd(82, "", "Type the password", FAILS, "Helm logs in with both or not at all"),
    Odd(84, "   ", "Choose below", FINE, "may be meant, so it is asked"),
    Odd(85, "secret\n", "Choose below", RISKY, "may be meant, so it is asked"),
    Odd(85, "secret\u00a0", "Choose below", RISKY, "a space that cannot be seen"),
    Odd(86, '"\\</script>{{7*7}}', ACCEPTED, FINE, "JSON, HTML and templates quote what they hold"),
    Odd(87, "p" * 64 * 1024, ACCEPTED, FINE, "at the limit"),
    Odd(87, "p" * (64 * 1024 + 1), "at most 65536", FINE, "over the limit"),
    Odd(88, SERVICE_ACCOUNT, ACCEPTED, FINE, "Google's key has several lines"),
    Odd(89, "pass:word", ACCEPTED, FINE, "only the first colon parts user and password"),
    Odd(90, "p\u00e4ss\u20ac\U0001f511", ACCEPTED, FINE, "Basic authentication carries UTF-8"),
    Odd(91, "********", "instead of a password", RISKY, "a mask, copied"),
    Odd(91, "\u2022\u2022\u2022\u2022\u2022\u2022", "instead of a password", RISKY, "a mask, copied"),
    Odd(80, "a\ud800b", "not valid UTF-8", NONE, "half a character; a browser sends U+FFFD for it"),
    Odd(79, "a\x00b", "Null characters", RISKY, "nobody but the registry knows; at the end skopeo cuts it off"),
]

TYPED = {"name": NAMES, "host": HOSTS, "organization": ORGANIZATIONS, "username": USERNAMES, "password": PASSWORDS}


def of(field: str) -> list[Odd]:
    """Return the odd inputs for one field."""
    return TYPED[field]


def label(odd: Odd) -> str:
    """Return a short name for a test's line."""
    return f"{odd.number}-{ascii(odd.value)[1:25]}"
