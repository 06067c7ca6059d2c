"""What a column becomes, and which column is the key."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from frames_data import GUIDE

import connect_pandas
from connect_pandas.data.names import identifier_word

READ = {
    "plain": {},
    "dates parsed": {"parse_dates": ["Date"]},
    "as text": {"dtype": str, "keep_default_na": False},
    "as text, Arrow": {"dtype": "string[pyarrow]", "keep_default_na": False},
    "objects": {"dtype": object, "keep_default_na": False},
    "pyarrow": {"dtype_backend": "pyarrow"},
    "nullable": {"dtype_backend": "numpy_nullable"},
    "categories": {
        "dtype": {"Discount coupon": "category", "Client ID": "category"},
        "keep_default_na": False,
    },
}


def guide(**read: Any) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(GUIDE), **read)


def codes(frame: pd.DataFrame, **options: Any) -> dict[str | None, set[str]]:
    found: dict[str | None, set[str]] = {}
    for problem in connect_pandas.plan(frame, "T", **options).problems:
        found.setdefault(problem.column, set()).add(problem.code)
    return found


# ── the guide's table ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("read", READ.values(), ids=READ)
def test_the_guides_table_makes_the_guides_request(read: dict[str, Any]) -> None:
    plan = connect_pandas.plan(
        guide(**read),
        "Orders",
        job_name="Add orders",
        folder="RS/Orders",
        filename="orders.csv",
        notify=["ann@example.com", "bob@example.com"],
    )
    names = GUIDE.splitlines()[0].split(",")
    types = ["TEXT", "TEXT", "NUMBER", "DATE", "BOOLEAN", "TEXT"]
    create: list[dict[str, Any]] = [{"name": n, "type": t} for n, t in zip(names, types, strict=True)]
    create[0]["identifyAs"] = {"key": True}
    assert plan.payload == {
        "importInput": {
            "dataSetName": "Orders",
            "dataSetType": "REFERENCE_SET",
            "importType": "CREATE",
            "jobName": "Add orders",
            "attributes": {"create": create},
            "mappings": [{"attributeName": n, "columnIndex": i + 1} for i, n in enumerate(names)],
            "fileLocation": {"type": "SFTP", "filename": "orders.csv", "folder": "RS/Orders"},
            "fileFormat": "DELIMITED",
            "delimiter": ",",
            "dateFormat": "YEAR_MONTH_DAY_DASH_SEPARATED_WITH_TIME",
            "notifications": [
                {"channel": "EMAIL", "destination": "ann@example.com"},
                {"channel": "EMAIL", "destination": "bob@example.com"},
            ],
            "skipFirstRow": True,
        }
    }
    assert plan.ok


@pytest.mark.parametrize("read", READ.values(), ids=READ)
def test_the_guides_table_makes_the_guides_file(read: dict[str, Any]) -> None:
    frame = guide(**read)
    written = b"".join(piece for piece, _ in connect_pandas.plan(frame, "Orders").pieces()).decode()
    if read.get("dtype") in (str, object, "string[pyarrow]"):
        assert written == GUIDE
        return
    # A number has lost its trailing zeros, and mostly N/A is missing, before we see them.
    wanted = [line.split(",") for line in GUIDE.splitlines()]
    missing = "" if "keep_default_na" not in read else "N/A"
    for line, fields in zip(written.splitlines()[1:], wanted[1:], strict=True):
        record = line.split(",")
        assert Decimal(record.pop(2)) == Decimal(fields.pop(2))
        assert record == [missing if f == "N/A" else f for f in fields]


# ── types ────────────────────────────────────────────────────────────────────────────────────────────────────

TYPES: dict[str, tuple[Any, str]] = {
    "text": (["a", "b"], "TEXT"),
    "text of numbers": (["1.50", "-2"], "NUMBER"),
    "text of leading zeros": (["01067", "80331"], "TEXT"),
    "text of booleans": (["TRUE", "false"], "BOOLEAN"),
    "text of yes and no": (["yes", "no"], "BOOLEAN"),
    "text of exponents": (["1e5", "2e7"], "NUMBER"),
    "thousands are text": (["1,000", "2,000"], "TEXT"),
    **{
        f"text of {written}": (values, "DATE")
        for written, values in {
            "YYYY-MM-DD": ["2024-02-29", "2024-12-31"],
            "MM/DD/YYYY": ["02/29/2024", "12/31/2024"],
            "DD/MM/YYYY": ["29/02/2024", "31/12/2024"],
            "YYYY/MM/DD": ["2024/02/29", "2024/12/31"],
            "DD.MM.YYYY": ["29.02.2024", "31.12.2024"],
            "YYYY-MM-DDTHH:mm:ssZ": ["2024-02-29T23:59:59Z", "2024-12-31T00:00:00Z"],
        }.items()
    },
    "timestamps with a space": (["2024-01-01 10:00:00", "2024-12-31 00:00"], "DATE"),
    "whole numbers": ([1, 2], "NUMBER"),
    "numbers with gaps": ([1.0, None], "NUMBER"),
    "big integers": (pd.Series([2**70, 1], dtype=object), "NUMBER"),
    "half precision": (np.array([0.5, 1.5], dtype="float16"), "NUMBER"),
    "decimals": (pd.Series([Decimal("1.5"), None], dtype=object), "NUMBER"),
    "booleans": ([True, False], "BOOLEAN"),
    "booleans with gaps": (pd.Series([True, None], dtype=object), "BOOLEAN"),
    "days": (pd.Series([dt.date(2024, 1, 1), None], dtype=object), "DATE"),
    "moments": (pd.Series([dt.datetime(2024, 1, 1), None], dtype=object), "DATE"),
    "days and moments": (pd.Series([dt.date(2024, 1, 1), dt.datetime(2024, 1, 1, 5)], dtype=object), "DATE"),
    "offsets": (
        pd.Series(
            [dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=h))) for h in (1, 2)], dtype=object
        ),
        "DATE",
    ),
    "zone": (pd.date_range("2024-01-01", periods=2, tz="America/St_Johns"), "DATE"),
    "seconds": (pd.Series(pd.date_range("2024-01-01", periods=2)).astype("datetime64[s]"), "DATE"),
    "categories of text": (pd.Series(["a", "b"], dtype="category"), "TEXT"),
    "categories of days": (pd.Series(pd.date_range("2024-01-01", periods=2)).astype("category"), "DATE"),
    "sparse": (pd.Series([0, 1], dtype="Sparse[int64]"), "NUMBER"),
    "sparse booleans": (pd.Series([True, False], dtype="Sparse[bool]"), "BOOLEAN"),
    "dictionary": (pd.arrays.ArrowExtensionArray(pa.array(["a", "b"]).dictionary_encode()), "TEXT"),
    "date32": (pd.Series([dt.date(2024, 1, 1), None], dtype=pd.ArrowDtype(pa.date32())), "DATE"),
    "date64": (pd.Series([dt.date(2024, 1, 1), None], dtype=pd.ArrowDtype(pa.date64())), "DATE"),
    "decimal256": (pd.Series([Decimal("1.5"), None], dtype=pd.ArrowDtype(pa.decimal256(60, 2))), "NUMBER"),
    "nothing": ([None, None], "TEXT"),
    "empty texts": (["", ""], "TEXT"),
}


@pytest.mark.parametrize(("values", "type_"), TYPES.values(), ids=TYPES)
def test_the_type_of_a_column(values: Any, type_: str) -> None:
    frame = pd.DataFrame({"k": ["x", "y"], "c": values})
    plan = connect_pandas.plan(frame, "T", key="k")
    assert plan.types["c"] == type_
    assert plan.ok, plan.problems  # the Pandera schema agrees, too
    assert plan.attributes.reasons["c"]


INTEGERS = "int8 int16 int32 int64 uint8 uint16 uint32 uint64"
NUMBERS = [
    *INTEGERS.split(),
    *INTEGERS.title().replace("Ui", "UI").split(),
    "float32",
    "float64",
    "Float32",
    "Float64",
]


@pytest.mark.parametrize(
    "dtype", [*NUMBERS, *(f"{n}[pyarrow]" for n in (*INTEGERS.split(), "float", "double"))]
)
def test_every_dtype_of_numbers(dtype: str) -> None:
    frame = pd.DataFrame({"k": ["x", "y"], "c": pd.Series([1, 2], dtype=dtype)})
    plan = connect_pandas.plan(frame, "T")
    assert plan.types["c"] == "NUMBER"
    assert plan.head() == "k,c\nx,1\ny,2\n"


def test_one_value_in_the_last_row_decides() -> None:
    rows = 70_000
    frame = pd.DataFrame({"k": [f"k{i}" for i in range(rows)], "plain": ["12"] * rows, "odd": ["12"] * rows})
    frame.loc[rows - 1, "plain"] = "012"
    frame.loc[rows - 1, "odd"] = "twelve"
    plan = connect_pandas.plan(frame, "T")
    assert plan.types == {"k": "TEXT", "plain": "TEXT", "odd": "TEXT"}
    assert "1 of them begins with a zero" in plan.attributes.reasons["plain"]
    (odd,) = [p for p in plan.problems if p.column == "odd"]
    assert (odd.code, odd.count, odd.rows[0].position) == ("not-throughout", 1, rows - 1)


# ── identifiers ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "name",
    [
        "Order ID",
        "orderId",
        "customer_id",
        "ZIP",
        "zip code",
        "Phone",
        "phone number",
        "SKU",
        "EAN13",
        "Invoice No",
    ],
)
def test_a_name_says_identifier(name: str) -> None:
    assert identifier_word(name)
    for values in ([1_010_115, 20_095, 1_010_115], [1_010_115.0, 20_095, None], ["1010115", "20095", None]):
        frame = pd.DataFrame({"k": ["x", "y", "z"], name: values})
        assert connect_pandas.infer(frame).types[name] == "TEXT"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Phone", [0, 1, 1]),
        ("customer", [0, 1, 1]),
        ("mobile", [10, 20, 30]),
        ("zip", [1, 2, 3]),
        ("store", [0.0, 1.0, None]),
    ],
)
def test_a_name_alone_makes_no_identifier_of_flags_and_small_numbers(name: str, values: list[Any]) -> None:
    frame = pd.DataFrame({"k": ["x", "y", "z"], name: values})
    assert connect_pandas.infer(frame).types[name] == "NUMBER"


@pytest.mark.parametrize("name", ["n", "CAMIS", "konto"])
def test_numbers_of_one_length_are_codes(name: str) -> None:
    frame = pd.DataFrame(
        {"k": [f"k{i}" for i in range(30)], name: [30_075_445 + 7_919 * i for i in range(30)]}
    )
    assert connect_pandas.infer(frame).types[name] == "TEXT"
    assert connect_pandas.infer(frame.astype({name: "str"})).types[name] == "TEXT"
    quantity = frame.rename(columns={name: "population"})
    assert connect_pandas.infer(quantity).types["population"] == "NUMBER"


@pytest.mark.parametrize(
    ("name", "values", "type_"),
    [
        ("cc", [6759521864920116.0, 676711907190.0, None], "TEXT"),  # card numbers are long
        (
            "impressions_em",
            [1_514_755 + 37_003 * i for i in range(30)],
            "NUMBER",
        ),  # neither a block nor all of a length
        ("x", [1_700_000_000 + i for i in range(30)], "NUMBER"),  # seconds since 1970
        ("storm category", [-1, 0, 5], "NUMBER"),
        ("category", [1, 4, 5], "TEXT"),
        ("nr", [12, 7, 9], "TEXT"),
        ("nr", [12, 7, 7], "NUMBER"),
    ],
)
def test_what_the_numbers_themselves_say(name: str, values: list[Any], type_: str) -> None:
    frame = pd.DataFrame({"k": [f"k{i % 2}" for i in range(len(values))], name: values})
    assert connect_pandas.infer(frame).types[name] == type_


WRITTEN_TOGETHER = {
    "geonameid": "id", "idcase": "id", "custno": "cust no", "zipcode": "zipcode", "Kundennummer": "kunden nummer",
    "Bestell-Nr.": "bestell nr", "PLZ": "plz", "codice_regione": "codice", "zip_code_prefix": "zip",
    "fcode": "code", "created_by": "by", "regionalbereich_number": "regionalbereich number", "CcyNbr": "ccy nbr",
    "federal supply category": "category", "wk_in_yr_nbr": None, "contact_number": None, "employees number": None,
    "decode": None, "Incident Zip": "zip", "identifier": "identifier",
    "Invoice#": "invoice #", "paid": None, "hybrid": None, "solid": None, "is_mobile": None,
    "ReportsTo": "reports to", "REPORTSTO": "reportsto", "genre": "genre", "Bidder": "bidder", "county": "county",
    "ItalArt": None, "Art": "art", "HS": None, "Код товара": "код", "Телефон": "телефон", "Номер заказа": None,
    "lines of code": None, "# of items": None, "week number": None, "ticket price": None, "account_length": None,
}  # fmt: skip


@pytest.mark.parametrize(("name", "word"), WRITTEN_TOGETHER.items())
def test_words_of_names(name: str, word: str | None) -> None:
    assert identifier_word(name) == word


@pytest.mark.parametrize(
    "name",
    [
        "Amount",
        "paid",
        "idle",
        "number of ids",
        "phone calls",
        "zip count",
        "No",
        "width",
        "code points value",
    ],
)
def test_a_name_says_no_identifier(name: str) -> None:
    frame = pd.DataFrame({"k": ["x", "y", "z"], name: [10, 20, 10]})
    assert connect_pandas.infer(frame).types[name] == "NUMBER"


# ── the key ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_key_is_unique_complete_and_no_float() -> None:
    frame = pd.DataFrame(
        {"price": [0.5, 1.5, 2.5], "twice": ["a", "a", "b"], "gap": ["a", None, "b"], "sku": ["p", "q", "r"]}
    )
    attributes = connect_pandas.infer(frame)
    assert (attributes.key, attributes.key_candidates) == ("sku", ("sku",))
    assert not [p for p in attributes.problems if p.severity == "error"]


def test_a_key_of_whole_numbers_is_text() -> None:
    plan = connect_pandas.plan(pd.DataFrame({"order id": [2, 1], "n": [5, 5]}), "T")
    assert plan.key == "order id"
    assert plan.types["order id"] == "TEXT"


def test_several_good_keys_are_a_problem_with_the_call_to_write() -> None:
    frame = pd.DataFrame({"n": [5, 5], "user id": [1, 2], "order id": [3, 4]})
    plan = connect_pandas.plan(frame, "T")
    (problem,) = [p for p in plan.problems if p.severity == "error"]
    assert problem.code == "unclear-key"
    assert "'user id', 'order id'" in problem.message
    assert problem.fix == """plan = df.connect.plan("T", key='user id')"""
    assert plan.key is None
    assert plan.attributes.key_candidates == ("user id", "order id")
    assert connect_pandas.plan(frame, "T", key="order id").ok


def test_no_good_key_is_a_problem() -> None:
    frame = pd.DataFrame({"x": [1.5, 2.5], "t": ["a", "a"]})
    (problem,) = [p for p in connect_pandas.plan(frame, "T").problems if p.severity == "error"]
    assert problem.code == "no-key"
    repaired = frame.reset_index(names="Row ID")  # as the problem says
    assert connect_pandas.plan(repaired, "T").key == "Row ID"


def test_the_first_of_two_is_taken_and_said() -> None:
    plan = connect_pandas.plan(pd.DataFrame({"id": ["a", "b"], "sku": ["c", "d"]}), "T")
    assert plan.key == "id"
    assert [p.code for p in plan.problems] == ["chosen-key"]
    assert plan.problems[0].fix.startswith("""plan = df.connect.plan("T", key='sku')""")


def test_free_text_is_no_key() -> None:
    frame = pd.DataFrame({"review": ["long words " * 20, "other words " * 20], "id": ["a", "b"]})
    assert connect_pandas.infer(frame).key_candidates == ("id",)


def test_a_named_index_is_a_column_and_an_unnamed_one_is_not() -> None:
    frame = pd.DataFrame({"n": [5, 5]}, index=pd.Index(["a", "b"], name="sku"))
    named = connect_pandas.plan(frame, "T")
    assert (named.key, list(named.types)) == ("sku", ["sku", "n"])
    assert named.head() == "sku,n\na,5\nb,5\n"
    assert list(connect_pandas.plan(frame.rename_axis(None), "T").types) == ["n"]


def test_levels_of_an_index_are_columns() -> None:
    index = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["sku", None])
    assert connect_pandas.plan(pd.DataFrame({"n": [5, 5]}, index=index), "T").head() == "sku,n\na,5\nb,5\n"


# ── dates ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_day_or_month_is_asked_not_guessed() -> None:
    frame = pd.DataFrame({"k": ["a", "b"], "d": ["03/04/2025", "05/06/2025"]})
    (problem,) = [p for p in connect_pandas.plan(frame, "T").problems if p.severity == "error"]
    assert (problem.code, problem.column, problem.count) == ("ambiguous-date", "d", 2)
    assert problem.example == "03/04/2025"
    told = connect_pandas.plan(frame, "T", date_format="DD/MM/YYYY")
    assert told.ok
    assert told.date_format == "DAY_MONTH_YEAR_SLASH_SEPARATED"
    assert told.head() == "k,d\na,03/04/2025\nb,05/06/2025\n"


def test_evidence_in_the_column_decides() -> None:
    frame = pd.DataFrame({"k": ["a", "b"], "d": ["03/04/2025", "25/06/2025"]})
    assert connect_pandas.plan(frame, "T").date_format == "DAY_MONTH_YEAR_SLASH_SEPARATED"


def test_evidence_in_another_column_decides_and_is_said() -> None:
    frame = pd.DataFrame(
        {"k": ["a", "b"], "d": ["03/04/2025", "05/06/2025"], "e": ["12/31/2025", "01/01/2025"]}
    )
    plan = connect_pandas.plan(frame, "T")
    assert plan.date_format == "MONTH_DAY_YEAR_SLASH_SEPARATED"
    assert codes(frame)["d"] == {"date-order-decided"}


def test_the_same_day_either_way_is_no_question() -> None:
    assert connect_pandas.plan(pd.DataFrame({"k": ["a", "b"], "d": ["03/03/2025", None]}), "T").ok


def test_one_format_for_all_dates() -> None:
    frame = pd.DataFrame(
        {
            "k": ["a", "b"],
            "text": ["31.12.2024", "01.01.2025"],
            "day": pd.Series([dt.date(2024, 12, 31), None], dtype=object),
            "local": pd.to_datetime(["2024-12-31T23:30:00", None]).tz_localize("America/New_York"),
        }
    )
    plan = connect_pandas.plan(frame, "T")
    assert plan.date_format == "YEAR_MONTH_DAY_DASH_SEPARATED_WITH_TIME"
    assert plan.head() == (
        "k,text,day,local\n"
        "a,2024-12-31T00:00:00Z,2024-12-31T00:00:00Z,2025-01-01T04:30:00Z\n"
        "b,2025-01-01T00:00:00Z,,\n"
    )
    assert codes(frame)["text"] == {"date-as-timestamp"}


def test_days_alone_are_written_as_days() -> None:
    frame = pd.DataFrame({"k": ["a", "b"], "d": pd.to_datetime(["2024-12-31", "2025-01-01"])})
    plan = connect_pandas.plan(frame, "T")
    assert plan.head() == "k,d\na,2024-12-31\nb,2025-01-01\n"
    assert plan.replace(date_format="DD.MM.YYYY").head() == "k,d\na,31.12.2024\nb,01.01.2025\n"


# ── reasons ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (
            ["01", "12", None],
            "all 2 values are digits (1 missing), 1 of them begins with a zero: an identifier",
        ),
        (["01", "02"], "all 2 values are digits, all of them begin with a zero: an identifier"),
        (["01", "02", "3"], "all 3 values are digits, 2 of them begin with a zero: an identifier"),
        ([1], "its one value is a whole number"),
        ([None, 1.5], "its one value is a number (1 missing)"),
        (["2024-01-01"], "its one value is a date written YYYY-MM-DD"),
        ([1, 2], "all 2 values are whole numbers"),
    ],
)
def test_reasons(values: list[Any], reason: str) -> None:
    frame = pd.DataFrame({"k": [f"k{i}" for i in range(len(values))], "c": values})
    assert connect_pandas.infer(frame).reasons["c"] == reason


def test_the_reason_of_a_column_without_rows() -> None:
    frame = pd.DataFrame({"c": pd.Series([], dtype="int64")})
    assert connect_pandas.infer(frame).reasons["c"] == "it has no values, but a type: whole numbers"


def test_an_attribute_says_why_and_what_was_counted() -> None:
    attributes = connect_pandas.infer(pd.DataFrame({"Order ID": [1, 2], "n": [0.5, None]}))
    one = attributes.of("Order ID")
    assert (one.key, one.type, one.evidence["rows"], one.unless) == (True, "TEXT", 2, "another key=…")
    assert "they are unique and the name says 'id'" in one.reason
    assert attributes.of("n").evidence["missing"] == 1
    with pytest.raises(connect_pandas.PlanError, match="Did you mean 'Order ID'"):
        attributes.of("order id")


@pytest.mark.parametrize(
    "name",
    [
        *("Fee per member", "Orders by customer", "Calls to customer", "CA par client", "Umsatz je Kunde"),
        *("Rating of manager", "Driven by", "número de habitaciones", "Poids", "Lipid", "Kohlendioxid"),
        *("account length", "card limit", "phone calls", "zip population", "Number of orders", "num orders"),
    ],
)
def test_what_is_measured_by_a_thing_does_not_identify_it(name: str) -> None:
    assert identifier_word(name) is None


@pytest.mark.parametrize(
    "name",
    [
        *(
            "N° client",
            "N° de commande",
            "Nº de pedido",
            "Núm. pedido",
            "Num commande",
            "Référence",
            "Téléphone",
        ),
        *("Matrícula", "BLZ", "Kostenstelle", "Wohnungsnr", "Te\u0301le\u0301phone", "numéro de client"),
    ],
)
def test_identifiers_of_other_languages(name: str) -> None:
    assert identifier_word(name) is not None


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Bin location", ["01-02-03", "14-02-03"]),
        ("App version", ["1.2.10", "10.4.12"]),
        ("Invoice No", ["2024-01-01", "2024-13-01"]),
        ("Vorwahl", ["+49", "+1"]),
        ("client_ip", ["10.0.0.1", "192.168.1.1"]),
    ],
)
def test_codes_are_no_dates_and_no_numbers(name: str, values: list[str]) -> None:
    plan = connect_pandas.plan(pd.DataFrame({"k": ["x", "y"], name: values}), "T", key="k")
    assert (plan.types[name], plan.ok) == ("TEXT", True)


def test_a_zone_written_utc_is_read() -> None:
    frame = pd.DataFrame({"k": ["x", "y"], "d": ["2024-01-01 09:30:00 UTC", "2024-01-02T00:00:00Z"]})
    plan = connect_pandas.plan(frame, "T")
    assert [r["d"] for r in plan.sample(2)] == ["2024-01-01T09:30:00Z", "2024-01-02T00:00:00Z"]


def test_short_dates_are_dates_by_their_name_and_else_are_asked_about() -> None:
    values = [f"{i % 28 + 1:02}.{i % 12 + 1:02}.2{i % 5}" for i in range(30)]
    frame = pd.DataFrame({"k": [f"k{i}" for i in range(30)], "Bestelldatum": values, "x": values})
    plan = connect_pandas.plan(frame, "T")
    assert (plan.types["Bestelldatum"], plan.types["x"]) == ("DATE", "TEXT")
    (asked,) = [p for p in plan.problems if p.column == "x" and p.severity == "warning"]
    assert (asked.code, "repair(columns=['x'], dates=['x'], day_first=True)" in asked.fix) == (
        "other-notation",
        True,
    )


@pytest.mark.parametrize(
    "name", ["Sales (USD)", "revenue_usd", "turnover", "market cap", "followers", "loan"]
)
def test_large_measures_stay_numbers(name: str) -> None:
    frame = pd.DataFrame(
        {"k": [f"k{i}" for i in range(30)], name: [12_000_000 + i * 1_001 for i in range(30)]}
    )
    assert connect_pandas.infer(frame).types[name] == "NUMBER"


@pytest.mark.parametrize("values", [[" true", "FALSE ", "tRue"], [" yes", "no "]])
def test_truths_lose_their_spaces_and_that_is_said(values: list[str]) -> None:
    plan = connect_pandas.plan(pd.DataFrame({"k": ["x", "y", "z"][: len(values)], "b": values}), "T")
    assert {r["b"] for r in plan.sample(3)} == {"TRUE", "FALSE"}
    assert "truth-rewritten" in {p.code for p in plan.problems}


@pytest.mark.parametrize("zone", ["+02", "+0200", "+02:00"])
def test_zones_without_minutes_are_read(zone: str) -> None:
    frame = pd.DataFrame({"k": ["x", "y"], "d": [f"2024-01-02 10:00:00{zone}", f"2024-01-02 00:00{zone}"]})
    assert [r["d"] for r in connect_pandas.plan(frame, "T").sample(2)] == [
        "2024-01-02T08:00:00Z",
        "2024-01-01T22:00:00Z",
    ]


def test_leap_seconds_are_no_moment_of_another_day() -> None:
    frame = pd.DataFrame({"k": ["x", "y"], "d": ["2024-06-30 23:59:60Z", "2024-01-02 10:00:00Z"]})
    assert [p.code for p in connect_pandas.plan(frame, "T").problems.errors] == ["impossible-date"]
