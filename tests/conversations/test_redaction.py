"""What is hidden, what stays although it looks alike, in every way that people type it."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuanxin.conversations.redaction import PLACEHOLDERS, redact

FULL_WIDTH = str.maketrans("0123456789Xx", "０１２３４５６７８９Ｘｘ")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("身份证11010519491231002X", "身份证【身份证号】"),
        ("我是11010519491231002x可以查吗", "我是【身份证号】可以查吗"),
        ("110105 19491231 002X", "【身份证号】"),
        ("身份证号是110105194912310021", "身份证号是【身份证号】"),  # mistyped: the words say what it is
        ("老身份证 110105491231002", "老身份证 【身份证号】"),
        ("卡号6222021234567890128", "卡号【银行卡号】"),
        ("6222 0212 3456 7890 128扣款失败", "【银行卡号】扣款失败"),
        ("4111-1111-1111-1111", "【银行卡号】"),
        ("我的卡号是6222021234567890120", "我的卡号是【银行卡号】"),  # mistyped: the words say what it is
        ("打13812345678", "打【手机号】"),
        ("138 1234 5678", "【手机号】"),
        ("138-1234-5678", "【手机号】"),
        ("+86 13812345678", "+86 【手机号】"),
        ("8613812345678", "【手机号】"),
        ("1 3 8 1 2 3 4 5 6 7 8", "【手机号】"),
        ("先还500 13812345678联系我", "先还500 【手机号】联系我"),
        ("2026-11-23 13812345678", "2026-11-23 【手机号】"),
        ("微信wx13812345678", "微信wx【手机号】"),
        ("换成13812345678，原来13987654321", "换成【手机号】，原来【手机号】"),
        ("验证码123456", "验证码【验证码】"),
        ("验证码是 12 34 56", "验证码是 【验证码】"),
        ("短信验证码：8841，快帮我", "短信验证码：【验证码】，快帮我"),
        ("收到的动态码八八四一二二", "收到的动态码【验证码】"),
        ("654321是验证码吧", "【验证码】是验证码吧"),
        ("654321这个验证码不对", "【验证码】这个验证码不对"),
        ("密码是abcdef", "密码是【密码】"),
        ("支付密码:Qwe!98765", "支付密码:【密码】"),
        ("密码880211", "密码【密码】"),
        ("PIN码8802", "PIN码【密码】"),
        ("cvv 123", "cvv 【密码】"),
    ],
)
def test_what_should_not_have_been_typed_is_hidden(typed, kept):
    assert redact(typed)[0] == kept
    assert redact(typed.translate(FULL_WIDTH))[0] == kept.translate(FULL_WIDTH)


@pytest.mark.parametrize(
    "typed",
    [
        "欠9136.78元，每月500 1000 1500",
        "2300块 15号还 28号发工资",
        "2026年11月28日还913.78",
        "20261128",
        "2026-11-23 10:00:00",
        "借据号6222021234567890128",
        "合同编号：13812345678",
        "L13812345678",
        "KX2611230007",
        "编号202611230000012345",
        "订单号4200002345202611231234567890",
        "11010519491231002",  # one digit short of an ID number
        "110105194913310023",  # the 33rd of a 13th month
        "990105194912310021",  # no such province
        "6222021234567890127",  # the check digit does not fit
        "12812345678",  # no such mobile network
        "138123456789",
        "13812345678.00",
        "13812345678元",
        "12378 12363 12356 96110 110",
        "95588打来的",
        "验证码60秒都没收到",
        "验证码1000次也不行",
        "还了2300验证码一直不来",
        "收不到验证码，1069开头的",
        "密码忘了",
        "密码错了5次",
        "密码是6-16位字母",
        "密码app里改不了",
        "分12期 每期3万 三个月",
        "日利率0.05% 年化18%",
        "",
    ],
)
def test_what_looks_alike_stays(typed):
    assert redact(typed) == (typed, ())


def test_the_kinds_come_in_order_of_appearance_and_once():
    text = "手机13812345678 身份证11010519491231002X 手机13987654321 密码880211 验证码123456 卡6222021234567890128"
    assert redact(text)[1] == ("mobile", "id_card", "password", "code", "bank_card")


TYPED = ("13812345678", "11010519491231002X", "6222021234567890128", "验证码123456", "密码是abc123", "还", "500元", "/")
pieces = st.sampled_from([*TYPED, " ", "-", *PLACEHOLDERS.values()])


@given(st.lists(pieces | st.text(max_size=8), max_size=8).map("".join))
def test_doing_it_again_changes_nothing(text):
    once, _ = redact(text)
    assert redact(once)[0] == once


@given(st.integers(1, 10**9), st.integers(1, 12), st.integers(1, 28))
def test_amounts_and_dates_always_stay(fen, month, day):
    for text in (f"{fen / 100:.2f}元", f"还{fen // 100}", f"2026-{month:02d}-{day:02d}", f"2026{month:02d}{day:02d}"):
        assert redact(text) == (text, ())


def _check_digit(body: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11]


@given(
    st.sampled_from(["110105", "440308", "510107", "650102"]),
    st.dates(min_value=date(1940, 1, 1), max_value=date(2010, 12, 31)),
    st.integers(0, 999),
)
def test_every_id_number_is_found(region, born, number):
    body = f"{region}{born:%Y%m%d}{number:03d}"
    assert redact(f"我的{body}{_check_digit(body)}号")[0] == "我的【身份证号】号"


@given(st.text(alphabet="0123456789", min_size=15, max_size=15))
def test_every_card_number_is_found(body):
    digits = [int(d) for d in "62" + body]
    total = sum(sum(divmod(d * (2 - i % 2), 10)) for i, d in enumerate(reversed(digits)))
    card = "62" + body + str(-total % 10)
    # a few are well-formed ID numbers as well: hidden all the same
    assert redact(f"扣{card}")[0] in {"扣【银行卡号】", "扣【身份证号】"}


@pytest.mark.parametrize("piece", ["密码 是 ", "验证码" + " " * 40, "1 ", "1-", "身份证", "1"])
def test_the_work_grows_no_faster_than_the_text(piece: str) -> None:
    """Eight times the text would be 64 times the work if a pattern backtracked; processor time, best of several."""

    def work(length: int) -> float:
        text = (piece * length)[:length]
        times = []
        for _ in range(5):
            began = time.process_time()
            for _ in range(20):
                redact(text)
            times.append(time.process_time() - began)
        return min(times)

    assert work(2000) < 30 * work(250)
