"""What the engine's table of an auction's ids holds (docs/engine-protocol.md, "Keys"), read from outside.

The engine itself reads it in Lua; here it is read by what checks the engine.
"""

from collections.abc import Iterator, Mapping

import msgspec

from auction_engine.journal import DecisionColumns

_decode_batch = msgspec.msgpack.Decoder(tuple[list[object], DecisionColumns]).decode
#: Where paddles and ids stand in a batch's commands as columns.
_PADDLES, _IDS = 4, 6


def kept_ids(fields: Mapping[bytes, bytes]) -> Iterator[tuple[int, str]]:
    """Paddle and id of every accepted command that the table of one auction remembers."""
    for name, value in fields.items():
        paddle, colon, command_id = name.partition(b":")
        if colon:
            yield int(paddle), command_id.decode()
        else:
            yield from _of_batch(value)


def _of_batch(value: bytes) -> Iterator[tuple[int, str]]:
    """The bids of one batch that led at their own amount and had an id."""
    commands, decisions = _decode_batch(value)
    paddles, ids = msgspec.convert(
        (commands[_PADDLES], commands[_IDS]), tuple[list[int], list[str]]
    )
    for paddle, command_id, seq in zip(paddles, ids, decisions.seqs, strict=True):
        if seq > 0 and command_id:
            yield paddle, command_id
