"""The check digit of the 全国地方公共団体コード."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from infra.model import check_digit
from infra.model.codes import Code
from stacks.reference import municipalities

CODE = TypeAdapter(Code)
bodies = st.integers(1, 47).flatmap(lambda ken: st.integers(0, 999).map(lambda n: f"{ken:02}{n:03}"))
positions = st.integers(0, 4)


@pytest.mark.parametrize(
    ("body", "digit"),
    [
        ("27219", "1"),  # 和泉市
        ("01100", "2"),  # 札幌市
        ("13101", "6"),  # 千代田区
        ("40130", "7"),  # 福岡市
        ("01205", "0"),  # 室蘭市: remainder 1
        ("01213", "1"),  # 苫小牧市: remainder 0
        ("01204", "1"),  # 旭川市: remainder 10
    ],
)
def test_known_codes(body: str, digit: str) -> None:
    assert check_digit(body) == digit


def test_all_codes_of_the_reference_data_are_valid() -> None:
    assert len(municipalities()) == 1741
    for code in municipalities():
        assert CODE.validate_python(code) == code


@given(bodies)
def test_exactly_one_last_digit_is_right(body: str) -> None:
    assert [digit for digit in "0123456789" if accepts(body + digit)] == [check_digit(body)]


@given(bodies, positions, st.integers(1, 9))
def test_a_mistyped_digit_keeps_its_check_digit_only_for_the_two_remainders_that_share_one(
    body: str, position: int, by: int
) -> None:
    """Modulo 11 has eleven remainders and ten digits: 0 and 10 both give 1. Every other slip is caught."""
    other = body[:position] + str((int(body[position]) + by) % 10) + body[position + 1 :]
    remainders = {
        sum(weight * int(digit) for weight, digit in zip((6, 5, 4, 3, 2), each, strict=True)) % 11
        for each in (body, other)
    }
    assert (check_digit(body) == check_digit(other)) == (remainders == {0, 10})


@given(st.text(max_size=8))
def test_nothing_but_five_ascii_digits_has_a_check_digit(body: str) -> None:
    if len(body) == 5 and all(each in "0123456789" for each in body):
        return
    with pytest.raises(ValueError, match="five digits"):
        check_digit(body)


@pytest.mark.parametrize("code", ["２７２１９１", "272191 ", "27219１", "", "2721910", "000000", "480005"])
def test_other_texts_are_no_codes(code: str) -> None:
    assert not accepts(code)


def accepts(code: str) -> bool:
    try:
        CODE.validate_python(code)
    except ValidationError:
        return False
    return True
