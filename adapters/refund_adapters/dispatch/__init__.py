"""Dispatch: what is due is sent at most once, looked for when in doubt, and settled by people."""
