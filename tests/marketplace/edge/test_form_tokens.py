"""No form of a session is taken without the session's token (reliability T45): asked of every page that takes one."""

from collections import defaultdict
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from marketplace.app import Resources, create_app
from marketplace.edge import reach
from marketplace.edge.identity import Identity, cookie_name
from marketplace.edge.policies import POLICY, Policy
from marketplace.organisations.gate import Gate
from marketplace.organisations.schemas import SYSTEM_CALLER, Authority, OrganisationKind, Role
from tests.make_people import client_of

_REFUSED = "表单已失效"
#: What a field of a path may be, where it is no id; by path, where it differs.
_FIELDS = {"form": "html", "subject": "case", "n": "1", "step": "1"}
_OF_PATH = {
    "/claims/{claim_id}/steps/{step}": {"step": "advance"},
    "/claims/{claim_id}/papers/{kind}/{form}": {"kind": "review"},
    "/liabilities/{liability_id}/papers/{kind}/{form}": {"kind": "payout_notice"},
}


def forms(app: Litestar) -> list[tuple[str, Policy]]:
    """Every page that takes a form, and who may send it."""
    return [
        (route.path_format, handler.opt[POLICY])
        for route in app.routes
        if isinstance(route, HTTPRoute) and not route.path.startswith("/v1/")
        for handler in route.route_handlers
        if "POST" in handler.http_methods and not handler.opt[POLICY].is_public
    ]


async def test_every_form_needs_the_session_s_token(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signed in with every role that the page is for, but without the token, it is refused before anything else."""
    app = create_app(resources)
    found = forms(app)
    assert len(found) > 100
    roles: frozenset[Role] = frozenset()

    async def signed_in(*_: object, **__: object) -> Identity:
        caller = msgspec.structs.replace(
            SYSTEM_CALLER,
            organisation_kind=OrganisationKind.BANK,
            organisation_id=uuid4(),
            roles=roles,
            authority=Authority.JOINT,
        )
        return Identity(caller=caller, session_id=UUID(int=1), form_token="the right one")

    monkeypatch.setattr(Gate, "by_session", signed_in)
    monkeypatch.setattr(reach, "_SUBJECTS", {})  # what an address names need not be there
    taken: dict[str, Any] = {}
    cookies = {cookie_name(resources.settings.public_origin): "any"}
    async with client_of(app, cookies=cookies) as browser:
        for path, policy in found:
            roles = policy.roles or frozenset(Role)
            fields = defaultdict(lambda: str(uuid4()), _FIELDS | _OF_PATH.get(path, {}))
            answer = await browser.post(
                path.format_map(fields),
                params={name: str(uuid4()) for name in ("case", "consignment")},
                data={"form_token": "another"},
                headers={"Accept": "text/html"},
            )
            if answer.status_code != 403 or _REFUSED not in answer.text:
                taken[path] = answer.status_code
    assert taken == {}
