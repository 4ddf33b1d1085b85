"""The confirmation of an arrangement as PDF: what was agreed, when, the rows, the hash that consent was bound to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fpdf import FPDF
from fpdf.fonts import FontFace

from kuanxin.documents.payments import agreed_payments
from kuanxin.servicing.model import ArrangementState
from kuanxin.servicing.words import KIND_NAMES, PARTS, day, money

if TYPE_CHECKING:
    from datetime import datetime

    from kuanxin.servicing.model import Loan
    from kuanxin.servicing.quotes import Arrangement

FONT = Path(__file__).parent / "fonts" / "WenQuanYiMicroHei-GB2312.ttf"
INK, QUIET, LINE, BRAND, SOFT = (28, 37, 34), (87, 99, 94), (219, 226, 222), (31, 107, 79), (244, 246, 245)
TITLES = {
    ArrangementState.REQUESTED: "还款安排申请（等待人工审核，尚未生效）",
    ArrangementState.ACTIVE: "还款安排确认书",
    ArrangementState.KEPT: "还款安排确认书（已履行）",
    ArrangementState.BROKEN: "还款安排确认书（未按约定履行）",
    ArrangementState.REFUSED: "还款安排申请（未通过）",
    ArrangementState.UNDONE: "还款安排确认书（已撤销）",
}
KEEP = (
    "本确认书记录您在对话中明确同意的还款安排，金额和日期以贷款系统的记录为准。"
    "还款只在银行官方页面进行，不要转账到任何个人账户。情况有变化请尽早告诉我们，可以再商量。"
)


def confirmation_pdf(arrangement: Arrangement, loan: Loan, printed_at: datetime) -> bytes:
    """A4, Chinese, the font embedded with the characters in use. Holds no name, phone or ID number."""
    pdf = _Paper(printed_at)
    quote = arrangement.quote
    pdf.heading(TITLES[arrangement.state])
    pdf.facts(
        (
            ("安排编号", arrangement.id),
            ("安排种类", KIND_NAMES[arrangement.kind]),
            ("借款", f"{day(loan.disbursed_on)}借款{money(loan.principal)}，编号{loan.id}"),
            ("同意时间", _moment(arrangement.agreed_at)),
            ("账务计算时间", _moment(quote.as_of)),
            ("规则版本", quote.policy_version),
            ("方案校验值", quote.hash),
        )
    )
    pdf.rows(arrangement)
    pdf.facts(
        (
            ("如果当天先还清欠款、其余照旧，合计", money(quote.total_if_paid_now)),
            (f"如果一直不处理到{day(quote.nothing_until)}，合计", money(quote.total_if_nothing)),
        )
    )
    pdf.paragraph(KEEP)
    return bytes(pdf.output())


class _Paper(FPDF):
    def __init__(self, printed_at: datetime) -> None:
        super().__init__(format="A4")
        self._printed_at = printed_at
        self.set_creation_date(printed_at)
        self.set_lang("zh-CN")
        self.set_title("还款安排确认书")
        self.set_creator("Kuanxin")
        self.set_margins(22, 20, 22)
        self.set_auto_page_break(True, margin=24)
        self.add_font("chinese", fname=str(FONT))
        self.set_font("chinese", size=11)
        self.add_page()

    def footer(self) -> None:
        self.set_y(-16)
        self.set_font("chinese", size=8.5)
        self.set_text_color(*QUIET)
        self.cell(0, 6, f"打印于{_moment(self._printed_at)}，第{self.page_no()}页，共{{nb}}页", align="C")

    def heading(self, title: str) -> None:
        self.set_font("chinese", size=18)
        self.set_text_color(*BRAND)
        self.multi_cell(0, 10, title, new_x="LMARGIN", new_y="NEXT")
        self.set_draw_color(*BRAND)
        self.line(self.l_margin, self.get_y() + 2, self.w - self.r_margin, self.get_y() + 2)
        self.ln(7)

    def facts(self, facts: tuple[tuple[str, str], ...]) -> None:
        self.set_font("chinese", size=10.5)
        label_width = max(38.0, *(self.get_string_width(label) + 6 for label, _ in facts))
        for label, value in facts:
            self.set_text_color(*QUIET)
            self.cell(label_width, 7.5, label)
            self.set_text_color(*INK)
            self.multi_cell(0, 7.5, value, new_x="LMARGIN", new_y="NEXT")
        self.ln(4)

    def rows(self, arrangement: Arrangement) -> None:
        payments = agreed_payments(arrangement)
        shown = [(name, key) for name, key in PARTS if any(getattr(row.amounts, key) for row in payments)]
        self.set_font("chinese", size=10)
        self.set_text_color(*INK)
        self.set_draw_color(*LINE)
        head = FontFace(fill_color=SOFT, color=QUIET)
        widths = (10, 34, *(26 for _ in shown), 28)
        align = ("CENTER", "LEFT", *("RIGHT" for _ in shown), "RIGHT")
        with self.table(
            col_widths=widths, text_align=align, headings_style=head, line_height=8, borders_layout="HORIZONTAL_LINES"
        ) as table:
            table.row(("期", "还款日", *(name for name, _ in shown), "应还合计"))
            for number, payment in enumerate(payments, 1):
                amounts = payment.amounts
                parts = (money(getattr(amounts, key)) for _, key in shown)
                table.row((str(number), day(payment.due_date), *parts, money(amounts.total)))
            if len(payments) > 1:
                sums = (money(sum(getattr(row.amounts, key) for row in payments)) for _, key in shown)
                table.row(("", "合计", *sums, money(sum(row.amounts.total for row in payments))), style=head)
        self.ln(6)

    def paragraph(self, text: str) -> None:
        self.set_font("chinese", size=9.5)
        self.set_text_color(*QUIET)
        self.multi_cell(0, 6, text, align="L")


def _moment(at: datetime) -> str:
    return f"{day(at.date())} {at:%H:%M}"
