"""Credentials that cannot be right whatever the registry: what a shell, a template, a page or a file left in them.

Pure, and over texts alone. Forms ask about the same things before they save (`destinations/input/validation.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from destinations.golang.gobase64 import decode_leniently

LINE_BREAK, CONTROL, INVISIBLE = "credentials-line-break", "credentials-control-character", "credentials-invisible"
QUOTED, PLACEHOLDER, MASK = "credentials-quoted", "credentials-placeholder", "credentials-mask"

_BREAKS = re.compile(r"[\r\n\u0085\u2028\u2029]")
WRITTEN_BREAK = re.compile(r"(?:\\r)?\\n\Z|(?:%0[dD])?%0[aA]\Z")
"""What a script leaves that escapes a line break for JSON, a shell or a URL and does not undo it."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_UNSEEN = re.compile(
    "[\u00a0\u00ad\u034f\u061c\u115f\u1160\u180e\u2000-\u200f\u202a-\u202f\u205f-\u206f\u3000\ufe0f\ufeff\ufffd]"
)
_QUOTES = re.compile(
    r"""(\\?["'`]).+\1|[\u201c\u201e\u201d].+[\u201c\u201d]|[\u2018\u201a\u2019].+[\u2018\u2019]|\u00ab.+\u00bb""",
    re.DOTALL,
)
_NAME = (
    r"(?:[A-Z][A-Z0-9]*_[A-Z0-9_]+|[A-Z]{4,}"
    r"|(?:[a-z]+[-_. ])*(?:user(?:name)?|pass(?:w(?:or)?d)?|token|secret|credentials?|key))"
)
"""What people call such a variable: capitals, or words of which the last tells. `!Summer2026!` is a password."""
_SYNTAX = re.compile(
    r"\$\{[^{}\s][^{}]*\}"  # shells, Terraform, Flux, envsubst
    r"|\{%[^{}]*[A-Za-z][^{}]*%\}"  # Jinja's statements
    r"|\$\(\s*[A-Za-z_][\w .:/-]*\)"  # Kubernetes, Make, a command of a shell
    r"|\{\{[^{}]*[A-Za-z][^{}]*\}\}"  # Helm, Jinja, Mustache, GitHub Actions, CloudFormation
    r"|\[\[\s*\.?[A-Za-z_][\w .]*\]\]"  # Nomad
    r"|<%[^%]+%>"  # ERB
    r"|#\{[^{}]+\}",  # Octopus, Azure Pipelines, Ruby
    re.DOTALL,
)
_WHOLE = re.compile(
    rf"\$[A-Z][A-Z0-9_]{{2,}}|\\?\$\$?{_NAME}|\$[Ee]nv:\w+|\$\[.*[A-Za-z]\w*\.\w.*\]"
    rf"|%{_NAME}%|%\([A-Za-z_]\w*\)[sdr]|!{_NAME}!|%\{{{_NAME}\}}%?"  # cmd.exe, Python, Ruby
    rf"|@{{1,2}}(?:{_NAME}|[A-Za-z_]\w*\.[\w.]+)@{{1,2}}|__{_NAME}__|\(\([\w./:-]+\)\)"  # CMake, Maven, Azure, Concourse
    rf"|~{_NAME}~|\{{{_NAME}\}}|\[{_NAME}\]|\[(?:your|my|insert|enter)[\w -]+\]"
    r"|<path:.+>|<{1,2} ?[A-Za-z][\w .:/-]*>{1,2}|&lt;[\w .:/-]+&gt;"  # argocd-vault-plugin, CircleCI, a manual
    r"|!(?:Ref|GetAtt|Sub|ImportValue|Join|reference|secret|env_var)\s.+"  # CloudFormation, GitLab, Home Assistant
    r"|@Microsoft\.KeyVault\(.+\)|projects/[\w-]+/secrets/.+|(?:process\.env|os\.environ|secrets|env|var|vars)\.[A-Za-z_]\w*"
    r"|ENC\(.+\)"  # Jasypt
    r"|ref\+\w+://.+|(?:op|vault|bao|awss[ms]m?|awsparamstore|gcpsm|sm|akvs?|azurekeyvault|doppler|infisical|bws|secret|file)://.+"
    r"|(?:>>)?(?:vault|bao):[\w./-]+(?:#[\w.${}/-]+)?|secretref:.+|arn:aws[\w-]*:(?:secretsmanager|ssm):.+"
    r"|ENC\[.+\]|\$ANSIBLE_VAULT;.*|!vault\b.*|\{cipher\}.+",
    re.DOTALL,
)
_WORDS = re.compile(
    r"change[-_ ]?(?:me|it|this)(?:[-_ ]please|[0-9]{1,4})?!?|replace[-_ ]?(?:me|this)|replace[-_ ]with[-_ ][\w -]+"
    r"|tbd|todo|fixme"
    r"|(?:placeholder[-_ ]?)?(?:user(?:name)?|password|token|secret)[-_ ](?:here|placeholder)|placeholder(?:[-_ ]?[a-z]+)?"
    r"|(?:insert|enter|put|paste)[-_ ](?:your|the)?[-_ ]?\w*(?:password|token|secret|user|key)\w*(?:[-_ ]here)?"
    r"|(?:my|your)[-_ ]?(?:registry|docker|robot|access)?[-_ ]?"
    r"(?:user(?:[-_ ]?name)?|password|token|secret|api[-_ ]?key)(?:[-_ ]here)?",
    re.IGNORECASE,
)
_DOTS = re.compile(r"[*\u2022\u25cf\u00b7\u2219\u22c5\u2026\u2588\u25a0\u25aa\u2217\uff0a]{3,}|\+{3,}|\*+[A-Z ]{3,}\*+")
_BRACKETED = re.compile(
    r"[\[<({*]+\s*(?:redacted|masked|hidden|filtered|secret(?: hidden| value)?|secure|sensitive(?: value)?"
    r"|removed|omitted|concealed|scrubbed"
    r"|protected|encrypted|no value|nil|none|null|unset|undefined|empty|not set|unknown|known after apply)\s*[\])>}*]+"
    r"|%!\w\(.*\)|\[object \w+\]|SecretStr\(.*\)|System\.Security\.SecureString|System\.Object\[\]"
    r"|<set to the key .+>|[1-9][0-9]{0,4} bytes?|-{2,}(?:redacted|masked)-{2,}",  # kubectl describe
    re.IGNORECASE,
)
_EMPTY = re.compile(r"null|None|nil|NULL|NaN|undefined|REDACTED|MASKED|HIDDEN|[xX]{5,}|\.{3,}|#{4,}|-{5,}|_{5,}")
_REAL_USERS = {"$oauthtoken", "$app", "$token"}
"""User names that registries themselves prescribe (NVIDIA, Quay)."""

_AGAIN = "Rotate the credentials: paste user name and password as the registry shows them."
FIXES = {
    LINE_BREAK: "Repair it, or rotate the credentials. Encode them with printf %s or echo -n, which add no line break.",
    CONTROL: _AGAIN,
    INVISIBLE: _AGAIN,
    QUOTED: "Repair it, or rotate the credentials: write them without quotation marks.",
    PLACEHOLDER: "Rotate to the real credentials, and find out why the tool did not fill them in.",
    MASK: "Rotate to the real credentials: copy them where they are created, not where they are displayed.",
}
"""What to do about each kind."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """What is odd about one text: a stable code, and a clause that begins after "The password".

    `certain` is True where no registry would ever hand out such a text.
    """

    code: str
    clause: str
    certain: bool = False


def suspects(text: str) -> Iterator[Suspect]:
    """Yield what is odd about a user name, a password or a token, one kind once; nothing of a sound one."""
    if not text or text in _REAL_USERS or _is_key_file(text):
        return
    bare = text.strip()
    if breaks := _BREAKS.search(text):
        where = "ends with" if breaks.start() >= len(text.rstrip()) else "holds"
        yield Suspect(LINE_BREAK, f"{where} a line break, which Epinio and skopeo send as part of it")
    elif WRITTEN_BREAK.search(text):
        yield Suspect(LINE_BREAK, "ends with the characters of an escaped line break, which are sent as part of it")
    if any(not _BREAKS.match(char[0]) for char in _CONTROLS.finditer(text)):
        what = "a tab" if "\t" in text else "a control character"
        yield Suspect(CONTROL, f"contains {what}")
    if unseen := _UNSEEN.search(text):
        yield Suspect(INVISIBLE, f"contains an invisible character (U+{ord(unseen[0]):04X})")
    if _QUOTES.fullmatch(bare):
        yield Suspect(QUOTED, "is in quotation marks, which are sent as part of it")
        bare = bare.strip("\\\"'`")
    yield from _stand_ins(bare)


def is_word(text: str) -> bool:
    """Return whether a text of plain letters and digits may be one that stands for another."""
    return bool(_EMPTY.fullmatch(text) or _WORDS.fullmatch(text))


def _stand_ins(bare: str) -> Iterator[Suspect]:
    """Yield what is a placeholder for a text that someone or something was to fill in."""
    if _DOTS.fullmatch(bare) or _BRACKETED.fullmatch(bare):
        yield Suspect(MASK, "looks like what a page or a log shows instead of the real one", certain=True)
    elif _EMPTY.fullmatch(bare):
        yield Suspect(MASK, "looks like what a tool writes instead of the real one")
    elif _SYNTAX.search(bare) or _WHOLE.fullmatch(bare) or _WORDS.fullmatch(bare):
        yield Suspect(PLACEHOLDER, "looks like a placeholder that no tool replaced")


def _is_key_file(text: str) -> bool:
    """Return whether it is a key file, JSON or PEM, which has line breaks of its own."""
    bare = text.strip()
    if not bare.startswith("{"):
        return bare.startswith("-----BEGIN ")
    try:
        return isinstance(json.loads(bare), dict)
    except (ValueError, RecursionError):
        return False


_BASE64 = re.compile(r"[A-Za-z0-9+/_\s-]+={0,2}")
_LEAST = 8
_MAX_LAYERS = 3
ENCODED_TWICE = "It was base64-encoded once too often."


def decode_layers(text: str) -> tuple[str, int]:
    """Return the text inside and how many layers of base64 were taken off; as it is, and 0, if none were.

    Taken off only where a JSON object or a YAML map is inside.
    """
    inner = text
    for layer in range(1, _MAX_LAYERS + 1):
        found = _inside(inner)
        if found is None:
            break
        inner = found
        if inner.lstrip()[:1] == "{" or re.match(r"\s*(?:---\s+)?[A-Za-z.]+:\s", inner):
            return inner, layer
    return text, 0


def _inside(text: str) -> str | None:
    if text.lstrip().startswith('"{'):  # JSON in a JSON text
        return _unquoted(text)
    plain = text.strip().strip("\"'")
    if len(plain) < _LEAST or not _BASE64.fullmatch(plain):
        return None
    content = decode_leniently(plain)
    try:
        return None if content is None else content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _unquoted(text: str) -> str | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, str) else None
