"""The page for models: what it says of a training that runs, failed or is ready; what may not be put live."""

from __future__ import annotations

import pytest

from kuanxin.metrics import FIGURES_FOLDER


@pytest.fixture
def training(parts, django):
    """A training that somebody began; ended at the end, whatever the test did with it."""
    id = parts.models.begin("demo-administrator", "新教了一句", parts.clock.now())
    yield id
    parts.models.failed(id, "the test is over", parts.clock.now())


WHY = {"reason": "新教了一句"}


def test_a_second_training_is_refused_while_one_runs(sign_in, parts, training, no_process):
    client = sign_in("administrator")
    before = len(parts.models.trainings(99, parts.clock.now()))
    page = client.post("/models/train/", WHY, follow=True).content.decode()
    assert "demo-administrator 正在训练，请等它结束。" in page
    assert len(parts.models.trainings(99, parts.clock.now())) == before


def test_progress_is_shown_while_something_changes(sign_in, parts, training):
    client = sign_in("administrator")
    assert "正在训练" in client.get("/models/").content.decode()
    parts.models.progress(training, "measuring", 40, 237)
    shown = client.get("/models/live/").content.decode()
    assert "正在测量新模型" in shown
    assert "40 / 237" in shown


def test_a_failed_training_says_why_and_that_nothing_changed(sign_in, parts, training):
    parts.models.failed(training, "desk-lessons.yml: <b>expected</b> training data", parts.clock.now())
    page = sign_in("administrator").get("/models/").content.decode()
    assert "训练没有成功，什么都没有改变。" in page
    assert "desk-lessons.yml: &lt;b&gt;expected" in page


def test_where_the_process_cannot_be_started_the_training_has_failed(sign_in, parts, monkeypatch):
    def broken(id, by):
        raise OSError("no more processes")

    monkeypatch.setattr("desk.teaching.models_page._start", broken)
    client = sign_in("administrator", raise_request_exception=False)
    assert client.post("/models/train/", WHY).status_code == 500
    assert parts.models.trainings(1, parts.clock.now())[0].failure == "OSError: no more processes"


def test_the_new_model_stands_beside_the_one_that_answers(sign_in, parts, training, tmp_path):
    models, now = parts.models, parts.clock.now()
    for name in ("old", "new"):
        (tmp_path / name).write_bytes(f"{name} {training}".encode())
    old, new = (models.register(f"{n}-{training}", tmp_path / n, "data-9", now, "lin", 1) for n in ("old", "new"))
    models.start_with(old, "", "start", now)
    figures = {"summary": [["right, all messages", "97.5% (231 of 237)"], ["handed over to a person", "none"]]}
    before = {**figures, "confusions": [["report_hardship", "ask_payment_methods", 3]]}
    after = {"summary": [["right, all messages", "97.9% (232 of 237)"], ["handed over to a person", "none"]]}
    measured = {"messages": 237, "before": before, "after": {**after, "confusions": []}, "mended": 1, "spoiled": 0}
    models.ready(training, new, measured, now)
    client = sign_in("administrator")
    page = client.get("/models/").content.decode()
    for words in ("97.5% (231 / 237)", "97.9% (232 / 237)", "3 × 还不上 → 怎么还款", f"new-{training}"):
        assert words in page, words

    (tmp_path / "new").write_bytes(b"somebody else's code")
    answer = client.post("/models/put-live/", {**WHY, "model": new.sha256}, follow=True).content.decode()
    assert "这个模型不能启用" in answer
    assert models.live().model == old
    (tmp_path / "new").write_bytes(f"new {training}".encode())
    client.post("/models/put-live/", {"reason": "", "model": new.sha256})
    assert models.live().model == old  # without a reason nothing happens
    client.post("/models/put-live/", {**WHY, "model": new.sha256})
    assert models.live().model == new
    client.post("/models/back/", WHY)
    assert models.live().model == old


def test_the_files_of_a_training_hold_what_was_confirmed_and_what_the_operator_laid_down(
    django, parts, training, monkeypatch
):
    from desk.teaching import models_page
    from desk.teaching.models import Lesson

    for text, measuring in (("那笔还了吗", False), ("能缓几天不", True)):
        Lesson.objects.create(
            conversation_id=f"c-{training}", message_id="m", text=text, predicted="x", confidence=0.1,
            intent="greet", by="lin", status=Lesson.CONFIRMED, measuring=measuring,
        )  # fmt: skip
    (parts.settings.var / "measuring").mkdir(exist_ok=True)
    (parts.settings.var / "measuring" / "own.tsv").write_text("text\tintent\n你好\tgreet\n", "utf-8")
    commands = []
    monkeypatch.setattr(models_page.subprocess, "Popen", lambda command, **how: commands.append((command, how)))
    monkeypatch.setenv(FIGURES_FOLDER, "of the desk")
    models_page._start(training, "lin")
    command, how = commands[0]
    folder = parts.settings.var / "trainings" / str(training)
    assert "那笔还了吗" in (folder / "desk-lessons.yml").read_text("utf-8")
    assert "能缓几天不" not in (folder / "desk-lessons.yml").read_text("utf-8")
    assert "能缓几天不\tgreet" in (folder / "desk-measuring.tsv").read_text("utf-8")
    assert command[-2:] == [str(parts.settings.var / "measuring" / "own.tsv"), str(folder / "desk-measuring.tsv")]
    assert how["start_new_session"] is True
    assert FIGURES_FOLDER not in how["env"]
    Lesson.objects.filter(conversation_id=f"c-{training}").delete()
