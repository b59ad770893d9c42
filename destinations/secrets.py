"""Secret <-> destination, pure: reads what the API server holds, writes only what the portal owns."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

from destinations.model import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_secret(manifest: Mapping[str, Any]) -> Secret:
    """Return a Secret from a manifest as the API server holds it (`data` only, base64 text).

    Raises ValueError (binascii.Error) for data that is no base64, which the API server itself never holds.
    """
    metadata = manifest.get("metadata") or {}
    return Secret(
        name=metadata.get("name", ""),
        namespace=metadata.get("namespace", ""),
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        data={key: b64decode(value or "", validate=True) for key, value in (manifest.get("data") or {}).items()},
        uid=metadata.get("uid", ""),
        resource_version=metadata.get("resourceVersion", ""),
        type=manifest.get("type") or "Opaque",
        immutable=bool(manifest.get("immutable")),
        created_at=metadata.get("creationTimestamp") or "",
        manifest=manifest,
    )
