"""The comment on a counter-document: which original it is for, why, and the marker that finds it.

The comment is printed, so it is a sentence for people first. The marker in it is how the document
is found again when the answer to its call was lost: plain letters in square brackets, which no
Hebrew text around them can reorder, and the whole id of the refund, so that it cannot be shared.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from hashlib import sha256
from uuid import UUID

from refund_adapters.rivhit.messages import LONGEST_COMMENT, units
from refund_ledger.errors import RefusedError
from refund_ledger.events import Part, RefundKind, RefundRequested
from refund_ledger.originals import Kind, OriginalRef

LARGEST_REFERENCE = 999_999_999

_MARKER = re.compile(r"\[RL:[0-9a-f]{32}-[IR]\]")
_ORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that reorder the text after them until they are ended."""
_INVISIBLE = re.compile(r"[\s\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]+")

_KINDS = {
    "en": {
        Kind.INVOICE: "invoice",
        Kind.RECEIPT: "receipt",
        Kind.INVOICE_RECEIPT: "invoice-receipt",
    },
    "he": {
        Kind.INVOICE: "חשבונית מס",
        Kind.RECEIPT: "קבלה",
        Kind.INVOICE_RECEIPT: "חשבונית מס קבלה",
    },
}
_SENTENCES = {
    "en": {
        Part.INVOICE: "Credit for {}",
        Part.RECEIPT: "Money back for {}",
        RefundKind.CREDIT: "Payment of credit from {}",
        RefundKind.GOODWILL: "Goodwill",
        "more": "{} and {} more",
    },
    "he": {
        Part.INVOICE: "זיכוי עבור {}",
        Part.RECEIPT: "החזר עבור {}",
        RefundKind.CREDIT: "תשלום יתרת זכות בגין {}",
        RefundKind.GOODWILL: "זיכוי לפנים משורת הדין",
        "more": "{} ועוד {}",
    },
}


def request_reference(refund: UUID, part: Part) -> str:
    """Under which Rivhit keeps the answers to the calls of a part, the same over all attempts."""
    return f"rl-{refund}-{part.value[0]}"


def marker(refund: UUID, part: Part) -> str:
    """What stands in the comment of a part's counter-document and of no other."""
    return f"[RL:{refund.hex}-{part.value[0].upper()}]"


def reference_number(reference: str) -> int:
    """The number that is stamped on a new document, derived from its request reference."""
    digest = int.from_bytes(sha256(reference.encode()).digest()[:8], "big")
    return digest % LARGEST_REFERENCE + 1


def markers_in(comments: str) -> frozenset[str]:
    """Every marker in a text, whatever invisible characters or line breaks stand around it."""
    return frozenset(_MARKER.findall(_INVISIBLE.sub("", comments)))


def comment_of(request: RefundRequested, part: Part, *, language: str) -> str:
    """Name the original, say why, repeat the caller's comment, and end with the marker.

    Our own words are shortened until all of it fits; the caller's are printed whole or refused.
    """
    own = spoken(request.comment, what="the comment")
    ending = marker(request.originator_id, part)
    for sentence in _sentences(request, part, language):
        text = " ".join(filter(None, (sentence, own, ending)))
        if units(text) <= LONGEST_COMMENT:
            return text
    taken = units(" ".join((_sentences(request, part, language)[-1], "", ending)))
    raise RefusedError(
        f"the comment is {units(own)} characters long and {LONGEST_COMMENT - taken} fit beside "
        "the name of the original and the marker; shorten it"
    )


def spoken(text: str, *, what: str) -> str:
    """A person's text on one line, or a refusal that names the character that cannot be printed."""
    # What Python calls printable holds neither control characters nor those of direction.
    for character in "" if text.isprintable() else text:
        if character in _ORDERING:
            raise RefusedError(
                f"{what} holds the text direction control {_named(character)}, which would "
                "reorder the words printed around it; take it out"
            )
        if not character.isspace() and unicodedata.category(character) in {"Cc", "Cs"}:
            raise RefusedError(
                f"{what} holds the control character {_named(character)}; take it out"
            )
    return " ".join(text.split())


def printable(text: str, *, longest: int) -> str:
    """A text of the accounting system or of a line: cleaned and cut, never refused."""
    if not text.isprintable():
        text = "".join(
            " "
            if character in _ORDERING or unicodedata.category(character) in {"Cc", "Cs"}
            else character
            for character in text
        )
    clean = " ".join(text.split())
    while units(clean) > longest:
        clean = clean[:-1].rstrip()
    return clean


def _named(character: str) -> str:
    return f"U+{ord(character):04X}"


def _sentences(request: RefundRequested, part: Part, language: str) -> list[str]:
    """What we say, from the whole to the least that must be said."""
    say: dict[Part | RefundKind | str, str] = {**_SENTENCES[language]}
    named = request.sale if part is Part.INVOICE else request.receipt
    why = f" ({printable(request.reason, longest=100)})" if request.reason else ""
    if named:
        ref = OriginalRef.parse(named)
        sentence = say[part].format(f"{_KINDS[language][ref.kind]} {ref.series}/{ref.number}")
        return [f"{sentence}{why}.", f"{sentence}."]
    if request.kind is RefundKind.GOODWILL:
        return [f"{say[RefundKind.GOODWILL]}{why}.", f"{say[RefundKind.GOODWILL]}."]
    sources = _listed([backing.source for backing in request.backing], say["more"].format)
    paid = [say[RefundKind.CREDIT].format(each) for each in sources]
    return [f"{paid[0]}{why}.", *(f"{each}." for each in paid)]


def _listed(sources: Sequence[str], more: Callable[[str, int], str]) -> list[str]:
    """The sources named in full, then fewer and fewer of them, then only counted."""
    if not sources:
        return ["-"]
    shorter = [
        more(", ".join(sources[:kept]), len(sources) - kept)
        for kept in (5, 3, 2, 1)
        if kept < len(sources)
    ]
    return [", ".join(sources), *shorter]
