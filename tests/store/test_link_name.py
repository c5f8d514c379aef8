"""Hash link names, taken apart and put together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capath.store.link_name import LinkKind, LinkName, Row, resembles_link

_HASHES = st.integers(0, 2**32 - 1).map("{:08x}".format)


@given(st.builds(LinkName, st.builds(Row, _HASHES, st.sampled_from(LinkKind)), st.integers(0, 10**10 - 1)))
def test_parse_undoes_str(link: LinkName) -> None:
    """For every row and slot."""
    assert LinkName.parse(str(link)) == link
    assert resembles_link(str(link))


@given(st.text(max_size=14) | st.from_regex(r"[0-9a-fA-F]{8}\.[rR]?[0-9]{1,12}", fullmatch=True))
def test_str_undoes_parse(name: str) -> None:
    """Of whatever parses."""
    link = LinkName.parse(name)
    assert link is None or str(link) == name


@pytest.mark.parametrize("name", ["ABCDEF01.0", "abcdef01.00", "abcdef01.01", "abcdef01.R0", "0BCDEF01.r1"])
def test_names_that_lookup_never_asks_for(name: str) -> None:
    """They look like links, and are none."""
    assert LinkName.parse(name) is None
    assert resembles_link(name)


@pytest.mark.parametrize(
    "name", ["abcdef0.0", "abcdef012.0", "abcdef01", "abcdef01.", "abcdef01.r", "abcdef01.0\n"]
)
def test_names_that_are_no_links(name: str) -> None:
    """Nor look like any."""
    assert LinkName.parse(name) is None
    assert not resembles_link(name)
