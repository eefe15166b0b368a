"""Who may call a route: one declared policy a route, deny by default."""

from typing import Any

import msgspec

from marketplace.organisations.authorities import Area, oversees
from marketplace.organisations.schemas import Caller, Role

#: The key of the policy in a route's `opt`.
POLICY = "policy"


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """`roles` may call; None: anyone who is signed in. `is_public`: nobody is asked who they are."""

    is_public: bool = False
    roles: frozenset[Role] | None = None
    #: Of regulators, only those whose authority oversees one of these.
    areas: tuple[Area, ...] = ()

    def permits(self, caller: Caller | None) -> bool:
        """Whether `caller` (None: nobody signed in) may call."""
        if self.is_public:
            return True
        if caller is None:
            return False
        if self.roles is None:
            return True
        if caller.has(*(self.roles - {Role.REGULATOR})):
            return True
        return caller.has(*self.roles) and oversees(caller, *self.areas)


def allow(*roles: Role, areas: tuple[Area, ...] = ()) -> Policy:
    """Only callers who hold one of `roles`; of regulators those whose authority oversees one of `areas`."""
    assert roles, "a policy names at least one role; use signed_in() for everybody"
    assert bool(areas) is (Role.REGULATOR in roles), "regulators see by area, and nobody else does"
    return Policy(roles=frozenset(roles), areas=areas)


def signed_in() -> Policy:
    """Everybody who has signed in, or calls with an API key."""
    return Policy()


def public() -> Policy:
    """Everybody, signed in or not."""
    return Policy(is_public=True)


def nobody() -> Policy:
    """No one at all: for routes that a library insists on."""
    return Policy(roles=frozenset())


def policy_of(opt: dict[str, Any]) -> Policy | None:
    """The policy declared in a route's `opt`, if there is one."""
    policy = opt.get(POLICY)
    assert policy is None or isinstance(policy, Policy), (
        "opt['policy'] is made by allow(), signed_in() or public()"
    )
    return policy
