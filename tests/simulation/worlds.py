"""Worlds: what a seed draws before anything happens, inside the assumptions or beyond."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from refund_adapters.sandbox.switches import Switches
from refund_ledger.originals import Kind, Original
from simulation.originals import MORNING, demo_originals
from simulation.stage import Nature
from simulation.weather import Climate

BANK = {"bank": 12, "branch": 600, "account": "123456", "number": 77}
BEFORE_MIDNIGHT = MORNING.replace(hour=21, minute=56)
"""Four minutes before the day ends where the documents are dated."""


class Break(StrEnum):
    """How a world leaves the stated assumptions."""

    NOWHERE = "nowhere"
    LATE = "a request lives longer than is assumed"
    LAG = "lists and stored answers lag more than is assumed"
    HAND = "a clerk cancels by hand"
    WRONG = "a person decides wrongly"
    TWICE = "the server carries one call out twice"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request that somebody will make, and what it comes to where that is said in it."""

    key: str
    at: float
    fields: Mapping[str, Any]
    credited: int | None = None
    paid_back: int | None = None


@dataclass(frozen=True, slots=True)
class Lookalike:
    """A document of the same customer, day and amount, made by somebody who knows nothing of us."""

    at: float
    half: str
    customer: int
    agorot: int
    negative: bool = True


@dataclass(frozen=True, slots=True)
class Manners:
    """How people go about what waits for them."""

    looks_every: float = 120.0
    early: float = 0.05
    """How often somebody decides about a part that does not yet wait for a person."""
    closes: float = 0.03
    withdraws: float = 0.05
    wrong: float = 0.0


@dataclass(frozen=True, slots=True)
class World:
    """Everything that is fixed before the first effect."""

    seed: int
    breaks: Break = Break.NOWHERE
    start: datetime = MORNING
    lasts: float = 1500.0
    switches: Switches = field(default_factory=Switches)
    climate: Climate = field(default_factory=Climate)
    nature: Nature = field(default_factory=Nature)
    manners: Manners = field(default_factory=Manners)
    originals: tuple[str, ...] = ()
    sales: tuple[tuple[int, int], ...] = ()
    """Sales of the day: the customer and the shekels."""
    asks: tuple[Ask, ...] = ()
    lookalikes: tuple[Lookalike, ...] = ()
    hand_cancels: tuple[tuple[float, str], ...] = ()
    dispatchers: int = 2
    resend_cancels: bool = False
    approval_above: int | None = None
    watches: bool = True
    """Whether the days after are lived through, in which finished parts are looked at again."""

    @property
    def is_inside(self) -> bool:
        """Whether all that is assumed of the server and of people holds."""
        return self.breaks is Break.NOWHERE


def draw(seed: int) -> World:
    """Draw the world of a seed."""
    rng = random.Random(f"world {seed}")
    breaks = Break.NOWHERE if rng.random() < 0.65 else rng.choice(list(Break)[1:])
    sales = tuple(
        (rng.choice((1001, 1002, 1003)), rng.randint(20, 900)) for _ in range(rng.choice((0, 0, 1)))
    )
    picked = rng.sample(sorted(PLANS), rng.choice((1, 1, 2)))
    asks = _asks(rng, picked, sales)
    asks += _payouts(random.Random(f"payouts {seed}"), asks)
    start = rng.choice((MORNING, MORNING, BEFORE_MIDNIGHT))
    return World(
        seed=seed,
        breaks=breaks,
        start=start + timedelta(seconds=rng.randrange(60)),
        lasts=rng.choice((700.0, 1300.0, 2200.0)),
        switches=_switches(rng, breaks),
        climate=_climate(rng, breaks),
        nature=Nature(
            dies=rng.choice((0.0, 0.001, 0.004)),
            freezes=rng.choice((0.0, 0.001, 0.004, 0.008)),
            dazes=rng.choice((0.0, 0.0, 0.1, 0.5)),
            stays=rng.choice((0.3, 0.7, 0.9)),
        ),
        manners=Manners(
            looks_every=rng.choice((60.0, 150.0, 400.0)),
            early=rng.choice((0.0, 0.1)),
            closes=rng.choice((0.0, 0.05)),
            withdraws=rng.choice((0.0, 0.1)),
            wrong=0.85 if breaks is Break.WRONG else 0.0,
        ),
        originals=tuple(name for plan in picked for name in PLANS[plan]),
        sales=sales,
        asks=asks,
        lookalikes=_lookalikes(
            rng, asks, [PLANS[plan][0] for plan in picked], many=breaks is Break.WRONG
        ),
        hand_cancels=_by_hand(rng, breaks, picked),
        dispatchers=rng.choice((1, 2, 2, 2, 3)),
        resend_cancels=rng.random() < 0.4,
        approval_above=rng.choice((None, None, 20_000)),
        watches=breaks is not Break.NOWHERE or rng.random() < 0.15,
    )


PLANS: Mapping[str, tuple[str, ...]] = {
    "cash sale": ("invoice_receipt:2/6923",),
    "large cash sale": ("invoice_receipt:2/6924",),
    "small cash sale": ("invoice_receipt:2/6925",),
    "sale with a remainder": ("invoice_receipt:2/6929",),
    "foreign sale": ("invoice_receipt:2/6928",),
    "open invoice": ("invoice:1/5002",),
    "partly paid invoice": ("invoice:1/5003", "receipt:1/3002"),
    "paid invoice": ("invoice:1/5001", "receipt:1/3001"),
    "invoice of two receipts": ("invoice:1/5005", "receipt:1/3004", "receipt:1/3005"),
}
"""What a world may begin with: a sale, and the receipts that pay it."""


def sale_of_the_day(index: int) -> str:
    """What an ask calls a sale that does not exist before the world begins."""
    return f"sale {index}"


def _asks(
    rng: random.Random, picked: list[str], sales: tuple[tuple[int, int], ...]
) -> tuple[Ask, ...]:
    asks: list[Ask] = []
    shelf = demo_originals()
    for plan in picked:
        sale = shelf[PLANS[plan][0]]
        receipt = PLANS[plan][1] if len(PLANS[plan]) > 1 else ""
        for fields, credited, back in _about(rng, str(sale.ref), _total(sale), sale, receipt):
            asks.append(Ask(f"k{len(asks)}", _when(rng), fields, credited, back))
    for index, (_, shekels) in enumerate(sales):
        name, total = sale_of_the_day(index), shekels * 100
        for fields, credited, back in _about(rng, name, total, None, ""):
            asks.append(Ask(f"k{len(asks)}", _when(rng), fields, credited, back))
    if rng.random() < 0.2:
        amount = rng.randint(100, 5000)
        fields = _goodwill(amount, pay=rng.random() < 0.5)
        asks.append(Ask(f"k{len(asks)}", _when(rng), fields, amount, None))
    return tuple(asks)


Plan = tuple[dict[str, Any], int | None, int | None]


def _about(
    rng: random.Random, name: str, total: int, sale: Original | None, receipt: str
) -> list[Plan]:
    """Requests about one sale: all of it, parts of it, the same amount twice, only one half."""
    both = sale is None or sale.kind is Kind.INVOICE_RECEIPT
    base: dict[str, Any] = {"original": name, "reason": "complaint"}
    with_money = {**base, "receipt": receipt} if receipt and rng.random() < 0.6 else base
    back = both or "receipt" in with_money
    amount = rng.randint(1, max(total // 3, 1))
    part = {**base, "amount": _text(amount)}
    of_both = {**with_money, "amount": _text(amount)}
    match rng.randrange(8):
        case 0 | 1 | 7:
            return [(with_money, None, None)]
        case 2:
            twice: list[Plan] = [(of_both, amount, amount if back else 0)] * 2
            return [*twice, (base, None, None)] if rng.random() < 0.3 else twice
        case 3:
            halves: list[Plan] = [({**base, "parts": "invoice"}, None, 0)]
            if both:
                halves.append(({**base, "parts": "receipt"}, 0, None))
            return halves
        case 4:
            return [(part, amount, amount if both else 0), (base, None, None)]
        case 5 if receipt:
            money = {"original": receipt, "reason": "paid_twice", "method": "bank_transfer"}
            return [({**money, "amount": _text(amount), "details": BANK}, 0, amount)]
        case _:
            line = {**with_money, "lines": [{"line": 1, "quantity": 1}]}
            return [(line, None, None), (of_both, amount, amount if back else 0)]


def _payouts(rng: random.Random, asks: tuple[Ask, ...]) -> tuple[Ask, ...]:
    """Requests to pay out what an invoice part has left the customer with, once it is booked."""
    shelf = demo_originals()
    sold = [
        shelf[ask.fields["original"]]
        for ask in asks
        if ask.fields.get("parts") == "invoice" and ask.fields["original"] in shelf
    ]
    payouts: list[Ask] = []
    for sale in sold:
        amount = rng.randint(1, _total(sale))
        fields = {
            "kind": "credit",
            "customer_id": sale.customer_id,
            "currency": sale.currency,
            "amount": _text(amount),
            "method": "cash",
            "reason": "complaint",
        }
        key = f"k{len(asks) + len(payouts)}"
        payouts.append(Ask(key, float(rng.randrange(100, 600)), fields, 0, amount))
    return tuple(payouts)


def _goodwill(amount: int, *, pay: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "kind": "goodwill",
        "customer_id": "1003",
        "currency": "ILS",
        "amount": _text(amount),
        "vat": "0.15",
        "reason": "goodwill",
    }
    return {**fields, "parts": "both", "method": "cash"} if pay else fields


def _when(rng: random.Random) -> float:
    return rng.choice((0.0, 0.0, 0.0, 1.0, float(rng.randrange(400))))


def _total(sale: Original) -> int:
    return sum(line.gross for line in sale.lines)


def _text(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"


def _lookalikes(
    rng: random.Random, asks: tuple[Ask, ...], names: list[str], *, many: bool
) -> tuple[Lookalike, ...]:
    if not many and rng.random() < 0.7:
        return ()
    amounts = [ask.credited or ask.paid_back or 0 for ask in asks]
    totals = [_total(demo_originals()[name]) for name in names]
    customers = [int(demo_originals()[name].customer_id) for name in names]
    return tuple(
        Lookalike(
            at=float(rng.randrange(60 if many else 500)),
            half=rng.choice(("document", "receipt")),
            customer=rng.choice(customers),
            agorot=rng.choice([amount for amount in (*amounts, *totals) if amount]),
            negative=rng.random() < 0.8,
        )
        for _ in range(4 if many else rng.randint(1, 2))
    )


def _by_hand(rng: random.Random, breaks: Break, picked: list[str]) -> tuple[tuple[float, str], ...]:
    if breaks is not Break.HAND:
        return ()
    return tuple((float(rng.randrange(300)), PLANS[plan][0]) for plan in picked)


def _climate(rng: random.Random, breaks: Break) -> Climate:
    outages: list[tuple[float, float]] = []
    if rng.random() < 0.25:
        begin = float(rng.randrange(300))
        outages.append((begin, begin + rng.choice((5.0, 60.0, 400.0))))
    late = rng.uniform(300, 1200) if breaks is Break.LATE else 120.0
    return Climate(
        writes=rng.choice((0.1, 0.3, 0.5)),
        reads=rng.choice((0.0, 0.03, 0.1)),
        longest_life=late,
        outages=tuple(outages),
        executes_twice=0.3 if breaks is Break.TWICE else 0.0,
    )


CHOICES: Mapping[str, tuple[Any, ...]] = {
    "error_http_status": (500, 200),
    "error_code_in_debug": (False, True),
    "error_data": ("empty_list", "null"),
    "escape_slashes": (True, False),
    "time_zone": ("israel", "israel", "utc"),
    "last_name_required": (True, False),
    "vat_rounding": ("half_up_per_document", "half_up_per_line", "half_even_per_document"),
    "second_cancel": ("duplicate", "duplicate", "error", "noop"),
    "cancel_deduplication": ("never", "never", "on_prevent_duplicates", "on_reference"),
    "cancel_comment": ("joins", "replaces", "ignored"),
    "cancel_closes_original": (True, False),
    "receipt_cancel_of_type_2_gives": (1, 2),
    "document_cancel_answers_status": (False, True),
    "is_cancelled_after_partial_credit": ("never", "when_full", "when_partial"),
    "half_cancel_marks_other_half": (False, False, True),
    "credit_carries_is_cancelled": (False, True),
    "cancelled_flag_on_receipts": (False, True),
    "credit_sign_new": ("negative", "positive"),
    "credit_sign_details": ("negative", "positive"),
    "credit_sign_list": ("negative", "positive"),
    "receipt_new_answers_amount": (False, True),
    "hebrew_type_names": (True, False),
    "details_shows_comments": (False, True),
    "list_shows_comments": (True, True, False),
    "list_shows_reference": (True, False),
    "list_order": ("by_number", "oldest_first", "newest_first"),
    "list_limit": (None, None, None, 3),
    "list_lag_seconds": (0, 0, 60),
    "reference_check": ("at_execution", "at_arrival", "racing"),
    "reference_scope": ("company", "method"),
    "other_payload_is_duplicate": (True, False),
    "reference_burned_by_failed": (False, True),
    "status_for_cancels": ("present", "absent", "delayed"),
    "status_cancel_delay_seconds": (60, 1000),
    "status_lag_seconds": (0, 0, 60),
    "status_retention_seconds": (None, None, 400),
    "status_stores_failed": (True, False),
    "status_last_answer_is_refusal": (True, False),
    "status_while_running": ("no_data", "synthetic_error"),
    "negative_payment_fields_required": (True, False),
    "invalid_amount_on_negative_payment": (False,) * 15 + (True,),
    "cancel_of_partly_credited_allowed": (True, True, False),
    "ceiling_check": (False, False, True),
}
"""Every switch that matters for what is known of a call, and what it may be set to."""


def _switches(rng: random.Random, breaks: Break) -> Switches:
    drawn = {name: rng.choice(values) for name, values in CHOICES.items()}
    if breaks is Break.WRONG and rng.random() < 0.6:
        drawn["cancel_comment"] = "ignored"
    if breaks is Break.LAG:
        drawn["list_lag_seconds"] = rng.randint(250, 900)
        drawn["status_lag_seconds"] = rng.randint(250, 900)
    return Switches().with_(**drawn)
