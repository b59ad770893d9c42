"""Where a leaked value is stored: in destinations and certificate Secrets, by digests. Pure."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from secrets import token_bytes

from destinations import names
from destinations.input.leak import keypairs
from destinations.input.leak.paste import RANKS, How, Pasted
from destinations.input.leak.texts import HOST, MEMBERS, Fragment, encoded, pieces_of
from destinations.input.leak.words import is_secret_name, is_telling
from destinations.model import Secret
from destinations.secret import codec
from destinations.secret.mask import MASK, masked_key, masked_name

_MEMBERS = {**{name: name for name in MEMBERS}, "username": "the user name", HOST: "the host key"}
_LAST_APPLIED = "the copy of kubectl apply (last-applied annotation)"
_ELSEWHERE = "another place in .dockerconfigjson"
_WHOLE = ".dockerconfigjson"
_WRITTEN_BY_PORTAL = {
    names.HISTORY_ANNOTATION, names.WRITE_ID_ANNOTATION, names.CHANGED_BY_ANNOTATION, names.CHANGED_AT_ANNOTATION,
    names.ROTATED_AT_ANNOTATION, names.EXPIRY_ANNOTATION, names.RELEASED_AT_ANNOTATION, names.TEAM_UID_ANNOTATION,
}  # fmt: skip
"""What nobody types: names of people, times, dates, and words of the portal, which are no credentials of a registry."""
_OF_TOOLS = re.compile(
    r"(?:[\w-]+\.)*(?:kubernetes\.io|k8s\.io|helm\.sh|argoproj\.io|fluxcd\.io|epinio\.io|edrportal)/.*"
)


@dataclass(frozen=True, slots=True)
class Holder:
    """A Secret that holds what was pasted, and every place in it, as phrases without a value.

    `only_name` is true where nothing but a user name or a host is the same.
    """

    name: str
    uid: str
    places: tuple[str, ...]
    is_destination: bool = True
    only_name: bool = False


def search(pasted: Pasted, everything: Sequence[Secret]) -> tuple[Holder, ...]:
    """Return the destinations that hold what was pasted, then the certificate Secrets, each by name.

    Neither side is compared itself. Both are digested under a key that exists for this one search, so the time that a
    comparison takes tells nothing of either; every stored value is digested, whatever was found before it.
    """
    return _Search(pasted).over(everything)


def searched(everything: Sequence[Secret]) -> list[Secret]:
    """Return the Secrets that a search reads: destinations, and certificate Secrets."""
    referred = {codec.certs_name(one) for one in everything if codec.is_destination(one)}
    return [
        one
        for one in everything
        if codec.is_destination(one)
        or (
            names.USER_LABEL not in one.labels
            and (one.name in referred or names.BUNDLE_KEY in one.data or codec.is_portal_certificate(one))
        )
    ]


class _Search:
    def __init__(self, pasted: Pasted) -> None:
        self._key = token_bytes(32)
        self._pasted = pasted
        self._forms = {self._digest(form): how for form, how in pasted.forms.items()}
        self._names = {self._digest(form) for form in pasted.names}

    def over(self, everything: Sequence[Secret]) -> tuple[Holder, ...]:
        looked = searched(everything)
        found = {one.name: list(self._places(one)) for one in looked}
        certificates = {one.name: found[one.name] for one in looked if not codec.is_destination(one)}
        holders = [_holder(one, _with_certificates(one, found[one.name], certificates)) for one in looked]
        return tuple(sorted(filter(None, holders), key=lambda one: (not one.is_destination, one.name)))

    def _places(self, secret: Secret) -> Iterator[_Place]:
        yield from self._of_names(secret)
        for key, value in secret.data.items():
            where = "" if key == names.CONFIG_KEY else f"the key {self._shown(key)}"
            yield from self._in_value(Fragment(value, is_name=key == names.CERTS_KEY), where)
        for key, text in secret.annotations.items():
            if key == names.LAST_APPLIED_ANNOTATION:
                yield from self._in_value(Fragment(encoded(text)), _LAST_APPLIED)
            elif key not in _WRITTEN_BY_PORTAL:
                known = bool(_OF_TOOLS.fullmatch(key))
                piece = Fragment(encoded(text), is_name=known, is_loose=not is_secret_name(key))
                yield from self._in_value(piece, f"the annotation {self._shown(key)}")

    def _of_names(self, secret: Secret) -> Iterator[_Place]:
        """Yield what is itself the name of a key, or a label: no place for a secret, but one where it is found."""
        labels = ((text, f"the label {self._shown(key)}") for key, text in secret.labels.items())
        for text, where in (*((key, "the name of a key") for key in (*secret.data, *secret.annotations)), *labels):
            if is_telling(text) and (how := self._match(Fragment(encoded(text), is_loose=True))) is not None:
                yield _Place(where, how)

    def _shown(self, key: str) -> str:
        """Return the name of a key, the mask where it is itself what was pasted."""
        digest = self._digest(encoded(key))
        return MASK if digest in self._names or (digest in self._forms and is_telling(key)) else key

    def _in_value(self, first: Fragment, where: str) -> Iterator[_Place]:
        every = list(pieces_of(first))
        several = len({piece.host for piece in every if piece.host}) > 1
        for piece in every:
            how = self._match(piece)
            if how is not None:
                is_shown = several and piece.host and self._digest(encoded(piece.host)) not in self._forms
                yield _Place(_phrase(piece, where), how, piece.is_name, masked_key(piece.host) if is_shown else "")
            yield from self._of_keys(piece, where or _WHOLE)

    def _match(self, piece: Fragment) -> How | None:
        """Return how a stored text is what was pasted, None where it is not."""
        text = piece.text.replace(b"\r\n", b"\n")
        bare = text.strip()
        whole, trimmed = self._digest(text), self._digest(bare)
        if piece.is_name and trimmed not in self._names:
            return None
        how = self._forms.get(whole)
        if how is None and trimmed in self._forms:
            how = How.TRIMMED
        is_likely = not piece.is_loose or trimmed in self._names or is_telling(bare.decode("utf-8", "replace"))
        return how if is_likely else None

    def _of_keys(self, piece: Fragment, where: str) -> Iterator[_Place]:
        wanted = self._pasted.keys
        if not wanted or piece.is_word:
            return
        if wanted & keypairs.of_private_keys(piece.text):
            yield _Place(f"the private key in {where}")
        if wanted & keypairs.of_certificates(piece.text):
            yield _Place(f"a certificate of this private key in {where}")

    def _digest(self, text: bytes) -> bytes:
        return hmac.digest(self._key, text, "sha256")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a text is, how it is what was pasted, whether it is a mere name, and its host where there are several."""

    phrase: str
    how: How = How.EXACT
    is_name: bool = False
    host: str = ""

    @property
    def words(self) -> str:
        return self.phrase + (f" for {self.host}" if self.host else "") + (f" ({self.how})" if self.how else "")


def _with_certificates(
    secret: Secret, own: Sequence[_Place], certificates: Mapping[str, Sequence[_Place]]
) -> list[_Place]:
    """Return the places of a destination, and those of the certificate Secret that it refers to."""
    name = codec.certs_name(secret) if codec.is_destination(secret) else ""
    held = certificates.get(name, ())
    return [*own, *(replace(one, phrase=f"{one.phrase} of the certificate Secret {masked_name(name)}") for one in held)]


def _phrase(piece: Fragment, where: str) -> str:
    return " in ".join(filter(None, [_MEMBERS.get(piece.member, ""), where])) or _ELSEWHERE


def _holder(secret: Secret, places: Iterable[_Place]) -> Holder | None:
    """Return what holds it, each place by its closest match; what is found by a part of a text only if nothing else is."""
    closest: dict[tuple[str, str], _Place] = {}
    for one in sorted(places, key=lambda one: RANKS[one.how]):
        closest.setdefault((one.phrase, one.host), one)
    found = [one for one in closest.values() if one.how is not How.PART] or list(closest.values())
    if len(found) > 1:
        found = [one for one in found if one.phrase != _ELSEWHERE]
    if not found:
        return None
    only_name = all(one.is_name for one in found)
    return Holder(secret.name, secret.uid, tuple(one.words for one in found), codec.is_destination(secret), only_name)
