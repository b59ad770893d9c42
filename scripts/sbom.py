"""Print what the portal is made of, as CycloneDX 1.5: the locked packages with their hashes, and their licences."""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent.parent
sys.path.insert(0, str(HERE))
LICENCES = {
    "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT", "MIT-0", "ISC", "MPL-2.0", "PSF-2.0", "0BSD",
    "Apache-2.0 OR BSD-3-Clause", "Apache-2.0 OR BSD-2-Clause", "Apache-2.0 AND BSD-2-Clause", "MIT OR Apache-2.0",
}  # fmt: skip
"""What may be part of an Apache-2.0 program that is given on."""
_SPELLINGS = {
    "apache license 2.0": "Apache-2.0", "apache 2.0": "Apache-2.0", "apache software license": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0", "apache license version 2.0": "Apache-2.0",
    "bsd": "BSD-3-Clause", "bsd license": "BSD-3-Clause", "bsd 3-clause": "BSD-3-Clause", "bsd-3-clause license": "BSD-3-Clause",
    "mit license": "MIT", "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0", "mpl 2.0": "MPL-2.0",
    "apache-2.0 and mit": "Apache-2.0", "dual license": "Apache-2.0 OR BSD-3-Clause",
}  # fmt: skip


def locked(text: str) -> dict[str, tuple[str, list[str]]]:
    """Return version and SHA-256 hashes of each package of a locked requirements file."""
    found = {}
    for block in re.split(r"\n(?=[a-z0-9])", text.replace("\\\n", "")):
        if named := re.match(r"([A-Za-z0-9_.-]+)==([^\s;]+)", block):
            found[named[1]] = (named[2], re.findall(r"--hash=sha256:([0-9a-f]{64})", block))
    return found


def left_out(dockerfile: str) -> set[str]:
    """Return the locked packages that the image does not have, since nothing imports them."""
    typed = re.search(r"pip [^&]*\buninstall\b([^&]*)&&", dockerfile)
    return set(re.findall(r"(?<=\s)[a-z0-9][a-z0-9-]*", typed[1])) if typed else set()


def licence(name: str) -> str:
    """Return the licence of an installed package as SPDX names it, "" where it states none or is not installed."""
    try:
        stated = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    (expression, *_), (words, *_) = ([*(stated.get_all(key) or ()), ""] for key in ("License-Expression", "License"))
    classified = [
        one.rpartition(" :: ")[2] for one in stated.get_all("Classifier") or () if one.startswith("License ::")
    ]
    for text in (expression, *classified, words.partition("\n")[0]):
        known = _SPELLINGS.get(text.strip().lower(), text.strip())
        if known in LICENCES:
            return str(known)
    return str(expression or next(iter(classified), ""))


def component(name: str, version: str, hashes: list[str]) -> dict[str, Any]:
    """Return one package as CycloneDX has it."""
    made: dict[str, Any] = {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name}@{version}",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name}@{version}",
    }
    if hashes:
        where = {"type": "distribution", "url": f"https://pypi.org/project/{name}/{version}/"}
        made["externalReferences"] = [{**where, "hashes": [{"alg": "SHA-256", "content": one} for one in hashes]}]
    if found := licence(name):
        made["licenses"] = [{"expression": found}]
    return made


def document() -> dict[str, Any]:
    """Return the whole of it; the same lock gives the same text."""
    from edrportal import __version__  # noqa: PLC0415 - the path is set above

    packages = locked((HERE / "requirements.txt").read_text())
    absent = left_out((HERE / "Dockerfile").read_text())
    root = f"pkg:pypi/edrportal@{__version__}"
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application", "bom-ref": root, "name": "edrportal", "version": __version__,
                "licenses": [{"expression": "Apache-2.0"}],
            }
        },
        "components": [
            component(name, *found) | ({"scope": "excluded"} if name in absent else {})
            for name, found in sorted(packages.items())
        ],
        "dependencies": [{"ref": root, "dependsOn": [f"pkg:pypi/{name}@{found[0]}" for name, found in sorted(packages.items())]}],
    }  # fmt: skip


def unfit(packages: dict[str, tuple[str, list[str]]]) -> list[str]:
    """Return the installed packages whose licence is none of those that may be given on."""
    installed = {one.metadata["Name"].lower().replace("_", "-") for one in metadata.distributions()}
    return [
        f"{name}: {licence(name) or 'states none'}"
        for name in sorted(packages)
        if name in installed and licence(name) not in LICENCES
    ]


def main() -> int:
    """Print the document; with --licences say which packages have an unfit one, and fail if any has."""
    if "--licences" not in sys.argv:
        print(json.dumps(document(), indent=2))
        return 0
    found = unfit(locked((HERE / "requirements.txt").read_text()))
    print("\n".join(found) or "Every package may be given on.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
