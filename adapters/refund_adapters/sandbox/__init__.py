"""A Rivhit-compatible accounting server with books of its own, against which the client is proven.

`Sandbox.handle` is the whole server without a network; `serving` puts it on loopback. It shares no
code with the ledger, so that its books are an independent witness of what was booked.
"""
