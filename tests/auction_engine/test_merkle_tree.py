"""The Merkle tree against published vectors and against a definition written independently."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auction_engine.merkle import (
    EMPTY_ROOT,
    Tree,
    is_consistent,
    leaf_hash,
    node_hash,
    root_from_inclusion,
)

#: Leaves and roots of the Certificate Transparency reference implementation (RFC 6962's own test data).
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
#: (leaf counted from 1, tree size) -> path
INCLUSION = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (3, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (2, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): INCLUSION[1, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def defined_root(data: Sequence[bytes]) -> bytes:
    """MTH as RFC 6962 2.1 defines it, recursively."""
    if not data:
        return sha256(b"").digest()
    if len(data) == 1:
        return leaf_hash(data[0])
    split = 1
    while split * 2 < len(data):
        split *= 2
    return node_hash(defined_root(data[:split]), defined_root(data[split:]))


def tree_of(count: int) -> Tree:
    return Tree([leaf_hash(str(n).encode()) for n in range(count)])


@pytest.mark.parametrize("size", range(1, 9))
def test_root_is_the_published_one(size: int) -> None:
    """The roots of the reference leaves are those the reference implementation publishes."""
    assert Tree([leaf_hash(leaf) for leaf in LEAVES[:size]]).root().hex() == ROOTS[size - 1]


def test_empty_root_is_the_hash_of_nothing() -> None:
    """A tree without leaves has the root RFC 6962 gives it."""
    assert Tree().root() == EMPTY_ROOT == sha256(b"").digest()


@pytest.mark.parametrize(("leaf", "size"), INCLUSION)
def test_inclusion_proof_is_the_published_one(leaf: int, size: int) -> None:
    """The inclusion proofs of the reference leaves are the published ones."""
    tree = Tree([leaf_hash(data) for data in LEAVES])
    assert [step.hex() for step in tree.inclusion(leaf - 1, size)] == INCLUSION[leaf, size]


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_consistency_proof_is_the_published_one(old: int, new: int) -> None:
    """The consistency proofs of the reference leaves are the published ones."""
    tree = Tree([leaf_hash(data) for data in LEAVES])
    assert [step.hex() for step in tree.consistency(old, new)] == CONSISTENCY[old, new]


@pytest.mark.parametrize("size", range(131))
def test_every_proof_verifies_in_trees_up_to_130(size: int) -> None:
    """Every leaf and every prefix of a tree of 0 to 130 leaves can be proved, and the root is as defined."""
    tree = tree_of(size)
    root = tree.root()
    assert root == defined_root([str(n).encode() for n in range(size)])
    for index in range(size):
        leaf = leaf_hash(str(index).encode())
        path = tree.inclusion(index)
        assert root_from_inclusion(leaf, index=index, size=size, path=path) == root
    for old in range(size + 1):
        path = tree.consistency(old)
        assert is_consistent(path, old=old, new=size, old_root=tree.root(old), new_root=root)


@settings(max_examples=300, deadline=None)
@given(st.integers(2, 300), st.data())
def test_a_changed_proof_fails(size: int, data: st.DataObject) -> None:
    """A proof with one step changed, dropped, added, or moved to another place is refused."""
    tree = tree_of(size)
    index = data.draw(st.integers(0, size - 1))
    leaf, root, path = leaf_hash(str(index).encode()), tree.root(), tree.inclusion(index)
    broken = [*path]
    broken[data.draw(st.integers(0, len(path) - 1))] = bytes(32)
    for wrong in (broken, path[:-1], [*path, bytes(32)]):
        assert root_from_inclusion(leaf, index=index, size=size, path=wrong) != root
    elsewhere = (index + 1) % size
    assert root_from_inclusion(leaf, index=elsewhere, size=size, path=path) != root
    old = data.draw(st.integers(1, size - 1))
    steps, old_root = tree.consistency(old), tree.root(old)
    assert not is_consistent(steps, old=old, new=size, old_root=bytes(32), new_root=root)
    assert not is_consistent(steps, old=old, new=size, old_root=old_root, new_root=bytes(32))
    assert not is_consistent(steps[:-1], old=old, new=size, old_root=old_root, new_root=root)
    assert not is_consistent(
        [*steps, bytes(32)], old=old, new=size, old_root=old_root, new_root=root
    )


def test_a_leaf_cannot_pose_as_an_inner_node() -> None:
    """A leaf whose data are an inner node's bytes has another hash than that node."""
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)
    assert Tree([leaf_hash(left + right)]).root() != Tree([left, right]).root()


def test_a_shorter_log_is_never_consistent() -> None:
    """A log that became shorter, or lost its start, is not consistent with what was signed."""
    tree = tree_of(5)
    assert not is_consistent([], old=6, new=5, old_root=tree.root(), new_root=tree.root())
    assert not is_consistent([], old=3, new=5, old_root=tree.root(3), new_root=tree.root())
    assert not is_consistent([], old=0, new=5, old_root=bytes(32), new_root=tree.root())
