"""What demo borrowers say, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    text: str
    intent: str
    confidence: float
    answer: str
    runner_up: str | None = None
    entities: tuple[tuple[str, str], ...] = ()
    happens: str = ""  # human, complaint, hardship, dispute, unclear
    asks: bool = False  # the answer is a question
    rating: int | None = None


SCRIPTS: tuple[tuple[Said, ...], ...] = (
    (
        Said(
            "我欠多少钱了", "ask_loan_status", 0.97, "这是您现在的账，应还的和每一部分都在下面。", "ask_payment_methods"
        ),
        Said("能不能找个人跟我说", "request_human", 0.95, "好的，正在为您转接同事。", happens="human"),
    ),
    (
        Said(
            "你们天天打电话骂人，我要投诉",
            "complain_about_collection",
            0.94,
            "对不起，让您受委屈了。投诉已登记，15天内给您答复，也有同事会来跟您核实。",
            "stop_reminders",
            happens="complaint",
        ),
        Said(
            "还打到我单位去了",
            "complain_about_collection",
            0.71,
            "这是不应该的。同事会来核实，有录音截图请留着。",
            "third_party_contact",
            rating=2,
        ),
    ),
    (
        Said(
            "工厂停工了，这个月真的一分都拿不出来",
            "report_hardship",
            0.91,
            "知道了，遇到这种时候确实不容易。我先暂停提醒，不需要您先交什么证明。下面哪种对您帮助最大？",
            "request_extension",
            happens="hardship",
            asks=True,
        ),
        Said(
            "每个月五百可以",
            "request_instalment_plan",
            0.83,
            "每月500.00元以内，找到一个能排开的方案，您看看。这样可以吗？不同意也没关系。",
            "inform",
            (("amount", "500.00"),),
        ),
        Said("可以，就这样", "affirm", 0.98, "已经记下了。把钱提前一天放进扣款账户就好。", rating=5),
    ),
    (
        Said(
            "上回那个事咋弄的",
            "nlu_fallback",
            0.31,
            "想确认一下，您是想问这个吗？",
            "ask_loan_status",
            happens="unclear",
            asks=True,
        ),
        Said(
            "就是那个短信里说的",
            "nlu_fallback",
            0.38,
            "我换个问法：您现在最想解决的是哪件？",
            "ask_sms_notice",
            happens="unclear",
            asks=True,
        ),
        Said(
            "算了找人工", "request_human", 0.96, "好的，正在为您转接同事，前面聊的内容会一起转过去。", happens="human"
        ),
    ),
    (
        Said(
            "28号才发工资能晚几天吗",
            "request_extension",
            0.92,
            "可以约定到30日还，罚息这几天不再增加。这样可以吗？不同意也没关系。",
            "request_due_date_change",
            (("date", "2026-11-28"),),
            asks=True,
        ),
        Said("行", "affirm", 0.97, "已经记下了，谢谢您提前说。", rating=5),
    ),
    (
        Said(
            "会影响征信吗",
            "ask_credit_impact",
            0.96,
            "逾期会如实报送征信；还清之后，这条记录保留5年，之后删除。",
            "ask_overdue_consequences",
        ),
        Said("谢谢", "thank", 0.99, "不客气。还有想问的随时说。", rating=4),
    ),
    (
        Said(
            "这笔不是我借的",
            "dispute_debt",
            0.88,
            "您的异议我记下了。核对清楚之前，不会再为这一笔提醒您，也不需要您先付款。",
            "report_scam",
            happens="dispute",
        ),
    ),
    (
        Said(
            "分几期划算",
            "request_instalment_plan",
            0.58,
            "这几种都可以选。回复“第几个”，或者直接说每个月最多能还多少。",
            "ask_interest_and_fees",
            asks=True,
        ),
    ),
    (Said("怎么还款", "ask_payment_methods", 0.98, "下面几种都可以，到账最快的是在微信里自己还。", rating=5),),
    (
        Said(
            "昨天还了怎么还提醒我", "ask_payment_result", 0.79, "查到您有一笔款正在入账，不用重复还。", "ask_sms_notice"
        ),
        Said("那就好", "thank", 0.74, "放心。到账后我会在这里告诉您。", "affirm", rating=4),
    ),
)
