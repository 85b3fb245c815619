"""What a program has asked the disk to keep, in order."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files and folders that are synced from now on, each time they are."""
    found: list[Path] = []
    really = os.fsync

    def sync(number: int) -> None:
        found.append(Path(f"/proc/self/fd/{number}").readlink())
        really(number)

    monkeypatch.setattr("os.fsync", sync)
    return found
