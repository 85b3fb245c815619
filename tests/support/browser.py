"""A real browser without a window: what a page comes to once it was loaded and its scripts ran."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
FOUND = next(filter(None, map(shutil.which, NAMES)), None)
LIMIT = 120.0

needs_browser = pytest.mark.skipif(
    FOUND is None,
    reason="no chromium is installed on this machine (a distribution's package brings it)",
)


def rendered(source: str, folder: Path) -> str:
    """The document tree of a page, as the browser writes it down after loading."""
    assert FOUND is not None
    file = folder / "page.html"
    file.write_text(source, "utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    ended = subprocess.run(
        [FOUND, *flags, f"--user-data-dir={folder / 'profile'}", "--dump-dom", file.as_uri()],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=True,
    )
    return ended.stdout
