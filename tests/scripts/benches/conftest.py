"""Benches of small ledgers, on the server that the tests share."""

from collections.abc import Iterator

import pytest

from benches.common import Bench
from support.postgres import Server


@pytest.fixture(scope="session")
def bench(postgres_server: Server) -> Iterator[Bench]:
    """Some ledgers are filled once for all tests of this folder."""
    small = Bench(rounds=1, quick=True, most=2_800, server_given=postgres_server)
    yield small
    small.close()
