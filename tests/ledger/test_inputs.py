"""What comes in from outside is plain, bounded, and refused with the field's name."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from refund_ledger.errors import InvalidInputError
from refund_ledger.inputs import Positive, invalid, plain, plain_text, said, validated
from refund_ledger.money import MAX_MINOR


@pytest.mark.parametrize("hidden", ["\u200f", "\u202e", "\x00", "\n", "\u2028", "\ue000", "\ufeff"])
def test_hidden_characters_are_refused_by_their_code(hidden: str) -> None:
    with pytest.raises(ValueError, match=f"U\\+{ord(hidden):04X}"):
        plain_text(f"a{hidden}b")


def test_hebrew_and_spaces_inside_are_plain() -> None:
    assert plain_text("  החזר כספי 12  ") == "החזר כספי 12"


@given(st.text(max_size=30))
def test_plain_text_stays_plain(text: str) -> None:
    try:
        plain = plain_text(text)
    except ValueError:
        return
    assert plain_text(plain) == plain


def test_what_a_person_says_has_a_limit() -> None:
    assert said(" why not ", "why") == "why not"
    with pytest.raises(InvalidInputError, match="why: is longer than 5 characters"):
        said("too long", "why", longest=5)
    with pytest.raises(InvalidInputError, match="why: holds the invisible"):
        said("a\u202eb", "why")


@pytest.mark.parametrize(
    ("text", "problem"), [("  ", "expected some text"), ("abcd", "longer than 3")]
)
def test_a_field_of_plain_text_has_its_lengths(text: str, problem: str) -> None:
    field = TypeAdapter[str](Annotated[str, plain(3, shortest=1)])
    assert field.validate_python(" abc ") == "abc"
    with pytest.raises(ValidationError, match=problem):
        field.validate_python(text)


def test_a_positive_number_is_whole_and_bounded() -> None:
    positive = TypeAdapter(Positive)
    assert positive.validate_python(1) == 1
    for wrong in (0, -1, 1.0, "1", True, MAX_MINOR + 1):
        with pytest.raises(ValidationError):
            positive.validate_python(wrong)


def test_an_error_names_field_and_short_input() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(dict[str, Positive]).validate_python({"a": 0})
    assert str(invalid(caught.value)) == "a: input should be greater than 0, got 0"


def test_an_error_of_the_whole_input_says_so_and_repeats_nothing_long() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Positive).validate_python("x" * 500)
    assert invalid(caught.value).field == "input"
    assert "x" * 100 not in str(invalid(caught.value))


def test_an_error_of_ours_is_said_without_the_library_s_words() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Annotated[str, plain(9)]).validate_python("a\x00")
    assert str(invalid(caught.value)).startswith("input: holds the invisible character U+0000")


class Asked(BaseModel):
    """Something that is asked for."""

    amount: Positive


def test_fields_are_read_as_a_model_or_the_wrong_one_is_named() -> None:
    assert validated(Asked, {"amount": 5}).amount == 5
    with pytest.raises(InvalidInputError, match="amount: input should be greater than 0, got 0"):
        validated(Asked, {"amount": 0})


def test_what_a_person_says_is_text() -> None:
    for wrong in (5, None, ["why"]):
        given: Any = wrong
        with pytest.raises(InvalidInputError, match=r"^why: expected text$"):
            said(given, "why")
