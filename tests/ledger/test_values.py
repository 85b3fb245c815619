"""The values inside events say what they hold."""

from __future__ import annotations

from refund_ledger.originals import Document, Half
from refund_ledger.values import DocumentId, GivenBack, Part, RefundKind, SourceBack, TakenLine


def test_each_part_is_booked_in_its_own_half() -> None:
    assert [part.half for part in Part] == [Half.DOCUMENT, Half.RECEIPT]


def test_a_taken_line_amounts_to_net_and_vat() -> None:
    assert TakenLine(line=1, net=100, vat=18).gross == 118


def test_a_document_is_known_by_half_series_and_number_whatever_else_it_is_called() -> None:
    named = DocumentId(half=Half.DOCUMENT, series=3, number=481, identity="f00")
    assert named.key == Document(Half.DOCUMENT, 3, 481)


def test_what_goes_back_is_written_and_read_with_its_sources() -> None:
    back = GivenBack(kind=RefundKind.CREDIT, sources=(SourceBack(source="grant:x", held=5),))
    assert GivenBack.model_validate_json(back.model_dump_json()) == back
