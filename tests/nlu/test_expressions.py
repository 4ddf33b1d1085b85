"""What dates, amounts, lengths, counts and choices mean when somebody types them on Monday, 23 November 2026, 10:00."""

from __future__ import annotations

from datetime import datetime

import pytest

from kuanxin.nlu.expressions import expressions

NOW = datetime.fromisoformat("2026-11-23T10:00:00+08:00")

# message: entity=value and its notes; without a value it cannot be known (几天, 发工资那天)
DATES = """
15号: date=2026-12-15
那15号呢: date=2026-12-15
28号: date=2026-11-28
23号: date=2026-11-23
22号: date=2026-12-22
30号: date=2026-11-30
31号: date=2026-12-31
一号: date=2026-12-01
廿五号: date=2026-11-25
二十五日: date=2026-11-25
15号扣了两次: date=2026-11-15
28号就还了: date=2026-10-28
今天: date=2026-11-23
今晚还: date=2026-11-23
明天: date=2026-11-24
明天能扣吗: date=2026-11-24
后天下午: date=2026-11-25
大后天: date=2026-11-26
昨天还的: date=2026-11-22
前天: date=2026-11-21
周五: date=2026-11-27
周一: date=2026-11-23
周五之前: date=2026-11-27 before
下周五: date=2026-12-04
下下周一: date=2026-12-07
这周五: date=2026-11-27
本周日: date=2026-11-29
上周五: date=2026-11-20
星期天: date=2026-11-29
礼拜三: date=2026-11-25
下礼拜三: date=2026-12-02
周末: date=2026-11-29 approx
下周末: date=2026-12-06 approx
月底: date=2026-11-30
月底前: date=2026-11-30 before
拖到月底: date=2026-11-30
月初: date=2026-12-05 approx
月中: date=2026-12-15 approx
下月初: date=2026-12-05 approx
下个月底: date=2026-12-31
12月底: date=2026-12-31
12月5日: date=2026-12-05
12月5: date=2026-12-05
十二月五号: date=2026-12-05
1月8号: date=2027-01-08
10月15号: date=2026-10-15
11-30: date=2026-11-30
12.5号: date=2026-12-05
2026-12-01: date=2026-12-01
2026年12月1日: date=2026-12-01
2027/1/5: date=2027-01-05
明年3月1号: date=2027-03-01
下个月10号: date=2026-12-10
下月十五: date=2026-12-15
下下个月5号: date=2027-01-05
上个月15号还的: date=2026-10-15
这个月20号: date=2026-11-20
这个月内: date=2026-11-30 before
三天后: date=2026-11-26
两天以后还: date=2026-11-25
再过一周: date=2026-11-30
半个月后: date=2026-12-08
一个月后: date=2026-12-23
两个月以后还: date=2027-01-23
半年后: date=2027-05-23
过两天还: date=2026-11-25
三天之内: date=2026-11-26 before
最晚30号: date=2026-11-30 before
30号以后: date=2026-11-30 after
年底: date=2026-12-31
元旦后: date=2027-01-01 after
过年: date=2027-02-06
过完年: date=2027-02-13 approx after
春节后再还: date=2027-02-13 approx after
年前还清: date=2027-02-05 approx before
正月初八: date=2027-02-13
腊月二十三: date=2027-01-30
五一: date=2027-05-01
中秋: date=2027-09-15
双十二: date=2026-12-12
28号才发工资 能不能晚几天: date=2026-11-28 payday, duration approx
工资28号到: date=2026-11-28 payday
下个月发工资那天: date 2026-12 payday
每个月10号开工资: date=2026-12-10 payday
能延到下月15吗: date=2026-12-15
等我发工资再还: date payday
发薪日: date payday
下个月还行吗: date 2026-12
下周: date 2026-11-30
明年3月: date 2027-03
15号或者20号: date=2026-12-15, date=2026-12-20
不是15号 是20号: date=2026-12-20
"""

LENGTHS_AND_COUNTS = """
晚3天: duration=3
晚三天行吗: duration=3
宽限一周: duration=7
晚一个礼拜: duration=7
再给我两天: duration=2
两三天: duration=3 approx
十来天: duration=10 approx
十天半个月: duration=15 approx
半个月: duration=15
一个半月: duration=45
延三个月: duration=90
延期一年: duration=365
两周: duration=14
缓几天: duration approx
缓几天吧: duration approx
逾期3天了:
逾期三天了能不能晚五天还: duration=5
住院半个月了 缓一个月行吗: duration=30
还有3天到期:
分6期: count=6
不对 是6期: count=6
不是3期 是6期: count=6
6期改12期: count=6, count=12
分十二期吧: count=12
分成10个月: count=10
分六个月还: count=6
6个月还清: count=6
半年还完: count=6
一年还完: count=12
三次还清: count=3
第6期:
还了3期:
还剩4期:
逾期一期:
六个月: duration=180, count=6
一年: duration=365, count=12
每月25号还: day_of_month=25
还款日改到25号: day_of_month=25
把还款日改成每月10号行吗: day_of_month=10
每个月十五号扣: day_of_month=15
想改到20号还: date=2026-12-20
15: day_of_month=15, count=15, date=2026-12-15
6: day_of_month=6, count=6, date=2026-12-06, choice=6
"""

AMOUNTS = """
两千三: amount=2300.00
三千五左右: amount=3500.00 approx
一万二: amount=12000.00
一千零五十: amount=1050.00
两百五: amount=250.00
两百块: amount=200.00
两百块钱: amount=200.00
2300吧: amount=2300.00
500: amount=500.00
1,200.50元: amount=1200.50
两千三百四十五块六毛: amount=2345.60
十块五: amount=10.50
¥800: amount=800.00
5k: amount=5000.00
1w2: amount=12000.00
2.3万: amount=23000.00
3千5: amount=3500.00
十万: amount=100000.00
先还500: amount=500.00 at_once
先还一千行吗: amount=1000.00 at_once
能还50吗: amount=50.00
三五百: amount=300.00 approx
一两千: amount=1000.00 approx
八百来块: amount=800.00 approx
一个月最多五百: amount=500.00 month
每月能还八百多: amount=800.00 approx month
一个月500块: amount=500.00 month
500一个月: amount=500.00 month
每期500: amount=500.00 month
月供控制在600以内: amount=600.00 month
工资三千五 每月还500: amount=3500.00 income month, amount=500.00 month
每月最多还500 工资3000: amount=3000.00 income, amount=500.00 month
房租一千五: amount=1500.00 expense
工资五千 房租一千五 花呗还要还一千二: amount=5000.00 income, amount=1500.00 expense, amount=1200.00 debt
欠了两万三: amount=23000.00 owed
１５００元: amount=1500.00
一万块分12期: amount=10000.00, count=12
先还2000 剩下的月底还: amount=2000.00 at_once, date=2026-11-30
"""

CHOICES = """
第二个: choice=2
选第三个: choice=3
第一: choice=1
方案二: choice=2
选2: choice=2
前面那个: choice=1
中间那个: choice=2
最后一个: choice=last
后者: choice=last
便宜的那个: choice=cheapest
最划算的: choice=cheapest
利息最少的那个: choice=cheapest
每月还得少的那个: choice=lowest_monthly
月供低的: choice=lowest_monthly
期限最长的那个: choice=lowest_monthly
"""

LOOK_ALIKES = """
我打12378投诉
报警110
打95017没人接
13812345678
利息是不是0.05%
日利率万分之五
微粒贷2.0
一下
一直
十分
十分感谢
万一
千万别
第一次借
第二天
第二个月
下午3点
24小时
打了一百个电话
一分钱都没有
1块钱都没有
说了八百遍了
几号还
几天能到账
2月30号
账号多少
下周转不开
"""


def _table(rows: str) -> list[tuple[str, str]]:
    pairs = [row.rsplit(": ", 1) if ": " in row else (row.removesuffix(":"), "") for row in rows.strip().splitlines()]
    return [(text, wanted.strip()) for text, wanted in pairs]


def _table_of_days() -> list[tuple[str, str, str]]:
    return [
        ("2026-11-30", "月底", "2026-11-30"),
        ("2026-12-31", "1号", "2027-01-01"),
        ("2026-12-30", "下个月5号", "2027-01-05"),
        ("2027-01-31", "一个月后", "2027-02-28"),
        ("2027-02-20", "30号", "2027-03-30"),
        ("2027-02-10", "过完年", "2027-02-13"),
        ("2027-03-01", "过完年", "2028-02-02"),
        ("2026-11-29", "周一", "2026-11-30"),
        ("2026-11-27", "周五", "2026-11-27"),
    ]


def described(text: str) -> str:
    """What was found, in the words of the tables above."""
    found = expressions(text, NOW)
    words = []
    for expression in found:
        value = "" if expression.value is None else f"={expression.value}"
        extra = sorted(expression.extra.items())
        notes = [key if note is True else str(note) for key, note in extra if key != "bare"]
        words.append(" ".join([f"{expression.entity}{value}", *notes]))
    return ", ".join(words)


@pytest.mark.parametrize(("text", "wanted"), _table(DATES + LENGTHS_AND_COUNTS + AMOUNTS + CHOICES))
def test_an_expression_means(text: str, wanted: str) -> None:
    assert described(text) == wanted


@pytest.mark.parametrize("text", LOOK_ALIKES.strip().splitlines())
def test_a_look_alike_is_no_expression(text: str) -> None:
    assert described(text) == ""


def test_positions_are_those_of_the_message_as_typed() -> None:
    text = "我 １５号 还五百块"
    for expression in expressions(text, NOW):
        assert text[expression.start : expression.end] in {"１５号", "五百块"}


def test_the_day_is_the_one_in_shanghai() -> None:
    late = datetime.fromisoformat("2026-11-23T17:30:00+00:00")  # already the 24th there
    assert [e.value for e in expressions("明天", late)] == ["2026-11-25"]


@pytest.mark.parametrize(("now", "text", "value"), _table_of_days())
def test_near_the_end_of_a_month_or_year(now: str, text: str, value: str) -> None:
    assert [e.value for e in expressions(text, datetime.fromisoformat(f"{now}T10:00:00+08:00"))] == [value]


# message: when and by which way somebody wants to be written to
CONTACT = """
晚上8点以后别发短信: contact_hours=-20:00
8点后别给我发消息: contact_hours=-20:00
晚上十点以后不要联系我: contact_hours=-22:00
9点前别打扰我: contact_hours=09:00-
早上9点半以前不要发: contact_hours=09:30-
下午3点以后再联系我: contact_hours=15:00-
早上9点到11点之间提醒我: contact_hours=09:00-11:00
早上再提醒我: contact_hours=08:00-12:00
晚上别发消息: contact_hours=-18:00
不要在上班时间发消息: contact_hours=18:00-
随时都可以发: contact_hours=any
恢复默认提醒时间: contact_hours=any
只在微信上联系我: contact_way=wechat
别打电话 发微信就行: contact_way=wechat
别发短信 用微信通知我: contact_way=wechat
别再发微信了 发短信就行: contact_way=sms
"""


@pytest.mark.parametrize("line", CONTACT.strip().splitlines())
def test_wishes_about_hours_and_ways(line: str) -> None:
    said, _, wanted = line.rpartition(": ")
    found = [f"{f.entity}={f.value}" for f in expressions(said, NOW) if f.entity.startswith("contact")]
    assert found == [wanted]


@pytest.mark.parametrize(
    "said",
    [
        "明天早上再提醒我",
        "当天早上再提醒我一次",
        "提前3天晚上7点提醒我",
        "以后别发短信了",
        "微信还款怎么还",
        "微信支付就行吗",
    ],
)
def test_one_day_or_another_matter_is_no_wish_about_all_messages(said: str) -> None:
    assert not [f for f in expressions(said, NOW) if f.entity.startswith("contact")]
