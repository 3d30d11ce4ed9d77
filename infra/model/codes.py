"""全国地方公共団体コード: the six-digit code of a municipality, whose last digit checks the other five.

Source: JIS X 0402, and the list of codes at https://www.soumu.go.jp/denshijiti/code.html. Weights:
6, 5, 4, 3, 2; the check digit is the last digit of 11 − (sum mod 11).
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from infra.model.base import Form, problem

WEIGHTS = (6, 5, 4, 3, 2)


def check_digit(body: str) -> str:
    """The check digit of the first five digits of a code: `check_digit("27219") == "1"`.

    Raises `ValueError` unless `body` is five ASCII digits.
    """
    if not re.fullmatch(r"[0-9]{5}", body, re.ASCII):
        raise ValueError(f"five digits are needed to compute a check digit, got {body!r}")
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, body, strict=True))
    return str((11 - total % 11) % 10)


def _code(value: str) -> str:
    if not re.fullmatch(r"[0-9]{6}", value, re.ASCII):
        if re.fullmatch(r"[0-9]{5}", value, re.ASCII):
            hint = f'write the code with its check digit: "{value}{check_digit(value)}"'
            if check_digit(f"0{value[:4]}") == value[4]:
                hint = (
                    f'write it with its leading zero, in quotes: "0{value}"; or, if the check digit is missing, {hint}'
                )
        else:
            hint = 'write the six digits of the 全国地方公共団体コード in quotes, for example "272191"'
        raise problem(f"{value!r} is not a six-digit code", hint)
    if not 1 <= int(value[:2]) <= 47:
        raise problem(f"{value!r} begins with {value[:2]}, not a prefecture", "prefectures are 01 to 47")
    right = check_digit(value[:5])
    if value[5] != right:
        raise problem(
            f"the check digit of {value} is wrong: for {value[:5]} it is {right}, not {value[5]}",
            f"write {value[:5]}{right} if the first five digits are right; otherwise look the code up again",
        )
    return value


Code = Annotated[str, AfterValidator(_code), Form("six digits in quotes, the last one a check digit", "272191")]
"""A municipality's code: six digits, the last one right. Always a text: many begin with 0."""
