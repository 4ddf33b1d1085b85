"""Pictures of every card for docs/images/web: python -m tests.web.pictures (phone and desktop, light and dark)."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.services import free_port
from tests.web.assistant import web_assistant
from tests.web.browser import DESKTOP, PHONE, ROOT, Visit, chromium, demo_bank, load_demo_book
from tests.web.scripted import scripted

OUT = ROOT / "docs" / "images" / "web"
WORDS = {
    "loan": "欠多少",
    "offers": "方案",
    "schedule": "计划",
    "consent": "核对",
    "arrangement": "约好",
    "payment_methods": "怎么还",
    "input_date": "哪天",
    "input_amount": "多少",
    "sign_in": "登录",
}
BORROWER = "逾期41天"


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        var, page_port, bank_url = Path(folder), free_port(), ""
        bank_url = f"http://127.0.0.1:{page_port}"
        with web_assistant(var, web_origins=bank_url) as assistant:
            load_demo_book(var)
            assistant.behind = scripted(assistant.parts)
            with demo_bank(var, page_port, assistant.url) as bank, chromium() as browser:
                hosts = {bank.removeprefix("http://"), assistant.url.removeprefix("http://")}
                for device, size in (("phone", PHONE), ("desktop", DESKTOP)):
                    for scheme in ("light", "dark"):
                        visit = Visit(browser, bank, hosts, viewport=size, color_scheme=scheme)
                        _walk(visit, f"{device}-{scheme}")
                        visit.close()
                        assert not visit.faults, visit.faults


def _walk(visit: Visit, name: str) -> None:
    page = visit.page
    visit.sign_in(BORROWER)
    page.wait_for_timeout(500)
    page.screenshot(path=OUT / f"page-{name}.png")
    visit.open()
    for kind, word in WORDS.items():
        before = page.locator(".kx-card").count()
        visit.say(word)
        page.wait_for_function(
            "n => document.querySelector('kuanxin-chat').shadowRoot.querySelectorAll('.kx-card').length > n", arg=before
        )
        page.wait_for_timeout(900)
        page.locator(".kx-panel").screenshot(path=OUT / f"{kind}-{name}.png", animations="disabled")


if __name__ == "__main__":
    main()
