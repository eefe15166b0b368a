"""The hard bans, cell by cell: each ground trips alone, and what is near it does not."""

import msgspec
import pytest

from marketplace.conflicts.rules import GROUND_WORDS, Circle, Declared, Ground, grounds, origin_of

OWN, PARENT, OTHER, DIGEST = "A" * 18, "B" * 18, "C" * 18, "d" * 64
ME = Declared(
    code=OWN,
    controllers=frozenset({PARENT}),
    account_sha256=DIGEST,
    device_sha256=DIGEST,
    origin="net browser",
)
STRANGER = Declared(code=OTHER, account_sha256="e" * 64, device_sha256="f" * 64, origin="else")


@pytest.mark.parametrize(
    ("circle", "found"),
    [
        (Circle(barred=frozenset({OWN})), Ground.REGISTER),
        (Circle(barred=frozenset({PARENT})), Ground.REGISTER),
        (Circle(sellers=frozenset({OWN})), Ground.SELLER_GROUP),
        (Circle(sellers=frozenset({PARENT})), Ground.SELLER_GROUP),
        (Circle(defaulted=True), Ground.DEFAULTED_BEFORE),
    ],
)
def test_registers_bar_the_bidder_and_who_controls_it(circle: Circle, found: Ground) -> None:
    """A bidder is barred for itself, for its controllers and for its group; nobody else's entry touches it."""
    assert grounds(ME, circle, [STRANGER]) == [found]
    related = msgspec.structs.replace(ME, controllers=frozenset(), related=frozenset({PARENT}))
    if circle.barred or circle.sellers:
        assert bool(grounds(related, circle, [])) is True
    assert grounds(STRANGER, Circle(barred=frozenset({OWN, PARENT})), [ME]) == []


@pytest.mark.parametrize(
    ("rival", "found"),
    [
        ({"controllers": frozenset({PARENT})}, Ground.SAME_CONTROLLER),
        ({"controllers": frozenset({OWN})}, Ground.SAME_CONTROLLER),
        ({"code": PARENT}, Ground.SAME_CONTROLLER),
        ({"account_sha256": DIGEST}, Ground.SAME_ACCOUNT),
        ({"device_sha256": DIGEST}, Ground.SAME_DEVICE),
        ({"origin": "net browser"}, Ground.SAME_ORIGIN),
    ],
)
def test_one_interest_bids_once(rival: dict[str, object], found: Ground) -> None:
    """Who shares controller, account, device or origin with another bidder is not let in beside it."""
    other = msgspec.structs.replace(STRANGER, **rival)
    assert grounds(ME, Circle(), [STRANGER, other]) == [found]
    assert grounds(ME, Circle(), [STRANGER]) == []


def test_what_is_not_known_is_not_the_same() -> None:
    """Two bidders of whom neither account, device nor origin is known are not one; nor are two without codes."""
    nobody = Declared(code=None)
    assert grounds(nobody, Circle(), [Declared(code=None), nobody]) == []


def test_several_grounds_come_together() -> None:
    """Everything that is found is said, in two languages."""
    found = grounds(ME, Circle(barred=frozenset({OWN}), defaulted=True), [ME])
    assert found == [
        Ground.REGISTER,
        Ground.DEFAULTED_BEFORE,
        Ground.SAME_CONTROLLER,
        Ground.SAME_ACCOUNT,
        Ground.SAME_DEVICE,
        Ground.SAME_ORIGIN,
    ]
    assert GROUND_WORDS.keys() == set(Ground)
    assert all(english and chinese for english, chinese in GROUND_WORDS.values())


def test_origin_is_a_browsers_on_the_public_internet() -> None:
    """Neighbours with one browser have one origin; programs, this machine and house networks have none."""
    one = origin_of("8.8.8.8", "Firefox", is_browser=True)
    assert one is not None
    assert one == origin_of("8.8.8.250", "Firefox", is_browser=True)
    assert one != origin_of("8.8.9.8", "Firefox", is_browser=True)
    assert one != origin_of("8.8.8.8", "Chrome", is_browser=True)
    v6 = origin_of("2606:4700::1", "Firefox", is_browser=True)
    assert v6 is not None
    assert v6.startswith("2606:4700::/64")
    for address, agent, is_browser in (
        ("127.0.0.1", "Firefox", True),
        ("10.0.0.1", "Firefox", True),
        ("8.8.8.8", "", True),
        ("8.8.8.8", "Firefox", False),
        ("testclient", "Firefox", True),
    ):
        assert origin_of(address, agent, is_browser=is_browser) is None
