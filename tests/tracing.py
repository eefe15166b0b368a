"""Which tests are traced when coverage is asked for (`make test` asks): those that the rules' completeness rests on.

To trace a line takes several times as long as to run it, and most of the suite is not about the rules. So only the
tests of the two libraries are traced; and of those not the ones marked `untraced`, which put thousands of random cases
through the same lines. If the others stopped reaching a line of the rules, the run would fail: this can only ask
for more.
"""

import sys
import threading
from collections.abc import Generator

import pytest

_FOLDERS = ("tests/auction_engine/", "tests/settlement/")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Take the tracer away for a test that need not be traced, its fixtures and threads included.

    Not by coverage's own `stop`: under pytest-xdist a second tracer lies below the first, and would take over.
    """
    of_this_thread, of_new_threads = sys.gettrace(), threading.gettrace()
    if of_this_thread is None or _is_traced(item):
        return (yield)
    sys.settrace(None)
    threading.settrace(None)
    try:
        return (yield)
    finally:
        threading.settrace(of_new_threads)
        sys.settrace(of_this_thread)


def _is_traced(item: pytest.Item) -> bool:
    return item.nodeid.startswith(_FOLDERS) and item.get_closest_marker("untraced") is None
