"""The Merkle tree of RFC 6962, section 2.1: roots, inclusion proofs and consistency proofs.

A range `[low, high)` of leaves whose length is a power of two and which starts at a multiple of it is *complete*:
its hash never changes, so it is stored once, as the node `(level, index)`. Every other range is folded from its
complete parts, so a proof over a log of any length needs a logarithmic number of stored nodes.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

#: The hash of a tree without leaves (RFC 6962: MTH({}) = SHA-256()).
EMPTY_ROOT = sha256(b"").digest()

Node = tuple[int, int]
Range = tuple[int, int]
NodeReader = Callable[[Node], bytes]


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf; the prefix keeps a leaf from posing as an inner node."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def complete_nodes(low: int, high: int) -> list[Node]:
    """The complete nodes that cover `[low, high)`, left to right; `low` is aligned as the tree's ranges are."""
    nodes: list[Node] = []
    while low < high:
        size = 1 << ((high - low).bit_length() - 1)
        nodes.append((size.bit_length() - 1, low // size))
        low += size
    return nodes


def range_hash(low: int, high: int, node: NodeReader) -> bytes:
    """The hash of the subtree over `[low, high)`."""
    *lefts, result = [node(at) for at in complete_nodes(low, high)] or [EMPTY_ROOT]
    for left in reversed(lefts):
        result = node_hash(left, result)
    return result


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The ranges whose hashes prove leaf `index` in a tree of `size` leaves, from the leaf up."""
    assert 0 <= index < size, "an inclusion proof needs a leaf of the tree"
    low, high, path = 0, size, list[Range]()
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append((middle, high))
            high = middle
        else:
            path.append((low, middle))
            low = middle
    return path[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """The ranges whose hashes prove that the tree of `old` leaves is a prefix of that of `new` leaves."""
    assert 0 <= old <= new, "a log only grows"
    if old in (0, new):
        return []
    low, high, whole, path = 0, new, True, list[Range]()
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            path.append((middle, high))
            high = middle
        else:
            path.append((low, middle))
            low, whole = middle, False
    if not whole:
        path.append((low, high))
    return path[::-1]


def needed_nodes(ranges: Sequence[Range]) -> list[Node]:
    """Every stored node that hashing these ranges reads."""
    return [node for low, high in ranges for node in complete_nodes(low, high)]


def append_nodes(size: int, leaf: bytes, node: NodeReader) -> list[tuple[Node, bytes]]:
    """The nodes that become complete when `leaf` (a leaf hash) is added to a tree of `size` leaves."""
    level, index, value = 0, size, leaf
    added = [((level, index), value)]
    while index & 1:
        value = node_hash(node((level, index - 1)), value)
        level, index = level + 1, index >> 1
        added.append(((level, index), value))
    return added


class Tree:
    """A tree held in memory, for one batch's leaves or for a verifier's copy of a log."""

    def __init__(self, leaves: Sequence[bytes] = ()) -> None:
        self.size = 0
        self._nodes: dict[Node, bytes] = {}
        for leaf in leaves:
            self.append(leaf)

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash."""
        self._nodes.update(append_nodes(self.size, leaf, self._nodes.__getitem__))
        self.size += 1

    def root(self, size: int | None = None) -> bytes:
        """The root of the first `size` leaves (all by default)."""
        return range_hash(0, self.size if size is None else size, self._nodes.__getitem__)

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """The inclusion proof of leaf `index`."""
        ranges = inclusion_ranges(index, self.size if size is None else size)
        return [range_hash(low, high, self._nodes.__getitem__) for low, high in ranges]

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """The consistency proof between the first `old` leaves and the first `new`."""
        ranges = consistency_ranges(old, self.size if new is None else new)
        return [range_hash(low, high, self._nodes.__getitem__) for low, high in ranges]


def root_from_inclusion(
    leaf: bytes, *, index: int, size: int, path: Sequence[bytes]
) -> bytes | None:
    """The root that `path` leads to from `leaf`, or None where the path has not the tree's shape (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size:
        return None
    place, last, result = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            result = node_hash(sibling, result)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            result = node_hash(result, sibling)
        place, last = place >> 1, last >> 1
    return result if last == 0 else None


def is_consistent(
    path: Sequence[bytes], *, old: int, new: int, old_root: bytes, new_root: bytes
) -> bool:
    """Whether `path` proves that the tree `old_root` of `old` leaves begins the tree `new_root` (RFC 9162 2.1.4.2)."""
    if old > new or old < 0:
        return False
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    if old == new:
        return not path and old_root == new_root
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not steps:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)
