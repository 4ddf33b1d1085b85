from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kuanxin.servicing.quotes import Extension, PenaltyWaiver, ReducedInterim, ReInstalment


class DecisionForm(forms.Form):
    approved = forms.ChoiceField(choices=(("yes", _("通过")), ("no", _("不通过"))))
    reason = forms.CharField(label=_("原因"), max_length=500, min_length=4)


class CounterForm(forms.Form):
    """Another plan: what is asked of the rules; what they refuse is not offered."""

    kind = forms.ChoiceField(
        label=_("方案"),
        choices=(
            ("re_instalment", _("重新分期")),
            ("reduced_interim", _("阶段性少还")),
            ("extension", _("延期还款")),
            ("penalty_waiver", _("罚息减免")),
        ),
    )
    rows = forms.IntegerField(label=_("期数"), required=False, min_value=1, max_value=60)
    months = forms.IntegerField(label=_("少还几个月"), required=False, min_value=1, max_value=12)
    amount = forms.DecimalField(label=_("金额（元）"), required=False, min_value=1, max_digits=12, decimal_places=2)
    on = forms.DateField(label=_("延到"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    words = forms.CharField(label=_("对客户说"), min_length=4, max_length=500)

    NEEDED = {
        "re_instalment": ("rows",),
        "reduced_interim": ("months", "amount"),
        "extension": ("on",),
        "penalty_waiver": (),
    }
    ASKED = {**NEEDED, "penalty_waiver": ("amount",)}  # without an amount: all that the policy allows

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("rows", "months", "amount", "on"):  # the page shows a field where the chosen plan has it
            kinds = [kind for kind, fields in self.ASKED.items() if name in fields]
            self.fields[name].widget.attrs["data-of-kinds"] = " ".join(kinds)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in self.NEEDED.get(cleaned.get("kind", ""), ()):
            if cleaned.get(name) is None and name not in self.errors:
                self.add_error(name, _("这个方案需要填这一项。"))
        return cleaned

    def request(self) -> Any:
        asked = self.cleaned_data
        fen = int(asked["amount"] * 100) if asked["amount"] else None
        if asked["kind"] == "re_instalment":
            return ReInstalment(rows=asked["rows"])
        if asked["kind"] == "reduced_interim":
            return ReducedInterim(fen or 0, asked["months"])
        return Extension(asked["on"]) if asked["kind"] == "extension" else PenaltyWaiver(fen)
