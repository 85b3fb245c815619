"""A draft sees what is left, and gathers every reason."""

from __future__ import annotations

from refund_ledger.accounts import QUANTITY, AccountKind
from refund_ledger.balances import Look
from refund_ledger.draft import Draft
from support.books import ONE, Books, a_cash_sale, a_line, a_request


def test_a_draft_reads_what_is_left_and_what_stands_at_a_source() -> None:
    with Books() as books:
        ref = books.record(a_cash_sale(1, a_line(1, 100, 18)))
        sale = books.ledger.original(ref).recorded
        draft = Draft(
            ask=a_request("a", original=str(ref)),
            look=Look(books.store.balance),
            sale=sale,
            receipt=sale,
            customer_id="7",
            credits=(),
            own_source="refund:x",
        )
        items = [draft.left(sale, "line/1/net"), draft.left(sale, "line/1/vat")]
        assert [*items, draft.left(sale, "payment/1")] == [100, 18, 118]
        assert draft.left(sale, "line/1/quantity", QUANTITY) == ONE
        assert draft.at_source(AccountKind.COVERED, str(ref)) == 118
        assert draft.money(118) == "1.18 ILS"
        draft.refuse("too late")
        draft.refuse("too much")
        assert draft.reasons == ["too late", "too much"]
