"""Who may not bid, exactly: no scores here.

Source: 法释〔2016〕18号 arts. 24, 34; 拍卖法 arts. 22, 30; reliability T29, T30.
A party is known by a code: an organisation by its unified social credit code, a natural person by the SHA-256 of the
number of their papers.
"""

import hashlib
from collections.abc import Iterable, Mapping, Set
from enum import StrEnum
from ipaddress import ip_address, ip_network
from types import MappingProxyType

import msgspec


class BarKind(StrEnum):
    """Why somebody is in the register of barred parties. Source: 法释〔2016〕18号 art. 34."""

    COURT = "court"
    PLATFORM = "platform"
    AUXILIARY = "auxiliary"
    STAFF = "staff"
    CLOSE_RELATIVE = "close_relative"
    DEFAULTER = "defaulter"
    OTHER = "other"


class Ground(StrEnum):
    """Why a bidder is not let in."""

    REGISTER = "register"
    SELLER_GROUP = "seller_group"
    DEFAULTED_BEFORE = "defaulted_before"
    SAME_CONTROLLER = "same_controller"
    SAME_ACCOUNT = "same_account"
    SAME_DEVICE = "same_device"
    SAME_ORIGIN = "same_origin"
    FOREIGN = "foreign"


GROUND_WORDS: Mapping[Ground, tuple[str, str]] = MappingProxyType(
    {
        Ground.REGISTER: (
            "the bidder, or who controls it, is in the venue's register of barred parties",
            "竞买人或其控制人在交易场所禁入名单中",
        ),
        Ground.SELLER_GROUP: (
            "the bidder, or who controls it, belongs to the group of the consignor, the venue or the pledgor",
            "竞买人或其控制人与委托人、交易场所或出质人存在关联关系",
        ),
        Ground.DEFAULTED_BEFORE: (
            "the bidder won one of these rights before and did not pay: it may not bid for it again",
            "竞买人曾就同一权利悔拍，不得再次参与竞买",
        ),
        Ground.SAME_CONTROLLER: (
            "another bidder of this lot is controlled by the same",
            "与本标的其他竞买人受同一控制",
        ),
        Ground.SAME_ACCOUNT: (
            "another bidder of this lot uses the same bank account",
            "与本标的其他竞买人使用同一银行账户",
        ),
        Ground.SAME_DEVICE: (
            "another bidder of this lot uses the same device",
            "与本标的其他竞买人使用同一设备",
        ),
        Ground.SAME_ORIGIN: (
            "another bidder of this lot registered from the same network with the same browser",
            "与本标的其他竞买人来自同一网段和浏览器",
        ),
        Ground.FOREIGN: (
            "a foreign bidder is not admitted to this right",
            "境外竞买人不得参与本标的",
        ),
    }
)


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What identifies a bidder beside its own code."""

    code: str | None
    controllers: frozenset[str] = frozenset()
    related: frozenset[str] = frozenset()
    account_sha256: str | None = None
    device_sha256: str | None = None
    origin: str | None = None

    @property
    def parties(self) -> frozenset[str]:
        """Everybody whose interests are this bidder's."""
        own = frozenset() if self.code is None else frozenset({self.code})
        return own | self.controllers | self.related

    @property
    def controlled_by(self) -> frozenset[str]:
        """Whoever decides what this bidder bids: itself, or who controls it."""
        own = frozenset() if self.code is None else frozenset({self.code})
        return own | self.controllers


class Circle(msgspec.Struct, frozen=True, kw_only=True):
    """Who stands where at a lot: barred codes, the sellers' group, who defaulted on these rights."""

    barred: frozenset[str] = frozenset()
    sellers: frozenset[str] = frozenset()
    defaulted: bool = False


def grounds(bidder: Declared, circle: Circle, others: Iterable[Declared]) -> list[Ground]:
    """Every reason not to let `bidder` in, the registers first. `others` are registered and not barred."""
    found = []
    if bidder.parties & circle.barred:
        found.append(Ground.REGISTER)
    if bidder.parties & circle.sellers:
        found.append(Ground.SELLER_GROUP)
    if circle.defaulted:
        found.append(Ground.DEFAULTED_BEFORE)
    rivals = list(others)
    if any(bidder.controlled_by & rival.controlled_by for rival in rivals):
        found.append(Ground.SAME_CONTROLLER)
    if any(_same(bidder.account_sha256, rival.account_sha256) for rival in rivals):
        found.append(Ground.SAME_ACCOUNT)
    if any(_same(bidder.device_sha256, rival.device_sha256) for rival in rivals):
        found.append(Ground.SAME_DEVICE)
    if any(_same(bidder.origin, rival.origin) for rival in rivals):
        found.append(Ground.SAME_ORIGIN)
    return found


def origin_of(address: str, user_agent: str, *, is_browser: bool) -> str | None:
    """Network and browser as one text; None where they tell nothing: a program's key, this machine, a house network."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    if not is_browser or not user_agent or not parsed.is_global:
        return None
    network = ip_network(f"{parsed}/{24 if parsed.version == 4 else 64}", strict=False)
    digest = hashlib.sha256(user_agent.encode()).hexdigest()
    return f"{network} {digest[:16]}"


def known_codes(codes: Iterable[str | None], groups: Set[str]) -> frozenset[str]:
    """Codes that are there, and those of their groups."""
    return frozenset(code for code in codes if code) | frozenset(groups)


def _same(one: str | None, other: str | None) -> bool:
    return one is not None and one == other
