"""Who may call what: `make matrix` writes it from the routes, a test compares; a change of policy shows in a diff."""

from pathlib import Path

from litestar import Litestar

from marketplace.app import room_routes
from marketplace.edge.dependencies import DEPENDENCIES
from marketplace.edge.guards import http_handlers
from marketplace.edge.policies import Policy, policy_of
from marketplace.organisations.authorities import covers
from marketplace.organisations.schemas import Authority

MATRIX = Path(__file__).parent / "vectors" / "role_matrix.txt"
AUTHORITIES = Path(__file__).parent / "vectors" / "authority_matrix.txt"


def declared() -> list[str]:
    """A line a route: method, path, who may call."""
    app = Litestar(route_handlers=room_routes(), dependencies=DEPENDENCIES, openapi_config=None)
    lines = []
    for path, handler in http_handlers(app):
        policy = policy_of(handler.opt)
        assert policy is not None, path
        lines.append(f"{min(handler.http_methods)} {path} {_words(policy)}")
    return sorted(lines, key=lambda line: line.split(" ")[1::-1])


def supervised() -> list[str]:
    """A line a route that regulators may call: method, path, of which authorities."""
    app = Litestar(route_handlers=room_routes(), dependencies=DEPENDENCIES, openapi_config=None)
    lines = []
    for path, handler in http_handlers(app):
        policy = policy_of(handler.opt)
        assert policy is not None, path
        if policy.areas:
            who = [str(one) for one in Authority if covers(one, *policy.areas)]
            lines.append(f"{min(handler.http_methods)} {path} {','.join(sorted(who))}")
    return sorted(lines, key=lambda line: line.split(" ")[1::-1])


def _words(policy: Policy) -> str:
    if policy.is_public:
        return "public"
    return "signed_in" if policy.roles is None else ",".join(sorted(policy.roles))


def main() -> None:
    """Write the two matrices."""
    AUTHORITIES.write_text("\n".join(supervised()) + "\n", encoding="utf-8")
    MATRIX.write_text("\n".join(declared()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
