"""The comment: it names the original, keeps the caller's words whole, and ends with the marker."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.rivhit.comments import (
    comment_of,
    marker,
    markers_in,
    printable,
    reference_number,
    request_reference,
    spoken,
)
from refund_adapters.rivhit.messages import LONGEST_COMMENT, units
from refund_ledger.errors import RefusedError
from refund_ledger.events import Backing, Part, RefundKind, Way
from support.rivhits import OTHER_REFUND, REFUND, refund

HEBREW = "הלקוח החזיר את הכוס השבורה "
SPOKEN = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf"]), max_size=500)


def test_the_comment_names_the_original_the_reason_and_the_marker() -> None:
    assert comment_of(refund(comment="broken cup"), Part.INVOICE, language="en") == (
        "Credit for invoice-receipt 2/6923 (goods_returned). broken cup "
        "[RL:0b7c1d523a444e0e9c555d5a3c1f7a11-I]"
    )


def test_each_part_names_its_own_original() -> None:
    asked = refund(sale="invoice:1/2345", receipt="receipt:1/77")
    assert "invoice 1/2345" in comment_of(asked, Part.INVOICE, language="en")
    back = comment_of(asked, Part.RECEIPT, language="en")
    assert "receipt 1/77" in back
    assert back.endswith("-R]")


def test_the_sentence_may_be_hebrew_and_the_marker_stays_as_it_is() -> None:
    said = comment_of(refund(), Part.INVOICE, language="he")
    assert said.startswith("זיכוי עבור חשבונית מס קבלה 2/6923")
    assert marker(REFUND, Part.INVOICE) in markers_in(said)


def test_a_goodwill_and_a_payout_of_credit_name_what_they_are_for() -> None:
    goodwill = refund(kind=RefundKind.GOODWILL, sale="", receipt="", invoice_way=Way.NEW)
    assert comment_of(goodwill, Part.INVOICE, language="en").startswith(
        "Goodwill (goods_returned)."
    )
    backing = tuple(Backing(source=f"invoice:1/{number}") for number in range(1000, 1060))
    payout = refund(kind=RefundKind.CREDIT, sale="", receipt="", backing=backing)
    said = comment_of(payout, Part.RECEIPT, language="en")
    assert "invoice:1/1000" in said
    assert "more" in said
    assert units(said) <= LONGEST_COMMENT
    nothing = refund(kind=RefundKind.CREDIT, sale="", receipt="")
    assert comment_of(nothing, Part.RECEIPT, language="en").startswith("Payment of credit from -")


def test_our_words_give_way_to_the_callers() -> None:
    own = "x" * 320
    said = comment_of(refund(comment=own), Part.INVOICE, language="en")
    assert own in said
    assert "(goods_returned)" not in said
    assert said.startswith("Credit for invoice-receipt 2/6923. ")


@pytest.mark.parametrize("own", ["x" * 400, HEBREW * 20, "😀" * 170])
def test_a_comment_that_does_not_fit_is_refused_and_says_what_fits(own: str) -> None:
    with pytest.raises(RefusedError, match=r"\d+ fit beside"):
        comment_of(refund(comment=own), Part.INVOICE, language="en")


def test_the_longest_comment_that_fits_is_kept_whole() -> None:
    shortest = comment_of(refund(comment="x", reason=""), Part.INVOICE, language="en")
    own = "א" * (LONGEST_COMMENT - units(shortest) + 1)
    said = comment_of(refund(comment=own), Part.INVOICE, language="en")
    assert units(said) == LONGEST_COMMENT
    with pytest.raises(RefusedError):
        comment_of(refund(comment=own + "א"), Part.INVOICE, language="en")


@given(SPOKEN)
def test_a_comment_fits_with_its_marker_or_is_refused(own: str) -> None:
    try:
        said = comment_of(refund(comment=own), Part.INVOICE, language="he")
    except RefusedError:
        assert units(" ".join(own.split())) > 200
        return
    assert units(said) <= LONGEST_COMMENT
    assert " ".join(own.split()) in said
    assert "2/6923" in said
    assert markers_in(said) >= {marker(REFUND, Part.INVOICE)}


@pytest.mark.parametrize(
    ("text", "named"), [("a\x07b", "U+0007"), ("a\u202eb", "U+202E"), ("a\u2066b", "U+2066")]
)
def test_a_character_that_would_spoil_the_print_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(RefusedError, match=named.replace("+", r"\+")):
        spoken(text, what="the comment")


def test_line_breaks_become_blanks() -> None:
    assert spoken(" one\r\n two\tthree ", what="the comment") == "one two three"


def test_texts_of_the_accounting_system_are_cleaned_and_cut_but_never_refused() -> None:
    assert printable("a\u202eb\x00c", longest=10) == "a b c"
    assert printable("א" * 150, longest=100) == "א" * 100
    assert units(printable("😀" * 80, longest=101)) == 100
    assert printable("ab cd", longest=3) == "ab"


@given(st.uuids(), st.uuids(), st.sampled_from(Part), st.sampled_from(Part))
def test_no_two_parts_share_a_reference_or_a_marker(
    one: UUID, two: UUID, part: Part, other: Part
) -> None:
    same = (one, part) == (two, other)
    assert (marker(one, part) == marker(two, other)) == same
    assert (request_reference(one, part) == request_reference(two, other)) == same
    assert 1 <= reference_number(request_reference(one, part)) <= 999_999_999


def test_a_marker_is_found_whatever_stands_around_it() -> None:
    own = marker(REFUND, Part.INVOICE)
    broken = f"ביטול\u200f {own[:20]}\r\n{own[20:]}\u202a {marker(OTHER_REFUND, Part.RECEIPT)}סוף"
    assert markers_in(broken) == {own, marker(OTHER_REFUND, Part.RECEIPT)}
    assert markers_in(own[:-1]) == frozenset()
    assert markers_in(own.upper()) == frozenset()
