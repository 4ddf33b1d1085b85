"""What the bank allows, as data: which relief for which product, within which limits, and who decides.

The bank edits `policy.yml`; `kuanxin.bootstrap` reads the file and gives its content to `Policy.parse`. What each field
means, and what a borrower hears when a rule forbids something, stands in `docs/policy.md`.
"""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field, PrivateAttr, ValidationError, root_validator, validator

from kuanxin.servicing.model import Fen, Method, ReliefKind  # noqa: TC001 - pydantic resolves the names at run time
from kuanxin.servicing.money import parse_yuan

ANY_PRODUCT = "default"
MOST_ROWS = 60
_HIGHEST_CAP = Decimal("0.36")  # a guard against 24 written for 0.24; no lender's cap is higher


class PolicyError(ValueError):
    """The policy cannot be used. `problems` name the path of each field and the remedy."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _Rules(BaseModel):
    class Config:
        extra = "forbid"
        allow_mutation = False


class _Yuan(int):
    """An amount that the policy writes in yuan ("1.00"), in fen."""

    @classmethod
    def __get_validators__(cls) -> Any:
        yield lambda value: parse_yuan(str(value))


class AtMost(_Rules):
    """So many times within so many months, counted back from today."""

    times: int = Field(ge=0)
    in_months: int = Field(ge=1, le=120)


class PersonWhen(_Rules):
    """From where on a person decides what is otherwise decided at once."""

    days_past_due_over: int | None = Field(default=None, ge=0)
    broken_in_12_months_over: int | None = Field(default=None, ge=0)
    months_over: int | None = Field(default=None, ge=0)  # of a reduced interim


class KindRules(_Rules):
    """The rules that every kind of relief has."""

    days_past_due: tuple[int, int | None] = (0, None)
    decides: Literal["at_once", "person"] = "at_once"
    person_when: PersonWhen = PersonWhen()
    at_most: AtMost | None = None
    replaces: tuple[ReliefKind, ...] = ()  # arrangements in force that this one may replace or build on

    @validator("days_past_due")
    def _rises(cls, value: tuple[int, int | None]) -> tuple[int, int | None]:
        least, most = value
        if least < 0 or (most is not None and most < least):
            raise ValueError("write [from, to] with 0 <= from <= to; to may be null for no limit")
        return value


class PromiseRules(KindRules):
    max_days_ahead: int = Field(ge=0, le=90)
    min_amount: _Yuan = _Yuan(100)


class DaysAhead(_Rules):
    not_past_due: int = Field(ge=0, le=365)
    past_due: int = Field(ge=0, le=365)


class ExtensionRules(KindRules):
    days_ahead: DaysAhead
    penalty: Literal["stops", "runs"] = "stops"
    interest: Literal["runs", "paused"] = "runs"


class ReInstalmentRules(KindRules):
    rows: tuple[int, int]
    offers: tuple[int, ...]
    methods: tuple[Method, ...] = ()  # besides the method of the loan
    scopes: tuple[Literal["arrears", "balance"], ...] = ("arrears", "balance")
    charges: Literal["split", "first_row"] = "split"
    charges_bear_interest: bool = False
    first_due_within_days: int = Field(45, ge=1, le=120)

    @validator("rows")
    def _within(cls, value: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= value[0] <= value[1] <= MOST_ROWS:
            raise ValueError(f"write [fewest, most] with 1 <= fewest <= most <= {MOST_ROWS}")
        return value

    @validator("offers")
    def _offered(cls, value: tuple[int, ...], values: dict[str, Any]) -> tuple[int, ...]:
        fewest, most = values.get("rows", (1, MOST_ROWS))
        if any(not fewest <= count <= most for count in value):
            raise ValueError(f"every number of rows offered lies within rows: from {fewest} to {most}")
        return value


class ReducedInterimRules(KindRules):
    max_months: int = Field(ge=1, le=24)
    min_monthly: _Yuan = _Yuan(100)
    rest_rows_at_least: int = Field(12, ge=1, le=MOST_ROWS)


class DueDateRules(KindRules):
    days: tuple[int, int] = (1, 28)

    @validator("days")
    def _exist(cls, value: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= value[0] <= value[1] <= 28:
            raise ValueError("write [first, last] with days from 1 to 28: other days do not exist in every month")
        return value


class WaiverRules(KindRules):
    paid_within_days: int = Field(ge=0, le=90)  # the condition: the arrears are paid by then
    max_share: Decimal = Field(Decimal(1), gt=0, le=1)


class PartialRules(KindRules):
    max_days_ahead: int = Field(30, ge=0, le=90)
    min_amount: _Yuan = _Yuan(100)


class SettlementRules(KindRules):
    max_days_ahead: int = Field(30, ge=0, le=90)


class ReliefRules(_Rules):
    """The rules of each kind. A kind that is left out does not exist at this bank."""

    promise_to_pay: PromiseRules | None = None
    extension: ExtensionRules | None = None
    re_instalment: ReInstalmentRules | None = None
    reduced_interim: ReducedInterimRules | None = None
    due_date_change: DueDateRules | None = None
    penalty_waiver: WaiverRules | None = None
    partial_payment: PartialRules | None = None
    early_settlement: SettlementRules | None = None


class PaymentMethod(_Rules):
    """A way to pay, in the words that borrowers read."""

    name: str = Field(min_length=1)
    how: str = Field(min_length=1)


class ProductRules(_Rules):
    relief: tuple[ReliefKind, ...]
    payment_methods: tuple[PaymentMethod, ...]


class Policy(_Rules):
    """The whole policy; `version` is what quotes and events carry."""

    edition: str = Field(alias="version", min_length=1, max_length=40)
    apr_cap: Decimal
    quote_hours: int = Field(ge=1, le=24 * 14)
    products: dict[str, ProductRules]
    relief: ReliefRules
    _version: str = PrivateAttr("")

    _REMEDIES: ClassVar[dict[str, str]] = {
        "value_error.missing": "Add it",
        "value_error.extra": "Remove it or correct its spelling",
        "type_error.enum": "Write one of the names that docs/policy.md lists",
        "value_error.const": "Write one of the words that docs/policy.md lists",
    }

    @classmethod
    def parse(cls, data: object) -> Policy:
        """The policy out of the content of `policy.yml`. Raises PolicyError with every problem found."""
        if not isinstance(data, dict):
            raise PolicyError(["policy: is not a mapping. Write the fields that docs/policy.md lists."])
        try:
            return cls(**{str(name): value for name, value in data.items()})
        except ValidationError as invalid:
            raise PolicyError([cls._problem(error) for error in invalid.errors()]) from invalid

    @classmethod
    def _problem(cls, error: Any) -> str:
        path = ".".join(str(part) for part in error["loc"] if part != "__root__") or "policy"
        remedy = cls._REMEDIES.get(error["type"], "Correct it as docs/policy.md says")
        return f"{path}: {error['msg']}. {remedy}."

    @validator("apr_cap")
    def _lawful(cls, value: Decimal) -> Decimal:
        if not 0 < value <= _HIGHEST_CAP:
            raise ValueError(f"write a fraction above 0 and at most {_HIGHEST_CAP} (24 % is 0.24)")
        return value

    @root_validator(skip_on_failure=True)
    def _complete(cls, values: dict[str, Any]) -> dict[str, Any]:
        products: dict[str, ProductRules] = values["products"]
        if ANY_PRODUCT not in products:
            raise ValueError(f"products: has no {ANY_PRODUCT!r}; add it for every product that is not named")
        for name, product in products.items():
            for kind in product.relief:
                if getattr(values["relief"], kind.value) is None:
                    raise ValueError(f"products.{name}.relief names {kind.value}; add its rules under relief")
        return values

    @property
    def version(self) -> str:
        """The edition that the bank wrote and a short hash of the content, so that an edit without a new one shows."""
        if not self._version:
            content = json.dumps(self.dict(), sort_keys=True, default=str, ensure_ascii=False)
            self._version = f"{self.edition}+{hashlib.sha256(content.encode()).hexdigest()[:8]}"
        return self._version

    def product(self, name: str | None) -> ProductRules:
        return self.products.get(name or ANY_PRODUCT, self.products[ANY_PRODUCT])

    def payment_methods(self, product: str | None) -> tuple[PaymentMethod, ...]:
        """The ways to pay a loan of this product (None: of any)."""
        return self.product(product).payment_methods

    def rules(self, kind: ReliefKind, product: str) -> KindRules | None:
        """The rules of a kind for a product; None where the product does not have it."""
        if kind not in self.product(product).relief:
            return None
        found: KindRules | None = getattr(self.relief, kind.value)
        return found


def fen(amount: _Yuan) -> Fen:
    return int(amount)
