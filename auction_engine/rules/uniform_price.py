"""`uniform_price`: so many equal ordinary licences (普通许可), all at the highest losing bid. Source: contracts 1."""

from auction_engine.rules.book import Award
from auction_engine.rules.commands import Share
from auction_engine.rules.sealed import SealedFormat
from auction_engine.rules.terms import Uniform


class UniformPrice(SealedFormat):
    """One unit a paddle; the highest so many win and all pay the highest losing bid, or the floor."""

    def award(self) -> Award:
        terms = self.book.profile.terms
        assert isinstance(terms, Uniform)
        order = self.order()
        if not order:
            return Award(reason="no_bids", winners=())
        losers = order[terms.units :]
        price = self.offers[losers[0]].amount_fen if losers else self.book.profile.start_price_fen
        return Award(
            winners=tuple(Share(paddle, 1) for paddle in order[: terms.units]),
            price_fen=price,
            underbidder=losers[0] if losers else None,
        )
