"""The live check in the JSON interface."""

from __future__ import annotations

from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from destinations.actions import Denied
from destinations.actions import checks as checking
from destinations.cluster.port import ClusterError
from destinations.livecheck import presentation
from destinations.livecheck.plan import DEFAULT_APP
from destinations.livecheck.ratelimit import RateLimited
from destinations.model import UserError
from destinations.web import errors
from destinations.web.api import body, destinations
from destinations.web.changes import check as checks
from destinations.web.changes import save
from destinations.web.changes.check import trouble_of
from destinations.web.request import PortalRequest

_FIELDS = {"app"}
_UNUSABLE, _BAD_REQUEST = 422, 400


@csrf_exempt
@require_POST
def check(request: PortalRequest, name: str) -> HttpResponse:
    """Check a destination at its registry as it is stored; answers when that is done, after ten seconds or so."""
    try:
        secret, snapshot = save.find(request, name)  # before anything is read of the body
        app = body.read(request, _FIELDS).get("app") if request.body else None
        asker = checks.asker(request)
        last = checking.check_stored(request.portal, secret, snapshot, asker, app=app or DEFAULT_APP)
    except (RateLimited, ValueError) as error:
        return _turned_away(error)
    except (ClusterError, UserError, Denied) as error:
        return destinations.failure(request, error)
    return JsonResponse(presentation.row(last, sees_all=asker.permit.is_unlimited))


def _turned_away(error: RateLimited | ValueError) -> HttpResponse:
    trouble = trouble_of(error)
    status = _BAD_REQUEST if trouble.status == _UNUSABLE else trouble.status
    answer = errors.told(trouble.message, trouble.fix, status)
    if isinstance(error, RateLimited):
        answer.headers["Retry-After"] = str(error.seconds)
    return answer
