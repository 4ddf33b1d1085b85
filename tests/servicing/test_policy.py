"""The policy file: what a bank may write, and what it hears when it wrote something else."""

from __future__ import annotations

import pytest
import yaml

from kuanxin.servicing.model import ReliefKind
from kuanxin.servicing.policy import Policy, PolicyError
from tests.servicing.books import POLICY_FILE, the_policy


def written() -> dict:
    return yaml.safe_load(POLICY_FILE.read_text(encoding="utf-8"))


def problems(data: object) -> list[str]:
    with pytest.raises(PolicyError) as refused:
        Policy.parse(data)
    return refused.value.problems


def with_(path: str, value: object) -> dict:
    data = written()
    *parents, last = path.split(".")
    place = data
    for name in parents:
        place = place[name]
    place[last] = value
    return data


def test_the_policy_of_the_repository_is_the_one_that_docs_describe() -> None:
    policy = the_policy()
    relief = policy.relief
    assert (policy.apr_cap.as_tuple().digits, policy.quote_hours) == ((2, 4), 72)
    assert relief.promise_to_pay.days_past_due == (1, 90)
    assert relief.promise_to_pay.max_days_ahead == 7
    assert (relief.extension.days_ahead.not_past_due, relief.extension.days_ahead.past_due) == (15, 30)
    assert (relief.extension.at_most.times, relief.extension.at_most.in_months) == (2, 12)
    assert relief.re_instalment.rows == (3, 24)
    assert relief.re_instalment.offers == (3, 6, 12)
    assert not relief.re_instalment.charges_bear_interest, "no compound interest unless a bank says so"
    assert relief.penalty_waiver.decides == "person"
    assert set(policy.product("微粒贷").relief) == set(ReliefKind)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("apr_cap", 24, "apr_cap: write a fraction above 0 and at most 0.36"),
        ("relief.re_instalment.rows", [3, 75], "relief.re_instalment.rows: write [fewest, most]"),
        ("relief.re_instalment.offers", [2], "relief.re_instalment.offers: every number of rows offered lies within"),
        ("relief.extension.penalty", "maybe", "relief.extension.penalty: unexpected value; permitted: 'stops', 'runs'"),
        ("relief.extension.penalti", "runs", "relief.extension.penalti: extra fields not permitted. Remove it"),
        ("relief.promise_to_pay.min_amount", "ten", "relief.promise_to_pay.min_amount: not an amount in yuan"),
        ("relief.promise_to_pay.days_past_due", [9, 1], "relief.promise_to_pay.days_past_due: write [from, to]"),
        ("relief.due_date_change.days", [1, 31], "relief.due_date_change.days: write [first, last]"),
        ("relief.penalty_waiver", None, "policy: products.default.relief names penalty_waiver; add its rules"),
        ("products", {}, "policy: products: has no 'default'; add it"),
        ("relief.promise_to_pay.replaces", ["holiday"], "relief.promise_to_pay.replaces.0: value is not a valid"),
        ("version", "", "version: ensure this value has at least 1 characters"),
    ],
)
def test_a_mistake_is_named_with_its_path_and_what_to_write(path: str, value: object, says: str) -> None:
    (problem,) = problems(with_(path, value))
    assert problem.startswith(says)
    assert problem.endswith(".")


def test_every_mistake_is_named_at_once() -> None:
    data = with_("apr_cap", "much")
    del data["quote_hours"]
    data["relief"]["extension"]["days_ahead"] = {"past_due": -1}
    assert len(problems(data)) == 4


@pytest.mark.parametrize("data", [None, [], "version: 1"])
def test_something_else_than_a_policy(data: object) -> None:
    assert problems(data) == ["policy: is not a mapping. Write the fields that docs/policy.md lists."]


class TestTheVersion:
    def test_carries_the_edition_and_changes_with_the_content(self) -> None:
        edition, _, content = the_policy().version.partition("+")
        assert edition == "2026-11"
        assert len(content) == 8
        assert the_policy(extension={"penalty": "runs"}).version != the_policy().version

    def test_does_not_change_with_the_layout_of_the_file(self) -> None:
        assert Policy.parse(dict(reversed(list(written().items())))).version == the_policy().version

    def test_fits_the_column_that_events_keep_it_in(self) -> None:
        assert len(the_policy(version="x" * 40).version) <= 64


def test_a_product_has_the_kinds_and_payment_methods_that_it_names() -> None:
    data = written()
    data["products"]["小额贷"] = {
        "relief": ["promise_to_pay"],
        "payment_methods": [{"name": "柜台", "how": "到网点还"}],
    }
    policy = Policy.parse(data)
    assert policy.rules(ReliefKind.EXTENSION, "小额贷") is None
    assert policy.rules(ReliefKind.EXTENSION, "微粒贷") == policy.relief.extension
    assert [method.name for method in policy.payment_methods("小额贷")] == ["柜台"]
    assert policy.payment_methods(None) == policy.payment_methods("微粒贷") != ()
