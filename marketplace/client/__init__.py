"""The Python client (客户端): one method for each operation, under its room; the API's own schemas in and out.

    async with Client("https://luochui.example", api_key="lc_live_...") as luochui:
        page = await luochui.lots.list_lots(q="锂电池")
        await luochui.auctions.place_bid(lot_id, BidIn(amount_fen=238_000_000), key="my-first-bid")

What the API refuses is raised as the same error class, or as `ApiRefused`, with the same `code`, texts and context.
"""

from typing import TYPE_CHECKING, Any

from marketplace.client.calling import ApiRefused, Calls, Event, OutcomeUnknown

if TYPE_CHECKING:
    from marketplace.client.client import Client

__all__ = ["ApiRefused", "Calls", "Client", "Event", "OutcomeUnknown"]


def __getattr__(name: str) -> Any:
    """`Client`, when it is asked for: the server, which looks through all folders, does not load its own client."""
    if name != "Client":
        raise AttributeError(name)
    from marketplace.client.client import Client

    return Client
