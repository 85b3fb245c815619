"""Benchmarks: each scenario beside its baseline in the same run; see `benches.command`."""

from __future__ import annotations

from benches.command import main

if __name__ == "__main__":
    raise SystemExit(main())
