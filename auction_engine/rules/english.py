"""`english`: open ascending, 增价拍卖, with proxies and an extension. Source: contracts 1; domain 2.1, art. 20."""

from auction_engine.rules.ascending import Ascending


class English(Ascending):
    """Highest maximum wins, extended by late bids as the profile says."""

    actions = frozenset({"bid", "proxy"})
