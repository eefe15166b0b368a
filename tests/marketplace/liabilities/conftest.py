"""The office of claims, with a claim that two houses share."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from marketplace.app import Resources
from tests.make_bearers import Shared, shared_claim
from tests.make_claims import Office, fund_with, open_office


@pytest.fixture
async def office(resources: Resources, now: datetime) -> AsyncIterator[Office]:
    """Everybody at work, with ten million yuan in the special account."""
    async with open_office(resources, now=now) as opened:
        await fund_with(opened)
        yield opened


@pytest.fixture
async def shared(office: Office) -> Shared:
    """The claim as its bank sent it to the fund."""
    return await shared_claim(office)
