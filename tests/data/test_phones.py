"""Phone numbers, held against phonenumbers itself."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import phonenumbers
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from connect_pandas.data.phones import looks_like_phone, mended, regions, strong_shape, valid, wrong_region
from connect_pandas.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

REGIONS = sorted(regions())
NO_REGION = [c for c, of in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items() if of == ("001",)]


def e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def examples(region: str) -> list[PhoneNumber]:
    made = (phonenumbers.example_number_for_type(region, kind) for kind in range(11))
    return [number for number in made if number is not None]


EXAMPLES = [number for region in REGIONS for number in examples(region)] + [
    number for code in NO_REGION if (number := phonenumbers.example_number_for_non_geo_entity(code))
]


def read(text: str, region: str | None = None) -> str | None:
    """Return what phonenumbers reads, if it is valid."""
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    return e164(number) if phonenumbers.is_valid_number(number) and not number.extension else None


def holds(predicate: Callable[[pl.Expr], pl.Expr], texts: Iterable[str]) -> dict[str, bool]:
    frame = pl.DataFrame({"text": list(texts)})
    return dict(zip(frame["text"], frame.select(predicate(pl.col("text"))).to_series(), strict=True))


def mend(text: str, region: str | None = None) -> str:
    return str(mended(pl.Series([text]), region).item())


# ── valid ────────────────────────────────────────────────────────────────────────────────────────────────────────


def changed(text: str, dice: random.Random) -> str:
    """Return a text with one to three of its characters behind the first changed, put in or taken out."""
    characters = list(text)
    for _ in range(dice.randint(1, 3)):
        at, what = dice.randrange(1, len(characters)), dice.random()
        if what < 0.7:
            characters[at] = dice.choice("0123456789")
        elif what < 0.85:
            characters.insert(at, dice.choice("0123456789 -"))
        elif len(characters) > 3:
            del characters[at]
    return "".join(characters)


def assert_agrees(texts: list[str]) -> int:
    expected = [bool(re.fullmatch(r"\+[1-9][0-9]{2,14}", t)) and read(t) == t for t in texts]
    found = valid(pl.Series(texts)).to_list()
    assert [(t, e) for t, e, f in zip(texts, expected, found, strict=True) if e != f] == []
    return sum(expected)


def test_every_example_is_valid() -> None:
    texts = [e164(number) for number in EXAMPLES]
    assert len(texts) > 1_000
    assert assert_agrees(texts) == len(texts)


def test_agrees_with_phonenumbers_on_changed_numbers() -> None:
    dice = random.Random(4)
    texts = [changed(e164(number), dice) for number in EXAMPLES for _ in range(5)]
    assert 1_000 < assert_agrees(texts) < len(texts) - 1_000


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.from_regex(r"\A\+(1|7|39|44|49|590|599)[0-9]{5,12}\Z"), min_size=1, max_size=30))
def test_agrees_with_phonenumbers_on_any_number(texts: list[str]) -> None:
    assert_agrees(texts)


def test_a_calling_code_written_twice_is_no_area_code() -> None:
    # Leer is 0491 and 49 may begin a German number; the general pattern leaves out what looks like +49 twice.
    assert assert_agrees(["+494930032", "+49493005273", "+434351079", "+4949112345"]) == 1


def test_nothing_but_e164_is_valid() -> None:
    values = pl.Series(
        "phone",
        [
            "+390612345678",
            "+39612345678",
            "+49 15112345678",
            "4915112345678",
            "+15550101234\n",
            "",
            "+",
            None,
        ],
    )
    assert valid(values).to_list() == [True, False, False, False, False, False, False, None]
    assert valid(values).name == "phone"
    assert valid(values.clear()).to_list() == []
    assert valid(pl.Series(["+999123456789", "+0123456789"])).to_list() == [False, False]


def test_e164_has_fifteen_digits_at_most() -> None:
    long = "+49" + "3" * 14  # sixteen, which the German plan has and no other country can dial
    assert read(long) == long
    assert valid(pl.Series([long])).to_list() == [False]


# ── mended ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("form", [PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.RFC3966])
def test_international_numbers_are_mended_without_a_region(form: int) -> None:
    texts = pl.Series([phonenumbers.format_number(number, form) for number in EXAMPLES])
    assert mended(texts, None).to_list() == [e164(number) for number in EXAMPLES]


LEFT = {"CN": ["1681 2345"], "DE": ["16412345"], "KR": ["1544-1234"], "NC": ["05.00.12", "20.12.34"]}
"""Numbers of the whole country, written without a national prefix, that may be local ones; and what may be a date."""


def test_national_numbers_are_mended_where_their_region_is_given() -> None:
    left: dict[str, list[str]] = {}
    for region in REGIONS:
        numbers = examples(region)
        texts = [phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL) for number in numbers]
        for text, number, after in zip(texts, numbers, mended(pl.Series(texts), region), strict=True):
            if after == text != e164(number):
                left.setdefault(region, []).append(text)
            else:
                assert after == e164(number), (region, text)
    assert {
        region: texts for region, texts in left.items() if not set(texts) <= set(LEFT.get(region, []))
    } == {}


def test_never_another_number_than_phonenumbers_reads() -> None:
    dice = random.Random(4)
    forms = (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL)
    alike = 0
    for region in (
        "AR",
        "AT",
        "AU",
        "BR",
        "DE",
        "FI",
        "FR",
        "GB",
        "GG",
        "IT",
        "JP",
        "KZ",
        "LT",
        "MG",
        "MX",
        "US",
    ):
        written = [
            phonenumbers.format_number(n, form).lstrip("+") for n in examples(region) for form in forms
        ]
        texts = pl.Series([changed(w, dice) for w in written for _ in range(6)])
        after = mended(texts, region)
        assert after.to_list() == mended(after, region).to_list()
        for text, now in zip(texts, after, strict=True):
            theirs = read(text, region)
            assert now in (text, theirs) or theirs is None, (region, text, now, theirs)
            alike += now == theirs
    assert alike > 500


@pytest.mark.parametrize(
    ("text", "region", "after"),
    [
        ("+49 (151) 1234-5678", None, "+4915112345678"),
        ("+49 (0)151 12345678", None, "+4915112345678"),
        ("+49 0151 12345678", None, "+4915112345678"),
        ("(+49) 151.12345678", None, "+4915112345678"),
        ("+39 (0)6 1234 5678", None, "+390612345678"),
        ("+34 (0)612 345 678", None, "+34612345678"),
        ("44 (0)20 7946 0958", "GB", "+442079460958"),
        ("+1.6502530000", None, "+16502530000"),
        ("Tel: + 1 650 253 0000", None, "+16502530000"),
        (" +16502530000\u00a0", None, "+16502530000"),
        ("\u202a+1 650\u2011253\u20110000\u202c", None, "+16502530000"),
        ("0049 151 12345678", "DE", "+4915112345678"),
        ("0049 (0)151 12345678", "DE", "+4915112345678"),
        ("011 49 151 12345678", "US", "+4915112345678"),
        ("0151/12345678", "DE", "+4915112345678"),
        ("(030) 1234567", "DE", "+49301234567"),
        ("(650) 253-0000", "US", "+16502530000"),
        ("1-650-253-0000", "US", "+16502530000"),
        ("6502530000", "US", "+16502530000"),
        ("16502530000", "US", "+16502530000"),
        ("8 (495) 123-45-67", "RU", "+74951234567"),
        ("011 15-2345-6789", "AR", "+5491123456789"),
        ("650000", "GG", "+441481650000"),
        ("22.11.33.44", "DK", "+4522113344"),
    ],
)
def test_one_reading_is_taken(text: str, region: str | None, after: str) -> None:
    assert mend(text, region) == after
    assert mend(after, region) == after


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("0049 151 12345678", None),  # where is 00 dialled?
        ("011 49 151 12345678", "DE"),
        ("4915112345678", "DE"),  # +49 151…, or 0491 in Leer
        ("7123456", "DE"),  # in which town?
        ("91234567", "FI"),
        ("95 234567", "MM"),  # +95 234567, +95 95 234567, or a local number
        ("253-0000", "US"),
        ("030/1234567/68", "DE"),  # two numbers
        ("030 1234567/8", "DE"),
        ("(650) 253-0000 x12", "US"),
        ("+1 650 253 0000;ext=12", None),
        ("+1 800 FLOWERS", None),
        ("++49 151 12345678", None),
        ("+49 (151 12345678", None),
        ("2024-01-15", "DK"),
        (" 2024-01-15 ", "DK"),
        ("20241.15", "DK"),
        ("212.25.220.11", "US"),
        ("+1 555 0", "US"),
        ("-6502530000", "US"),
        ("6502530000-", "US"),
        ("call me", "US"),
        ("+", "US"),
        ("", "US"),
    ],
)
def test_what_is_in_doubt_stays(text: str, region: str | None) -> None:
    assert mend(text, region) == text


def test_what_is_given_is_not_changed() -> None:
    values = pl.Series("phone", ["(650) 253-0000", None, "x"])
    after = mended(values, "US")
    assert after.to_list() == ["+16502530000", None, "x"]
    assert after.name == "phone"
    assert values.to_list() == ["(650) 253-0000", None, "x"]
    assert mended(values.clear(), "US").to_list() == []


# ── shapes ───────────────────────────────────────────────────────────────────────────────────────────────────────

STRONG = """
+4915112345678;+49 (151) 1234-5678;+44 (0)20 7946 0958;(555) 010-1234;(555)010-1234;555-010-1234;1-555-010-1234;
+1-555-010-1234 x12;001-555-010-1234x567
""".replace("\n", "").split(";")
WEAK = """
030/1234567;5550101234;06 12 34 56 78;06.12.34.56.78;030 12345-0;22.11.33.44;555 0101;5550101 ext. 5;+1.5550101234;
(030) 123456;612 345 678;1.800.555.0101
""".replace("\n", "").split(";")
OTHERS = """
2024-01-15;15.01.2024;1/15/2024;15/1/24;2024-01-15 10:30;12:34:56;+01:00;1234567.5;+1234567.89;-1234567;1,234,567;
1.234.567;1 234 567;192.168.1.100;10.0.19.2006;2024-001234;2023/2024;2020-2024;123-45-6789;12345-6789;
978-3-16-148410-0;0-306-40615-2;4111 1111 1111 1111;3782 822463 10005;123456;A5550101234;550e8400-e29b-41d4;call me;
""".replace("\n", "").split(";")


def test_written_phones_have_the_shape() -> None:
    assert holds(looks_like_phone, STRONG + WEAK) == dict.fromkeys(STRONG + WEAK, True)
    assert holds(looks_like_phone, OTHERS) == dict.fromkeys(OTHERS, False)


def test_the_strong_shape_needs_no_name() -> None:
    assert holds(strong_shape, STRONG) == dict.fromkeys(STRONG, True)
    assert holds(strong_shape, WEAK + OTHERS) == dict.fromkeys(WEAK + OTHERS, False)
    assert holds(strong_shape, ["+99912345678", "+1234567"]) == {"+99912345678": False, "+1234567": False}


def test_the_examples_have_the_strong_shape() -> None:
    texts = {phonenumbers.format_number(n, PhoneNumberFormat.INTERNATIONAL) for n in EXAMPLES}
    long = {t for t in texts if 8 <= sum(map(str.isdigit, t)) <= 15}
    assert len(long) > 900
    assert all(holds(strong_shape, long).values())


# ── regions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_regions() -> None:
    assert {"GB", "US", "DE"} <= regions()
    assert [wrong_region(region) for region in REGIONS] == [None] * len(REGIONS)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("UK", "GB"),
        ("usa", "US"),
        ("de", "DE"),
        ("+49", "DE"),
        ("Germany", "DE"),
        ("Espana", "ES"),
        ("FX", None),
        ("800", None),
        ("", None),
    ],
)
def test_a_wrong_region_says_what_may_be_meant(written: str, meant: str | None) -> None:
    hint = f"Did you mean {meant!r}?" if meant else "Write the country's two letters, as in region='US'."
    assert wrong_region(written) == f"There is no region {written!r}. {hint}"
    with pytest.raises(PlanError, match=re.escape(hint)):
        mended(pl.Series(["1"]), written)
