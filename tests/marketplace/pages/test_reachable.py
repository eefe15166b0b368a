"""No page stands alone: each is linked to from another one, or from the navigation."""

import inspect
import re
from importlib.resources import files

import msgspec
import pytest
from litestar.handlers import HTTPRouteHandler

from marketplace.app import room_routes
from marketplace.organisations.rules import ROLES_OF
from marketplace.organisations.schemas import SYSTEM_CALLER, Authority, Role
from marketplace.pages.rendering import ROOMS
from marketplace.pages.serving import Visitor

#: Pages to which people come by a link that was sent to them, or by a redirect.
ARRIVED_AT = {"/invitations/{token:str}"}


def page_paths() -> list[str]:
    """The addresses of all pages that are looked at."""
    handlers = [each for each in room_routes() if isinstance(each, HTTPRouteHandler)]
    return sorted(
        path
        for handler in handlers
        if "GET" in handler.http_methods and handler.include_in_schema is False
        for path in handler.paths
    )


def link_texts() -> str:
    """Every template, and where the code names an address of a page."""
    texts = [
        template.read_text()
        for room in ROOMS
        for template in files(room).joinpath("templates").iterdir()
    ]
    python = [
        files("marketplace.pages").joinpath("serving.py").read_text(),
        files("marketplace.lots").joinpath("doors.py").read_text(),
    ]
    return "\n".join(texts + python)


def link_pattern(path: str) -> str:
    """How a link to a page looks in a template: its variable parts are expressions."""
    fixed = re.split(r"\{[^}]+\}", path)
    middle = r"(?:\{\{[^}]+\}\}|\{[^}]+\})".join(re.escape(part) for part in fixed)
    return rf"""["']{middle}[?"']"""


@pytest.mark.parametrize("path", page_paths())
def test_page_is_linked_to(path: str) -> None:
    """Somewhere a template, the navigation or the doors of a notice lead to it."""
    if path in ARRIVED_AT:
        return
    text = link_texts().replace('f"{at}/', 'f"/lots/{lot.id}/')
    assert re.search(link_pattern(path), text), f"nothing leads to {path}"


@pytest.mark.parametrize("role", list(Role))
def test_navigation_stays_on_one_line(role: Role) -> None:
    """Four rooms of money at most beside the others: with a fifth, a bank's navigation ran over at 1280 pixels."""
    kind = next(kind for kind, roles in ROLES_OF.items() if role in roles)
    caller = msgspec.structs.replace(
        SYSTEM_CALLER,
        roles=frozenset({role}),
        organisation_kind=kind,
        authority=Authority.JOINT if role is Role.REGULATOR else None,
    )
    assert len(Visitor(caller=caller, form_token="").money_rooms) <= 4


def test_visitors_without_a_name_have_no_rooms() -> None:
    """The navigation of who is not signed in holds nothing of anybody's work."""
    nobody = Visitor(caller=None, form_token="")
    assert (nobody.reads_plans, nobody.reads_statements, nobody.money_rooms) == (False, False, [])


def form_handlers() -> list[HTTPRouteHandler]:
    """Whatever a page's form is sent to."""
    handlers = [each for each in room_routes() if isinstance(each, HTTPRouteHandler)]
    return [
        one for one in handlers if "POST" in one.http_methods and one.include_in_schema is False
    ]


@pytest.mark.parametrize("handler", form_handlers(), ids=lambda one: min(one.paths))
def test_no_form_is_taken_without_its_token(handler: HTTPRouteHandler) -> None:
    """Each handler of a form, or what it hands the request to, looks at the token of the session's forms."""
    source = inspect.getsource(handler.fn)
    module = inspect.getmodule(handler.fn)
    handed = re.findall(r"await (\w+)\(\s*request\b", source)
    looked = [source, *(inspect.getsource(getattr(module, name)) for name in handed)]
    assert any(re.search(r"\b(form_of|upload_of)\(request", text) for text in looked)
