"""A certificate (証明書): the entry in Japanese, with number, time, and a seal that shows a change.

The seal is an HMAC-SHA256 over everything above it. Whoever holds the key can check it and could have made it: it shows
the issuer that a document is its own. A vendor's application would sign, so that others can check.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from .entry import EVENTS, JAPAN, Entry

_ERAS: Final = (
    (datetime.date(2019, 5, 1), "令和"),
    (datetime.date(1989, 1, 8), "平成"),
    (datetime.date(1926, 12, 25), "昭和"),
    (datetime.date(1912, 7, 30), "大正"),
    (datetime.date(1868, 1, 25), "明治"),
)
"""First days of the eras (元号), the newest first."""

_SEAL: Final = "照合符号　HMAC-SHA256 "
SHORTEST_KEY: Final = 32
"""bytes; as long as the digest (RFC 2104, section 3)"""


@dataclass(frozen=True)
class Issued:
    """What the database keeps of a certificate."""

    number: int
    at: datetime.datetime
    entry_id: int


def number(code: str, issued: Issued) -> str:
    """A certificate's number as it is printed: municipality, year, serial."""
    return f"{code}-{issued.at.astimezone(JAPAN).year}-{issued.number:06d}"


def certificate(code: str, issued: Issued, entry: Entry, key: bytes) -> str:
    """The document, sealed. The same inputs give the same text."""
    at = issued.at.astimezone(JAPAN)
    lines = [
        "　　　　　戸籍記載事項証明書（見本）",
        "",
        f"証明書番号　　{number(code, issued)}",
        f"発行日時　　　{era(at.date())}{at:%H時%M分%S秒}（日本標準時）",
        f"記録番号　　　{issued.entry_id}",
        f"本籍　　　　　{entry.registered_domicile}",
        f"筆頭者氏名　　{entry.head_of_register}",
        f"名　　　　　　{entry.name}",
        f"生年月日　　　{era(entry.born_on)}",
        f"父　　　　　　{entry.father or '（記録なし）'}",
        f"母　　　　　　{entry.mother or '（記録なし）'}",
        f"続柄　　　　　{entry.relationship}",
        f"身分事項　　　{EVENTS[entry.event]}",
        f"　事由の日　　{era(entry.event_on)}",
        f"　届出日　　　{era(entry.notified_on)}",
        f"　届出人　　　{entry.notified_by}",
        "",
        "この書面は訓練用の参考実装が作成した見本であり、戸籍法上の証明書ではない。",
        "",
    ]
    text = "\n".join(lines)
    return text + _seal(text, key) + "\n"


def genuine(document: str, key: bytes) -> bool:
    """Whether the document was sealed with this key and nothing in it was changed."""
    text, found, seal = document.rpartition(_SEAL)
    return bool(found) and hmac.compare_digest(f"{_SEAL}{seal}".encode(), f"{_seal(text, key)}\n".encode())


def era(day: datetime.date) -> str:
    """A date in the Japanese way: 令和8年8月31日. Raises `ValueError` before 明治."""
    for first, name in _ERAS:
        if day >= first:
            year = day.year - first.year + 1
            return f"{name}{'元' if year == 1 else year}年{day.month}月{day.day}日"
    raise ValueError("a day before 明治")


def _seal(text: str, key: bytes) -> str:
    # The key's own name lets two documents of two keys be told apart; 8 hexadecimal digits of a digest betray nothing.
    named = hashlib.sha256(b"name of the key\0" + key).hexdigest()[:8]
    return f"{_SEAL}{named} {hmac.new(key, text.encode(), hashlib.sha256).hexdigest()}"
