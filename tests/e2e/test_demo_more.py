"""The demo on other data than its own: every order booked once, every divergence found as what it is, nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from erp_facade.demo import EXIT_WRONG, run_demo

_PRODUCTS = ("1", "AB-1", "x_3", "40")
_FILES = {
    "products": ["product,name,list_price_usd,discontinued"]
    + [f"{product},Product {product},0.01,{number % 2}" for number, product in enumerate(_PRODUCTS)],
    "plants": ["plant,time_zone", "AKL,Pacific/Auckland", "LAX,America/Los_Angeles"],
    "stock": [
        "product,plant,on_hand,on_order", "1,AKL,0,0", "AB-1,LAX,5.5,3", "x_3,AKL,7,0", "40,LAX,0,20", "40,AKL,1,0",
    ],
    "customers": [
        "customer,name,street,city,region,postal_code,country", 'C&1,"Søn & ""Co""",,,,,', "c2,株式会社,,,,,",
    ],
    "adjustments": ["customer,product,percent", "C&1,x_3,-33.3333", "c2,AB-1,10"],
    "orders": ["order,customer,order_date,required_date"]
    + [f"SO-{n},{'C&1' if n % 2 else 'c2'},2024-02-{n + 10},2024-02-{n + 10 + n % 2 * 7}" for n in range(1, 13)],
    "order_lines": ["order,product,unit_price_usd,quantity,discount"]
    + [
        f"SO-{n},{product},{price},{quantity},{discount}"
        for n in range(1, 13)
        for product, price, quantity, discount in (
            ("1", "0.01", "10000", "0.333"), ("AB-1", "12.3456", "0.5", "0.15"), ("x_3", "999.99", n, "0"),
            ("x_3", "999.99", "2.125", "0.333333"), ("40", "1.07", "3", "0.07"),
        )
    ],
}  # fmt: skip
_SEEDS = [
    "id,backend,operation,plant,product,cause,value,expected_class",
    "everywhere,cloud,PRICING,*,*,rounding,-1,ROUNDING",
    "one of several,cloud,PRICING,AKL,1,discount,5%,MISMATCH",
    "both,cloud,ORDERS,*,x_3,both_refuse,,MATCH",
    "sold out,legacy,AVAILABILITY,LAX,40,stock_frozen,0,MISMATCH",
    "in another order/ü,legacy,PRICING,*,AB-1,price_unit,1000,MATCH",
    "wrong on purpose,legacy,AVAILABILITY,AKL,1,refuse,,NOT_COMPARABLE",
    "not there,cloud,PRICING,*,41,price,,MISMATCH",
]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    for name, rows in _FILES.items():
        (tmp_path / f"{name}.csv").write_text("\r\n".join(rows) + "\r\n", encoding="utf-8-sig")
    seeds = tmp_path / "seeds.csv"
    seeds.write_text("\n".join(_SEEDS) + "\n", encoding="utf-8")
    return tmp_path, seeds


def test_other_data_and_other_divergences_are_judged_as_strictly_as_the_demo_s_own(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    data, seeds = files
    code = run_demo(data=data, divergences=seeds, exit_after=True, as_json=True, today=None)
    printed = capsys.readouterr()
    summary: dict[str, Any] = json.loads(printed.out)
    assert summary["errors"] == []
    assert (summary["orders_submitted"], summary["orders_booked"]) == (12, 12)
    assert (summary["orders_lost"], summary["orders_booked_twice"], summary["documents_nobody_ordered"]) == (0, 0, 0)
    assert set(summary["parts_booked"]) == {"legacy", "cloud"}
    missing = {(each["id"], each["class"]) for each in summary["seeded_not_found"]}
    assert missing == {("wrong on purpose", "CANDIDATE_ERROR"), ("not there", "NOT_ASKED")}
    assert (summary["seeded_divergences"], summary["seeded_found"]) == (7, 5)
    unexpected = {each["class"] for each in summary["unexpected_samples"]}
    assert unexpected == {"CANDIDATE_ERROR"}, summary["unexpected_samples"]
    assert "divergence not there cannot be found: the data have no product 41 in plant *" in printed.err
    assert (summary["ok"], code) == (False, EXIT_WRONG)
