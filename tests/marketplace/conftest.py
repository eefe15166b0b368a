"""An application for each test, on a database of its own."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from marketplace.app import Resources, open_desk
from marketplace.settings import Settings
from tests.make_people import ORIGIN, MovableClock


@pytest.fixture
def clock(now: datetime) -> MovableClock:
    """The application's clock."""
    return MovableClock(now)


@pytest.fixture
async def resources(database_url: str, clock: MovableClock) -> AsyncIterator[Resources]:
    """What an application without a bid engine works with, on this test's own database."""
    settings = Settings(
        database_url=database_url,
        redis_url="unix:///nowhere",
        public_origin=ORIGIN,
        database_pool_max=10,
    )
    async with open_desk(settings, clock=clock) as opened:
        yield opened
