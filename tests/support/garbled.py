"""A server that answers one method with something of its own, and everything else as before."""

from __future__ import annotations

from typing import Any

import httpx

from refund_adapters.rivhit import Rivhit


def garble(rivhit: Rivhit, method: str, data: object, *, code: int = 0) -> Garbled:
    """Let one method answer with this, whatever it is asked."""
    client = rivhit._client
    client._transport = garbled = Garbled(client._transport, method, data, code)
    return garbled


class Garbled(httpx.BaseTransport):
    """The way to such a server."""

    def __init__(self, below: Any, method: str, data: object, code: int) -> None:
        self._below, self._method, self._data, self._code = below, method, data, code
        self.asked = 0
        self.is_over = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request, or answer it."""
        if self.is_over or not request.url.path.endswith(f"/{self._method}"):
            return self._below.handle_request(request)  # type: ignore[no-any-return]
        self.asked += 1
        said = {"client_message": "", "debug_message": "", "data": self._data}
        return httpx.Response(200, json={"error_code": self._code, **said})
