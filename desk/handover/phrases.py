"""Approved phrases: a start for what colleagues write, in the words of the house (docs/conduct.md)."""

from __future__ import annotations

PHRASES = (
    "您好，我是客服同事，前面的对话我都看过了，不用再说一遍。",
    "听到您的情况我很理解，我们一起看看怎么安排您最不吃力。",
    "请稍等，我核对一下账务，几分钟内回复您。",
    "方便说说您每个月大概能还多少吗？零也没关系。",
    "这个我需要请同事审核，结果会在这里告诉您，审核期间不会因为这件事催您。",
    "您安全最重要，钱的事先放下。现在身边有人陪着您吗？",
    "还有别的我能帮上的吗？没有的话，接下来由助手继续陪您。",
)
