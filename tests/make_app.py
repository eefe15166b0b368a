"""The application with all rooms, built once a process: to build it anew for every test costs more than most tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from litestar import Litestar

from marketplace.app import create_app
from marketplace.resources import Resources
from tests.make_people import client_of

#: Applications that nobody uses now, by whether they say that they are reached by HTTPS.
_idle: dict[bool, Litestar] = {}


@asynccontextmanager
async def client_on(resources: Resources, **options: object) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application on these resources, which are all that differs from test to test."""
    app = _idle.pop(resources.settings.is_https, None) or create_app(resources)
    app.state.resources = resources
    async with client_of(app, **options) as client:
        yield client
    _idle[resources.settings.is_https] = app
