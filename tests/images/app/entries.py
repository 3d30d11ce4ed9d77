"""Random entries, and random things that aren't."""

from __future__ import annotations

import datetime
import unicodedata
import uuid

from hypothesis import strategies as st

from images.app.service.entry import EARLIEST, EVENTS, Entry

TODAY = datetime.date(2026, 8, 31)

# Characters of names as they come: kana, ideographs of all planes with variation selectors, compatibility ideographs.
_LETTERS = st.one_of(
    st.sampled_from("本籍太郎花子ヴァー々〆ヶ・　 ーA葛󠄀"),
    st.characters(min_codepoint=0x3041, max_codepoint=0x9FFF, categories=["Lo", "Lm"]),
    st.characters(min_codepoint=0xF900, max_codepoint=0xFA6D, categories=["Lo"]),
    st.characters(min_codepoint=0x20000, max_codepoint=0x323AF),
    st.characters(min_codepoint=0xE0100, max_codepoint=0xE01EF),
)


def texts(most: int) -> st.SearchStrategy[str]:
    return st.text(_LETTERS, min_size=1, max_size=most).filter(
        lambda text: text == text.strip() and unicodedata.category(text[0]) != "Mn"
    )


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    days = sorted(draw(st.lists(st.dates(EARLIEST, TODAY), min_size=3, max_size=3)))
    return Entry(
        registered_domicile=draw(texts(200)),
        head_of_register=draw(texts(100)),
        name=draw(texts(100)),
        born_on=days[0],
        relationship=draw(texts(20)),
        father=draw(st.none() | texts(100)),
        mother=draw(st.none() | texts(100)),
        event=draw(st.sampled_from(sorted(EVENTS))),
        event_on=days[1],
        notified_on=days[2],
        notified_by=draw(texts(100)),
    )


def sent(entry: Entry, key: uuid.UUID) -> dict[str, object]:
    """An entry as a client sends it."""
    return {"request_id": str(key), **entry.as_json()}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
"""Whatever JSON can say, surrogates and controls included."""
