"""The page that an accountant files: complete, self-contained, and only text whatever is in it."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.reconcile.reconciling import Accepted
from refund_adapters.reports.reconciliation_page import own, page, text
from refund_projections.differences import Kind
from support.browser import needs_browser, rendered
from support.differences import LISTED, a_finding
from support.reports import HEBREW, HOSTILE, an_outcome

VOID = {"meta", "br"}


class Read(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and its attributes."""
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Every tag ends in the order of the beginnings."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note what a person reads."""
        self.words.append(data)


def test_every_difference_and_every_total_is_on_the_page() -> None:
    outcome = an_outcome()
    words = " ".join(Read(page(outcome)).words)
    for kind in Kind:
        assert kind.value in words
    for said in ("dana", "2026-02-01 to 2026-02-28", "up to event 4711", HEBREW, "80.00"):
        assert said in words
    assert outcome.run.digest_here in words
    assert outcome.run.digest_there in words
    assert str(outcome.run.originator_id) in words
    assert "2 differences to look at" in words
    assert "3 documents too new for the lists" in words
    assert "refund-ledger outside record invoice 3/481" in words


def test_a_clean_comparison_says_so_and_has_no_empty_tables() -> None:
    outcome = an_outcome()
    run = outcome.run.model_copy(update={"differences": (), "accepted": (), "not_judged": 0})
    clean = page(replace(outcome, run=run, findings=(), no_currency=0, beside=0))
    words = " ".join(Read(clean).words)
    assert "Nothing differs." in words
    for absent in ("By kind", "Differences", "Not judged", "Not compared", "Currency:"):
        assert absent not in words


def test_one_difference_is_one() -> None:
    outcome = an_outcome()
    one = outcome.run.differences[0].model_copy(update={"count": 1})
    run = outcome.run.model_copy(update={"differences": (one,)})
    assert "1 difference to look at." in page(replace(outcome, run=run))


def test_the_page_asks_for_nothing_and_runs_nothing() -> None:
    source = page(an_outcome())
    read = Read(source)
    assert set(read.tags) == {
        *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "dl", "dt", "dd"),
        *("table", "thead", "tbody", "tr", "th", "td", "bdi", "br", "b", "code"),
    }
    assert read.names <= {"lang", "dir", "charset", "http-equiv", "content", "name", "class"}
    assert read.open == []
    assert "default-src &#x27;none&#x27;" in source
    style = re.search(r"<style>(.*?)</style>", source, re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]


@given(hostile=st.text(max_size=40) | st.just(HOSTILE))
def test_whatever_others_wrote_is_only_text(hostile: str) -> None:
    tags = Read(page(an_outcome(company="x"))).tags
    outcome = an_outcome(company=hostile)
    finding = a_finding(Kind.CUSTOMER_DIFFERS, there=replace(LISTED, customer_id=hostile))
    judged = replace(
        outcome.findings[0],
        finding=finding,
        key=hostile,
        accepted=Accepted(hostile, hostile, outcome.run.timestamp),
    )
    findings = (*outcome.findings[1:], judged)
    read = Read(page(replace(outcome, findings=findings)))
    assert set(read.tags) == set(tags)
    assert read.open == []
    assert text(hostile) in page(outcome)


def test_hostile_names_are_shown_as_they_are_written() -> None:
    source = page(an_outcome())
    assert "<script" not in source
    assert "<img" not in source
    assert "\u202e" not in source
    assert HOSTILE.replace("\u202e", "") in " ".join(Read(source).words)


def test_a_name_ends_its_own_reading_direction() -> None:
    assert own(HEBREW) == f'<bdi dir="auto">{HEBREW.replace(chr(34), "&quot;")}</bdi>'
    heading = f"<h1>Reconciliation of {own(HEBREW)}, 2026-02-01 to 2026-02-28</h1>"
    assert heading in page(an_outcome())


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\u200f", "\u202e", "\u2066", "\ud800"])
def test_what_nobody_sees_is_left_out(character: str) -> None:
    assert text(f"a{character}b\nc\td") == "ab c d"


TAKES_OVER = "<script>document.title = 'taken over'</script>"


@needs_browser
def test_a_real_browser_shows_hostile_names_and_runs_nothing(tmp_path: Path) -> None:
    source = page(an_outcome(company=f"</title>{TAKES_OVER}"))
    shown = Read(rendered(source, tmp_path))

    assert set(shown.tags) == set(Read(source).tags)
    assert f"Reconciliation of </title>{TAKES_OVER}, 2026-02-01 to 2026-02-28" in shown.words
    assert HOSTILE.replace("\u202e", "") in " ".join(shown.words)


@needs_browser
@pytest.mark.parametrize("is_ours", [True, False], ids=["the page", "any other page"])
def test_the_pages_policy_stops_a_script_that_got_in_all_the_same(
    tmp_path: Path, *, is_ours: bool
) -> None:
    source = page(an_outcome()) if is_ours else "<title>harmless</title><body></body>"

    shown = rendered(source.replace("</body>", f"{TAKES_OVER}</body>"), tmp_path)

    assert ("<title>taken over</title>" in shown) == (not is_ours)
