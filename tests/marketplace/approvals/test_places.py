"""Where a request for approval is read: nobody is led to a page that refuses them."""

from uuid import UUID

import msgspec
import pytest
from litestar.routes import HTTPRoute

from marketplace.app import Resources, create_app
from marketplace.approvals.places import Place
from marketplace.edge.policies import POLICY, Policy
from marketplace.organisations.schemas import SYSTEM_CALLER, Authority, OrganisationKind, Role

_ROOMS = (
    *("consignment", "session", "plan", "plan_change", "set_off", "claim", "liability"),
    "distribution",
)


@pytest.mark.parametrize("room", _ROOMS)
def test_no_supervisor_is_led_to_a_refusal(resources: Resources, room: str) -> None:
    """Every authority, and auditors: whoever gets a link may read the page; an auditor reads all but plans of lots."""
    policies = {
        route.path_format: handler.opt[POLICY]
        for route in create_app(resources).routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if "GET" in handler.http_methods and POLICY in handler.opt
    }
    place = Place(id=UUID(int=1), room=room, name="x", page_id=UUID(int=2))
    auditor = msgspec.structs.replace(
        SYSTEM_CALLER,
        organisation_kind=OrganisationKind.AUDITOR,
        roles=frozenset({Role.AUDITOR}),
    )
    led = 0
    for authority in (None, *Authority):
        caller = auditor
        if authority is not None:
            roles = frozenset({Role.REGULATOR})
            caller = msgspec.structs.replace(auditor, roles=roles, authority=authority)
        path = place.path_for(caller)
        if path is None:
            continue
        led += 1
        first = path.split("/")[1]
        (policy,) = [
            one
            for name, one in policies.items()
            if name.split("/")[1] == first and name.count("/") == path.count("/")
            and name.split("/")[2].startswith("{") and name.split("/")[3:] == path.split("/")[3:]
        ]  # fmt: skip
        assert isinstance(policy, Policy)
        assert policy.permits(caller), (room, authority)
    assert (led > 0) is (room != "distribution")
