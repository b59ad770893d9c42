"""The destinations as JSON, for scripts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from destinations import current, rows, words
from destinations.cluster.port import ClusterError
from destinations.masking import masked_everywhere, masked_judgement

if TYPE_CHECKING:
    from django.http import HttpRequest


@require_safe
def destinations(_request: HttpRequest) -> HttpResponse:
    """Return the same array as `manage.py verdict --format json`, but with passwords in host keys masked."""
    try:
        found = current.cluster().list_secrets()
    except ClusterError as error:
        trouble = words.of(error)
        return JsonResponse({"error": trouble.message, "fix": trouble.fix}, status=trouble.status)
    judged = rows.judge_namespace(found, now=datetime.now(UTC), version=current.epinio_version())
    body = json.dumps(masked_everywhere([rows.row(masked_judgement(one)) for one in judged]), ensure_ascii=True)
    return HttpResponse(body, content_type="application/json")
