"""What is taken for a register entry, and what isn't."""

from __future__ import annotations

import json
import unicodedata
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.app.service.entry import Entry, InvalidError, parse
from tests.images.app.entries import TODAY, anything, entries, sent
from tests.images.app.running import an_entry


def reasons(given: object) -> dict[str, str]:
    with pytest.raises(InvalidError) as refused:
        parse(given, TODAY)
    return refused.value.reasons


@given(entries(), st.uuids())
def test_an_entry_survives_json_unchanged(entry: Entry, key: uuid.UUID) -> None:
    assert parse(json.loads(json.dumps(sent(entry, key))), TODAY) == (key, entry)


@given(entries(), st.uuids(), st.data())
def test_anything_in_a_field_is_taken_as_it_is_or_refused_by_its_name(
    entry: Entry, key: uuid.UUID, data: st.DataObject
) -> None:
    whole = sent(entry, key)
    field = data.draw(st.sampled_from(sorted(whole)))
    whole[field] = data.draw(anything)
    try:
        _, taken = parse(whole, TODAY)
    except InvalidError as error:
        refused = error.reasons
    else:
        assert field == "request_id" or taken.as_json()[field] == whole[field]
        text = json.dumps(taken.as_json(), ensure_ascii=False)
        text.encode()  # no lone surrogates
        assert not any(unicodedata.category(character) in {"Cc", "Cf", "Co"} for character in text)
        return
    # A date that is too late makes those after it wrong as well.
    assert field in refused or {field, *refused} <= {"born_on", "event_on", "notified_on"}
    if isinstance(whole[field], str) and len(whole[field]) > 8:
        assert whole[field] not in str(refused)


@given(anything)
def test_anything_else_is_refused_in_the_same_way(whole: Any) -> None:
    assert reasons(whole)


@pytest.mark.parametrize("field", sorted(an_entry()))
def test_a_missing_field_is_named(field: str) -> None:
    whole = an_entry()
    del whole[field]
    assert reasons(whole) == {field: "is missing"}


def test_all_reasons_come_at_once_and_repeat_nothing() -> None:
    found = reasons(an_entry(name="", born_on="19900401", event="secret", 秘密="x"))
    assert set(found) == {"", "name", "born_on", "event"}
    assert "秘密" not in str(found)
    assert "secret" not in str(found)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " 花子"),
        ("name", "花子\u3000"),
        ("name", "花\n子"),
        ("name", "花\x00子"),
        ("name", "花\u200b子"),
        ("name", "花\ue000"),
        ("name", "花\ud800"),
        ("name", "花\u2028子"),
        ("name", "花" * 101),
        ("name", None),
        ("name", 1),
        ("relationship", "長" * 21),
        ("born_on", "1872-12-31"),
        ("born_on", "2026-02-30"),
        ("born_on", "2026-W35-1"),
        ("born_on", None),
        ("notified_on", "2026-09-01"),
        ("event_on", "1990-03-31"),
        ("notified_on", "1990-03-31"),
        ("event", "出生"),
        ("event", ["birth"]),
        ("request_id", "0b9c3c5e6f2c4a539a6b0a7f4d1f3f10"),
        ("request_id", "{0b9c3c5e-6f2c-4a53-9a6b-0a7f4d1f3f10}"),
        ("request_id", 1),
    ],
)
def test_a_wrong_value_is_refused(field: str, value: object) -> None:
    assert set(reasons(an_entry(**{field: value}))) == {field}


@pytest.mark.parametrize("name", ["\ufa19", "葛\U000e0100", "\U000323af", "\U00033479", "ジョン・A", "々"])
def test_a_name_is_not_changed(name: str) -> None:
    """Not even where Unicode calls another character the same, or this Python's Unicode doesn't know it yet."""
    assert parse(an_entry(name=name), TODAY)[1].name == name
