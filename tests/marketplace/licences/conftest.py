"""The office of claims for each test of licences."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from marketplace.app import Resources
from tests.make_claims import Office, fund_with, open_office


@pytest.fixture
async def office(resources: Resources, now: datetime) -> AsyncIterator[Office]:
    """Everybody at work, with ten million yuan in the special account."""
    async with open_office(resources, now=now) as opened:
        await fund_with(opened)
        yield opened
