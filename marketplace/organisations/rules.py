"""Which roles an organisation may give its people, and which passwords are good enough."""

import hashlib
import re
from collections.abc import Iterable

from kit.errors import InvalidInput, LuochuiError
from marketplace.organisations.schemas import OrganisationIn, OrganisationKind, Role

PASSWORD_MIN, PASSWORD_MAX = 12, 128
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,98}[a-z0-9]\Z")

#: A role means something only in the kind of organisation whose work it is (domain 4).
ROLES_OF: dict[OrganisationKind, frozenset[Role]] = {
    # A bank bids only as the applicant creditor of a judicial sale (domain 2.4); `bidders` refuses it elsewhere.
    OrganisationKind.BANK: frozenset({Role.BANK_MAKER, Role.BANK_CHECKER, Role.AGENCY_BIDDER}),
    OrganisationKind.VENUE: frozenset({Role.VENUE_OPERATOR, Role.VENUE_CHECKER}),
    OrganisationKind.AGENCY: frozenset({Role.AGENCY_BIDDER}),
    OrganisationKind.GUARANTOR: frozenset({Role.RISK_BEARER, Role.RISK_CHECKER}),
    OrganisationKind.INSURER: frozenset({Role.RISK_BEARER, Role.RISK_CHECKER}),
    OrganisationKind.REGUARANTOR: frozenset({Role.RISK_BEARER, Role.RISK_CHECKER}),
    OrganisationKind.FUND: frozenset({Role.FUND_ADMINISTRATOR, Role.FUND_CHECKER}),
    OrganisationKind.REGULATOR: frozenset({Role.REGULATOR}),
    OrganisationKind.AUDITOR: frozenset({Role.AUDITOR}),
    OrganisationKind.VALUER: frozenset({Role.VALUER}),
    OrganisationKind.PLATFORM: frozenset({Role.PLATFORM_ADMINISTRATOR}),
    OrganisationKind.EXPERT: frozenset({Role.EXPERT}),
    OrganisationKind.PLEDGOR: frozenset({Role.PLEDGOR}),
    OrganisationKind.PARK: frozenset(),
    OrganisationKind.INVESTOR: frozenset({Role.AGENCY_BIDDER}),
    OrganisationKind.IP_SERVICE: frozenset({Role.AGENCY_BIDDER}),
}


class RoleNotAllowed(LuochuiError):
    """This organisation's people cannot hold this role. / 该类机构的人员不能担任此角色。"""

    code = "role_not_allowed"


def require_roles_fit(kind: OrganisationKind, roles: Iterable[Role]) -> None:
    """Refuse roles that an organisation of this kind does not have."""
    wrong = sorted(set(roles) - ROLES_OF[kind])
    if wrong:
        allowed = ", ".join(sorted(ROLES_OF[kind])) or "none"
        raise RoleNotAllowed(
            f"roles: {', '.join(wrong)} cannot be held in an organisation of kind {kind}; allowed: {allowed}",
            f"roles：{kind} 类机构不能设 {'、'.join(wrong)}；可设：{allowed}",
            field="roles",
        )


def require_attributes(given: OrganisationIn) -> None:
    """Branches and science branches are banks'; an authority is a regulator's (domain 1.1, 1.4)."""
    is_branch = given.parent_id is not None or given.is_science_branch
    if is_branch and given.kind is not OrganisationKind.BANK:
        raise InvalidInput(
            "parent_id", "only banks have branches", "仅银行可设分支机构（含科技支行）"
        )
    if (given.authority is not None) is not (given.kind is OrganisationKind.REGULATOR):
        raise InvalidInput(
            "authority",
            "a regulator says which authority it is, and nobody else does",
            "主管部门须填写主管类别，其他机构不得填写",
        )


def identity_digest(number: str | None) -> bytes | None:
    """What is kept of an identity number: enough to know it again, slow to guess."""
    if number is None:
        return None
    return hashlib.scrypt(number.encode(), salt=b"luochui identity", n=2**14, r=8, p=1, dklen=32)


def require_username(username: str) -> None:
    """A user name is 3 to 100 small letters, digits and `.` `_` `@` `+` `-`."""
    if not _USERNAME.match(username):
        raise InvalidInput(
            "username",
            "must be 3 to 100 small letters, digits or . _ @ + -, beginning and ending with a letter or digit",
            "须为 3 至 100 位小写字母、数字或 . _ @ + -，首尾为字母或数字",
        )


def require_good_password(password: str, *, username: str) -> None:
    """Long enough, not the user's name, not one character again and again (reliability 1, ASVS 6.2)."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise InvalidInput(
            "password",
            f"must have {PASSWORD_MIN} to {PASSWORD_MAX} characters",
            f"须为 {PASSWORD_MIN} 至 {PASSWORD_MAX} 个字符",
        )
    if username in password.lower() or len(set(password)) < 5:
        raise InvalidInput(
            "password",
            "must not contain the user name, and must have at least 5 different characters",
            "不得包含用户名，且至少含 5 个不同字符",
        )
