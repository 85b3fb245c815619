"""Inputs: text without hidden characters, whole numbers, and errors that name the field."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from refund_ledger.errors import InvalidInputError
from refund_ledger.money import MAX_MINOR, SHOWN

M = TypeVar("M", bound=BaseModel)

Positive = Annotated[int, Field(strict=True, gt=0, le=MAX_MINOR)]


def plain_text(text: str) -> str:
    """Accept text without control characters and direction marks, which hide what a reader sees."""
    if text.isascii() and text.isprintable():
        return text.strip()
    for character in text:
        name = unicodedata.category(character)
        if name in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
            raise ValueError(
                f"holds the invisible character U+{ord(character):04X}; remove it and send again"
            )
    return text.strip()


def plain(longest: int, *, shortest: int = 0) -> AfterValidator:
    """Check a field as plain text of a length, counted without blanks around it."""
    return AfterValidator(lambda text: _checked(text, longest, shortest))


def _checked(text: str, longest: int, shortest: int) -> str:
    found = plain_text(text)
    if len(found) < shortest:
        raise ValueError("expected some text")
    if len(found) > longest:
        raise ValueError(f"is longer than {longest} characters; say it shorter")
    return found


def said(text: str, field: str, *, longest: int = 1000) -> str:
    """Check what a person says of a decision; raises `InvalidInputError` naming the field."""
    if not isinstance(text, str):
        raise InvalidInputError(field, "expected text")
    try:
        return _checked(text, longest, 0)
    except ValueError as error:
        raise InvalidInputError(field, str(error)) from None


def validated(model: type[M], fields: Mapping[str, Any]) -> M:
    """Check fields as a model; raises `InvalidInputError` naming the first wrong one."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise invalid(error) from None


def invalid(error: ValidationError) -> InvalidInputError:
    """Say the first problem of a validation in words, with its field."""
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(step) for step in first["loc"]) or "input"
    message = first["msg"].removeprefix("Value error, ")
    given = first.get("input")
    short = isinstance(given, str | int | None) and len(repr(given)) <= SHOWN
    shown = f", got {given!r}" if short else ""
    return InvalidInputError(field, f"{message[:1].lower()}{message[1:]}{shown}")
