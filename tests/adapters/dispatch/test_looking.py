"""A look knows what was sent from the events alone, and says what it found in words."""

from __future__ import annotations

import pytest

from refund_adapters.accounting import Absent, Found, Unclear
from refund_adapters.dispatch.looking import finding_in_words, submitted
from refund_ledger.errors import RefusedError
from refund_ledger.events import DocumentId, Part
from refund_ledger.originals import Half
from support.ring import ring

SALE = "invoice_receipt:2/6923"


def test_a_look_asks_for_what_the_first_call_was() -> None:
    with ring() as house:
        house.import_all()
        house.desk.request(key="k", original=SALE, reason="complaint")
        house.dispatch()
        refund = house.desk.refund("k")

        wanted = submitted(refund, Part.RECEIPT)

        assert wanted.method == "Receipt.Cancel"
        assert refund.receipt.submitted is not None
        assert wanted.marker == refund.receipt.submitted.marker
        assert wanted.first_sent_at == refund.receipt.first_sent_at
        assert (wanted.customer_id, wanted.currency) == ("1001", "ILS")


def test_nothing_is_looked_for_that_was_never_sent() -> None:
    with ring() as house:
        house.import_all()
        house.desk.request(key="k", original=SALE, reason="complaint")

        with pytest.raises(RefusedError, match="nothing was ever sent for the invoice part"):
            submitted(house.desk.refund("k"), Part.INVOICE)


def test_each_finding_has_its_words() -> None:
    document = DocumentId(half=Half.DOCUMENT, series=3, number=481)

    assert finding_in_words(Found(document, 100, ())) == "document 3/481 carries our reference"
    assert finding_in_words(Absent(())) == "no document was found"
    assert finding_in_words(Unclear("two fit", (), for_person=True)) == "two fit"
