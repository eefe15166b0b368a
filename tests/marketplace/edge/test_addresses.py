"""Where a request comes from: only listed proxies are believed, and only about whom they saw (reliability T50)."""

import pytest

from marketplace.edge.addresses import forwarded, networks_of
from marketplace.settings import SettingsError

LISTED = "10.0.0.0/8, 192.0.2.7, 2001:db8::/32"


@pytest.mark.parametrize(
    ("peer", "headers", "address"),
    [
        ("198.51.100.1", ["203.0.113.9"], "198.51.100.1"),
        ("10.1.1.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.1.1.1", [], "10.1.1.1"),
        ("10.1.1.1", ["1.2.3.4, 203.0.113.9"], "203.0.113.9"),
        ("10.1.1.1", ["203.0.113.9, 192.0.2.7"], "203.0.113.9"),
        ("10.1.1.1", ["203.0.113.9", "192.0.2.7"], "203.0.113.9"),
        ("10.1.1.1", ["1.2.3.4, 10.9.9.9, 192.0.2.7"], "1.2.3.4"),
        ("10.1.1.1", ["10.2.2.2, 10.3.3.3"], "10.2.2.2"),
        ("10.1.1.1", ["203.0.113.9, nonsense"], "10.1.1.1"),
        ("10.1.1.1", ["203.0.113.9, 198.51.100.1:80"], "10.1.1.1"),
        ("2001:db8::1", ["2400:cb00::5"], "2400:cb00::5"),
        ("", ["203.0.113.9"], ""),
        ("::ffff:198.51.100.1", [], "198.51.100.1"),
        ("::ffff:10.1.1.1", ["::ffff:203.0.113.9, ::ffff:c000:207"], "203.0.113.9"),
        ("::ffff:nonsense", [], "::ffff:nonsense"),
        ("::ffff:0:1", [], "0.0.0.1"),
    ],
)
def test_nearest_address_that_is_no_listed_proxy(
    peer: str, headers: list[str], address: str
) -> None:
    """What stands left of it was written by the visitor."""
    assert forwarded(peer, headers, networks_of(LISTED)) == address


def test_nobody_is_believed_without_a_list() -> None:
    """The default: headers are not read."""
    assert forwarded("10.1.1.1", ["203.0.113.9"], networks_of("")) == "10.1.1.1"


def test_a_list_that_is_none_is_named() -> None:
    """A misspelled network stops the process, rather than trusting nobody or everybody."""
    with pytest.raises(SettingsError, match="trusted_proxies"):
        networks_of("10.0.0.0/33")
