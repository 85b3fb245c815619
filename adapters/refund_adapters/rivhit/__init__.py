"""Rivhit Online, the first accounting system of the refund ledger."""

from refund_adapters.rivhit.settings import LIVE_URL, RivhitSettings
from refund_adapters.rivhit.system import Rivhit

__all__ = ["LIVE_URL", "Rivhit", "RivhitSettings"]
